/*
 * resolv_conf.h - the resolv.conf that `run` has made for a container of an image: a file of its bundle, outside of its
 * root, which is mounted in it. The container may write to it, but it cannot put anything else in its place.
 */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"

#define RESOLV_CONF "resolv.conf"

/* What it says, in `arena`; NULL where the bundle has none, or one that is no text of at most 64 KiB. */
const char *resolv_conf_read(struct arena *arena, const char *bundle);

/* Is there one, and is it empty? So it is made for a container that is on no network. */
bool resolv_conf_is_empty(const char *bundle);

/* Writes to one that is empty; another stays as it is. Success if there is none. */
int resolv_conf_fill(const char *bundle, const char *lines, struct error *err);

/* What it is to say for a container whose network has no name server: `text`, which is the host's, but for servers on
   its loopback interface or with a link-local address of IPv6, which the container does not reach. In `arena`. */
const char *resolv_conf_of_host(struct arena *arena, const char *text);
