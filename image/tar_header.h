/* tar_header.h - the 512-byte header block and its fields; private to tar*.c. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Sizes and places of fields, as the formats have them. */
enum {
	TAR_BLOCK_SIZE = 512,
	TAR_LONG = 12, /* sizes, times, offsets */
	TAR_PREFIX = 155,
	TAR_STAR_PREFIX = 131,
	TAR_GNU_PADDING = 17,
	TAR_RANGES = 21,
	TAR_RANGES_PADDING = 7,
	TAR_PREFIX_AT = 345,
	TAR_GNU_EXTENDED_AT = 482,
	TAR_STAR_MAGIC_AT = 508,
};

struct tar_raw_sparse {
	char offset[TAR_LONG], size[TAR_LONG];
};

/* ustar as POSIX has it; the GNU format has other things where the prefix is. */
struct tar_raw {
	char name[100], mode[8], uid[8], gid[8], size[TAR_LONG], mtime[TAR_LONG], checksum[8], type, link[100];
	char magic[8]; /* "ustar\0" "00", or GNU: "ustar  \0" */
	char user[32], group[32], major[8], minor[8];
	union {
		struct {
			char prefix[TAR_PREFIX], padding[TAR_LONG];
		} posix;
		struct {
			char atime[TAR_LONG], ctime[TAR_LONG], offset[TAR_LONG], longnames[4], unused;
			struct tar_raw_sparse sparse[4];
			char extended, real_size[TAR_LONG], padding[TAR_GNU_PADDING];
		} gnu;
		struct {
			char prefix[TAR_STAR_PREFIX], atime[TAR_LONG], ctime[TAR_LONG], unused[8],
				magic[4]; /* "tar\0" */
		} star;
	};
};

/* More of an old GNU sparse map. */
struct tar_raw_sparse_block {
	struct tar_raw_sparse sparse[TAR_RANGES];
	char extended, padding[TAR_RANGES_PADDING];
};

enum tar_format { TAR_V7, TAR_POSIX, TAR_GNU, TAR_STAR };

bool tar_raw_is_zero(const struct tar_raw *raw);
enum tar_format tar_raw_format(const struct tar_raw *raw);

/* Sum of the block's bytes, taken as unsigned or, as some did, as signed ones. */
int tar_raw_check(const struct tar_raw *raw, struct error *err);

/* The caller frees. */
char *tar_raw_name(const struct tar_raw *raw); /* with its prefix */
char *tar_raw_link(const struct tar_raw *raw);

/* A number: octal digits with blanks or NULs around, or base 256. Negative only where the minimum allows it. */
int tar_number_field(const char *field, size_t size, const char *what, int64_t min, int64_t max, int64_t *ret,
		     struct error *err);
#define TAR_NUMBER(field, what, min, max, ret, err) tar_number_field(field, sizeof(field), what, min, max, ret, err)
