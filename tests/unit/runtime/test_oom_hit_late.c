/* test_oom_hit_late.c - what is done so that a container at its limit stops soon; see test_oom_hit.c. */
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "hit_fixture.h"

enum { TRIES = 2000, MS_US = 1000 };

static void soft(void)
{
	container.state = HIT_SOFT;
	put("cgroup.freeze", "0\n");
	container.wire.froze = false;
}

static bool is_boosted(pid_t task)
{
	return syscall(SYS_sched_getscheduler, task) == (SCHED_RR | SCHED_RESET_ON_FORK);
}

/* Its container, and a process that stands for what is in there. */
static pid_t start_with_task(void)
{
	char text[32];
	pid_t pid;

	start();
	if (fsetxattr(dir, "trusted.coffer.test", "", 0, 0) < 0) {
		stop();
		TEST_SKIP("no trusted extended attributes here: needs root, and a file system that has them");
	}
	pid = fork();
	if (pid == 0)
		for (;;)
			pause();
	(void)snprintf(text, sizeof(text), "0\n%d\n", pid);
	put("cgroup.threads", text);
	put("cgroup.stat", "nr_descendants 0\nnr_dying_descendants 0\n");
	return pid;
}

static void stop_with_task(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	CHECK_INT(pid, waitpid(pid, NULL, 0));
	hit_leave(&container);
	while (waitpid(-1, NULL, 0) > 0) /* who has looked */
		;
	stop();
}

static void what_does_not_stop_at_once_goes_first(void)
{
	char text[32];
	pid_t pid = start_with_task();
	pid_t other = fork(); /* not in there yet */

	if (other == 0)
		for (;;)
			pause();

	use(60000000, true);
	touch();
	CHECK_INT(HIT_FREEZING, container.state);
	CHECK(is_boosted(pid) && !is_boosted(0));
	CHECK(container.look_ns > 0 && container.look_ns < container.tick_ns);
	container.look_ns = 1;
	hit_tick(&watcher, &container);
	CHECK(is_boosted(pid) && container.look_ns > 1);
	CHECK(!is_boosted(other));
	container.look_ns = container.more_ns = 1;
	(void)snprintf(text, sizeof(text), "0\n%d\n%d\n", pid, other);
	put("cgroup.threads", text);
	hit_tick(&watcher, &container);
	CHECK(is_boosted(pid) && is_boosted(other));
	container.look_ns = container.boost.since_ns = 1;
	hit_tick(&watcher, &container);
	CHECK(!is_boosted(pid) && container.look_ns > 1);
	CHECK_INT(HIT_FREEZING, container.state);
	soft();
	container.boost.rest_ns = 0;
	touch();
	CHECK(is_boosted(pid));
	put("cgroup.events", "populated 1\nfrozen 1\n");
	container.look_ns = 1; /* found by looking: the kernel may tell late */
	hit_tick(&watcher, &container);
	CHECK(container.state == HIT_DECIDE && !container.pending && !is_boosted(pid));
	(void)kill(other, SIGKILL);
	CHECK_INT(other, waitpid(other, NULL, 0));
	stop_with_task(pid);
}

static void look_once_more(void)
{
	container.look_ns = container.more_ns = 1;
	hit_tick(&watcher, &container);
}

/* The kernel does not say so, as of a task that sleeps in a page fault. */
static void what_stands_still_is_told(void)
{
	char text[32];
	pid_t pid = start_with_task();

	(void)snprintf(text, sizeof(text), "%d\n", pid);
	put("cgroup.threads", text);
	use(60000000, true);
	touch();
	CHECK(container.state == HIT_FREEZING && !container.still);
	container.tick_ns = 0; /* not told as pending meanwhile */
	look_once_more();
	CHECK(container.still > 0);
	for (int i = 0; i < TRIES && container.state == HIT_FREEZING; i++) {
		(void)usleep(MS_US);
		look_once_more();
	}
	CHECK(container.state == HIT_DECIDE && container.announce && !container.pending && !container.still);
	stop_with_task(pid);
}

/* By its own timer, or when nobody wants to know; and what has not been seen is not told. */
static void who_looks_does_not_do_so_for_ever(void)
{
	pid_t pid = start_with_task();
	int status = 0;

	use(60000000, true);
	touch();
	container.tick_ns = 0; /* not told as pending meanwhile */
	look_once_more();
	CHECK(waitpid(-1, &status, 0) > 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM);
	look_once_more();
	CHECK_INT(HIT_FREEZING, container.state);
	hit_leave(&container);
	CHECK(!container.still);
	look_once_more();
	hit_leave(&container);
	CHECK(waitpid(-1, &status, 0) > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0);
	stop_with_task(pid);
}

static void a_boost_ends_with_its_watcher(void)
{
	pid_t pid = start_with_task();

	use(60000000, true);
	touch();
	CHECK(is_boosted(pid));
	hit_leave(&container);
	CHECK(!is_boosted(pid));
	soft();
	container.boost.rest_ns = 0;
	touch();
	CHECK(is_boosted(pid));
	hit_adopt(&container); /* as after a death */
	CHECK(!is_boosted(pid));
	hit_leave(&container);
	stop_with_task(pid);
}

/* The kernel keeps back the next event for a while, and who has caused it would sleep. */
static void what_goes_on_is_looked_at(void)
{
	start();
	hit();
	CHECK_INT(0, hit_raise(&watcher, &container, 134217728, &err));
	CHECK_INT(HIT_SOFT, container.state);
	CHECK(container.look_ns > 0 && container.look_ns < container.tick_ns);
	use(120000000, true);
	put("cgroup.events", "populated 1\nfrozen 0\n");
	put("memory.events.local", "low 0\nhigh 999999\nmax 0\noom 0\n");
	container.look_ns = 1;
	hit_tick(&watcher, &container);
	CHECK_INT(HIT_FREEZING, container.state);
	soft();
	container.look_ns = 1;
	hit_tick(&watcher, &container);
	CHECK(container.state == HIT_SOFT && container.look_ns > 1);
	container.look_ns = container.late_ns = 1;
	hit_tick(&watcher, &container);
	CHECK(container.state == HIT_SOFT && container.look_ns == 0);
	stop();
}

static const struct test tests[] = {
	TEST(what_does_not_stop_at_once_goes_first),
	TEST(what_stands_still_is_told),
	TEST(who_looks_does_not_do_so_for_ever),
	TEST(a_boost_ends_with_its_watcher),
	TEST(what_goes_on_is_looked_at),
};

TEST_MAIN(tests)
