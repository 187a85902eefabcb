/* boost_*: real tasks of real cgroups, whose policies are looked at. */
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

#include "cgroups/boost.h"
#include "sandbox.h"

enum { BOOSTED = SCHED_RR | SCHED_RESET_ON_FORK, NICE = 7 };

#define MS  1000000ULL
#define NOW (3600000 * MS)

static int policy_of(pid_t task)
{
	return (int)syscall(SYS_sched_getscheduler, task);
}

static void set_policy(pid_t task, int policy, int priority)
{
	const struct sched_param param = { .sched_priority = priority };

	CHECK_INT(0, syscall(SYS_sched_setscheduler, task, policy, &param));
}

static bool is_noted(const struct cgroup *cgroup)
{
	return fgetxattr(cgroup_fd(cgroup), "trusted.coffer.boost", NULL, 0) >= 0;
}

static void end(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	CHECK_INT(SIGKILL, sandbox_reap(pid));
}

/* A task with a policy of its own keeps it; what is in a cgroup below counts; nice values stay. */
static void ordinary_ones_for_a_moment(void)
{
	struct cgroup_host host;
	struct cgroup *outer, *inner;
	struct boost boost = { 0 };
	pid_t pids[3];

	sandbox_enter(&host);
	outer = sandbox_create(&host, "b");
	inner = sandbox_create(&host, "b/inner");
	pids[0] = sandbox_sleeper(outer);
	pids[1] = sandbox_sleeper(outer);
	pids[2] = sandbox_sleeper(inner);
	CHECK_INT(0, setpriority(PRIO_PROCESS, (id_t)pids[0], NICE));
	set_policy(pids[1], SCHED_BATCH, 0);
	boost_begin(cgroup_fd(outer), &boost, NOW);
	CHECK_INT(2, boost.count);
	CHECK_INT(BOOSTED, policy_of(pids[0]));
	CHECK_INT(SCHED_BATCH, policy_of(pids[1]));
	CHECK_INT(BOOSTED, policy_of(pids[2]));
	CHECK_INT(SCHED_OTHER, policy_of(0));
	CHECK(is_noted(outer));
	set_policy(pids[2], SCHED_FIFO, 3); /* somebody else's */
	boost_end(cgroup_fd(outer), &boost, NOW);
	CHECK_INT(0, boost.count);
	CHECK_INT(SCHED_OTHER, policy_of(pids[0]));
	CHECK_INT(NICE, getpriority(PRIO_PROCESS, (id_t)pids[0]));
	CHECK_INT(SCHED_FIFO, policy_of(pids[2]));
	CHECK(!is_noted(outer));
	boost_end(cgroup_fd(outer), &boost, NOW); /* nothing owed */
	for (size_t i = 0; i < 3; i++)
		end(pids[i]);
	boost_begin(cgroup_fd(outer), &boost, NOW);
	CHECK(boost.count == 0 && boost.tasks == NULL && !is_noted(outer));
	cgroup_close(inner);
	cgroup_close(outer);
	sandbox_leave(&host);
}

/* What has been forked since is ordinary until it is looked for. */
static void those_to_come(void)
{
	struct cgroup_host host;
	struct cgroup *group;
	struct boost boost = { 0 };
	pid_t pids[2];

	sandbox_enter(&host);
	group = sandbox_create(&host, "b");
	boost_more(cgroup_fd(group), &boost);
	CHECK(boost.tasks == NULL);
	pids[0] = sandbox_sleeper(group);
	boost_begin(cgroup_fd(group), &boost, NOW);
	pids[1] = sandbox_sleeper(group);
	CHECK_INT(SCHED_OTHER, policy_of(pids[1]));
	boost_more(cgroup_fd(group), &boost);
	CHECK_INT(2, boost.count);
	CHECK_INT(BOOSTED, policy_of(pids[1]));
	boost_more(cgroup_fd(group), &boost);
	CHECK_INT(2, boost.count);
	boost_end(cgroup_fd(group), &boost, NOW);
	for (size_t i = 0; i < 2; i++) {
		CHECK_INT(SCHED_OTHER, policy_of(pids[i]));
		end(pids[i]);
	}
	cgroup_close(group);
	sandbox_leave(&host);
}

