/* cgroup_pids, cgroup_kill and its fallback, cgroup_signal. */
#include "cgroups/kill.h"

#include <sys/stat.h>

#include "cgroups/tree.h"
#include "sandbox.h"

enum { PROCESSES = 6 };

struct group {
	struct cgroup_host host;
	struct cgroup *top, *child;
	pid_t pids[PROCESSES];
};

static void start(struct group *group)
{
	sandbox_enter(&group->host);
	group->top = sandbox_create(&group->host, "k");
	group->child = sandbox_create(&group->host, "k/a/b");
	for (int i = 0; i < PROCESSES; i++)
		group->pids[i] = sandbox_sleeper(i % 2 ? group->top : group->child);
}

static void stop(struct group *group, int signal)
{
	struct error err;

	for (int i = 0; i < PROCESSES; i++)
		CHECK_INT(signal, sandbox_reap(group->pids[i]));
	CHECK_INT(0, cgroup_wait_empty(group->top, 5000, &err));
	cgroup_close(group->child);
	cgroup_close(group->top);
	sandbox_leave(&group->host);
}

static void lists_sorted(void)
{
	struct group group;
	struct error err;
	pid_t *pids;
	size_t count;

	start(&group);
	CHECK_INT(0, cgroup_pids(group.top, &pids, &count, &err));
	CHECK_INT(PROCESSES, count);
	for (size_t i = 0; i < count; i++)
		CHECK_INT(group.pids[i], pids[i]); /* fork order is pid order, but for a wrap in between */
	free(pids);
	CHECK_INT(0, cgroup_pids(group.child, &pids, &count, &err));
	CHECK_INT(PROCESSES / 2, count);
	free(pids);
	CHECK_INT(0, cgroup_kill(group.top, &err));
	stop(&group, SIGKILL);
}

/* Lists as another pid namespace sees them, repeated and broken ones: from plain files. */
static void reads_hostile_lists(void)
{
	static const char list[] = "30\n0\n10\n0\n30\n99999999999999\n-7\n20\n";
	char path[] = "/tmp/coffer-pids-XXXXXX";
	struct cgroup *cgroup;
	struct error err;
	pid_t *pids;
	size_t count;
	int file;
	int fd;

	CHECK(mkdtemp(path) != NULL);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cgroup = tree_new(fd, "/x");
	CHECK_INT(0, cgroup_pids(cgroup, &pids, &count, &err));
	CHECK_INT(0, count);
	CHECK(pids != NULL);
	free(pids);
	file = openat(fd, "cgroup.procs", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	CHECK_INT(0, fd_write_all(file, list, sizeof(list) - 1));
	(void)close(file);
	CHECK_INT(0, cgroup_pids(cgroup, &pids, &count, &err));
	CHECK_INT(3, count);
	CHECK(pids[0] == 10 && pids[1] == 20 && pids[2] == 30);
	free(pids);
	(void)unlinkat(fd, "cgroup.procs", 0);
	cgroup_close(cgroup);
	(void)rmdir(path);
}

static void kills_all(void)
{
	struct group group;
	struct error err;

	start(&group);
	CHECK_INT(0, cgroup_kill(group.top, &err));
	stop(&group, SIGKILL);
}

static void kills_frozen(void)
{
	struct group group;
	struct error err;

	start(&group);
	CHECK_INT(0, cgroup_freeze(group.top, true, 5000, &err));
	CHECK_INT(0, cgroup_signal(group.top, SIGKILL, &err));
	stop(&group, SIGKILL);
}

static void kills_by_walking(void)
{
	struct group group;
	struct error err;

	start(&group);
	CHECK_INT(0, kill_by_walking(group.top, &err));
	stop(&group, SIGKILL);
}

static void kills_frozen_by_walking(void)
{
	struct group group;
	struct error err;

	start(&group);
	CHECK_INT(0, cgroup_freeze(group.top, true, 5000, &err));
	CHECK_INT(0, kill_by_walking(group.top, &err));
	stop(&group, SIGKILL);
}

/* As asked for: what is true of a cgroup with dying tasks changes all the time. */
static const char *freeze_flag(const struct cgroup *cgroup)
{
	static char text[8];

	CHECK(fd_read_small(cgroup_fd(cgroup), "cgroup.freeze", text, sizeof(text)) > 0);
	return text;
}

static void signals_and_thaws(void)
{
	struct group group;
	struct error err;

	start(&group);
	CHECK_INT(0, cgroup_signal(group.top, 0, &err));
	CHECK_STR("0", freeze_flag(group.top));
	CHECK_INT(0, cgroup_signal(group.top, SIGTERM, &err));
	CHECK_STR("0", freeze_flag(group.top));
	stop(&group, SIGTERM);
}

static void signals_the_paused(void)
{
	struct group group;
	struct error err;

	start(&group);
	CHECK_INT(0, cgroup_freeze(group.top, true, 5000, &err));
	CHECK_INT(0, cgroup_signal(group.top, SIGTERM, &err));
	CHECK_STR("1", freeze_flag(group.top)); /* paused stays paused */
	CHECK_INT(0, cgroup_freeze(group.top, false, 5000, &err));
	stop(&group, SIGTERM);
}

static void refuses_bad_signals(void)
{
	struct group group;
	struct error err;

	start(&group);
	CHECK_INT(-EINVAL, cgroup_signal(group.top, 12345, &err));
	CHECK_CONTAINS("signal 12345", err.text);
	CHECK_INT(0, cgroup_kill(group.top, &err));
	stop(&group, SIGKILL);
}

static void lists_threaded(void)
{
	struct cgroup_host host;
	struct cgroup *top;
	struct cgroup *threads;
	struct error err;
	pid_t *pids;
	size_t count;
	pid_t pid;

	sandbox_enter(&host);
	top = sandbox_create(&host, "t");
	threads = sandbox_create(&host, "t/threads");
	CHECK_INT(0, fd_write_existing(cgroup_fd(threads), "cgroup.type", "threaded"));
	pid = sandbox_sleeper(top);
	CHECK_INT(0, cgroup_attach(threads, pid, &err));
	CHECK_INT(0, cgroup_pids(top, &pids, &count, &err));
	CHECK(count == 1 && pids[0] == pid);
	free(pids);
	CHECK_INT(0, cgroup_pids(threads, &pids, &count, &err));
	CHECK(count == 1 && pids[0] == pid);
	free(pids);
	/* cgroup.kill refuses threaded cgroups: the walk does it. */
	CHECK_INT(0, cgroup_kill(threads, &err));
	CHECK_INT(SIGKILL, sandbox_reap(pid));
	cgroup_close(threads);
	cgroup_close(top);
	sandbox_leave(&host);
}

static const struct test tests[] = {
	TEST(lists_sorted),        TEST(reads_hostile_lists),     TEST(kills_all),         TEST(kills_frozen),
	TEST(kills_by_walking),    TEST(kills_frozen_by_walking), TEST(signals_and_thaws), TEST(signals_the_paused),
	TEST(refuses_bad_signals), TEST(lists_threaded),
};
TEST_MAIN(tests)
