/*
 * layer.c - the pipeline; see layer.h. One thread reads the blob and decompresses; the caller's parses the tar and
 * writes; the one that would have to wait hashes the tar, or the blob, which it reads for itself. With one thread the
 * second does the work of both, and the blob is hashed as it is read.
 */
#include "layer.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/str.h"
#include "hash.h"
#include "layer_entry.h"
#include "layer_pipe.h"
#include "layer_sink.h"
#include "tar.h"

enum { MIB = 1 << 20, RATIO_FREE = 64 * MIB, PIECE = 32 * 1024 };

const struct layer_limits layer_limits_default = {
	.bytes = UINT64_C(64) << 30,
	.entries = 1000000,
	.ratio = 250,
	.path = 4095,
	.depth = 255,
	.header = MIB,
	.xattrs = MIB / 4,
	.tree = UINT64_C(512) * MIB,
	.window_log = 27,
};

/* The first half: blob to tar bytes. */
struct unpacker {
	const struct layer_options *options;
	const struct layer_limits *limits;
	int blob_fd;
	struct hash *blob_hash, *tar_hash;
	struct decompress *stream;
	_Atomic uint64_t blob_bytes; /* read by one thread, shown by the other */
	uint64_t hashed_bytes;       /* of the blob */
	unsigned char *piece;        /* of the blob, to hash it; NULL: that is done as it is read */
	uint64_t made_bytes;         /* of the tar, by the first half */
	struct layer_pipe *pipe;
	uint64_t tar_bytes; /* that came out of the pipe */
};

static void unpacker_clear(struct unpacker *unpacker)
{
	layer_pipe_close(unpacker->pipe); /* first: its thread uses the others */
	decompress_close(unpacker->stream);
	hash_free(unpacker->blob_hash);
	hash_free(unpacker->tar_hash);
	free(unpacker->piece);
}

static ssize_t read_at(const struct unpacker *unpacker, void *buffer, size_t size, uint64_t at, struct error *err)
{
	ssize_t got;

	do
		got = pread(unpacker->blob_fd, buffer, size, (off_t)at);
	while (got < 0 && errno == EINTR);
	return got < 0 ? fail(err, errno, "read the blob") : got;
}

static void hash_blob(struct unpacker *unpacker, const void *data, size_t size)
{
	hash_update(unpacker->blob_hash, data, size);
	unpacker->hashed_bytes += size;
}

static ssize_t read_blob(void *context, void *buffer, size_t size, struct error *err)
{
	struct unpacker *unpacker = context;
	ssize_t got = read_at(unpacker, buffer, size, atomic_load(&unpacker->blob_bytes), err);

	if (got < 0)
		return got;
	if (!unpacker->piece)
		hash_blob(unpacker, buffer, (size_t)got);
	atomic_fetch_add(&unpacker->blob_bytes, (uint64_t)got);
	return got;
}

static int hash_piece(void *context, struct error *err)
{
	struct unpacker *unpacker = context;
	ssize_t got = read_at(unpacker, unpacker->piece, PIECE, unpacker->hashed_bytes, err);

	if (got > 0)
		hash_blob(unpacker, unpacker->piece, (size_t)got);
	return got > 0 ? 1 : (int)got;
}

static ssize_t produce(void *context, void *buffer, size_t size, struct error *err)
{
	struct unpacker *unpacker = context;
	const struct layer_limits *limits = unpacker->limits;
	ssize_t got = decompress_read(unpacker->stream, buffer, size, err);

	if (got < 0)
		return got;
	unpacker->made_bytes += (uint64_t)got;
	if (unpacker->made_bytes > limits->bytes)
		return refuse(err, "more than %llu bytes unpacked", (unsigned long long)limits->bytes);
	if (limits->ratio > 0 && unpacker->made_bytes > RATIO_FREE &&
	    unpacker->made_bytes / limits->ratio > atomic_load(&unpacker->blob_bytes))
		return refuse(err, "unpacks to more than %llu times its size", (unsigned long long)limits->ratio);
	return got;
}

/* The bytes are often in the other processor's cache. Hashing is too slow a loop for this one to fetch them ahead by
   itself, so each piece of it asks for the next. */
static void hash_tar(void *context, const void *data, size_t size)
{
	enum { STEP = 4096, CACHE_LINE = 64 };
	struct unpacker *unpacker = context;
	const char *bytes = data;

	for (size_t at = 0; at < size; at += STEP) {
		for (size_t next = at + STEP; next < at + STEP + STEP && next < size; next += CACHE_LINE)
			__builtin_prefetch(bytes + next);
		hash_update(unpacker->tar_hash, bytes + at, size - at < STEP ? size - at : STEP);
	}
}

static int next_piece(void *context, const void **ret, size_t *ret_size, struct error *err)
{
	struct unpacker *unpacker = context;
	const struct layer_options *options = unpacker->options;
	int r = layer_pipe_next(unpacker->pipe, ret, ret_size, err);

	if (options->progress && options->progress(options->context, atomic_load(&unpacker->blob_bytes)) != 0)
		return refuse_as(err, ECANCELED, "stopped");
	if (r > 0)
		unpacker->tar_bytes += *ret_size;
	return r;
}

