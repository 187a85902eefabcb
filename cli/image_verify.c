/* image_verify.c - `coffer image verify`: a line for each finding; fails if something is left damaged. */
#include <errno.h>

#include "image/store_list.h"
#include "image/verify.h"
#include "image_options.h"
#include "print.h"

struct options {
	bool all, check;
};

static const struct cli_option options[] = {
	FLAG_ROW(struct options, all, "all", 'a', "every stored image"),
	FLAG_ROW(struct options, check, "check", 0, "only look: repair nothing"),
	END_ROW,
};

/* A finding that cannot be printed is still counted: the exit status tells. */
static void finding(void *context_, const char *text, bool repaired)
{
	struct error ignored;

	(void)print_text(arena_printf(context_, "%s%s", text, repaired ? " (repaired)" : ""), &ignored);
}

static int verify_one(const struct invocation *in, const struct image_record *record, size_t *damaged,
		      struct error *err)
{
	const struct options *given = in->options;
	const struct verify_watch watch = { .finding = finding, .context = in->arena };
	size_t count = 0;
	int r = verify_image(in->store, record, !given->check, image_no_devices(in->store), &watch, &count, err);

	*damaged += count;
	return r < 0 ? context(err, "image %.12s", record->manifest.hex) : 0;
}

static int verify_all(const struct invocation *in, size_t *damaged, struct error *err)
{
	struct stored_image *images;
	size_t count;
	int r = store_list(in->store, in->arena, &images, &count, err);

	for (size_t i = 0; r == 0 && i < count; i++) {
		if (!images[i].damaged) {
			r = verify_one(in, &images[i].record, damaged, err);
			continue;
		}
		finding(in->arena, images[i].damaged, false);
		++*damaged;
	}
	return r;
}

static int run(const struct invocation *in, int *ret_exit, struct error *err)
{
	const struct options *given = in->options;
	struct image_record record;
	size_t damaged = 0;
	int r = 0;

	(void)ret_exit;
	if (given->all == (in->n_arguments > 0))
		return refuse(err, "verify: expected images or --all");
	if (given->all)
		r = verify_all(in, &damaged, err);
	for (size_t i = 0; r == 0 && i < in->n_arguments; i++) {
		r = store_find(in->store, in->arena, in->arguments[i], &record, err);
		if (r == 0)
			r = verify_one(in, &record, &damaged, err);
	}
	if (r == 0 && damaged)
		return refuse_as(err, EIO, "%zu things are damaged; what was taken out of the store is fetched by pull",
				 damaged);
	return r;
}

const struct verb verb_image_verify = {
	.name = "verify",
	.group = GROUP_IMAGE_KEEP,
	.summary = "check digests and layers again, and repair layers",
	.arguments = "[IMAGE...]",
	.max_arguments = ANY_NUMBER,
	.options = options,
	.options_size = sizeof(struct options),
	.run = run,
};
