/*
 * fetch.c - drives the registry client for tests/image/registry.bats:
 *
 *	fetch [OPTION...] pull NAME DIR        the image for this machine into DIR: manifest.json, one file a blob
 *	fetch [OPTION...] push NAME DIR        and back
 *	fetch [OPTION...] document NAME        what the name means: media type, size and digest
 *	fetch [OPTION...] blob NAME DIGEST SIZE FILE   one blob; FILE's bytes are taken as its beginning
 *
 * Blobs go over --jobs threads. As pull.c does, digests are checked here; a blob that is wrong is an error. Exit status
 * 1 and one line on stderr.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "image/hash.h"
#include "image/manifest.h"
#include "image/registry.h"

enum { MIRRORS_MAX = 8, JOBS_MAX = 16, BLOBS_MAX = 256, DOCUMENT_MAX = 4 * 1024 * 1024 };

struct options {
	struct registry_options registry;
	const char *mirrors[MIRRORS_MAX + 1];
	size_t n_mirrors;
	unsigned jobs;
	uint64_t cancel_after; /* bytes of one blob; 0: never */
};

/* What the threads share. */
struct work {
	const struct options *options;
	struct source *source;
	struct registry *registry;
	int dir;
	const struct descriptor *blobs[BLOBS_MAX];
	size_t count;
	atomic_size_t next;
	pthread_mutex_t lock;
	struct error err; /* of the first that failed */
	bool failed;
};

static int may_go_on(void *context_, uint64_t bytes)
{
	const uint64_t *cancel_after = context_;

	return *cancel_after > 0 && bytes >= *cancel_after;
}

static int check_blob(int fd, const struct descriptor *blob, struct error *err)
{
	struct digest found;
	int r = hash_file(fd, blob->digest.algorithm, &found, err);

	if (r == 0 && !digest_eq(&found, &blob->digest))
		return refuse_as(err, EBADMSG, "blob %.12s: has the digest %.12s", blob->digest.hex, found.hex);
	return r;
}

static int pull_blob(const struct options *options, struct source *source, int dir, const char *file,
		     const struct descriptor *blob, struct error *err)
{
	auto_fd int fd = openat(dir, file, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	uint64_t cancel_after = options->cancel_after;
	const struct fetch_progress progress = { may_go_on, &cancel_after };
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0 || lseek(fd, 0, SEEK_END) < 0)
		return fail(err, errno, "open %s", file);
	r = source->ops->blob(source, blob, fd, (uint64_t)st.st_size, &progress, err);
	return r < 0 ? r : check_blob(fd, blob, err);
}

static int push_blob(const struct work *work, const struct descriptor *blob, struct error *err)
{
	auto_fd int fd = openat(work->dir, blob->digest.hex, O_RDONLY | O_CLOEXEC);
	uint64_t cancel_after = work->options->cancel_after;
	const struct fetch_progress progress = { may_go_on, &cancel_after };

	if (fd < 0)
		return fail(err, errno, "open %s", blob->digest.hex);
	return registry_put_blob(work->registry, blob, fd, &progress, err);
}

static void *do_work(void *context_)
{
	struct work *work = context_;
	struct error err;
	size_t i;
	int r = 0;

	while (r == 0 && (i = atomic_fetch_add(&work->next, 1)) < work->count)
		r = work->source ? pull_blob(work->options, work->source, work->dir, work->blobs[i]->digest.hex,
					     work->blobs[i], &err)
				 : push_blob(work, work->blobs[i], &err);
	if (r == 0)
		return NULL;
	(void)pthread_mutex_lock(&work->lock);
	if (!work->failed)
		work->err = err;
	work->failed = true;
	(void)pthread_mutex_unlock(&work->lock);
	return NULL;
}

