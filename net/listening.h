/*
 * listening.h - what processes of the host listen at. A port that is published is led away before they hear of it, so
 * it is refused, as any server would be that comes second.
 */
#pragma once

#include "netlink.h"
#include "nft.h"
#include "store.h"

struct listening {
	struct ip_address at; /* ::ffff:192.0.2.1 is 192.0.2.1 */
	uint16_t port;
	uint32_t uid;
	bool any, v4, v6; /* at all addresses; of these families */
};

/* Of an answer of sock_diag(7); false: it is none, or of another family. */
bool listening_read(const struct netlink_reply *reply, struct listening *ret);

/* -EADDRINUSE: somebody listens, in the caller's network namespace, where the ports are to be published for a container
   on this network. Our own name server at port 53 of a gateway is nobody: that port leads to itself. What the kernel
   does not tell (a module inet_diag is missing) is not known: success. */
int listening_check(const struct net_store *store, const struct network *network, const struct nft_port *ports,
		    size_t count, struct error *err);
