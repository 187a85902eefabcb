/*
 * attach.h - a container joins a network and leaves it. The host's side is the caller's network namespace, so that all
 * of it works in a private one.
 *
 * Joining: addresses taken -> record -> bridge or VLAN -> rules -> interface -> its addresses -> set up. The record
 * comes before all that it names, the rules before the interface that they are about: it never runs unchecked. A
 * failure takes everything back; a killed process leaves what net_detach() takes back at any later time. Leaving is the
 * way back: interface -> rules -> addresses -> record, and the bridge or VLAN with the last container.
 */
#pragma once

#include "endpoint.h"
#include "store.h"

struct attach {
	const char *owner;        /* the container's id */
	const char *state;        /* its state directory, absolute */
	const char *network;      /* network_default is made if it is missing */
	int netns;                /* fd of the container's network namespace */
	const char *interface;    /* NULL: eth0, eth1 ...; an interface of the host keeps its name */
	struct ip_address v4, v6; /* wanted ones, or none */
	const char *aliases;      /* with spaces between; NULL: none */
	const uint8_t *mac;       /* 6 bytes; NULL: made of the address */
	const struct nft_port *ports;
	size_t n_ports;
	struct net_rate rate; /* of what it receives and sends */
};

/* The container's routes: routes.h. *ret_network is what it joined; it may be NULL.
   -EEXIST: an address or a port is another's, or it is on this network already. */
int net_attach(const struct net_store *store, const struct attach *attach, struct network *ret_network,
	       struct error *err);

/* In place of the container's network namespace: it is going away, and takes its interface along, which to delete would
   mean to wait for the kernel; or it is not known, then only a veth is found. */
enum { NET_GONE = -1, NET_UNKNOWN = -2 };

struct detach {
	const char *owner;
	const char *state;   /* one of the same id and another state directory is left alone; NULL: any */
	const char *network; /* NULL: all it is on */
	bool has_to_be;      /* -ENOENT where it is not on it; else that is success */
	int netns;           /* an fd, or one of the above */
	/* Asked for the namespace where it is needed, in place of `netns`: an fd, to be closed, or NET_UNKNOWN. NULL:
	   `netns` is known. */
	int (*find_netns)(void *context);
	void *context;
};
int net_detach(const struct net_store *store, const struct detach *detach, struct error *err);

/* Makes everything again that records tell of and that can be made from here: bridges, the interfaces' place on them,
   addresses, settings, rules. For what others have flushed or removed. `lost` (NULL: nobody) is told of each whose
   interface is gone: it ended, or has to join again. */
int net_reload(const struct net_store *store, net_store_endpoint_fn *lost, void *context, struct error *err);

/* Takes down what containers have left that are gone, and bridges that nobody uses. Gone: the state directory is; or
   has_ended() says so (NULL: of none) and the kernel has taken the veth, so that nobody is in the network namespace. */
int net_sweep(const struct net_store *store, bool (*has_ended)(const struct endpoint *endpoint), struct error *err);
