/* test_oom_tell.c - hook programs, which are shell scripts of this test: told, and not waited for. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/proc.h"
#include "base/str.h"
#include "runtime/oom_watcher.h"
#include "tests/unit/test.h"

enum { SOON_MS = 10000 };

static char path[40], program[64], told[64];
static struct watched container;

/* As the watcher: children are nobody's to wait for. */
static void start(const char *script)
{
	FILE *file;

	strcpy(path, "/tmp/coffer-oom-XXXXXX");
	CHECK(mkdtemp(path) != NULL);
	(void)snprintf(program, sizeof(program), "%s/hook", path);
	(void)snprintf(told, sizeof(told), "%s/told", path);
	file = fopen(program, "we");
	CHECK(file != NULL);
	(void)fprintf(file, "#!/bin/sh\ncd %s || exit\n%s\n", path, script);
	(void)fclose(file);
	CHECK_INT(0, chmod(program, 0700));
	container = (struct watched){ .hook = program };
	(void)signal(SIGCHLD, SIG_IGN);
}

static size_t running(void)
{
	size_t count = 0;

	for (size_t i = 0; i < HOOKS_MAX; i++) {
		struct pollfd ended = { .fd = container.hooks[i], .events = POLLIN };

		count += ended.fd > 0 && poll(&ended, 1, 0) == 0;
	}
	return count;
}

static void end(size_t at)
{
	struct pollfd ended = { .fd = container.hooks[at], .events = POLLIN };

	(void)proc_pidfd_send(container.hooks[at], SIGKILL);
	CHECK_INT(1, poll(&ended, 1, SOON_MS));
}

static void stop(void)
{
	for (size_t i = 0; i < HOOKS_MAX; i++)
		if (container.hooks[i] > 0) {
			end(i);
			(void)close(container.hooks[i]);
		}
	(void)unlink(told);
	(void)unlink(program);
	CHECK_INT(0, rmdir(path));
	(void)signal(SIGCHLD, SIG_DFL);
}

static void it_reads_the_event(void)
{
	char text[64] = "";
	size_t at = 0;
	struct pollfd ended = { .events = POLLIN };

	start("cat >told; ls /proc/self/fd | wc -l >>told; ulimit -n >>told");
	tell_hook(&container, "{\"type\":\"oom\"}\n", false);
	while (at < HOOKS_MAX && container.hooks[at] <= 0)
		at++;
	CHECK(at < HOOKS_MAX);
	ended.fd = container.hooks[at];
	CHECK_INT(1, poll(&ended, 1, SOON_MS));
	CHECK(fd_read_small(AT_FDCWD, told, text, sizeof(text)) > 0);
	CHECK(str_starts(text, "{\"type\":\"oom\"}\n4\n")); /* stdin, out, err, and that of ls itself */
	CHECK(strtoul(strrchr(text, '\n') + 1, NULL, 10) <= 1024);
	stop();
}

/* One that does not end keeps its place, and there are few; a warning waits for all. */
static void a_slow_one_is_not_waited_for(void)
{
	start("exec sleep 1000");
	for (int i = 0; i < HOOKS_MAX * 2; i++)
		tell_hook(&container, "x\n", false);
	CHECK_INT(HOOKS_MAX, running());
	end(3);
	tell_hook(&container, "x\n", true);
	CHECK_INT(HOOKS_MAX - 1, running());
	tell_hook(&container, "x\n", false);
	CHECK_INT(HOOKS_MAX, running());
	for (size_t i = 0; i < HOOKS_MAX; i++)
		end(i);
	tell_hook(&container, "x\n", true);
	tell_hook(&container, "x\n", true);
	CHECK_INT(1, running());
	stop();
}

static void one_that_is_not_there(void)
{
	start("");
	CHECK_INT(0, unlink(program));
	tell_hook(&container, "x\n", false);
	stop();
}

static const struct test tests[] = {
	TEST(it_reads_the_event),
	TEST(a_slow_one_is_not_waited_for),
	TEST(one_that_is_not_there),
};

TEST_MAIN(tests)
