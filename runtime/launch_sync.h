/*
 * launch_sync.h - the parent's half of the conversation with init (sync.h), from clone to SYNC_READY.
 */
#pragma once

#include "launch.h"

/* Answers hooks and console requests until init is ready. If init dies, says of what: the memory limit, a signal. */
int launch_sync(struct launch *launch, struct error *err);
