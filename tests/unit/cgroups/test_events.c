/* cgroup.events from plain files: both flags, missing ones, the end of waiting. test_freeze.c has the real thing. */
#include "cgroups/events.h"

#include <time.h>

#include "sandbox.h"

static char path[32];

static int start(const char *text)
{
	int dir;
	int fd;

	strcpy(path, "/tmp/coffer-events-XXXXXX");
	CHECK(mkdtemp(path) != NULL);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = openat(dir, "cgroup.events", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	CHECK_INT(0, fd_write_all(fd, text, strlen(text)));
	(void)close(fd);
	return dir;
}

static void stop(int dir)
{
	(void)unlinkat(dir, "cgroup.events", 0);
	(void)close(dir);
	CHECK(rmdir(path) == 0);
}

static void reads_flags(void)
{
	int dir = start("populated 1\nfrozen 0\n");

	CHECK_INT(1, events_read(dir, EVENT_POPULATED));
	CHECK_INT(0, events_read(dir, EVENT_FROZEN));
	CHECK_INT(0, events_wait(dir, EVENT_POPULATED, true, 0));
	CHECK_INT(0, events_wait(dir, EVENT_FROZEN, false, -1));
	CHECK_INT(-ETIMEDOUT, events_wait(dir, EVENT_FROZEN, true, 0));
	stop(dir);
}

/* What the kernel leaves behind when all tasks of a frozen cgroup are killed. */
static void ends_thaw_of_the_dead(void)
{
	int dir = start("populated 0\nfrozen 1\n");

	CHECK_INT(1, events_read(dir, EVENT_FROZEN));
	CHECK_INT(0, events_wait(dir, EVENT_FROZEN, false, 0));
	CHECK_INT(0, events_wait(dir, EVENT_FROZEN, true, 0));
	CHECK_INT(-ETIMEDOUT, events_wait(dir, EVENT_POPULATED, true, 0));
	stop(dir);
	dir = start("populated 1\nfrozen 1\n");
	CHECK_INT(-ETIMEDOUT, events_wait(dir, EVENT_FROZEN, false, 0));
	stop(dir);
}

static void reports_what_is_missing(void)
{
	int dir = start("populated 0\n");

	CHECK_INT(-ENOTSUP, events_read(dir, EVENT_FROZEN));
	CHECK_INT(-ENOTSUP, events_wait(dir, EVENT_FROZEN, true, 1000));
	(void)unlinkat(dir, "cgroup.events", 0);
	CHECK_INT(-ENOENT, events_read(dir, EVENT_POPULATED));
	CHECK_INT(-ENOENT, events_wait(dir, EVENT_POPULATED, true, 1000));
	stop(dir);
}

/* On a cgroup that does not change: all of the timeout, and no more than it. */
static void keeps_the_timeout(void)
{
	struct cgroup_host host;
	struct cgroup *cgroup;
	struct timespec start_time;
	struct timespec end_time;
	long ms;

	sandbox_enter(&host);
	cgroup = sandbox_create(&host, "e");
	(void)clock_gettime(CLOCK_MONOTONIC, &start_time);
	CHECK_INT(-ETIMEDOUT, events_wait(cgroup_fd(cgroup), EVENT_POPULATED, true, 150));
	(void)clock_gettime(CLOCK_MONOTONIC, &end_time);
	ms = (end_time.tv_sec - start_time.tv_sec) * 1000 + (end_time.tv_nsec - start_time.tv_nsec) / 1000000;
	CHECK(ms >= 149 && ms < 5000);
	cgroup_close(cgroup);
	sandbox_leave(&host);
}

static const struct test tests[] = { TEST(reads_flags), TEST(ends_thaw_of_the_dead), TEST(reports_what_is_missing),
				     TEST(keeps_the_timeout) };
TEST_MAIN(tests)
