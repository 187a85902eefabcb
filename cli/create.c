/* create.c - `coffer create`. */
#include "create_rows.h"
#include "verb.h"

static const struct cli_option options[] = { CREATE_ROWS, END_ROW };

static int run(const struct invocation *in, int *ret_exit, struct error *err)
{
	struct create_options create = *(const struct create_options *)in->options;

	(void)ret_exit;
	create.id = in->arguments[0];
	return container_create(in->runtime, &create, err);
}

const struct verb verb_create = {
	.name = "create",
	.group = GROUP_LIFE,
	.summary = "make a container from a bundle, up to its start",
	.arguments = "ID",
	.min_arguments = 1,
	.max_arguments = 1,
	.options = options,
	.options_size = sizeof(struct create_options),
	.run = run,
};
