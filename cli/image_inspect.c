/* image_inspect.c - `coffer image inspect`: the record of an image, and its manifest and config as they are. */
#include "base/cleanup.h"
#include "image/config.h"
#include "image/manifest.h"
#include "image/record.h"
#include "image/store.h"
#include "print.h"
#include "verb.h"

/* Checked when they came in, and JSON; what yields another error here is a damaged store. */
static int read_json(const struct invocation *in, const struct digest *digest, size_t max, const char **ret,
		     struct error *err)
{
	static const struct json_limits limits = { .size = MANIFEST_MAX, .depth = 16 };
	auto_free char *text = NULL;
	struct json *root;
	size_t length;
	int r = store_read_blob(in->store, digest, max, &text, &length, err);

	if (r == 0)
		r = json_parse(in->arena, "stored document", text, length, &limits, &root, err);
	if (r == 0)
		*ret = arena_strndup(in->arena, text, length);
	return r;
}

static int run(const struct invocation *in, int *ret_exit, struct error *err)
{
	struct image_record record;
	const char *manifest = NULL;
	const char *config = NULL;
	auto_free char *text = NULL;
	size_t length;
	int r = store_find(in->store, in->arena, in->arguments[0], &record, err);

	(void)ret_exit;
	if (r == 0)
		r = read_json(in, &record.manifest, MANIFEST_MAX, &manifest, err);
	if (r == 0)
		r = read_json(in, &record.config, IMAGE_CONFIG_MAX, &config, err);
	if (r < 0)
		return r;
	text = record_encode(&record, &length);
	return print_text(
		arena_printf(in->arena, "{\"record\":%s,\"manifest\":%s,\"config\":%s}", text, manifest, config), err);
}

const struct verb verb_image_inspect = {
	.name = "inspect",
	.group = GROUP_IMAGE_LOOK,
	.summary = "show the record, manifest and config as JSON",
	.arguments = "IMAGE",
	.min_arguments = 1,
	.max_arguments = 1,
	.options = no_options,
	.run = run,
};
