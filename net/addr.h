/*
 * addr.h - addresses, routes and neighbours of interfaces: messages put into a batch of rtnetlink, and questions.
 */
#pragma once

#include <stdint.h>

#include "ip.h"
#include "netlink.h"

/* Without duplicate address detection, which keeps an IPv6 address from use for a second. `may_be_there`: as it is. */
void addr_add(struct netlink_batch *batch, unsigned index, const struct ip_network *own, bool may_be_there);

/* A route to `network` (prefix 0: the default route) by a gateway on this interface; NULL: all of it is on the
   interface's own wire. `table`: 0 is the main one. A kernel with one table only puts it there: a rule tells. */
void addr_add_route(struct netlink_batch *batch, unsigned index, const struct ip_network *network,
		    const struct ip_address *gateway, uint32_t table);

/* What is sent from this address asks the table, before the main one. -EAFNOSUPPORT or -EOPNOTSUPP of netlink_send():
   the kernel has one table only. */
void addr_add_rule(struct netlink_batch *batch, const struct ip_address *source, uint32_t table);
void addr_delete_rule(struct netlink_batch *batch, const struct ip_address *source); /* whatever its table */

/* The default route of this family that goes out by the interface, whatever its gateway. */
void addr_delete_default(struct netlink_batch *batch, unsigned index, int family);

/* A fixed neighbour: no answer to ARP or neighbour discovery can give its address another MAC. */
void addr_add_neighbour(struct netlink_batch *batch, unsigned index, const struct ip_address *address,
			const uint8_t *mac);

/* The permanent addresses of global scope that an interface has, some perhaps twice. The caller frees *ret. */
int addr_list(int route, unsigned index, struct ip_network **ret, size_t *ret_count, struct error *err);

/* ret_own[i]: one of the namespace's interfaces has the address list[i], of whatever kind. */
int addr_find_own(int route, const struct ip_address *list, size_t count, bool *ret_own, struct error *err);

/* The MTU of the IPv4 default route, else the IPv6 one: that of the interface it goes out by, or its own where that is
   smaller; 0 without one. */
int addr_default_mtu(int route, unsigned *ret_mtu, struct error *err);

/* Does a route or an address of the host overlap with the network? *ret_text: which, to buffer[IP_TEXT_SIZE], or "". */
int addr_overlap(int route, const struct ip_network *network, char *ret_text, struct error *err);

/* Reads an RTM_NEWADDR: for the fuzz target. False: it is none of addr_list(). */
bool addr_read(const struct netlink_reply *reply, unsigned index, struct ip_network *ret);

/* Reads an RTM_NEWROUTE: for the fuzz target. False: it is none of the main table to a network. */
struct addr_route {
	struct ip_network network; /* prefix 0: the default route */
	unsigned index;
	unsigned mtu; /* its metric; 0: none */
};
bool addr_read_route(const struct netlink_reply *reply, struct addr_route *ret);
