/*
 * container_start.c - lets a created container run its program.
 *
 * Lock -> status must be created -> connect to the gate -> SYNC_START -> end of file: execve succeeded, or an error
 * record: why not -> the gate goes -> unlock -> poststart hooks. Killed before SYNC_START, the container is still
 * created; killed after it, the gate's file is left with nobody behind it, which start_gate_exists() does not count.
 */
#include "container.h"

#include <errno.h>
#include <signal.h>

#include "base/cleanup.h"
#include "container_open.h"
#include "fault.h"
#include "saved_hooks.h"
#include "start_gate.h"
#include "sync.h"

static int check_created(const struct open_container *container, struct error *err)
{
	enum container_status status;
	int r = container_status(container, &status, err);

	if (r < 0)
		return r;
	if (status == STATUS_CREATED)
		return 0;
	if (status == STATUS_STOPPED)
		return refuse_as(err, ESRCH, "cannot start container `%s`: container not running: it is stopped",
				 container->dir.id);
	if (status == STATUS_PAUSED && start_gate_exists(&container->dir))
		return refuse(err, "cannot start container `%s`: it is paused; resume it first", container->dir.id);
	return refuse(err, "cannot start container `%s`: it is %s, not created", container->dir.id,
		      status_name(status));
}

static int open_gate(const struct state_dir *dir, struct error *err)
{
	auto_fd int gate = -1;
	int r = start_gate_connect(dir, &gate, err);

	fault_point("start-connected");
	if (r == 0)
		r = sync_send(gate, SYNC_START, -1, err);
	fault_point("start-sent");
	return r == 0 ? sync_expect(gate, SYNC_END, NULL, err) : r;
}

/* A poststart hook that fails ends the container, which then is for `delete`: runtime-spec runtime.md "Lifecycle". */
static int run_hooks(const struct runtime *runtime, const struct open_container *container, struct error *err)
{
	struct error ignored;
	int r = saved_hooks_poststart(container, err);

	if (r < 0 && container_kill(runtime, container->dir.id, SIGKILL, true, &ignored) < 0)
		(void)container_kill(runtime, container->dir.id, SIGKILL, false, &ignored);
	return r;
}

int container_start(const struct runtime *runtime, const char *id, struct error *err)
{
	auto_open_container struct open_container container = CONTAINER_NOT_OPEN;
	int r = container_open(runtime, id, CONTAINER_LOCKED, &container, err);

	if (r == 0)
		r = check_created(&container, err);
	fault_point("start-checked");
	if (r == 0)
		r = open_gate(&container.dir, err);
	fault_point("start-running");
	if (r == 0)
		r = start_gate_remove(&container.dir, err);
	if (r < 0)
		return r;
	state_dir_unlock(&container.dir); /* a hook may call coffer for this container */
	return run_hooks(runtime, &container, err);
}
