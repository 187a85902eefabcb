/*
 * remove.c - removes a cgroup and what is below it. A plain rmdir does for almost every container. Otherwise: wait
 * until no process is left, then remove the children deepest first, then the cgroup itself. All waits have an end: a
 * process stuck in the kernel must not hang "delete".
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cgroup.h"
#include "events.h"
#include "tree.h"

enum {
	POPULATED_WAIT_MS = 2000,
	BACK_OFF_FIRST_NS = 500 * 1000,
	BACK_OFF_TRIES = 9, /* doubling: a quarter of a second in all */
};

/* After "populated 0" the kernel may still answer EBUSY until the last exiting task is off its lists. */
static int rmdir_patiently(int parent_fd, const char *name)
{
	struct timespec pause = { .tv_nsec = BACK_OFF_FIRST_NS };

	for (int tries = 0;; tries++) {
		if (unlinkat(parent_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
			return 0;
		if (errno != EBUSY || tries == BACK_OFF_TRIES)
			return -errno;
		(void)nanosleep(&pause, NULL);
		pause.tv_nsec *= 2;
	}
}

static int remove_child(int parent_fd, const char *name, void *data)
{
	(void)data;
	return rmdir_patiently(parent_fd, name);
}

static int refuse_populated(const struct cgroup *cgroup, struct error *err)
{
	auto_free pid_t *pids = NULL;
	size_t count = 0;
	struct error ignored;

	if (cgroup_pids(cgroup, &pids, &count, &ignored) < 0 || count == 0)
		return fail(err, EBUSY, "remove cgroup %.200s: it still has processes", cgroup->path);
	return fail(err, EBUSY, "remove cgroup %.200s: it still has %zu processes, the first is %d", cgroup->path,
		    count, pids[0]);
}

static int remove_tree(const struct cgroup_host *host, const char *path, struct error *err)
{
	const struct tree_visitor visitor = { .leave = remove_child };
	auto_cgroup struct cgroup *cgroup = NULL;
	int fd = tree_open(host->root_fd, path, O_RDONLY);
	int r;

	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return fail(err, -fd, "open cgroup %.200s", path);
	cgroup = tree_new(fd, path);
	r = events_wait(fd, EVENT_POPULATED, false, POPULATED_WAIT_MS);
	if (r == -ETIMEDOUT)
		return refuse_populated(cgroup, err);
	r = tree_walk(fd, &visitor);
	if (r == 0)
		r = rmdir_patiently(host->root_fd, tree_relative(path));
	return r < 0 && r != -ENOENT ? fail(err, -r, "remove cgroup %.200s", path) : 0;
}

int cgroup_remove(const struct cgroup_host *host, const char *path, struct error *err)
{
	int r = tree_check_target(host, path, err);

	if (r < 0)
		return r;
	if (unlinkat(host->root_fd, tree_relative(path), AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno != EBUSY && errno != ENOTEMPTY)
		return fail(err, errno, "remove cgroup %.200s", path);
	return remove_tree(host, path, err);
}
