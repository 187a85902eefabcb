/* clash.h - ports that are published already: at the same address of the host, or at one and at all of them. */
#pragma once

#include "store.h"

/* What the kernel does not refuse by itself when the rules are added. -EEXIST with text: a port is another container's,
   or (port 53 of a gateway) a name server's. Costs nothing where no port is published. */
int clash_check(const struct net_store *store, int netfilter, const struct endpoint *endpoint, struct error *err);

/* By the records: -EEXIST with text that tells whose the port is; 0, and err is as before: nobody's. */
int clash_with_records(const struct net_store *store, const struct endpoint *endpoint, struct error *err);

/* Whether a network has its name server at port 53 of this address; which one, to ret_network[NETWORK_NAME_SIZE]. */
bool clash_is_name_server(const struct net_store *store, const struct ip_address *at, char *ret_network);
