/* image_elsewhere.c - verbs of `coffer image` that coffer itself does (image_mount.c): here for the help. */
#include "verb.h"

static int run(const struct invocation *in, int *ret_exit, struct error *err)
{
	(void)in;
	(void)ret_exit;
	return refuse(err, "this is done by coffer itself: coffer image mount, coffer image unmount");
}

const struct verb verb_image_mount = {
	.name = "mount",
	.group = GROUP_IMAGE_LOOK,
	.summary = "show an image at a directory, read-only",
	.arguments = "IMAGE DIR",
	.min_arguments = 2,
	.max_arguments = 2,
	.options = no_options,
	.stateless = true,
	.run = run,
};

const struct verb verb_image_unmount = {
	.name = "unmount",
	.group = GROUP_IMAGE_LOOK,
	.summary = "end that",
	.arguments = "DIR",
	.min_arguments = 1,
	.max_arguments = 1,
	.options = no_options,
	.stateless = true,
	.run = run,
};
