/* image_import.c - `coffer image import`: a tar or a directory as an image of one layer. */
#include <string.h>

#include "image/import.h"
#include "image/staging.h"
#include "image_options.h"

struct options {
	struct image_pull_options pull;
	const char *const *env;
	const char *const *entrypoint;
	const char *user, *working_dir, *comment;
};

static const struct cli_option options[] = {
	PULL_ROWS(struct options),
	LIST_ROW(struct options, env, "env", 'e', "KEY=VALUE", "environment"),
	LIST_ROW(struct options, entrypoint, "entrypoint", 0, "WORD", "what CMD is put behind; once a word"),
	TEXT_ROW(struct options, user, "user", 'u', "USER[:GROUP]", "who runs it"),
	TEXT_ROW(struct options, working_dir, "workdir", 'w', "DIR", "where it starts"),
	TEXT_ROW(struct options, comment, "comment", 'm', "TEXT", "for its history"),
	END_ROW,
};

static const char *const default_env[] = { "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", NULL };

/* What `coffer run` would have to refuse is not written to an image. */
static int check(const struct options *given, struct error *err)
{
	for (size_t i = 0; given->env && given->env[i]; i++)
		if (given->env[i][0] == '=' || !strchr(given->env[i], '='))
			return refuse(err, "--env: expected KEY=VALUE, found \"%.64s\"", given->env[i]);
	if (given->working_dir && given->working_dir[0] != '/')
		return refuse(err, "--workdir: \"%.64s\" is not an absolute path", given->working_dir);
	return 0;
}

static int run(const struct invocation *in, int *ret_exit, struct error *err)
{
	const struct options *given = in->options;
	auto_staging struct staging staging = { .fd = -1 };
	auto_source struct source *source = NULL;
	struct import_options import = {
		.env = given->env ? given->env : default_env,
		.cmd = in->n_arguments > 2 ? in->arguments + 2 : NULL,
		.entrypoint = given->entrypoint,
		.user = given->user,
		.working_dir = given->working_dir,
		.comment = given->comment,
	};
	struct platform platform = { 0 };
	struct image_ref ref = { 0 };
	int r = check(given, err);

	(void)ret_exit;
	if (r == 0)
		r = ref_parse(in->arena, in->arguments[1], &ref, err);
	if (r == 0 && !ref.name)
		r = refuse(err, "import: %.64s is no name for an image", in->arguments[1]);
	if (r == 0)
		r = platform_parse(in->arena, given->pull.platform, &platform, err);
	if (r == 0)
		r = staging_make(in->store, &staging, err);
	if (r < 0)
		return r;
	import.os = platform.os;
	import.architecture = platform.architecture;
	import.variant = platform.variant;
	r = import_source_open(&staging, in->arguments[0], &import, &source, err);
	return r < 0 ? r : image_pull_from(in, &given->pull, source, ref.name, NULL, err);
}

const struct verb verb_image_import = {
	.name = "import",
	.group = GROUP_IMAGE_IN,
	.summary = "make an image of one layer from a tar or directory",
	.arguments = "PATH NAME [-- CMD...]",
	.min_arguments = 2,
	.max_arguments = ANY_NUMBER,
	.options = options,
	.options_size = sizeof(struct options),
	.run = run,
};
