/* import.h - a root file system as an image of one layer. */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "source.h"
#include "staging.h"

/* The config that the image gets; lists NULL-terminated or NULL. */
struct import_options {
	const char *const *env, *const *cmd, *const *entrypoint;
	const char *user, *working_dir, *os, *architecture, *variant, *comment;
};

/* A directory, or a tar of any compression, as a source to pull from; what is made on the way lies in `staging`, which
   must outlive it. The same files give the same image but for its time. */
int import_source_open(struct staging *staging, const char *path, const struct import_options *options,
		       struct source **ret, struct error *err);
