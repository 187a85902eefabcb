/* delete.c - `coffer delete`. */
#include "verb.h"

struct delete_options {
	bool force;
};

static const struct cli_option options[] = {
	FLAG_ROW(struct delete_options, force, "force", 'f', "kill it first if it lives; a missing one is no error"),
	END_ROW,
};

static int run(const struct invocation *in, int *ret_exit, struct error *err)
{
	const struct delete_options *delete_options = in->options;

	(void)ret_exit;
	return container_delete(in->runtime, in->arguments[0], delete_options->force, err);
}

const struct verb verb_delete = {
	.name = "delete",
	.group = GROUP_LIFE,
	.summary = "remove a stopped container and what it left",
	.arguments = "ID",
	.min_arguments = 1,
	.max_arguments = 1,
	.options = options,
	.options_size = sizeof(struct delete_options),
	.run = run,
};
