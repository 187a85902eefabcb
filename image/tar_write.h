/* tar_write.h - the other direction: an entry to a ustar header, with a pax header before it where ustar has no room.
   The same entry always makes the same bytes. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "tar.h"

struct tar_target {
	int (*write)(void *context, const void *data, size_t size, struct error *err); /* all of it: 0 or -errno */
	void *context;
};

/* A file's data, entry->size bytes, and tar_write_padding() of it are to follow. */
int tar_write_header(const struct tar_target *target, const struct tar_entry *entry, struct error *err);

int tar_write_padding(const struct tar_target *target, uint64_t size, struct error *err);

/* The two zero blocks. */
int tar_write_end(const struct tar_target *target, struct error *err);
