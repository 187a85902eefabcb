/*
 * container_create.c - the verbs create and run.
 */
#include "container.h"

#include <sys/prctl.h>

#include "base/cleanup.h"
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

int container_run(const struct runtime *runtime, const struct create_options *options, int *ret_exit,
		  struct error *err)
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
	hooks_run_all(HOOK_POSTSTART, &launch.config->hooks[HOOK_POSTSTART], launch_state_json(&launch, STATUS_RUNNING));
	if (options->detach)
		return 0;
	r = supervise_wait(&supervise, launch.state.pid, launch.pidfd, launch.master, ret_exit, err);
	if (!options->keep)
		launch_remove(&launch);
	return r;
}
