/*
 * verify.h - is a stored image what its digests say? Each blob is hashed again, each layer unpacked again from its blob
 * to staging and compared with the stored one, entry by entry. A layer that differs is replaced. A damaged or missing
 * blob cannot be made again: it is taken out of the store, and pull fetches it.
 */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "record.h"
#include "store.h"

/* Called for each finding, as a line of text; repaired: it is right now. */
struct verify_watch {
	void (*finding)(void *context, const char *text, bool repaired);
	void *context;
};

/* *ret_damaged: how many findings were not repaired. repair false: nothing is changed. */
int verify_image(const struct store *store, const struct image_record *record, bool repair, bool no_devices,
		 const struct verify_watch *watch, size_t *ret_damaged, struct error *err);
