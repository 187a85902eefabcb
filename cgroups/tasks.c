/* tasks.c - see tasks.h. */
#include "tasks.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "tree.h"

enum { GROUPS_MAX = 64, STAT_SIZE = 512, LINE_SIZE = 32, DECIMAL = 10 };

struct visit {
	task_fn *act;
	void *data;
};

int tasks_of(int cgroup_fd, task_fn *act, void *data)
{
	char line[LINE_SIZE];
	auto_fd int threads = openat(cgroup_fd, "cgroup.threads", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	auto_file FILE *file = threads < 0 ? NULL : fdopen(threads, "r");

	if (!file)
		return -errno;
	(void)take_fd(&threads);
	while (fgets(line, sizeof(line), file)) {
		long task = strtol(line, NULL, DECIMAL);

		if (task >= 0 && task <= INT_MAX && !act((pid_t)task, data))
			return -ECANCELED;
	}
	return ferror(file) ? -EIO : 0;
}

static int visit_group(int fd, size_t depth, void *data)
{
	const struct visit *visit = data;

	(void)depth;
	return tasks_of(fd, visit->act, visit->data);
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

int tasks_below(int cgroup_fd, task_fn *act, void *data)
{
	struct visit visit = { .act = act, .data = data };
	const struct tree_visitor visitor = { .enter = visit_group, .data = &visit };
	const uint64_t groups = groups_below(cgroup_fd);

	if (groups > GROUPS_MAX)
		return -E2BIG;
	/* A walk lists the directory, which takes longer than all the rest. */
	return groups == 0 ? tasks_of(cgroup_fd, act, data) : tree_walk(cgroup_fd, &visitor);
}