static int put_data(struct tar *tar, struct layer_sink *sink, struct error *err)
{
	const void *data;
	size_t size;
	uint64_t offset;
	int r;

	while ((r = tar_data(tar, &data, &size, &offset, err)) > 0) {
		r = sink->ops->data(sink, offset, data, size, err);
		if (r < 0)
			break;
	}
	return r < 0 ? r : sink->ops->end(sink, err);
}

/* One short entry may imply hundreds of directories. */
static int check_implied(const struct tar *tar, const struct layer_sink *sink, uint64_t max, struct error *err)
{
	return sink->implied > max || tar_number(tar) > max - sink->implied
		       ? refuse(err, "more than %llu entries, with %llu directories that none is there for",
				(unsigned long long)max, (unsigned long long)sink->implied)
		       : 0;
}

static int put_entries(struct tar *tar, struct layer_sink *sink, const struct layer_limits *limits,
		       struct layer_paths *paths, struct error *err)
{
	struct tar_entry entry;
	int r;

	while ((r = tar_next(tar, &entry, err)) > 0) {
		struct layer_entry layer_entry;

		r = layer_entry_parse(&entry, limits->depth, paths, &layer_entry, err);
		if (r == 0)
			r = sink->ops->entry(sink, &layer_entry, err);
		if (r == 0)
			r = check_implied(tar, sink, limits->entries, err);
		if (r == 0 && layer_entry.mark == LAYER_PLAIN && entry.kind == TAR_FILE)
			r = put_data(tar, sink, err);
		if (r < 0)
			break;
	}
	return r;
}

/* The second half: tar bytes to the sink. */
static int put_tar(struct unpacker *unpacker, struct layer_sink *sink, uint64_t *ret_entries, struct error *err)
{
	const struct layer_limits *limits = unpacker->limits;
	const struct tar_limits tar_limits = {
		.bytes = limits->bytes,
		.entries = limits->entries,
		.path = limits->path,
		.header = limits->header,
		.xattrs = limits->xattrs,
	};
	const struct tar_source source = { .next = next_piece, .context = unpacker };
	auto_tar struct tar *tar = tar_open(&source, &tar_limits);
	struct layer_paths paths = { 0 };
	char shown[TAR_SHOWN_MAX];
	int r = put_entries(tar, sink, limits, &paths, err);

	layer_paths_free(&paths);
	if (r < 0 && *tar_name(tar))
		return context(err, "entry %llu (%s)", (unsigned long long)tar_number(tar),
			       tar_shown(tar_name(tar), shown));
	if (r < 0)
		return context(err, "entry %llu", (unsigned long long)tar_number(tar));
	*ret_entries = tar_number(tar);
	return tar_drain(tar, err);
}

static int unpack(struct unpacker *unpacker, struct layer_sink *sink, struct layer_result *result, struct error *err)
{
	const bool one_thread = unpacker->options->one_thread;
	const struct layer_pipe_work work = {
		.produce = produce,
		.look = hash_tar,
		.aside = one_thread ? NULL : hash_piece,
		.context = unpacker,
	};
	int r;

	unpacker->piece = one_thread ? NULL : xcalloc(1, PIECE);
	r = layer_pipe_open(&work, one_thread, unpacker->options->beside, &unpacker->pipe, err);

	if (r == 0)
		r = put_tar(unpacker, sink, &result->entries, err);
	if (r == 0)
		r = sink->ops->finish(sink, result, err);
	if (r < 0)
		return r;
	/* The producer has ended by itself, and all is hashed: the drained pipe said so. */
	result->implied = sink->implied;
	result->blob_size = atomic_load(&unpacker->blob_bytes);
	if (unpacker->hashed_bytes != result->blob_size)
		return refuse(err, "the blob was changed meanwhile");
	result->tar_size = unpacker->tar_bytes;
	hash_finish(unpacker->blob_hash, &result->blob);
	hash_finish(unpacker->tar_hash, &result->diff_id);
	return 0;
}

int layer_unpack(int dir_fd, int blob_fd, enum digest_algorithm blob_algorithm, enum digest_algorithm diff_algorithm,
		 const struct layer_options *options, struct layer_result *ret, struct error *err)
{
	auto_layer_sink struct layer_sink *sink =
		(options->form == LAYER_IMAGE ? layer_erofs_open : layer_dir_open)(dir_fd, options);
	struct layer_result result = { 0 };
	struct unpacker unpacker = {
		.options = options,
		.limits = options->limits ? options->limits : &layer_limits_default,
		.blob_fd = blob_fd,
		.blob_hash = hash_new(blob_algorithm),
		.tar_hash = hash_new(diff_algorithm),
	};
	const struct byte_source source = { .read = read_blob, .context = &unpacker };
	const struct decompress_options decompress_options = {
		.compression = options->compression,
		.zlib = options->zlib,
		.digested = !options->checksum,
		.window_log = (unsigned)unpacker.limits->window_log,
	};
	int r;

	unpacker.stream = decompress_open(&decompress_options, &source);
	r = unpack(&unpacker, sink, &result, err);
	unpacker_clear(&unpacker);
	if (r < 0)
		return r;
	*ret = result;
	return 0;
}
