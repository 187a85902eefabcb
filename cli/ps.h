/* ps.h - the pure part of `coffer ps`, for its test. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/error.h"

/* The first line of what ps(1) printed, and the lines whose PID column holds one of the pids. `output` is cut up. */
int ps_filter(struct arena *arena, char *output, const pid_t *pids, size_t n_pids, char **ret_text, struct error *err);
