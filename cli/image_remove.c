/* image_remove.c - `coffer image remove`. */
#include <errno.h>

#include "base/log.h"
#include "image/gc.h"
#include "verb.h"

struct options {
	bool force;
};

static const struct cli_option options[] = {
	FLAG_ROW(struct options, force, "force", 'f', "all its names, and a missing one is no error"),
	END_ROW,
};

static int run(const struct invocation *in, int *ret_exit, struct error *err)
{
	const struct options *given = in->options;
	struct gc_result result = { 0 };
	struct error failed = { 0 };

	(void)ret_exit;
	for (size_t i = 0; i < in->n_arguments; i++) {
		int r = gc_remove(in->store, in->arena, in->arguments[i], given->force, &result, err);

		if (r == 0 || (given->force && r == -ENOENT))
			continue;
		if (failed.code)
			log_message(LOG_LEVEL_ERROR, "%s", failed.text);
		failed = *err;
	}
	if (result.damaged)
		log_message(LOG_LEVEL_WARNING, "layers and blobs stay, since the damaged record of an image may refer "
					       "to them: see coffer image list");
	*err = failed;
	return -failed.code;
}

const struct verb verb_image_remove = {
	.name = "remove",
	.group = GROUP_IMAGE_KEEP,
	.summary = "remove a name, and the image with its last one",
	.arguments = "IMAGE...",
	.min_arguments = 1,
	.max_arguments = ANY_NUMBER,
	.options = options,
	.options_size = sizeof(struct options),
	.run = run,
};
