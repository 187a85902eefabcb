/*
 * container_delete.c - ends a container and removes all that is left of it.
 *
 * force: SIGKILL first, without the lock, so that a hanging `start` lets go of it -> lock -> refuse what still runs
 * -> SIGKILL to cgroup and init -> wait for init, then for the cgroup to be empty -> leave the networks -> remove the
 * cgroup -> poststop hooks -> remove the state directory. Every step finds its work already done after a crash, and the
 * directory, which says where the rest is, goes last: a second delete finishes. Every wait is bounded.
 */
#include "container.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/proc.h"
#include "cgroup_manager.h"
#include "container_open.h"
#include "fault.h"
#include "network.h"
#include "own_bundle.h"
#include "saved_hooks.h"

enum { END_TIMEOUT_MS = 10 * 1000, PIDS_NAMED_MAX = 8, PID_TEXT_SIZE = 24 };

/* The state letter of proc(5), '?' if the process is gone. */
static char process_state(pid_t pid)
{
	char path[32];
	char text[512];
	const char *name_end;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (fd_read_small(AT_FDCWD, path, text, sizeof(text)) <= 0)
		return '?';
	name_end = strrchr(text, ')');
	if (!name_end || name_end[1] != ' ')
		return '?';
	return name_end[2];
}

static int still_there(const char *id, const pid_t *pids, size_t count, struct error *err)
{
	char list[PIDS_NAMED_MAX * PID_TEXT_SIZE] = "";
	size_t used = 0;

	for (size_t i = 0; i < count && i < PIDS_NAMED_MAX; i++)
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%d (%c)", i ? ", " : "", pids[i],
					 process_state(pids[i]));
	return refuse_as(err, EBUSY,
			 "cannot delete container `%s`: %zu of its processes did not end within %d s of SIGKILL: %s%s",
			 id, count, END_TIMEOUT_MS / 1000, list, count > PIDS_NAMED_MAX ? " ..." : "");
}

static int kill_init(const struct open_container *container, struct error *err)
{
	auto_fd int pidfd = state_pidfd(&container->state, err);
	struct pollfd end = { .events = POLLIN };
	int r;

	if (pidfd == -ESRCH)
		return 0;
	if (pidfd < 0)
		return pidfd;
	r = proc_pidfd_send(pidfd, SIGKILL);
	if (r < 0 && r != -ESRCH)
		return fail(err, -r, "kill process %d of container `%s`", container->state.pid, container->dir.id);
	end.fd = pidfd;
	do
		r = poll(&end, 1, END_TIMEOUT_MS);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return fail(err, errno, "wait for process %d", container->state.pid);
	return r > 0 ? 0 : still_there(container->dir.id, &container->state.pid, 1, err);
}

static int wait_empty(const struct open_container *container, const struct cgroup *cgroup, struct error *err)
{
	auto_free pid_t *pids = NULL;
	struct error ignored;
	size_t count;
	int r = cgroup_wait_empty(cgroup, END_TIMEOUT_MS, err);

	if (r == -ETIMEDOUT && cgroup_pids(cgroup, &pids, &count, &ignored) == 0 && count > 0)
		return still_there(container->dir.id, pids, count, err);
	return r;
}

/* Kills what is in the cgroup and init, which may be elsewhere; returns when both are gone, with *ret_cgroup opened. */
static int kill_all(struct open_container *container, struct error *err)
{
	auto_cgroup struct cgroup *cgroup = NULL;
	int r = container->state.cgroup_path ? container_open_cgroup(container, &cgroup, err) : 0;

	if (r < 0 && r != -ENOENT)
		return r;
	if (cgroup) {
		r = cgroup_kill(cgroup, err);
		if (r < 0)
			return r;
	}
	r = kill_init(container, err);
	if (r < 0 || !cgroup)
		return r;
	/* What an `exec` that still saw init alive has put into the cgroup since; a later one looks again. */
	r = cgroup_kill(cgroup, err);
	return r == 0 ? wait_empty(container, cgroup, err) : r;
}

static int check_deletable(const struct open_container *container, struct error *err)
{
	enum container_status status;
	int r;

	/* The lock is ours, so nobody is creating any more. */
	if (container->state.pid == 0)
		return 0;
	r = container_status(container, &status, err);
	if (r < 0)
		return r;
	if (status == STATUS_STOPPED || status == STATUS_CREATED)
		return 0;
	return refuse_as(err, EBUSY, "cannot delete container `%s` that is not stopped: it is %s; use --force",
			 container->dir.id, status_name(status));
}

static int remove_cgroup(struct open_container *container, struct error *err)
{
	if (!container->state.cgroup_path)
		return 0;
	if (container->host.root_fd < 0) {
		int r = cgroup_host_probe(&container->host, err);

		if (r < 0)
			return r;
	}
	return cgroup_manager_remove(container->state.cgroup_manager, &container->host, container->state.cgroup_path,
				     err);
}

/*
 * force on a state.json that cannot be understood: nothing is known but the directory. One of another coffer version is
 * left alone: that version can find the rest.
 */
static int remove_unreadable(struct open_container *container, struct error *err)
{
	if (err->code == ENOTSUP || container->dir.fd < 0)
		return -err->code;
	log_message(LOG_LEVEL_WARNING, "%s: only the state directory is removed", err->text);
	return state_dir_remove(&container->dir, err);
}

static int finish(const struct runtime *runtime, struct open_container *container, struct error *err)
{
	int r = kill_all(container, err);

	fault_point("delete-killed");
	if (r == 0)
		r = network_leave(runtime, container->dir.id, err);
	fault_point("delete-network");
	if (r == 0)
		r = remove_cgroup(container, err);
	if (r < 0)
		return r;
	fault_point("delete-cgroup");
	/* Also if its creator was killed: how far the creation hooks had come is not known. */
	saved_hooks_poststop(container);
	fault_point("delete-hooks");
	r = container->state.own_bundle ? own_bundle_remove(container->state.bundle, err) : 0;
	if (r < 0)
		return r;
	fault_point("delete-bundle");
	return state_dir_remove(&container->dir, err);
}

int container_delete(const struct runtime *runtime, const char *id, bool force, struct error *err)
{
	auto_open_container struct open_container container = CONTAINER_NOT_OPEN;
	int r = container_open(runtime, id, CONTAINER_UNLOCKED, &container, err);

	if (r == -ENOENT && force)
		return 0;
	if (r == 0 && force)
		(void)kill_all(&container, err);
	if (r == 0 || container.dir.fd >= 0)
		r = state_dir_lock(&container.dir, err);
	if (r == -ENOENT && force)
		return 0;
	if (r < 0)
		return r;
	r = container_reread(&container, err);
	fault_point("delete-locked");
	if (r < 0)
		return force ? remove_unreadable(&container, err) : r;
	if (!force)
		r = check_deletable(&container, err);
	return r == 0 ? finish(runtime, &container, err) : r;
}
