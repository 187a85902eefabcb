/*
 * tar.h - a pull reader of tar streams: ustar, pax (POSIX.1-2001), and GNU's long names, base-256 numbers and sparse
 * files (old, 0.0, 0.1, 1.0). The stream is hostile: every number, length and count is checked, limits hold before
 * anything is allocated, and what readers understand differently is refused rather than guessed:
 *
 *	- the size in a pax header always overrides the one of the header block, and like all pax records it means the
 *	  next real entry, never a pax or GNU header in between
 *	- names, links, sizes and sparse maps in a global pax header; two headers of one kind before one entry; a GNU
 *	  long name beside another pax name; NUL inside a name; a regular file whose name ends in a slash; a hard link
 *	  with data
 *	- trailing bytes behind the end marker mean nothing; one zero block that is not followed by another is an error
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/error.h"

enum tar_kind { TAR_FILE, TAR_HARDLINK, TAR_SYMLINK, TAR_CHAR, TAR_BLOCK, TAR_DIRECTORY, TAR_FIFO, TAR_KIND_MAX };

struct tar_limits {
	uint64_t bytes;   /* of all files together, holes included */
	uint64_t entries; /* headers of any kind count */
	uint64_t path;    /* bytes of a name or link target */
	uint64_t header;  /* bytes of one pax header or GNU long name, and of a sparse map */
	uint64_t xattrs;  /* bytes of one entry's extended attributes, names and values */
};

struct tar_xattr {
	const char *name;
	const char *value; /* any bytes */
	size_t size;
};

/* Valid until the next tar_next(). */
struct tar_entry {
	uint64_t number;  /* from 1 */
	const char *name; /* as in the archive: not empty, but anything else */
	const char *link; /* target of a hard link or symlink, not empty; else "" */
	enum tar_kind kind;
	mode_t mode; /* 07777 */
	uid_t uid;
	gid_t gid;
	struct timespec mtime;
	unsigned major, minor;
	uint64_t size; /* of a file, holes included */
	const struct tar_xattr *xattrs;
	size_t n_xattrs;
};

/* Where the bytes come from, in pieces of any size that stay valid until the next call. Returns 1, 0 at the end, or
   -errno with text. */
struct tar_source {
	int (*next)(void *context, const void **ret, size_t *ret_size, struct error *err);
	void *context;
};

struct tar;

struct tar *tar_open(const struct tar_source *source, const struct tar_limits *limits); /* both are copied */
void tar_close(struct tar *tar);                                                        /* NULL-safe */

/* The next entry; what was not read of the one before is skipped. 1, 0 at the end of the archive, or -errno with text:
   then only tar_close() may follow. Texts do not name the entry: tar_number() and tar_name() do. */
int tar_next(struct tar *tar, struct tar_entry *ret, struct error *err);
uint64_t tar_number(const struct tar *tar);
const char *tar_name(const struct tar *tar); /* its name as far as it is known, or "" */

/* The next piece of a file's data and where in the file it belongs; between pieces are holes. 1, 0 when there is no
   more, or -errno. */
int tar_data(struct tar *tar, const void **ret, size_t *ret_size, uint64_t *ret_offset, struct error *err);

/* Reads what follows the end of the archive, so that a digest of the source has seen it. */
int tar_drain(struct tar *tar, struct error *err);

/* A name as it may stand in an error text: control characters and all that is not ASCII as \xNN, cut when long. Written
   to buffer; returns buffer. */
enum { TAR_SHOWN_MAX = 200 };
const char *tar_shown(const char *name, char *buffer);

DEFINE_AUTO(tar, struct tar, tar_close)
#define auto_tar auto_cleanup(cleanup_tar)
