/*
 * container_create.c - the verbs create and run.
 */
#include "container.h"

#include <errno.h>
#include <sys/prctl.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "hooks.h"
#include "launch.h"
#include "supervise.h"

int container_create(const struct runtime *runtime, const struct create_options *options, struct error *err)
{
	auto_launch struct launch launch = LAUNCH_EMPTY;

	launch.runtime = runtime;
	launch.options = options;
	launch.gate = true;
	return launch_run(&launch, err);
}

/* A `delete` may have been faster. */
static void remove_ended(struct launch *launch)
{
	struct error err;
	int r = state_dir_lock(&launch->dir, &err);

	if (r == 0)
		launch_remove(launch);
	else if (r != -ENOENT)
		log_message(LOG_LEVEL_WARNING, "the container is not deleted: %s", err.text);
}

int container_run(const struct runtime *runtime, const struct create_options *options, int *ret_exit, struct error *err)
{
	auto_launch struct launch launch = LAUNCH_EMPTY;
	auto_supervise struct supervise supervise = SUPERVISE_NONE;
	int r;

	launch.runtime = runtime;
	launch.options = options;
	*ret_exit = 0;
	/* Orphans of a container without a pid namespace of its own come to this process, which reaps them. */
	if (!options->detach) {
		if (!options->no_subreaper)
			(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
		r = supervise_prepare(&supervise, err);
		if (r < 0)
			return r;
	}
	r = launch_run(&launch, err);
	if (r < 0)
		return r;
	/* The container is as any other now; a hook, too, may call coffer for it. */
	state_dir_unlock(&launch.dir);
	r = launch_hooks(&launch, HOOK_POSTSTART, STATUS_RUNNING, err);
	if (r < 0) {
		launch_drop_pid_file(&launch);
		remove_ended(&launch);
	}
	if (r < 0 || options->detach)
		return r;
	r = supervise_wait(&supervise, launch.state.pid, launch.pidfd, launch.master, ret_exit, err);
	if (!options->keep)
		remove_ended(&launch);
	return r;
}
