/*
 * listening.h - what processes of the host listen at. A port that is published is led away before they hear of it, so
 * it is refused, as any server would be that comes second.
 */
#pragma once

#include "nft.h"
#include "store.h"

/* -EADDRINUSE: somebody listens, in the caller's network namespace, where the ports are to be published for a container
   on this network. Our own name server at port 53 of a gateway is nobody: that port leads to itself. What the kernel
   does not tell (a module inet_diag is missing) is not known: success. */
int listening_check(const struct net_store *store, const struct network *network, const struct nft_port *ports,
		    size_t count, struct error *err);
