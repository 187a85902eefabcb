/* image_push.c - `coffer image push`: a stored image to a registry. */
#include "image/export.h"
#include "image_options.h"
#include "image_progress.h"

struct options {
	struct image_registry_options registry;
	struct opt_u64 jobs;
	bool quiet;
};

static const struct cli_option options[] = {
	NUMBER_ROW(struct options, jobs, "jobs", 'j', "NUMBER", "layers at a time"),
	FLAG_ROW(struct options, quiet, "quiet", 'q', "no progress"),
	REGISTRY_ROWS(struct options),
	END_ROW,
};

static int run(const struct invocation *in, int *ret_exit, struct error *err)
{
	const struct options *given = in->options;
	struct registry_options registry = { 0 };
	auto_image_progress struct image_progress *progress = image_progress_new(given->quiet);
	const struct pull_watch watch = image_progress_watch(progress);
	const char *target = in->arguments[in->n_arguments - 1];
	struct image_record record;
	struct image_ref ref = { 0 };
	int r = image_check_jobs(&given->jobs, err);

	(void)ret_exit;
	if (r == 0)
		r = image_registry_options(&given->registry, &registry, err);
	if (r == 0)
		r = ref_parse(in->arena, target, &ref, err);
	if (r == 0 && !ref.name)
		r = refuse(err, "push: %.64s is no name at a registry; layouts and archives are written by save",
			   target);
	if (r == 0)
		r = store_find(in->store, in->arena, in->arguments[0], &record, err);
	return r < 0 ? r
		     : export_to_registry(in->store, in->arena, &record, &ref, &registry, &watch,
					  (size_t)given->jobs.value, err);
}

const struct verb verb_image_push = {
	.name = "push",
	.group = GROUP_IMAGE_OUT,
	.summary = "send to a registry, under its name or another",
	.arguments = "IMAGE [TARGET]",
	.min_arguments = 1,
	.max_arguments = 2,
	.options = options,
	.options_size = sizeof(struct options),
	.run = run,
};
