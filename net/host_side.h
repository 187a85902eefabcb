/*
 * host_side.h - what a network of any kind has on the host while a container is on it: a bridge (bridge.h), the
 * interface of a VLAN on its parent, or nothing but the parent, which is the host's own.
 */
#pragma once

#include "bridge.h"

/* Makes what is missing; *ret_link is the bridge, or what containers' interfaces lie on. A parent that is missing or
   down is refused. */
int host_side_ensure(const struct net_store *store, const struct net_host *host, const struct network *network,
		     struct link_info *ret_link, struct error *err);

/* Removes it if no container has an address of the network. */
int host_side_remove_unused(const struct net_store *store, const struct net_host *host, const struct network *network,
			    struct error *err);
