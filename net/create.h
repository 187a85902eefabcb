/* create.h - networks are made and removed as definitions; a bridge comes with the first container. */
#pragma once

#include "bridge.h"
#include "store.h"

/* Fills bridge, MAC and addresses that nothing on this host uses: of IPv4 where no network is given, of IPv6 where
   `want_v6` is and none is given. Then saves it. -EEXIST: there is one of this name, or another has the addresses. */
int network_create(const struct net_store *store, const struct net_host *host, struct network *network, bool want_v6,
		   struct error *err);

int network_ensure_default(const struct net_store *store, const struct net_host *host, struct error *err);

/* -EBUSY: a container is on it. One whose file cannot be read goes, too. */
int network_remove(const struct net_store *store, const struct net_host *host, const char *name, struct error *err);
