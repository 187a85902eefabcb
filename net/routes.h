/*
 * routes.h - the routes of a container that is on several networks. The default route of each family is of the first
 * network, in the order in which they were joined, that is not internal and has addresses of this family. Another
 * one's address has a routing table of its own, so that what is sent from there (replies to a published port) goes out
 * by its network: number ROUTES_TABLE and the interface's, which a rule "from ADDRESS" leads to.
 */
#pragma once

#include "bridge.h"
#include "endpoint.h"

enum { ROUTES_TABLE = 100000 };

/* A batch gets the default routes by this network. */
void routes_put_default(struct netlink_batch *batch, unsigned index, const struct endpoint *endpoint,
			const struct network *network);

/* After the endpoint has joined as not the first one: gives the container the default routes that it lacks, and this
   address its table. What the container has already, its own too, stays. Refused: ports, where the kernel has one table
   only. */
int routes_join(const struct net_store *store, const struct net_host *host, int netns, const struct endpoint *endpoint,
		const struct network *network, struct error *err);

/* Before it leaves: the default routes that lead there go to the next network, the rules go. netns is an fd. */
int routes_leave(const struct net_store *store, const struct net_host *host, int netns, const struct endpoint *endpoint,
		 struct error *err);
