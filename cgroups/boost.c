/* boost.c - see boost.h. */
#include "boost.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/str.h"
#include "tasks.h"
#include "tree.h"

#define BOOST_NOTE "trusted.coffer.boost"

enum {
	BOOSTED = SCHED_RR | SCHED_RESET_ON_FORK,
	TASKS_MAX = 512,
	SHARE = 5, /* of the time, one part */
};

#define LASTS_NS 20000000ULL
#define SAVED_NS 500000000ULL /* of rest, that count for those to come */

/* By system calls: POSIX means a process where Linux means a thread, and so musl's functions refuse. 0 is none of the
   cgroup's: it would be the caller. */
static bool change(pid_t task, int from, int to)
{
	const struct sched_param param = { .sched_priority = to == SCHED_OTHER ? 0 : 1 };

	return task > 0 && syscall(SYS_sched_getscheduler, task) == from &&
	       syscall(SYS_sched_setscheduler, task, to, &param) == 0;
}

static bool is_known(const struct boost *boost, pid_t task)
{
	for (size_t i = 0; i < boost->count; i++)
		if (boost->tasks[i] == task)
			return true;
	return false;
}

static bool raise_task(pid_t task, void *data)
{
	struct boost *boost = data;

	if (is_known(boost, task))
		return true;
	if (boost->count == TASKS_MAX)
		return false;
	if (change(task, SCHED_OTHER, BOOSTED))
		boost->tasks[boost->count++] = task;
	return true;
}

static bool lower_task(pid_t task, void *data)
{
	(void)data;
	(void)change(task, BOOSTED, SCHED_OTHER);
	return true;
}

static int lower_group(int fd, size_t depth, void *data)
{
	int r = tasks_of(fd, lower_task, data);

	(void)depth;
	return r == -ENOENT || r == -ENODEV ? 0 : r;
}

void boost_begin(int cgroup_fd, struct boost *boost, uint64_t now_ns)
{
	if (now_ns < boost->rest_ns || fsetxattr(cgroup_fd, BOOST_NOTE, "", 0, 0) < 0)
		return;
	boost->tasks = xcalloc(TASKS_MAX, sizeof(*boost->tasks));
	boost->since_ns = now_ns;
	(void)tasks_below(cgroup_fd, raise_task, boost);
	if (boost->count == 0)
		boost_end(cgroup_fd, boost, now_ns);
}

void boost_more(int cgroup_fd, struct boost *boost)
{
	if (boost->tasks)
		(void)tasks_below(cgroup_fd, raise_task, boost);
}

bool boost_is_over(const struct boost *boost, uint64_t now_ns)
{
	return boost->tasks && now_ns - boost->since_ns >= LASTS_NS;
}

void boost_end(int cgroup_fd, struct boost *boost, uint64_t now_ns)
{
	if (!boost->tasks)
		return;
	for (size_t i = 0; i < boost->count; i++)
		(void)lower_task(boost->tasks[i], NULL);
	(void)fremovexattr(cgroup_fd, BOOST_NOTE);
	free(boost->tasks);
	if (now_ns > SAVED_NS && boost->rest_ns < now_ns - SAVED_NS)
		boost->rest_ns = now_ns - SAVED_NS;
	*boost = (struct boost){ .rest_ns = boost->rest_ns + SHARE * (now_ns - boost->since_ns) };
}

void boost_recover(int cgroup_fd)
{
	const struct tree_visitor visitor = { .enter = lower_group };

	if (fgetxattr(cgroup_fd, BOOST_NOTE, NULL, 0) < 0)
		return;
	(void)tree_walk(cgroup_fd, &visitor);
	(void)fremovexattr(cgroup_fd, BOOST_NOTE);
}
