/* image_tag.c - `coffer image tag`: another name for an image. */
#include <unistd.h>

#include "base/cleanup.h"
#include "image/ref.h"
#include "image/staging.h"
#include "image/store_write.h"
#include "verb.h"

static int run(const struct invocation *in, int *ret_exit, struct error *err)
{
	auto_staging struct staging staging = { .fd = -1 };
	auto_fd int lock = -1;
	struct image_record record;
	struct image_ref ref = { 0 };
	int r = ref_parse(in->arena, in->arguments[1], &ref, err);

	(void)ret_exit;
	if (r == 0 && !ref.name)
		r = refuse(err, "%.64s: expected the name of an image", in->arguments[1]);
	if (r == 0)
		r = staging_make(in->store, &staging, err);
	if (r < 0)
		return r;
	lock = store_lock(in->store, false, err);
	if (lock < 0)
		return lock;
	r = store_find(in->store, in->arena, in->arguments[0], &record, err);
	return r < 0 ? r : store_put_name(&staging, ref.name, record.manifest.hex, err);
}

const struct verb verb_image_tag = {
	.name = "tag",
	.group = GROUP_IMAGE_KEEP,
	.summary = "give an image another name",
	.arguments = "IMAGE NAME",
	.min_arguments = 2,
	.max_arguments = 2,
	.options = no_options,
	.run = run,
};
