/* image.c - `coffer image`: hands the rest of the command line to coffer-image. */
#include <errno.h>
#include <stdlib.h>

#include "image_helper.h"
#include "image_mount.h"
#include "verb.h"

struct options {
	const char *store;
};

static const struct cli_option options[] = {
	TEXT_ROW(struct options, store, "store", 0, "DIR", "the image store (/var/lib/coffer)"),
	END_ROW,
};

static int run(const struct invocation *in, int *ret_exit, struct error *err)
{
	static const char *const help[] = { "--help", NULL };

	const struct options *given = in->options;

	(void)ret_exit;
	if (given->store && !*given->store)
		return refuse(err, "--store: the path is empty");
	/* For coffer-image as for what this program does itself. */
	if (given->store && setenv("COFFER_STORE", given->store, 1) < 0)
		return fail(err, errno, "setenv");
	if (in->n_arguments && image_mount_is_verb(in->arguments[0]))
		return image_mount_run(in->arena, in->arguments, err);
	return image_helper_exec(in->n_arguments ? in->arguments : help, err);
}

const struct verb verb_image = {
	.name = "image",
	.group = GROUP_HOST,
	.summary = "pull, list, remove images and more",
	.arguments = "[COMMAND [OPTION...] [ARGUMENT...]]",
	.max_arguments = ANY_NUMBER,
	.order = OPTIONS_FIRST,
	.options = options,
	.options_size = sizeof(struct options),
	.stateless = true,
	.helps_itself = true,
	.run = run,
};
