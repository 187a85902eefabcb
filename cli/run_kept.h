/*
 * run_kept.h - containers of `run --image` that were to stay when a reboot took their state: what they wrote is in the
 * image store, and so they are shown as stopped ones until `coffer delete`. Only those of the default store, and of
 * this state root.
 */
#pragma once

#include "runtime/container.h"
#include "verb.h"

/* container_state(), also of such a container. */
int run_kept_state(const struct invocation *in, const char *id, struct container_info *ret, struct error *err);

/* container_list(), with such containers among the others. */
int run_kept_list(const struct invocation *in, struct container_info **ret_infos, size_t *ret_count, struct error *err);
