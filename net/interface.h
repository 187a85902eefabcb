/*
 * interface.h - a container's interface on a network, by the network's kind: one end of a veth whose other end is a
 * port of the bridge, a macvlan or ipvlan on the parent, or the parent itself. It is made in the container's namespace.
 */
#pragma once

#include "bridge.h"
#include "endpoint.h"

/* What a record has to tell of the interface before it is there: MAC (`mac`, 6 bytes, or NULL: any), and of an
   interface of the host its name, which it keeps, and kind. It is waited for a moment where the kernel is still giving
   it back. -EBUSY: another container has it. */
int interface_describe(const struct net_store *store, const struct net_host *host, const struct network *network,
		       const uint8_t *mac, struct endpoint *endpoint, struct error *err);

/* Makes it. `side` is from host_side_ensure(); netns is an fd. It is down, without addresses, and so is a bridge's
   port. */
int interface_bring(const struct net_host *host, const struct network *network, const struct endpoint *endpoint,
		    const struct link_info *side, int netns, struct error *err);

/* Last of all: sets up the bridge's port, where it has one. */
int interface_open(const struct net_host *host, const struct network *network, const struct endpoint *endpoint,
		   struct error *err);

/* Takes it out of the container; one that is not there is success. Without the namespace (netns < 0) only a veth is
   found, all else goes with the namespace. What the container has under its name by now with another kind or MAC is
   left alone. A veth takes the kernel a moment, which interface_gone() waits for: *ret_leaving. */
int interface_remove(const struct net_host *host, const struct network *network, const struct endpoint *endpoint,
		     int netns, unsigned *ret_leaving, struct error *err);
int interface_gone(const struct net_host *host, const struct endpoint *endpoint, unsigned leaving, struct error *err);
