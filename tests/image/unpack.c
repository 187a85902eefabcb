/*
 * unpack.c - layer_unpack() and layer_pack() for tests and benchmarks, without store and command line:
 *
 *	unpack [--apply | --image] [--zlib] [--one-thread] [--user-xattrs] [--no-devices] [--jobs N]
 *		[--limit NAME=N] DIR BLOB...
 *	unpack --pack [--user-xattrs] DIR TAR
 *
 * Each blob, in its order, into DIR; with --jobs into DIR/1, DIR/2 and so on, N at a time; with --image, into a file
 * DIR/image, or DIR/1 and so on. Compression is as the first
 * bytes say. Prints a line of JSON for each; an error goes to stderr, and exit status 1.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "image/layer.h"

struct work {
	struct layer_options options;
	struct layer_limits limits;
	int dir_fd;
	unsigned long jobs;
	char **blobs;
	unsigned n_blobs;
	atomic_uint next;
	atomic_bool failed;
};

static enum compression compression(int fd)
{
	unsigned char start[4];
	ssize_t got = pread(fd, start, sizeof(start), 0);

	return got > 0 ? compression_of(start, (size_t)got) : COMPRESSION_NONE;
}

static int own_target(const struct work *work, unsigned index)
{
	char name[16];

	(void)snprintf(name, sizeof(name), "%u", index + 1);
	if (work->options.form == LAYER_IMAGE)
		return openat(work->dir_fd, work->jobs ? name : "image", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (mkdirat(work->dir_fd, name, 0755) < 0 && errno != EEXIST)
		return -1;
	return openat(work->dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static bool unpack_one(const struct work *work, unsigned index)
{
	auto_fd int blob_fd = open(work->blobs[index], O_RDONLY | O_CLOEXEC);
	auto_fd int dir_fd =
		work->jobs || work->options.form == LAYER_IMAGE ? own_target(work, index) : dup(work->dir_fd);
	struct layer_options options = work->options;
	char blob[DIGEST_TEXT_MAX], diff_id[DIGEST_TEXT_MAX];
	struct layer_result result;
	struct error error;

	if (blob_fd < 0 || dir_fd < 0) {
		warn("%s", work->blobs[index]);
		return false;
	}
	options.compression = compression(blob_fd);
	if (layer_unpack(dir_fd, blob_fd, DIGEST_SHA256, DIGEST_SHA256, &options, &result, &error) < 0) {
		warnx("%s: %s", work->blobs[index], error.text);
		return false;
	}
	printf("{\"blob\":\"%s\",\"diff_id\":\"%s\",\"blob_size\":%" PRIu64 ",\"tar_size\":%" PRIu64
	       ",\"entries\":%" PRIu64 ",\"skipped_devices\":%" PRIu64 ",\"skipped_xattrs\":%" PRIu64
	       ",\"implied\":%" PRIu64 ",\"has_top\":%s,\"opaque_root\":%s}\n",
	       digest_text(&result.blob, blob), digest_text(&result.diff_id, diff_id), result.blob_size,
	       result.tar_size, result.entries, result.skipped_devices, result.skipped_xattrs, result.implied,
	       result.has_top ? "true" : "false", result.opaque_root ? "true" : "false");
	return true;
}

static void *work_on(void *context)
{
	struct work *work = context;
	unsigned index;

	while ((index = atomic_fetch_add(&work->next, 1)) < work->n_blobs && !work->failed)
		if (!unpack_one(work, index))
			work->failed = true;
	return NULL;
}

static int unpack_all(struct work *work)
{
	const unsigned long extra = work->jobs > 1 ? work->jobs - 1 : 0;
	auto_free pthread_t *threads = xcalloc(extra + 1, sizeof(*threads));

	for (unsigned long i = 0; i < extra; i++)
		if (pthread_create(&threads[i], NULL, work_on, work) != 0)
			errx(EXIT_FAILURE, "no thread");
	(void)work_on(work);
	for (unsigned long i = 0; i < extra; i++)
		(void)pthread_join(threads[i], NULL);
	return work->failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

static void set_limit(struct layer_limits *limits, const char *text)
{
	const struct {
		const char *name;
		uint64_t *value;
	} names[] = {
		{ "bytes=", &limits->bytes },   { "entries=", &limits->entries },       { "ratio=", &limits->ratio },
		{ "path=", &limits->path },     { "depth=", &limits->depth },           { "header=", &limits->header },
		{ "xattrs=", &limits->xattrs }, { "window_log=", &limits->window_log },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_starts(text, names[i].name) &&
		    str_to_u64(text + strlen(names[i].name), UINT64_MAX, names[i].value) == 0)
			return;
	errx(2, "--limit %s", text);
}

enum {
	IMAGE = 'i',
	PACK = 'p',
	JOBS = 'j',
	LIMIT = 'l',
	APPLY = 'a',
	ZLIB = 'z',
	ONE = 'o',
	USER = 'u',
	DEVICES = 'd'
};

static bool parse(int argc, char **argv, struct work *work)
{
	static const struct option options[] = {
		{ "apply", no_argument, NULL, APPLY },      { "image", no_argument, NULL, IMAGE },
		{ "zlib", no_argument, NULL, ZLIB },        { "one-thread", no_argument, NULL, ONE },
		{ "user-xattrs", no_argument, NULL, USER }, { "no-devices", no_argument, NULL, DEVICES },
		{ "jobs", required_argument, NULL, JOBS },  { "limit", required_argument, NULL, LIMIT },
		{ "pack", no_argument, NULL, PACK },        { 0 },
	};
	bool pack = false;

	for (int c; (c = getopt_long(argc, argv, "+", options, NULL)) != -1;) {
		work->options.form = c == APPLY ? LAYER_APPLY : c == IMAGE ? LAYER_IMAGE : work->options.form;
		work->options.zlib |= c == ZLIB;
		work->options.one_thread |= c == ONE;
		work->options.user_xattrs |= c == USER;
		work->options.no_devices |= c == DEVICES;
		pack |= c == PACK;
		if (c == JOBS)
			work->jobs = strtoul(optarg, NULL, 10);
		else if (c == LIMIT)
			set_limit(&work->limits, optarg);
		else if (c == '?')
			exit(2);
	}
	return pack;
}

static int pack(const struct work *work, const char *path)
{
	auto_fd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	char text[DIGEST_TEXT_MAX];
	struct digest diff_id;
	uint64_t size;
	struct error error;

	if (fd < 0)
		err(EXIT_FAILURE, "%s", path);
	if (layer_pack(work->dir_fd, fd, work->options.user_xattrs, &diff_id, &size, &error) < 0)
		errx(EXIT_FAILURE, "%s", error.text);
	printf("{\"diff_id\":\"%s\",\"tar_size\":%" PRIu64 "}\n", digest_text(&diff_id, text), size);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct work work = { .limits = layer_limits_default };
	const bool packs = parse(argc, argv, &work);

	if (argc - optind < 2)
		errx(2, "usage: unpack [OPTION...] DIR BLOB...; unpack --pack DIR TAR");
	work.options.limits = &work.limits;
	work.dir_fd = open(argv[optind], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (work.dir_fd < 0)
		err(EXIT_FAILURE, "%s", argv[optind]);
	if (packs)
		return pack(&work, argv[optind + 1]);
	work.blobs = argv + optind + 1;
	work.n_blobs = (unsigned)(argc - optind - 1);
	return unpack_all(&work);
}
