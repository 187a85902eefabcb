/* pause.c - `coffer pause`. */
#include "verb.h"

static int run(const struct invocation *in, int *ret_exit, struct error *err)
{
	(void)ret_exit;
	return container_pause(in->runtime, in->arguments[0], err);
}

const struct verb verb_pause = {
	.name = "pause",
	.group = GROUP_INSIDE,
	.summary = "freeze every process of a container",
	.arguments = "ID",
	.min_arguments = 1,
	.max_arguments = 1,
	.options = no_options,
	.run = run,
};
