/* image.c - `coffer image`: hands the rest of the command line to coffer-image. */
#include "image_helper.h"
#include "image_mount.h"
#include "verb.h"

static int run(const struct invocation *in, int *ret_exit, struct error *err)
{
	static const char *const help[] = { "--help", NULL };

	(void)ret_exit;
	if (in->n_arguments && image_mount_is_verb(in->arguments[0]))
		return image_mount_run(in->arena, in->arguments, err);
	return image_helper_exec(in->n_arguments ? in->arguments : help, err);
}

const struct verb verb_image = {
	.name = "image",
	.group = GROUP_HOST,
	.summary = "pull, list, remove images and more: coffer image help",
	.arguments = "[COMMAND [OPTION...] [ARGUMENT...]]",
	.max_arguments = ANY_NUMBER,
	.order = OPTIONS_FIRST,
	.options = no_options,
	.stateless = true,
	.run = run,
};
