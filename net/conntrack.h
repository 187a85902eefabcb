/*
 * conntrack.h - what connection tracking remembers of UDP. The kernel looks a flow up in the tables of NAT once, with
 * its first packet: one that has begun before its port was published never reaches the container, and one that goes
 * on after it still goes to the old address.
 */
#pragma once

#include <stddef.h>

#include "netlink.h"
#include "nft.h"

enum conntrack_which { CONNTRACK_ALL, CONNTRACK_ASTRAY /* those that are led nowhere */ };

/* Forgets the flows of UDP, by IPv4 and IPv6, to these ports of this host: their next packet is looked up anew. What
   goes to the same port of other hosts stays. By a socket of nfnetlink; a kernel without ctnetlink remembers until
   nothing has come for half a minute, which is no error. Where no port is of UDP nothing is asked. */
void conntrack_forget(int netfilter, enum conntrack_which which, const struct nft_port *ports, size_t count);

/* A flow in its first direction. */
struct conntrack_flow {
	uint8_t protocol;
	struct ip_address to;
	uint16_t port;
	bool translated; /* its destination */
	/* What names it to the kernel, within the message: */
	uint8_t family;
	struct netlink_reply tuple, id;
	struct netlink_reply zone; /* data NULL: none */
};

/* Reads an IPCTNL_MSG_CT_NEW; false: it is none, or has no port. For the fuzz target. */
bool conntrack_read(const struct netlink_reply *reply, struct conntrack_flow *ret);
