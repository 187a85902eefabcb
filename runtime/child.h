/*
 * child.h - what init and the process of `exec` do alike, early.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/opt.h"

/* Every signal to its default, none blocked: execve keeps ignored signals ignored and the mask as it is. */
int child_signals(struct error *err);

/* umask 0, a session of its own and, if wanted, the container's session keyring "_ses.ID". */
int child_session(const char *id, bool keyring, struct error *err);

/* linux.personality; not set: as it is. */
int child_personality(const struct opt_u64 *domain, struct error *err);
