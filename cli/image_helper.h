/*
 * image_helper.h - coffer-image, the program behind `coffer image`: all that is done with images but starting from
 * them. It is $COFFER_IMAGE where that is set (tests), else beside this program, else in the directory of helper
 * programs (libexecdir/coffer). It gets our environment, so $COFFER_STORE too; for an ordinary user that is set, and it
 * runs as root of a user namespace with the user's subordinate ids (runtime/caller_userns.h).
 */
#pragma once

#include "base/arena.h"
#include "base/error.h"

/* Becomes coffer-image with these arguments (NULL-terminated, without its name); returns only when that failed. */
int image_helper_exec(const char *const *arguments, struct error *err);

/*
 * Runs coffer-image with these arguments and waits for it. Its standard error is ours (progress, messages);
 * *ret_output is what it wrote to standard output, at most 64 KiB, without the last newline, in the arena. When it
 * fails it has said why: -EIO with the text IMAGE_HELPER_SAID, which the end of a command does not print. Died it has
 * otherwise: "coffer-image failed: exit status N".
 */
#define IMAGE_HELPER_SAID "coffer-image failed: exit status 1"
int image_helper_run(struct arena *arena, const char *const *arguments, const char **ret_output, struct error *err);

/*
 * `coffer-image pull REF`: *ret_id is the hex of the stored image, for store_find(). For a transport (oci:DIR,
 * oci-archive:FILE ...) this is what to call always: it looks at the source and fetches only what is not stored.
 */
int image_helper_pull(struct arena *arena, const char *store_path, const char *ref, const char **ret_id,
		      struct error *err);
