/* image_unpack.c - `coffer image unpack`: a stored image as a bundle. */
#include "image/unpack.h"
#include "verb.h"

static int run(const struct invocation *in, int *ret_exit, struct error *err)
{
	struct image_record record;
	int r = store_find(in->store, in->arena, in->arguments[0], &record, err);

	(void)ret_exit;
	return r < 0 ? r : unpack_bundle(in->store, in->arena, &record, in->arguments[0], in->arguments[1], err);
}

const struct verb verb_image_unpack = {
	.name = "unpack",
	.group = GROUP_IMAGE_OUT,
	.summary = "make a bundle of a stored image",
	.arguments = "IMAGE DIR",
	.min_arguments = 2,
	.max_arguments = 2,
	.options = no_options,
	.run = run,
};