static int all_blobs(struct work *work, const struct manifest *manifest, struct error *err)
{
	pthread_t threads[JOBS_MAX];

	work->blobs[work->count++] = &manifest->config;
	for (size_t i = 0; i < manifest->n_layers && work->count < BLOBS_MAX; i++)
		work->blobs[work->count++] = &manifest->layers[i];
	for (unsigned i = 0; i < work->options->jobs; i++)
		if (pthread_create(&threads[i], NULL, do_work, work) != 0)
			abort();
	for (unsigned i = 0; i < work->options->jobs; i++)
		(void)pthread_join(threads[i], NULL);
	if (!work->failed)
		return 0;
	*err = work->err;
	return -err->code;
}

/* The manifest for this machine, through an index if need be. */
static int find_manifest(struct source *source, struct arena *arena, struct document *document,
			 struct manifest *manifest, struct error *err)
{
	const struct descriptor *chosen;
	struct platform platform;
	struct index index;
	int r = source->ops->document(source, arena, NULL, document, err);

	if (r == 0 && !document->media_type)
		return refuse(err, "a manifest without a media type");
	if (r == 0 && media_kind(document->media_type) == MEDIA_INDEX) {
		r = index_decode(arena, document->text, document->length, document->media_type, &index, err);
		if (r == 0)
			r = platform_parse(arena, NULL, &platform, err);
		if (r == 0)
			r = index_choose(&index, &platform, &chosen, err);
		if (r == 0)
			r = source->ops->document(source, arena, chosen, document, err);
	}
	if (r == 0)
		r = manifest_decode(arena, document->text, document->length, document->media_type, manifest, err);
	return r;
}

