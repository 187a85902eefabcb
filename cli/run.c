/*
 * run.c - `coffer run`: create and start in one; in the foreground the exit code is the container's. From a bundle the
 * argument is the container's ID; with --image or --rootfs the arguments are the command.
 */
#include "create_rows.h"
#include "run_image.h"
#include "run_rows.h"
#include "verb.h"

static const struct cli_option options[] = {
	CREATE_ROWS,
	FLAG_ROW(struct create_options, detach, "detach", 'd', "return once the program runs"),
	FLAG_ROW(struct create_options, keep, "keep", 0, "do not delete the container at its end"),
	FLAG_ROW(struct create_options, no_subreaper, "no-subreaper", 0, "leave the container's orphans to others"),
	IMAGE_ROWS,
	END_ROW,
};

static int run_bundle(const struct invocation *in, const struct run_options *run, int *ret_exit, struct error *err)
{
	struct create_options create = run->create;

	if (in->n_arguments != 1)
		return refuse(err, "run: %s: coffer run ID, or coffer run --image REF [COMMAND...]",
			      in->n_arguments ? "too many arguments" : "an argument is missing");
	create.id = in->arguments[0];
	return container_run(in->runtime, &create, ret_exit, err);
}

/* Was --image or --rootfs given? If not, an option that needs one is refused. */
static int image_wanted(const struct run_options *run, bool *ret_wanted, struct error *err)
{
	const unsigned char *bytes = (const unsigned char *)&run->image;

	*ret_wanted = run->image.image || run->image.rootfs;
	/* What was not given is zero, and padding too. */
	for (size_t i = 0; !*ret_wanted && i < sizeof(run->image); i++)
		if (bytes[i])
			return refuse(err, "this needs --image or --rootfs: a bundle has its own config.json");
	return 0;
}

static int run(const struct invocation *in, int *ret_exit, struct error *err)
{
	const struct run_options *run = in->options;
	bool image;
	int r = image_wanted(run, &image, err);

	if (r < 0)
		return r;
	return image ? run_image(in, run, ret_exit, err) : run_bundle(in, run, ret_exit, err);
}

const struct verb verb_run = {
	.name = "run",
	.group = GROUP_LIFE,
	.summary = "create, start, wait and delete in one command",
	.arguments = "ID | --image REF [COMMAND...]",
	.max_arguments = ANY_NUMBER,
	.options = options,
	.options_size = sizeof(struct run_options),
	.runs_program = true,
	.run = run,
};
