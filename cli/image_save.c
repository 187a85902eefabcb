/* image_save.c - `coffer image save`: a stored image as a layout or archive. */
#include "base/str.h"
#include "image/export.h"
#include "image/store_list.h"
#include "verb.h"

/* Under which the archive has it: the name that was typed, else the first that it has. */
static int name_of(const struct invocation *in, const struct image_record *record, const char **ret, struct error *err)
{
	const struct stored_image *image;
	struct stored_image *images;
	struct image_ref ref = { 0 };
	size_t count;
	int r = store_list(in->store, in->arena, &images, &count, err);

	if (r < 0)
		return r;
	*ret = NULL;
	image = stored_image_by_hex(images, count, record->manifest.hex);
	for (size_t i = 0; image && i < image->n_names; i++)
		if (!*ret || (ref_parse(in->arena, in->arguments[0], &ref, err) == 0 && ref.name &&
			      str_eq(ref.name, image->names[i])))
			*ret = image->names[i];
	return 0;
}

static int run(const struct invocation *in, int *ret_exit, struct error *err)
{
	struct image_record record;
	struct image_ref ref = { 0 };
	const char *name = NULL;
	int r = ref_parse(in->arena, in->arguments[1], &ref, err);

	(void)ret_exit;
	if (ref.transport == REF_NAME || ref.transport == REF_REGISTRY)
		r = refuse(
			err,
			"save to %.256s: expected oci:DIR[:TAG], oci-archive:FILE[:TAG] or docker-archive:FILE[:NAME]",
			in->arguments[1]);
	if (r == 0)
		r = store_find(in->store, in->arena, in->arguments[0], &record, err);
	if (r == 0)
		r = name_of(in, &record, &name, err);
	return r < 0 ? r : export_to_path(in->store, in->arena, &record, &ref, name, err);
}

const struct verb verb_image_save = {
	.name = "save",
	.group = GROUP_IMAGE_OUT,
	.summary = "write to oci:DIR, oci-archive: or docker-archive:FILE",
	.arguments = "IMAGE TARGET",
	.min_arguments = 2,
	.max_arguments = 2,
	.options = no_options,
	.run = run,
};
