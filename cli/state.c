/* state.c - `coffer state`: the state of a container as the runtime-spec's JSON. */
#include "print.h"
#include "runtime/hooks.h"
#include "verb.h"

static int run(const struct invocation *in, int *ret_exit, struct error *err)
{
	struct container_info info = { 0 };
	int r = container_state(in->runtime, in->arena, in->arguments[0], &info, err);

	(void)ret_exit;
	if (r < 0)
		return r;
	return print_text(state_to_json(in->arena, &info.state, info.status, info.oci_version, info.annotations,
					info.n_annotations, true),
			  err);
}

const struct verb verb_state = {
	.name = "state",
	.group = GROUP_LOOK,
	.summary = "print the state of a container as JSON",
	.arguments = "ID",
	.min_arguments = 1,
	.max_arguments = 1,
	.options = no_options,
	.run = run,
};