/* Who boosted is gone, and with him the list. */
static void the_next_one_pays(void)
{
	struct cgroup_host host;
	struct cgroup *outer, *inner;
	struct boost boost = { 0 };
	pid_t pids[2];

	sandbox_enter(&host);
	outer = sandbox_create(&host, "b");
	inner = sandbox_create(&host, "b/inner");
	pids[0] = sandbox_sleeper(outer);
	pids[1] = sandbox_sleeper(inner);
	boost_begin(cgroup_fd(outer), &boost, NOW);
	CHECK_INT(2, boost.count);
	free(boost.tasks);
	boost_recover(cgroup_fd(outer));
	CHECK_INT(SCHED_OTHER, policy_of(pids[0]));
	CHECK_INT(SCHED_OTHER, policy_of(pids[1]));
	CHECK(!is_noted(outer));
	set_policy(pids[0], BOOSTED, 1); /* its own: nothing is noted */
	boost_recover(cgroup_fd(outer));
	CHECK_INT(BOOSTED, policy_of(pids[0]));
	end(pids[0]);
	end(pids[1]);
	cgroup_close(inner);
	cgroup_close(outer);
	sandbox_leave(&host);
}

/* 20 ms and no more, and in the long run a fifth of the time; with what is saved up it is seven in a row. */
static void rests_are_as_long_as_they_have_to_be(void)
{
	struct cgroup_host host;
	struct cgroup *outer;
	struct boost boost = { 0 };
	uint64_t now = NOW;
	pid_t pid;

	sandbox_enter(&host);
	outer = sandbox_create(&host, "b");
	pid = sandbox_sleeper(outer);
	for (int i = 0; i < 7; i++) {
		boost_begin(cgroup_fd(outer), &boost, now);
		CHECK(boost.count == 1 && !boost_is_over(&boost, now + 20 * MS - 1));
		now += 20 * MS;
		CHECK(boost_is_over(&boost, now));
		boost_end(cgroup_fd(outer), &boost, now);
		CHECK(boost.count == 0 && !boost_is_over(&boost, now + 20 * MS));
	}
	CHECK_INT(now + 80 * MS, boost.rest_ns);
	now += 80 * MS;
	boost_begin(cgroup_fd(outer), &boost, now - 1);
	CHECK(boost.count == 0 && policy_of(pid) == SCHED_OTHER && !is_noted(outer));
	boost_begin(cgroup_fd(outer), &boost, now);
	CHECK(boost.count == 1 && policy_of(pid) == BOOSTED);
	boost_end(cgroup_fd(outer), &boost, now + 20 * MS);
	CHECK_INT(now + 100 * MS, boost.rest_ns);
	end(pid);
	cgroup_close(outer);
	sandbox_leave(&host);
}

static void very_many_are_left_alone(void)
{
	struct cgroup_host host;
	struct cgroup *outer;
	struct boost boost = { 0 };
	char name[8];
	pid_t pid;

	sandbox_enter(&host);
	outer = sandbox_create(&host, "b");
	pid = sandbox_sleeper(outer);
	for (int i = 0; i < 65; i++) {
		(void)snprintf(name, sizeof(name), "%d", i);
		CHECK_INT(0, mkdirat(cgroup_fd(outer), name, 0755));
	}
	boost_begin(cgroup_fd(outer), &boost, NOW);
	CHECK(boost.count == 0 && !is_noted(outer));
	CHECK_INT(0, unlinkat(cgroup_fd(outer), "64", AT_REMOVEDIR));
	for (int i = 0; boost.count == 0 && i < 100; i++) { /* a removed one counts until it is gone */
		(void)usleep(10000);
		boost_begin(cgroup_fd(outer), &boost, NOW);
	}
	CHECK_INT(1, boost.count);
	boost_end(cgroup_fd(outer), &boost, NOW);
	end(pid);
	for (int i = 0; i < 64; i++) {
		(void)snprintf(name, sizeof(name), "%d", i);
		CHECK_INT(0, unlinkat(cgroup_fd(outer), name, AT_REMOVEDIR));
	}
	cgroup_close(outer);
	sandbox_leave(&host);
}

static const struct test tests[] = {
	TEST(ordinary_ones_for_a_moment), TEST(those_to_come),
	TEST(the_next_one_pays),          TEST(rests_are_as_long_as_they_have_to_be),
	TEST(very_many_are_left_alone),
};

TEST_MAIN(tests)
