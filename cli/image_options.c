/* image_options.c - see image_options.h. */
#include "image_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/size.h"
#include "base/str.h"
#include "image/erofs_probe.h"
#include "image/store.h"
#include "image_progress.h"
#include "print.h"

enum { JOBS_MAX = 64 };

static const struct {
	const char *name;
	size_t offset;
} limit_names[] = {
	{ "bytes", offsetof(struct layer_limits, bytes) },
	{ "entries", offsetof(struct layer_limits, entries) },
	{ "ratio", offsetof(struct layer_limits, ratio) },
	{ "path", offsetof(struct layer_limits, path) },
	{ "depth", offsetof(struct layer_limits, depth) },
	{ "header", offsetof(struct layer_limits, header) },
	{ "xattrs", offsetof(struct layer_limits, xattrs) },
	{ "tree", offsetof(struct layer_limits, tree) },
	{ "window-log", offsetof(struct layer_limits, window_log) },
};

const char *const image_layer_forms[] = { "directory", "erofs", NULL };

static const enum layer_form forms[] = { LAYER_OVERLAY, LAYER_IMAGE };

static uint64_t *find_limit(struct layer_limits *limits, const char *name, size_t length)
{
	for (size_t i = 0; i < ARRAY_SIZE(limit_names); i++)
		if (strlen(limit_names[i].name) == length && strncmp(limit_names[i].name, name, length) == 0)
			return (uint64_t *)(void *)((char *)limits + limit_names[i].offset);
	return NULL;
}

static int parse_limits(const char *const *texts, struct layer_limits *limits, struct error *err)
{
	*limits = layer_limits_default;
	for (; texts && *texts; texts++) {
		size_t length = strcspn(*texts, "=");
		uint64_t *limit = find_limit(limits, *texts, length);
		int64_t number;

		if (!limit || !(*texts)[length])
			return refuse(
				err,
				"--limit %.64s: expected NAME=NUMBER, a name of bytes, entries, ratio, path, depth, "
				"header, xattrs, tree, window-log",
				*texts);
		if (size_parse(*texts + length + 1, &number) < 0 || number <= 0)
			return refuse(err, "--limit %.64s: expected a number behind \"=\"", *texts);
		*limit = (uint64_t)number;
	}
	return 0;
}

int image_registry_options(const struct image_registry_options *options, struct registry_options *ret,
			   struct error *err)
{
	if (options->auth_file && access(options->auth_file, R_OK) < 0)
		return fail(err, errno, "--authfile %s", options->auth_file);
	*ret = (struct registry_options){
		.auth_file = options->auth_file,
		.user = options->creds,
		.ca_dir = options->cert_dir,
		.insecure = options->tls_verify == NO,
		.tls_only = options->tls_verify == YES,
		.mirrors = options->mirrors,
		.retries = REGISTRY_RETRIES,
	};
	return 0;
}

int image_check_jobs(const struct opt_u64 *jobs, struct error *err)
{
	if (jobs->set && (jobs->value == 0 || jobs->value > JOBS_MAX))
		return refuse(err, "--jobs: expected 1 to %d", JOBS_MAX);
	return 0;
}

bool image_no_devices(const struct store *store)
{
	return store->user_xattrs;
}

static int parse_name(struct arena *arena, const char *text, const char **ret, struct error *err)
{
	struct image_ref ref = { 0 };
	int r = ref_parse(arena, text, &ref, err);

	if (r < 0)
		return context(err, "--name");
	if (!ref.name)
		return refuse(err, "--name %.64s: expected the name of an image", text);
	*ret = ref.name;
	return 0;
}

int image_pull_from(const struct invocation *in, const struct image_pull_options *options, struct source *source,
		    const char *name, const struct digest *expected, struct error *err)
{
	auto_image_progress struct image_progress *progress = image_progress_new(options->quiet);
	struct pull_options pull = {
		.expected = expected,
		.name = name,
		.name_of_source = true,
		.no_devices = image_no_devices(in->store),
		.watch = image_progress_watch(progress),
	};
	struct image_record record;
	struct layer_limits limits;
	int r = platform_parse(in->arena, options->platform, &pull.platform, err);

	if (r == 0)
		r = parse_limits(options->limits, &limits, err);
	if (r == 0)
		r = image_check_jobs(&options->jobs, err);
	if (r == 0 && options->name)
		r = parse_name(in->arena, options->name, &pull.name, err);
	pull.form = forms[options->layers];
	if (r == 0 && pull.form == LAYER_IMAGE && erofs_probe(in->store->root, err) < 0)
		r = context(err, "--layers erofs");
	if (r < 0)
		return r;
	pull.limits = &limits;
	pull.jobs = (unsigned)options->jobs.value;
	r = pull_image(in->store, in->arena, source, &pull, &record, err);
	return r < 0 ? r : print_text(record.manifest.hex, err);
}
