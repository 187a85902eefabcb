/* image_pull.c - `coffer image pull`: from a registry, or from what else a reference can name. */
#include "image/source_layout.h"
#include "image_options.h"

struct options {
	struct image_pull_options pull;
	struct image_registry_options registry;
};

static const struct cli_option options[] = {
	PULL_ROWS(struct options),
	REGISTRY_ROWS(struct options),
	LIST_ROW(struct options, registry.mirrors, "mirror", 0, "HOST[/PREFIX]", "ask this registry first"),
	END_ROW,
};

static int open_source(const struct invocation *in, const struct options *given, const struct image_ref *ref,
		       struct source **ret, struct error *err)
{
	struct registry_options registry;
	int r = image_registry_options(&given->registry, &registry, err);

	if (r < 0)
		return r;
	if (ref->transport == REF_NAME || ref->transport == REF_REGISTRY)
		return registry_source_open(ref, &registry, ret, err);
	return source_open_path(in->store, in->arena, ref, ret, err);
}

static int run(const struct invocation *in, int *ret_exit, struct error *err)
{
	const struct options *given = in->options;
	auto_source struct source *source = NULL;
	struct image_ref ref = { 0 };
	int r = ref_parse(in->arena, in->arguments[0], &ref, err);

	(void)ret_exit;
	if (r == 0)
		r = open_source(in, given, &ref, &source, err);
	if (r < 0)
		return r;
	return image_pull_from(in, &given->pull, source, ref.name, ref.digest.hex[0] ? &ref.digest : NULL, err);
}

const struct verb verb_image_pull = {
	.name = "pull",
	.group = GROUP_IMAGE_IN,
	.summary = "fetch an image and unpack it; prints its id",
	.arguments = "REF",
	.min_arguments = 1,
	.max_arguments = 1,
	.options = options,
	.options_size = sizeof(struct options),
	.run = run,
};
