/*
 * layer.h - one layer blob to a directory: the unpacker (image-spec layer.md). The blob is hostile.
 *
 *	decompress.c    gzip (libisal, or zlib), zstd or nothing; all members and frames, nothing behind them
 *	tar.c           tar bytes -> entries: ustar, pax, GNU; limits before anything is allocated
 *	layer.c         the pipeline: read + inflate + hash on one thread, parse + write on another; both digests
 *	layer_dir.c     entries -> files below one directory fd; nothing outside of it is ever touched
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "digest.h"

enum compression { COMPRESSION_NONE, COMPRESSION_GZIP, COMPRESSION_ZSTD };

enum layer_form {
	LAYER_OVERLAY, /* a layer of its own: whiteouts become what overlayfs reads; no parent is needed */
	LAYER_APPLY,   /* onto the lower layers in the same directory: whiteouts remove */
};

/* Each is a default with an option on the command line; an error names limit, entry and layer. */
struct layer_limits {
	uint64_t bytes; /* of the tar */
	uint64_t entries;
	uint64_t ratio;      /* tar bytes per blob byte, once the tar is over 64 MiB */
	uint64_t path;       /* bytes of a name or link target */
	uint64_t depth;      /* components of a name */
	uint64_t header;     /* bytes of one pax or GNU long-name header */
	uint64_t xattrs;     /* bytes of one entry's extended attributes */
	uint64_t window_log; /* zstd */
};

extern const struct layer_limits layer_limits_default;

struct layer_options {
	enum compression compression; /* as the media type says; the bytes must agree */
	enum layer_form form;
	const struct layer_limits *limits; /* NULL: the default */
	bool user_xattrs;                  /* overlay marks as user.overlay.*, for mounts with "userxattr" */
	bool no_devices;                   /* mknod is not permitted here: devices are left out and counted */
	bool one_thread;                   /* layers that are unpacked side by side need no second thread each */
	bool zlib;                         /* gzip by zlib instead of libisal: the oracle of the differential test */
	/* Called now and then with the blob bytes read so far; may be NULL. Non-zero stops with -ECANCELED. */
	int (*progress)(void *context, uint64_t blob_bytes);
	void *context;
};

struct layer_result {
	struct digest blob;    /* over all bytes of the blob; the caller compares */
	struct digest diff_id; /* over all bytes of the tar, trailing ones included */
	uint64_t blob_size, tar_size, entries, skipped_devices;
};

/*
 * Unpacks the blob in blob_fd (from its start, read only by pread) below dir_fd, an empty directory or for LAYER_APPLY
 * the lower layers. algorithms: those of the digests that are asked for. Owners, modes, times and xattrs are as in
 * the layer. On failure what was written is left for the caller to remove. Errors name the entry:
 * "entry 12 (usr/bin/x): ...".
 */
int layer_unpack(int dir_fd, int blob_fd, enum digest_algorithm blob_algorithm, enum digest_algorithm diff_algorithm,
		 const struct layer_options *options, struct layer_result *ret, struct error *err);

/* A directory in overlay form to a tar, for `commit`: uncompressed to out_fd, entries sorted by name. */
int layer_pack(int dir_fd, int out_fd, bool user_xattrs, struct digest *ret_diff_id, uint64_t *ret_size,
	       struct error *err);
