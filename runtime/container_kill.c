/*
 * container_kill.c - a signal to init, or with `all` to every process of the container's cgroup.
 *
 * Takes no lock: a container whose `start` hangs has to be killable. Init is signalled through a pidfd that is checked
 * against the recorded start time.
 */
#include "container.h"

#include <errno.h>
#include <signal.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "container_open.h"
#include "fault.h"

static int kill_init(const struct open_container *container, int signal, struct error *err)
{
	auto_fd int pidfd = state_pidfd(&container->state, err);
	int r;

	if (pidfd < 0)
		return pidfd;
	r = proc_pidfd_send(pidfd, signal);
	if (r == -ESRCH)
		return refuse_as(err, ESRCH, "container not running");
	return r < 0 ? fail(err, -r, "send signal %d to container `%s`", signal, container->dir.id) : 0;
}

/* With an own pid namespace SIGKILL to init ends all of it; any other signal reaches init alone. */
static int kill_without_cgroup(const struct open_container *container, int signal, struct error *err)
{
	if (!container->state.own_pid_ns && state_alive(&container->state))
		return refuse(err,
			      "container `%s` has neither a cgroup nor a pid namespace of its own: its processes "
			      "are not known, only init can be signalled",
			      container->dir.id);
	return kill_init(container, signal, err);
}

static int kill_all(struct open_container *container, int signal, struct error *err)
{
	auto_cgroup struct cgroup *cgroup = NULL;
	int r;

	if (!container->state.cgroup_path)
		return kill_without_cgroup(container, signal, err);
	r = container_open_cgroup(container, &cgroup, err);
	if (r == -ENOENT)
		return kill_without_cgroup(container, signal, err);
	if (r < 0)
		return r;
	if (signal == 0)
		return 0;
	return signal == SIGKILL ? cgroup_kill(cgroup, err) : cgroup_signal(cgroup, signal, err);
}

int container_kill(const struct runtime *runtime, const char *id, int signal, bool all, struct error *err)
{
	auto_open_container struct open_container container = CONTAINER_NOT_OPEN;
	int r = container_open(runtime, id, CONTAINER_UNLOCKED, &container, err);

	if (r < 0)
		return r;
	fault_point("kill-found");
	if (!all)
		return kill_init(&container, signal, err);
	r = kill_all(&container, signal, err);
	/* containerd sends `kill --all` after init's end: nothing left to signal is what it wants. */
	return r == -ESRCH ? 0 : r;
}
