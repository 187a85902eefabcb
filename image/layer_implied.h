/*
 * layer_implied.h - directories that a layer puts something into without an entry for them. Unpacked by itself, the
 * layer has them as its own, marked (layer_is_implied()), and overlayfs would show them so, not as the layers below
 * have them.
 *
 * An image with such directories gets one more layer, on top, made here: what the highest layer with an entry says
 * of each, and of those above it. It is a blob and a layer like others, and its record names it.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "layer.h"
#include "record.h"
#include "staging.h"

/* Makes and publishes that layer if the record's layers, which are published, need one: *ret, with *ret_needed. It is
   kept in this form, and written to the staging directory's keep file. */
int layer_implied_make(struct staging *staging, const struct image_record *record, enum layer_form form,
		       struct record_layer *ret, bool *ret_needed, struct error *err);
