/*
 * own_bundle.h - the bundle of a container of `run --image`: containers/ID of an image store, with what the container
 * wrote. Private to runtime/ but for container.h, which hands it on.
 */
#pragma once

#include "base/error.h"

/* Removes the directory and all that is in it; a missing one is success. What an ordinary user's containers wrote
   belongs to ids of that user's: then it is done in a user namespace that has them. */
int own_bundle_remove(const char *path, struct error *err);
