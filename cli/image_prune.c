/* image_prune.c - `coffer image prune`. */
#include "base/log.h"
#include "image/gc.h"
#include "image_progress.h"
#include "print.h"
#include "verb.h"

struct options {
	bool all;
};

static const struct cli_option options[] = {
	FLAG_ROW(struct options, all, "all", 'a', "every image that no container uses, named ones too"),
	END_ROW,
};

static int run(const struct invocation *in, int *ret_exit, struct error *err)
{
	const struct options *given = in->options;
	struct gc_result result = { 0 };
	char size[16];
	int r = gc_prune(in->store, in->arena, given->all, &result, err);

	(void)ret_exit;
	if (r < 0)
		return r;
	if (result.damaged)
		log_message(LOG_LEVEL_WARNING, "layers and blobs stay, since the damaged record of an image may refer "
					       "to them: see coffer image list");
	r = print_text(arena_printf(in->arena, "removed: %zu images, %zu layers, %zu blobs (%s)", result.images,
				    result.layers, result.blobs, image_size_text(result.blob_bytes, size)),
		       err);
	for (; r == 0 && *result.kept; result.kept++)
		r = print_text(arena_printf(in->arena,
					    "kept: what container %s wrote before the last reboot (coffer delete %s "
					    "removes it)",
					    *result.kept, *result.kept),
			       err);
	return r;
}

const struct verb verb_image_prune = {
	.name = "prune",
	.group = GROUP_IMAGE_KEEP,
	.summary = "remove what nothing refers to",
	.arguments = "",
	.options = options,
	.options_size = sizeof(struct options),
	.run = run,
};
