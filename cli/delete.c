/* delete.c - `coffer delete`. */
#include <errno.h>

#include "run_dir.h"
#include "verb.h"

struct delete_options {
	bool force;
};

static const struct cli_option options[] = {
	FLAG_ROW(struct delete_options, force, "force", 'f', "kill it first if it lives; a missing one is no error"),
	END_ROW,
};

/* A container of an image that was kept has its files on disk when a reboot has taken its state. */
static int delete_files(const struct invocation *in, int r, struct error *err)
{
	const char *id = in->arguments[0];
	const char *state_path = arena_printf(in->arena, "%s/%s", in->runtime->root, id);
	struct error error;
	bool found;

	if (run_dir_delete(in->arena, id, state_path, &found, &error) < 0) {
		*err = error;
		return -err->code;
	}
	return found ? 0 : r;
}

static int run(const struct invocation *in, int *ret_exit, struct error *err)
{
	const struct delete_options *delete_options = in->options;

	int r = container_delete(in->runtime, in->arguments[0], delete_options->force, err);

	(void)ret_exit;
	return r == -ENOENT || (r == 0 && delete_options->force) ? delete_files(in, r, err) : r;
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
