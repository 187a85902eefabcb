/* caller_userns.h - a user namespace for what an ordinary user's helper programs do. */
#pragma once

#include "base/error.h"

/*
 * Makes this process, which has one thread, root of a new user namespace in which the caller's own id is 0 and the
 * subordinate ids of subuid(5) and subgid(5) follow. For root nothing is done. Not undone on failure.
 */
int caller_userns_enter(struct error *err);
