/* image_mount.h - the verbs of `coffer image` that this program does itself. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"

bool image_mount_is_verb(const char *name);

/* arguments: the verb and what follows, NULL-terminated. */
int image_mount_run(struct arena *arena, const char *const *arguments, struct error *err);
