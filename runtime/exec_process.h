/*
 * exec_process.h - what `exec` runs: the container's own process object, changed by the options, or a file's.
 */
#pragma once

#include "base/arena.h"
#include "config.h"
#include "container.h"

/* Validated; lives in `arena` and borrows from config and options. */
int exec_process_make(struct arena *arena, const struct config *config, const struct exec_options *options,
		      struct config_process **ret_process, struct error *err);
