/* temporary.h - a temporary directory, removed with all that is in it when the test program ends; and files in it. */
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/test.h"

static char temporary_base[] = "/tmp/coffer-test-XXXXXX";

/* By name in its directory, so that trees deeper than PATH_MAX go too. */
__attribute__((unused)) static void temporary_remove(int parent, const char *name)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			temporary_remove(fd, entry->d_name);
	(void)unlinkat(parent, name, dir ? AT_REMOVEDIR : 0);
	if (dir)
		(void)closedir(dir);
}

__attribute__((unused)) static void temporary_clean(void)
{
	temporary_remove(AT_FDCWD, temporary_base);
}

/* The path of a new empty directory; valid until the next call. */
__attribute__((unused)) static const char *temporary_directory(void)
{
	static char path[64];
	static int count;

	if (count == 0) {
		if (!mkdtemp(temporary_base))
			abort();
		(void)atexit(temporary_clean);
	}
	(void)snprintf(path, sizeof(path), "%s/%d", temporary_base, count++);
	if (mkdir(path, 0755) < 0)
		abort();
	return path;
}

/* The same, as a directory fd. */
__attribute__((unused)) static int temporary_open(void)
{
	int fd = open(temporary_directory(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		abort();
	return fd;
}

__attribute__((unused)) static void temporary_write(int dirfd, const char *name, const void *data, size_t size)
{
	int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	CHECK(fd >= 0);
	CHECK_INT(size, write(fd, data, size));
	(void)close(fd);
}
