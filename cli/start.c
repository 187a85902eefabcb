/* start.c - `coffer start`. */
#include "verb.h"

static int run(const struct invocation *in, int *ret_exit, struct error *err)
{
	(void)ret_exit;
	return container_start(in->runtime, in->arguments[0], err);
}

const struct verb verb_start = {
	.name = "start",
	.group = GROUP_LIFE,
	.summary = "run the program of a created container",
	.arguments = "ID",
	.min_arguments = 1,
	.max_arguments = 1,
	.options = no_options,
	.run = run,
};
