/*
 * netns.h - being in another network namespace for a moment, which /proc/sys/net and new sockets take their meaning
 * from. The process must be single-threaded and privileged over the other namespace.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/* The namespace of a socket (-1: none is at hand, the caller's), as an fd: this asks without /proc, where to look for
   the first time takes as long as making an address. */
int netns_of_socket(int socket, int *ret_fd, struct error *err);

/* Enters; *ret_home is the way back. `socket` is any of the present namespace, or -1. */
int netns_enter(int netns_fd, int socket, int *ret_home, struct error *err);

/* Goes back and closes `home`. A process that cannot go back must not go on: it ends with a message. */
void netns_leave(int home);

/* A socket of rtnetlink in the other namespace; `socket` as above. */
int netns_open_route(int netns_fd, int socket, int *ret_route, struct error *err);

/* The value of /proc/sys/net/NAME in the present namespace. A missing one is no error where `optional` (no IPv6). */
int netns_set(const char *name, const char *value, bool optional, struct error *err);

/* netns_set() of an interface's own: /proc/sys/net/ipv{4,6}/conf/INTERFACE/NAME. */
int netns_set_interface(int version, const char *interface, const char *name, const char *value, struct error *err);
