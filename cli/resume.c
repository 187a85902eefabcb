/* resume.c - `coffer resume`. */
#include "verb.h"

static int run(const struct invocation *in, int *ret_exit, struct error *err)
{
	(void)ret_exit;
	return container_resume(in->runtime, in->arguments[0], err);
}

const struct verb verb_resume = {
	.name = "resume",
	.group = GROUP_INSIDE,
	.summary = "let a paused container go on",
	.arguments = "ID",
	.min_arguments = 1,
	.max_arguments = 1,
	.options = no_options,
	.run = run,
};
