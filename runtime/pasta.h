/*
 * pasta.h - the network of a container whose owner is not root: pasta(1) of the package passt, one process a container,
 * which carries its packets over sockets of the caller's own. It is started when the container's namespaces are there,
 * and is ended with the container's state directory, where it leaves its pid.
 */
#pragma once

#include <sys/types.h>

#include "base/arena.h"
#include "base/error.h"
#include "net/nft.h"

/* Where the container's resolv.conf sends its questions: pasta hands them to the host's own server. */
#define PASTA_NAME_SERVER "169.254.1.1"

/* Returns when the interface is up and the ports are open; `pid` is in the container's namespaces. Refused: root, who
   has networks, a machine without pasta, sctp. */
int pasta_start(pid_t pid, const char *state, const struct nft_port *ports, size_t n_ports, struct error *err);

/* The ports that the one of this state directory has open, by its arguments; none if there is none. In `arena`. */
size_t pasta_ports(struct arena *arena, const char *state, struct nft_port **ret_ports);

/* Ends the one of this state directory, if there is one. */
void pasta_stop(const char *state);
