/*
 * nft.h - our two nftables tables: inet coffer (NAT, isolation, published ports) and bridge coffer (nobody sends under
 * another's address). The rules are static (nft_rules.c); everything of a network or container is an element of a set
 * or map, so that a packet's way does not grow with their number. specs/net.md draws the tables.
 *
 * All functions put messages into a batch between nft_begin() and nft_end(): the kernel does all or nothing of it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ip.h"
#include "netlink.h"

/* A port of the host that leads to one of the container. */
struct nft_port {
	uint8_t protocol;       /* IPPROTO_TCP, _UDP or _SCTP */
	struct ip_address host; /* at this address of the host; 0.0.0.0, ::, at all of their family; none: at all */
	uint16_t host_port, port;
};

/* A bridge. */
struct nft_network {
	const char *bridge;
	bool internal;              /* nothing goes out of it or comes in, but to and from the host itself */
	bool open;                  /* other open networks may reach it; of no effect where internal */
	struct ip_address names[2]; /* where its name server is asked: IPv4, IPv6; unset: nowhere */
};

/* A container's interface on a bridge. */
struct nft_endpoint {
	const char *bridge;
	const char *interface; /* of the host's side */
	const char *owner;     /* kept in each element as its comment */
	const uint8_t *mac;    /* 6 bytes */
	struct ip_address v4, v6;
	bool may_spoof; /* its addresses are not checked */
	const struct nft_port *ports;
	size_t n_ports;
};

enum nft_change { NFT_ADD, NFT_REMOVE };

void nft_begin(struct netlink_batch *batch);
void nft_end(struct netlink_batch *batch);

/* Both tables, empty of elements, in place of any that are there. */
void nft_put_tables(struct netlink_batch *batch);

/* No table of ours. */
void nft_drop_tables(struct netlink_batch *batch);

/* Adding what is there already is -EEXIST for a port (another container has it), removing what is not -ENOENT. */
void nft_put_network(struct netlink_batch *batch, enum nft_change change, const struct nft_network *network);
void nft_put_endpoint(struct netlink_batch *batch, enum nft_change change, const struct nft_endpoint *endpoint);

/* Whether a container has one of these ports in this family already where the maps do not say so themselves: at one
   address of the host what is wanted at all, or the other way round. Asks the kernel a question or two; false, too,
   where it has no tables of ours. */
bool nft_is_taken(int netfilter, int family, const struct nft_port *ports, size_t count);

/* Reads what the kernel says of map at4 or at6: whether one of the ports is in it. For the fuzz target. */
bool nft_taken_read(const struct netlink_reply *reply, int family, const struct nft_port *ports, size_t count);

/* Whether the port is wanted at all addresses of the host, of one family or of both. */
bool nft_port_anywhere(const struct nft_port *port);

/* Whether it is published in this family, where the container has an address of it. */
bool nft_port_is_in(const struct nft_port *port, int family);