static int pull(const struct options *options, const struct image_ref *ref, char **args, struct error *err)
{
	auto_arena struct arena *arena = arena_new();
	auto_source struct source *source = NULL;
	struct work work = { .options = options, .lock = PTHREAD_MUTEX_INITIALIZER };
	auto_fd int dir = -1;
	struct document document = { 0 };
	struct manifest manifest;
	int r = registry_source_open(ref, &options->registry, &source, err);

	if (r == 0)
		r = find_manifest(source, arena, &document, &manifest, err);
	if (r < 0 || !document.media_type)
		return r;
	(void)mkdir(args[0], 0755);
	dir = open(args[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return fail(err, errno, "open %s", args[0]);
	work.source = source;
	work.dir = dir;
	r = all_blobs(&work, &manifest, err);
	if (r == 0)
		r = fd_write_atomic(dir, "type", document.media_type, strlen(document.media_type), 0644, err);
	return r < 0 ? r : fd_write_atomic(dir, "manifest.json", document.text, document.length, 0644, err);
}

static int push(const struct options *options, const struct image_ref *ref, char **args, struct error *err)
{
	auto_arena struct arena *arena = arena_new();
	struct work work = { .options = options, .lock = PTHREAD_MUTEX_INITIALIZER };
	auto_fd int dir = open(args[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_free char *text = NULL;
	auto_free char *type = NULL;
	struct document document = { 0 };
	struct manifest manifest;
	int r;

	if (dir < 0)
		return fail(err, errno, "open %s", args[0]);
	r = fd_read_file(dir, "manifest.json", DOCUMENT_MAX, &text, &document.length, err);
	if (r == 0)
		r = fd_read_file(dir, "type", DOCUMENT_MAX, &type, NULL, err);
	if (r < 0)
		return r;
	document.text = text;
	document.media_type = type;
	r = manifest_decode(arena, text, document.length, type, &manifest, err);
	if (r == 0)
		r = registry_open(ref, &options->registry, &work.registry, err);
	if (r < 0)
		return r;
	work.dir = dir;
	r = all_blobs(&work, &manifest, err);
	if (r == 0)
		r = registry_put_manifest(work.registry, &document, ref->tag, err);
	registry_close(work.registry);
	return r;
}

static int show_document(const struct options *options, const struct image_ref *ref, char **args, struct error *err)
{
	auto_arena struct arena *arena = arena_new();
	auto_source struct source *source = NULL;
	struct document document = { 0 };
	struct digest digest;
	int r = registry_source_open(ref, &options->registry, &source, err);

	(void)args;
	if (r == 0)
		r = source->ops->document(source, arena, NULL, &document, err);
	if (r < 0)
		return r;
	hash_bytes(document.text, document.length, DIGEST_SHA256, &digest);
	printf("%s %zu sha256:%s\n", document.media_type ? document.media_type : "-", document.length, digest.hex);
	return 0;
}

static int one_blob(const struct options *options, const struct image_ref *ref, char **args, struct error *err)
{
	auto_source struct source *source = NULL;
	struct descriptor blob = { 0 };
	int r = digest_parse(args[0], &blob.digest, err);

	if (r < 0)
		return r;
	if (str_to_u64(args[1], INT64_MAX, &blob.size) < 0)
		return refuse(err, "%s is no size", args[1]);
	r = registry_source_open(ref, &options->registry, &source, err);
	return r < 0 ? r : pull_blob(options, source, AT_FDCWD, args[2], &blob, err);
}

static const struct {
	const char *name;
	int args;
	int (*run)(const struct options *options, const struct image_ref *ref, char **args, struct error *err);
} verbs[] = { { "pull", 1, pull }, { "push", 1, push }, { "document", 0, show_document }, { "blob", 3, one_blob } };

static const struct option long_options[] = {
	{ "authfile", required_argument, NULL, 'a' },     { "creds", required_argument, NULL, 'c' },
	{ "cert-dir", required_argument, NULL, 'd' },     { "insecure", no_argument, NULL, 'i' },
	{ "mirror", required_argument, NULL, 'm' },       { "retries", required_argument, NULL, 'r' },
	{ "pause", required_argument, NULL, 'p' },        { "stall", required_argument, NULL, 's' },
	{ "chunk", required_argument, NULL, 'k' },        { "jobs", required_argument, NULL, 'j' },
	{ "cancel-after", required_argument, NULL, 'x' }, { 0 },
};

static void set_option(struct options *options, int which, const char *value)
{
	struct registry_options *registry = &options->registry;
	uint64_t number = 0;

	if (value)
		(void)str_to_u64(value, INT64_MAX, &number);
	switch (which) {
	case 'a':
		registry->auth_file = value;
		break;
	case 'c':
		registry->user = value;
		break;
	case 'd':
		registry->ca_dir = value;
		break;
	case 'i':
		registry->insecure = true;
		break;
	case 'm':
		options->mirrors[options->n_mirrors++ % MIRRORS_MAX] = value;
		break;
	case 'r':
		registry->retries = (unsigned)number;
		break;
	case 'p':
		registry->pause_ms = (unsigned)number;
		break;
	case 's':
		registry->stall_s = (unsigned)number;
		break;
	case 'k':
		registry->chunk = number;
		break;
	case 'j':
		options->jobs = number > JOBS_MAX ? JOBS_MAX : (unsigned)number;
		break;
	case 'x':
		options->cancel_after = number;
		break;
	default:
		exit(2);
	}
}

static int run(const struct options *options, char **args, struct error *err)
{
	auto_arena struct arena *arena = arena_new();
	struct image_ref ref;
	int count = 0;

	while (args[count])
		count++;
	for (size_t i = 0; count >= 2 && i < ARRAY_SIZE(verbs); i++) {
		if (!str_eq(args[0], verbs[i].name) || count != verbs[i].args + 2)
			continue;
		if (ref_parse(arena, args[1], &ref, err) < 0)
			return -err->code;
		return verbs[i].run(options, &ref, args + 2, err);
	}
	return refuse(err, "usage: fetch [OPTION...] VERB NAME ...");
}

int main(int argc, char **argv)
{
	struct options options = { .registry = { .retries = REGISTRY_RETRIES, .pause_ms = 20 }, .jobs = 4 };
	struct error err;
	int which;

	while ((which = getopt_long(argc, argv, "", long_options, NULL)) >= 0)
		set_option(&options, which, optarg);
	options.registry.mirrors = options.mirrors;
	if (run(&options, argv + optind, &err) == 0)
		return 0;
	(void)fprintf(stderr, "fetch: %s\n", err.text);
	return 1;
}
