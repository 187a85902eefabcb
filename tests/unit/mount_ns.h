/*
 * mount_ns.h - tests that mount run as root in a child with a mount namespace of its own, in which /tmp is an empty
 * tmpfs: nothing reaches the host, and nothing is left. What is mounted is read from /proc/self/mountinfo.
 */
#pragma once

#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "tests/unit/child.h"
#include "tests/unit/test.h"

__attribute__((unused)) static int mount_ns_enter(void)
{
	EXPECT(unshare(CLONE_NEWNS) == 0);
	EXPECT(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	EXPECT(mount("tmpfs", "/tmp", "tmpfs", 0, "mode=1777") == 0);
	EXPECT(chdir("/tmp") == 0);
	(void)umask(0);
	return 0;
}

static int mount_ns_run(const void *body)
{
	return mount_ns_enter() ? 1 : (*(int (*const *)(void))body)();
}

/* Runs body(), which returns 0 or the line of a failed EXPECT. */
__attribute__((unused)) static void in_mount_ns(int (*body)(void))
{
	if (geteuid() != 0)
		TEST_SKIP("mounts need root");
	CHECK_INT(0, in_child(mount_ns_run, &body));
}

__attribute__((unused)) static bool put_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	bool done = fd >= 0 && fd_write_all(fd, text, strlen(text)) == 0;

	if (fd >= 0)
		(void)close(fd);
	return done;
}

/* The file's whole text, "(errno text)" if it cannot be read; valid until the next call. */
__attribute__((unused)) static const char *text_of(const char *path)
{
	static char text[4096];
	ssize_t length = fd_read_small(AT_FDCWD, path, text, sizeof(text));

	if (length < 0)
		(void)snprintf(text, sizeof(text), "(%s)", strerror((int)-length));
	return text;
}

/* The last line of `mountinfo` whose mount point is `point`: the topmost mount; NULL if none. */
__attribute__((unused)) static const char *mount_line_in(const char *mountinfo, const char *point)
{
	static char text[256 * 1024];
	static char line[4096];
	const char *found = NULL;
	char *rest = text;
	const char *next;

	if (fd_read_small(AT_FDCWD, mountinfo, text, sizeof(text)) < 0)
		return NULL;
	while ((next = strsep(&rest, "\n")) != NULL) {
		char at[1024];

		if (sscanf(next, "%*s %*s %*s %*s %1023s", at) == 1 && strcmp(at, point) == 0)
			found = next;
	}
	if (found)
		(void)snprintf(line, sizeof(line), "%s", found);
	return found ? line : NULL;
}

__attribute__((unused)) static const char *mount_line(const char *point)
{
	return mount_line_in("/proc/self/mountinfo", point);
}

/* proc_pid_mountinfo(5): the attributes of this mount, and (after the dash) of its file system. */
__attribute__((unused)) static const char *mount_options(const char *point)
{
	static char options[1024];
	const char *line = mount_line(point);

	return line && sscanf(line, "%*s %*s %*s %*s %*s %1023s", options) == 1 ? options : "(not mounted)";
}

__attribute__((unused)) static const char *super_options(const char *point)
{
	static char options[1024];
	const char *line = mount_line(point);
	const char *dash = line ? strstr(line, " - ") : NULL;

	return dash && sscanf(dash, " - %*s %*s %1023s", options) == 1 ? options : "(not mounted)";
}

/* Is `word` one of the comma-separated options? */
__attribute__((unused)) static bool has_option(const char *options, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = options; (at = strstr(at, word)) != NULL; at += length)
		if ((at == options || at[-1] == ',') && (at[length] == ',' || at[length] == '\0'))
			return true;
	return false;
}
