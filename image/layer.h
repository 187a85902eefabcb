/*
 * layer.h - one layer blob to a directory: the unpacker (image-spec layer.md). The blob is hostile.
 *
 *	decompress.c    gzip (our own decoder, or zlib), zstd or nothing; all members and frames, nothing behind them
 *	tar.c           tar bytes -> entries: ustar, pax, GNU; limits before anything is allocated
 *	layer.c         the pipeline: read + inflate on one thread, parse + write on another, hashes on both
 *	layer_entry.c   names -> clean paths below the top; whiteouts
 *	layer_sink.h    what is done with an entry: an interface
 *	layer_dir.c     entries -> files below one directory fd; nothing outside of it is ever touched
 *	layer_erofs.c   entries -> one file, an EROFS image
 *
 * In overlay form
 *	- a name may go through a symlink of the same layer, which is followed below the top; one that leads nowhere
 *	  there, and a hard link to what is not in this layer, are errors: overlayfs cannot express either
 *	- a directory that no entry is there for, but something in it, is made as root's, 0755, with a time of its own
 *	  (`implied`); lower layers may say otherwise (layer_implied.h)
 *	- the top directory of a mount is that of its highest layer, entry or not: `has_top` tells whose it should be
 *	- overlayfs ignores an opaque mark on the top of a layer: `opaque_root` tells to leave out the layers below
 *	- a character device 0:0 of the image is refused, since it is overlayfs's whiteout
 *	- names of attributes that mean something to overlayfs are escaped, as it unescapes them (Linux 6.7)
 * When layers are applied onto each other, attributes of overlayfs's are left out, and what is merged into a directory
 * that has no entry in this layer leaves that directory's time as it was.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "decompress.h"
#include "digest.h"

enum layer_form {
	LAYER_OVERLAY, /* a layer of its own: whiteouts become what overlayfs reads; no parent is needed */
	LAYER_APPLY,   /* onto the lower layers in the same directory: whiteouts remove */
	LAYER_IMAGE,   /* as LAYER_OVERLAY, but to one file: an EROFS image, for overlayfs to be mounted on its mount */
};

/* Each is a default with an option on the command line; an error names limit, entry and layer. */
struct layer_limits {
	uint64_t bytes;      /* of the tar, and of all files with their holes */
	uint64_t entries;    /* headers of any kind; and entries with the directories that none is there for */
	uint64_t ratio;      /* tar bytes per blob byte, once the tar is over 64 MiB; 0: any */
	uint64_t path;       /* bytes of a name or link target */
	uint64_t depth;      /* components of a name */
	uint64_t header;     /* bytes of one pax or GNU long-name header */
	uint64_t xattrs;     /* bytes of one entry's extended attributes */
	uint64_t tree;       /* LAYER_IMAGE: bytes of names, links and attributes, which are kept in memory */
	uint64_t window_log; /* zstd */
};

extern const struct layer_limits layer_limits_default;

struct layer_options {
	enum compression compression; /* as the media type says; the bytes must agree */
	enum layer_form form;
	const struct layer_limits *limits; /* NULL: the default */
	bool user_xattrs;                  /* overlay marks as user.overlay.*, for mounts with "userxattr" */
	bool no_devices;                   /* mknod is not permitted here: devices are left out and counted */
	bool checksum;                     /* of gzip too: for a caller who has no digest to compare with */
	bool one_thread;                   /* layers that are unpacked side by side need no second thread each */
	size_t beside; /* layers that have two threads at the same time, this one too: they share memory; 0 is 1 */
	bool zlib;     /* gzip by zlib instead of our own decoder: the oracle of the differential test */
	/* Called now and then, by the thread of the caller, with the blob bytes read so far; may be NULL. Non-zero
	   stops with -ECANCELED. */
	int (*progress)(void *context, uint64_t blob_bytes);
	void *context;
};

struct layer_result {
	struct digest blob;    /* over all bytes of the blob; the caller compares */
	struct digest diff_id; /* over all bytes of the tar, trailing ones included */
	uint64_t blob_size, tar_size, entries;
	uint64_t skipped_devices; /* no_devices */
	uint64_t skipped_xattrs; /* that the file system or the caller's rights do not allow; never file capabilities */
	uint64_t implied;        /* directories without an entry of their own */
	bool has_top;            /* the layer has an entry for its top directory */
	bool opaque_root;        /* LAYER_OVERLAY: nothing of the layers below is to be seen */
};

/*
 * Unpacks the blob in blob_fd (from its start, read only by pread) below dir_fd: an empty directory, for
 * LAYER_APPLY the lower layers, for LAYER_IMAGE an empty file. algorithms: those of the digests that are asked for.
 * Owners, modes, times and xattrs are as in the layer. On failure what was written is left for the caller to remove.
 * Errors name the entry: "entry 12 (usr/bin/x): ...".
 */
int layer_unpack(int dir_fd, int blob_fd, enum digest_algorithm blob_algorithm, enum digest_algorithm diff_algorithm,
		 const struct layer_options *options, struct layer_result *ret, struct error *err);

/* A directory in overlay form to a tar, for `commit`: uncompressed to out_fd, entries sorted by name. */
int layer_pack(int dir_fd, int out_fd, bool user_xattrs, struct digest *ret_diff_id, uint64_t *ret_size,
	       struct error *err);
