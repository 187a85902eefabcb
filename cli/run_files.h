/* run_files.h - the three files that a container gets from its runtime: hosts, resolv.conf, hostname, in /etc. */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "image/bundle.h"
#include "run_dir.h"

/* Writes them to the container's directory and appends their mounts, but for those that the command line mounts. */
int run_files(struct arena *arena, const struct run_dir *dir, struct bundle_options *bundle, struct error *err);
