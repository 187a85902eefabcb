/* tar_pax.h - the records of a pax extended header; private to tar*.c. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/error.h"
#include "tar.h"
#include "tar_sparse.h"

/* What pax headers say of the next entry, or, from a global one, of all that follow. Names and values are in `text`. */
struct tar_pax {
	char *text;
	const char *path, *link, *sparse_name; /* NULL: not said */
	bool has_size, has_uid, has_gid, has_mtime;
	uint64_t size;
	uid_t uid;
	gid_t gid;
	struct timespec mtime;
	struct tar_xattr *xattrs;
	size_t n_xattrs, xattrs_capacity;
	uint64_t xattr_bytes;
	bool has_real_size, half_range; /* sparse files; half_range: an offset without its size */
	uint64_t real_size, sparse_major, sparse_minor, range_offset;
	bool has_map;
	struct tar_map map;
};

void tar_pax_clear(struct tar_pax *pax);

/* Takes over text (length bytes and a NUL behind them). For a global header: what means one file only is refused. */
int tar_pax_parse(struct tar_pax *pax, char *text, size_t length, bool global, const struct tar_limits *limits,
		  struct error *err);
