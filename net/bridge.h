/*
 * bridge.h - the bridge of a network that has one (host_side.h has the others), on the host. The first container that
 * joins makes it, the last one removes it. It is set up last of all: a bridge that is down was left half-made, and is
 * finished by the next one.
 */
#pragma once

#include "network.h"
#include "store.h"

/* Sockets in the host's network namespace, which is the caller's. */
struct net_host {
	int route, netfilter;
	bool deleted; /* rules, by this one, and no interface: netlink_close_later() */
};

#define NET_HOST_CLOSED                                                                                                \
	{                                                                                                              \
		.route = -1, .netfilter = -1                                                                           \
	}

int net_host_open(struct net_host *ret, struct error *err);
void net_host_close(const struct net_host *host);
#define auto_net_host auto_cleanup(net_host_close)

/* Makes what is missing, settings of the namespace too; *ret_index is the bridge's. Its MTU is the network's, or that
   of the default route. */
int bridge_ensure(const struct net_store *store, const struct net_host *host, const struct network *network,
		  struct link_info *ret_link, struct error *err);

/* The same, and what others may have changed of one of ours that is up: addresses and settings. */
int bridge_restore(const struct net_store *store, const struct net_host *host, const struct network *network,
		   struct error *err);

/* Whether a container is on a bridge, the host's own included: then our tables are in use. */
bool bridge_any_used(const struct net_store *store);

/* Removes bridge and rules if no container has an address of the network, and our tables if no
   bridge is used. */
int bridge_remove_unused(const struct net_store *store, const struct net_host *host, const struct network *network,
			 struct error *err);

/* The rules of all endpoints but `without` (may be NULL), in place of whatever is there: after a flush by others. */
int rules_rebuild(const struct net_store *store, const struct net_host *host, const struct endpoint *without,
		  struct error *err);
