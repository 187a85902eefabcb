/* boost.c - see boost.h. */
#include "boost.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "tree.h"

#define BOOST_NOTE "trusted.coffer.boost"

enum {
	BOOSTED = SCHED_RR | SCHED_RESET_ON_FORK,
	TASKS_MAX = 512,
	GROUPS_MAX = 64,
	STAT_SIZE = 512,
	LINE_SIZE = 32,
	DECIMAL = 10,
	SHARE = 5, /* of the time, one part */
};

#define LASTS_NS 20000000ULL
#define SAVED_NS 500000000ULL /* of rest, that count for those to come */

/* By system calls: POSIX means a process where Linux means a thread, and so musl's functions refuse. */
static bool change(pid_t task, int from, int to)
{
	const struct sched_param param = { .sched_priority = to == SCHED_OTHER ? 0 : 1 };

	return syscall(SYS_sched_getscheduler, task) == from && syscall(SYS_sched_setscheduler, task, to, &param) == 0;
}

/* Calls `act` for each task of one cgroup, until it refuses. 0 stands for one outside the reader's pid namespace, and
   for the reader itself in system calls. */
static int each_task(int fd, bool (*act)(pid_t task, void *data), void *data)
{
	char line[LINE_SIZE];
	auto_fd int threads = openat(fd, "cgroup.threads", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	auto_file FILE *file = threads < 0 ? NULL : fdopen(threads, "r");

	if (!file)
		return -errno;
	(void)take_fd(&threads);
	while (fgets(line, sizeof(line), file)) {
		long task = strtol(line, NULL, DECIMAL);

		if (task > 0 && task <= INT_MAX && !act((pid_t)task, data))
			return -ECANCELED;
	}
	return 0;
}

static bool raise_task(pid_t task, void *data)
{
	struct boost *boost = data;

	if (boost->count == TASKS_MAX)
		return false;
	if (change(task, SCHED_OTHER, BOOSTED))
		boost->tasks[boost->count++] = task;
	return true;
}

static int raise_group(int fd, size_t depth, void *data)
{
	(void)depth;
	return each_task(fd, raise_task, data);
}

static bool lower_task(pid_t task, void *data)
{
	(void)data;
	(void)change(task, BOOSTED, SCHED_OTHER);
	return true;
}

static int lower_group(int fd, size_t depth, void *data)
{
	int r = each_task(fd, lower_task, data);

	(void)depth;
	return r == -ENOENT || r == -ENODEV ? 0 : r;
}

/* More than there may be if it cannot be told. */
static uint64_t groups_below(int cgroup_fd)
{
	static const char key[] = "nr_descendants ";
	char text[STAT_SIZE];
	uint64_t count = UINT64_MAX;

	if (fd_read_small(cgroup_fd, "cgroup.stat", text, sizeof(text)) <= 0 || !str_starts(text, key))
		return UINT64_MAX;
	text[strcspn(text, "\n")] = '\0';
	return str_to_u64(text + strlen(key), UINT64_MAX, &count) < 0 ? UINT64_MAX : count;
}

void boost_begin(int cgroup_fd, struct boost *boost, uint64_t now_ns)
{
	const struct tree_visitor visitor = { .enter = raise_group, .data = boost };
	const uint64_t groups = now_ns < boost->rest_ns ? UINT64_MAX : groups_below(cgroup_fd);

	if (groups > GROUPS_MAX || fsetxattr(cgroup_fd, BOOST_NOTE, "", 0, 0) < 0)
		return;
	boost->tasks = xcalloc(TASKS_MAX, sizeof(*boost->tasks));
	boost->since_ns = now_ns;
	/* A walk lists the directory, which takes longer than all the rest. */
	if (groups == 0)
		(void)raise_group(cgroup_fd, 0, boost);
	else
		(void)tree_walk(cgroup_fd, &visitor);
	if (boost->count == 0)
		boost_end(cgroup_fd, boost, now_ns);
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
