/*
 * userns_child.h - something done with the ids of an ordinary user's containers: in a child with a user namespace that
 * has all of them, and a mount namespace. Private to runtime/.
 */
#pragma once

#include "base/error.h"

typedef int userns_function(const void *argument, struct error *err);

/* Runs function(argument) there and returns what it did, its error included. What else it has to say it writes to an fd
   of the caller's. */
int userns_child_run(userns_function *function, const void *argument, struct error *err);
