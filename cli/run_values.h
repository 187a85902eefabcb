/*
 * run_values.h - the values of `run --image`'s options: from words as people type them to the structs of
 * image/bundle.h. Errors name the option. Everything lives in `arena`.
 */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "image/bundle.h"
#include "run_options.h"

/* All but mounts and what needs the host: env files are read, devices looked at. */
int run_values(struct arena *arena, const struct image_options *options, struct bundle_options *bundle,
	       struct error *err);

/* -v, --mount and --tmpfs, appended to bundle->mounts. */
int run_mounts(struct arena *arena, const struct image_options *options, struct bundle_options *bundle,
	       struct error *err);

/* Words separated by `separator`, NULL-terminated. */
const char **run_split(struct arena *arena, const char *text, char separator);
