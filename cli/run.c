/* run.c - `coffer run`: create and start in one; in the foreground the exit code is the container's. */
#include "create_rows.h"
#include "verb.h"

static const struct cli_option options[] = {
	CREATE_ROWS,
	FLAG_ROW(struct create_options, detach, "detach", 'd', "return once the program runs"),
	FLAG_ROW(struct create_options, keep, "keep", 0, "do not delete the container at its end"),
	FLAG_ROW(struct create_options, no_subreaper, "no-subreaper", 0, "leave the container's orphans to others"),
	END_ROW,
};

static int run(const struct invocation *in, int *ret_exit, struct error *err)
{
	struct create_options create = *(const struct create_options *)in->options;

	create.id = in->arguments[0];
	return container_run(in->runtime, &create, ret_exit, err);
}

const struct verb verb_run = {
	.name = "run",
	.group = GROUP_LIFE,
	.summary = "create, start, wait and delete in one command",
	.arguments = "ID",
	.min_arguments = 1,
	.max_arguments = 1,
	.options = options,
	.options_size = sizeof(struct create_options),
	.makes_cgroup = true,
	.runs_program = true,
	.run = run,
};
