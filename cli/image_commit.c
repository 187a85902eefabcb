/* image_commit.c - `coffer image commit`: a container's changes as one more layer. */
#include "image/commit.h"
#include "image/staging.h"
#include "image_options.h"

struct options {
	const char *author, *message;
	bool quiet;
};

static const struct cli_option options[] = {
	TEXT_ROW(struct options, author, "author", 'a', "NAME", "who made it"),
	TEXT_ROW(struct options, message, "message", 'm', "TEXT", "for its history"),
	FLAG_ROW(struct options, quiet, "quiet", 'q', "no progress"),
	END_ROW,
};

/* An empty text says nothing. */
static const char *said(const char *text)
{
	return text && *text ? text : NULL;
}

static int run(const struct invocation *in, int *ret_exit, struct error *err)
{
	const struct options *given = in->options;
	const struct commit_options commit = { .author = said(given->author), .comment = said(given->message) };
	struct image_pull_options pull = { .quiet = given->quiet };
	auto_staging struct staging staging = { .fd = -1 };
	auto_source struct source *source = NULL;
	struct platform platform = { 0 };
	struct image_ref ref = { 0 };
	int r = ref_parse(in->arena, in->arguments[1], &ref, err);

	(void)ret_exit;
	if (r == 0 && !ref.name)
		r = refuse(err, "commit: %.64s is no name for an image", in->arguments[1]);
	if (r == 0)
		r = staging_make(in->store, &staging, err);
	if (r == 0)
		r = commit_source_open(&staging, in->arena, in->arguments[0], &commit, &source, &platform, err);
	if (r < 0)
		return r;
	pull.platform = arena_printf(in->arena, "%s/%s%s%s", platform.os, platform.architecture,
				     platform.variant ? "/" : "", platform.variant ? platform.variant : "");
	return image_pull_from(in, &pull, source, ref.name, NULL, err);
}

const struct verb verb_image_commit = {
	.name = "commit",
	.group = GROUP_IMAGE_IN,
	.summary = "make an image of a container and what it has written",
	.arguments = "CONTAINER NAME",
	.min_arguments = 2,
	.max_arguments = 2,
	.options = options,
	.options_size = sizeof(struct options),
	.run = run,
};
