/*
 * state_status.c - what a container is doing now. Nothing is cached: the answer comes from the process (pid and start
 * time), cgroup.freeze and the start gate, in this order.
 */
#include "state.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "cgroups/cgroup.h"
#include "start_gate.h"

static const char *const status_names[] = {
	[STATUS_CREATING] = "creating", [STATUS_CREATED] = "created", [STATUS_RUNNING] = "running",
	[STATUS_PAUSED] = "paused",     [STATUS_STOPPED] = "stopped",
};
static_assert(ARRAY_SIZE(status_names) == STATUS_MAX, "a name for each status");

const char *status_name(enum container_status status)
{
	return status_names[status];
}

bool state_alive(const struct state *state)
{
	return state->pid > 0 && state->start_time > 0 && proc_start_time(state->pid) == state->start_time;
}

int state_pidfd(const struct state *state, struct error *err)
{
	auto_fd int pidfd = state->pid > 0 ? proc_pidfd_open(state->pid) : -ESRCH;

	/* The start time is looked at after the open: then the pidfd and the time are of the same process. */
	if (pidfd == -ESRCH || pidfd == -EINVAL || (pidfd >= 0 && !state_alive(state)))
		return refuse_as(err, ESRCH, "container not running");
	if (pidfd < 0)
		return fail(err, -pidfd, "open a pidfd of process %d", state->pid);
	return take_fd(&pidfd);
}

/* A second open file, since flock(2) on dir->fd would change the caller's own lock. */
static bool is_locked(const struct state_dir *dir)
{
	auto_fd int fd = openat(dir->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

static int is_frozen(const struct state *state, bool *ret_frozen, struct error *err)
{
	struct cgroup_host host;
	auto_cgroup struct cgroup *cgroup = NULL;
	int r;

	*ret_frozen = false;
	if (!state->cgroup_path)
		return 0;
	r = cgroup_host_probe(&host, err);
	if (r < 0)
		return r;
	r = cgroup_open(&host, state->cgroup_path, &cgroup, err);
	cgroup_host_close(&host);
	if (r == -ENOENT)
		return 0;
	return r < 0 ? r : cgroup_is_frozen(cgroup, ret_frozen, err);
}

int state_status(const struct state_dir *dir, const struct state *state, enum container_status *ret_status,
		 struct error *err)
{
	bool frozen;
	int r;

	if (state->pid == 0) {
		*ret_status = is_locked(dir) ? STATUS_CREATING : STATUS_STOPPED;
		return 0;
	}
	if (!state_alive(state)) {
		*ret_status = STATUS_STOPPED;
		return 0;
	}
	r = is_frozen(state, &frozen, err);
	if (r < 0)
		return r;
	if (frozen)
		*ret_status = STATUS_PAUSED;
	else
		*ret_status = start_gate_exists(dir) ? STATUS_CREATED : STATUS_RUNNING;
	return 0;
}
