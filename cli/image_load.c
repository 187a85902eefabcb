/* image_load.c - `coffer image load`: from a directory or archive, whose kind is found out. */
#include <errno.h>
#include <sys/stat.h>

#include "base/str.h"
#include "image/source_layout.h"
#include "image_options.h"

struct options {
	struct image_pull_options pull;
};

static const struct cli_option options[] = {
	PULL_ROWS(struct options),
	END_ROW,
};

/* PATH[:TAG]: a directory is a layout; in an archive of either kind the other is recognised. "-": standard input. */
static int parse_path(struct arena *arena, const char *text, struct image_ref *ret, struct error *err)
{
	int r = ref_parse(arena, arena_printf(arena, "oci:%s", text), ret, err);
	struct stat st;

	if (r < 0)
		return r;
	if (str_eq(ret->path, "-")) {
		ret->transport = REF_DOCKER_ARCHIVE;
		return 0;
	}
	if (stat(ret->path, &st) < 0)
		return fail(err, errno, "%s", ret->path);
	if (!S_ISDIR(st.st_mode))
		ret->transport = REF_DOCKER_ARCHIVE;
	return 0;
}

static int run(const struct invocation *in, int *ret_exit, struct error *err)
{
	const struct options *given = in->options;
	auto_source struct source *source = NULL;
	struct image_ref ref = { 0 };
	int r = ref_parse(in->arena, in->arguments[0], &ref, err);

	(void)ret_exit;
	if (r < 0 || ref.transport == REF_NAME)
		r = parse_path(in->arena, in->arguments[0], &ref, err);
	if (r == 0 && ref.transport == REF_REGISTRY)
		r = refuse(err, "load: expected a directory or an archive; images of registries are pulled");
	if (r == 0)
		r = source_open_path(in->store, in->arena, &ref, &source, err);
	return r < 0 ? r : image_pull_from(in, &given->pull, source, NULL, NULL, err);
}

const struct verb verb_image_load = {
	.name = "load",
	.group = GROUP_IMAGE_IN,
	.summary = "take an image out of a directory or archive",
	.arguments = "PATH[:TAG]",
	.min_arguments = 1,
	.max_arguments = 1,
	.options = options,
	.options_size = sizeof(struct options),
	.run = run,
};
