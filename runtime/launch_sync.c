/* launch_sync.c - a loop over records, one function a type; see launch_sync.h. */
#include "launch_sync.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "cgroups/stats.h"
#include "hooks.h"
#include "sync.h"
#include "tty.h"

static int run_hooks(struct launch *launch, struct error *err)
{
	int r;

	launch->owes_poststop = true;
	r = launch_hooks(launch, HOOK_PRESTART, STATUS_CREATING, err);
	if (r == 0)
		r = launch_hooks(launch, HOOK_CREATE_RUNTIME, STATUS_CREATING, err);
	return r == 0 ? sync_send(launch->sync, SYNC_HOOKS_DONE, -1, err) : r;
}

static int take_console(struct launch *launch, int master, struct error *err)
{
	const char *socket = launch->options->console_socket;
	auto_fd int fd = master;

	if (fd < 0)
		return refuse(err, "the container's process sent a console record without a terminal");
	if (socket)
		return tty_send_console(socket, fd, err);
	/* Before the program runs: it may look at once. */
	tty_copy_size(fd);
	launch->master = take_fd(&fd);
	return 0;
}

static int explain_death(const struct launch *launch, struct error *err)
{
	int status = proc_wait_pidfd(launch->pidfd);
	struct cgroup_stats stats = { 0 };
	struct error ignored;

	/* The cgroup's own limit, by whichever way it came: the config, "unified", an option. */
	if (launch->cgroup && cgroup_stats_read(launch->cgroup, &stats, &ignored) == 0 &&
	    stats.memory_events_oom_kill.value > 0 && stats.memory_max.set && stats.memory_max.value != UINT64_MAX)
		return refuse(err,
			      "%s: %llu bytes are too few to start the container: its first process was killed for "
			      "lack of memory; raise the limit",
			      launch->config->limits.memory_limit.set ? "linux.resources.memory.limit" : "memory.max",
			      (unsigned long long)stats.memory_max.value);
	if (stats.memory_events_oom_kill.value > 0)
		return refuse(err, "the container's first process was killed for lack of memory while it set up, by a "
				   "limit above its cgroup or the machine's own");
	if (status > 128)
		return refuse(err, "the container's first process was killed by signal %d (%s) while it set up",
			      status - 128, strsignal(status - 128));
	return refuse(err, "the container's first process ended with status %d while it set up", status);
}

int launch_sync(struct launch *launch, struct error *err)
{
	for (;;) {
		enum sync_type type;
		int passed = -1;
		int r = sync_receive(launch->sync, &type, &passed, err);
		auto_fd int fd = passed;

		if (r < 0)
			return r;
		if (type == SYNC_READY)
			return 0;
		if (type == SYNC_HOOKS)
			r = run_hooks(launch, err);
		else if (type == SYNC_CONSOLE)
			r = take_console(launch, take_fd(&fd), err);
		else if (type == SYNC_END)
			r = explain_death(launch, err);
		else
			r = refuse(err, "the container's process sent an unexpected %s", sync_type_name(type));
		if (r < 0)
			return r;
	}
}
