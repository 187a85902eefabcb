/* credentials_helper.h - private to credentials*.c: asks docker-credential-NAME. */
#pragma once

#include "credentials.h"

/*
 * Runs `docker-credential-NAME get` found in $PATH, without a shell; the server on its stdin. At most a minute, and
 * 64 KiB of answer. "Not found" is 0 and empty; other failures have the helper's own words, never its secrets.
 * May be called from any thread.
 */
int credentials_ask_helper(const char *name, const char *server, struct credentials *ret, struct error *err);
