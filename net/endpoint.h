/*
 * endpoint.h - a container's place on a network, as its record tells: enough to take it down, and to put the nftables
 * rules up again, with nothing else at hand.
 */
#pragma once

#include "network.h"
#include "nft.h"
#include "rate.h"

enum { ENDPOINT_OWNER_SIZE = 256, ENDPOINT_STATE_SIZE = 480, ENDPOINT_ALIASES_SIZE = 256 };

struct endpoint {
	char owner[ENDPOINT_OWNER_SIZE]; /* the container's id */
	char state[ENDPOINT_STATE_SIZE]; /* its state directory: while that is there, the container may be */
	char network[NETWORK_NAME_SIZE];
	char interface[IFNAMSIZ];  /* in the container */
	char host[IFNAMSIZ];       /* the other end, here */
	uint8_t mac[MAC_SIZE];     /* of the container's */
	char kind[LINK_KIND_SIZE]; /* of an interface of the host that was moved: link_info's; "" too for any other */
	struct ip_address v4, v6;
	char aliases[ENDPOINT_ALIASES_SIZE]; /* names beside the id on this network, with spaces between */
	struct nft_port *ports;
	size_t n_ports;
	struct net_rate rate;
	unsigned order; /* of joining: higher than that of the networks the container was on then; 0: on none */
};

void endpoint_done(struct endpoint *endpoint); /* frees the ports */
#define auto_endpoint auto_cleanup(endpoint_done)

/* A container's id: what a file name and a comment of nftables can be. */
bool endpoint_owner_valid(const char *owner);

/* Letters, digits, '-', '_', and dots between: what a question can ask for. */
bool endpoint_alias_valid(const char *alias);

/* -E2BIG with text: no room. */
int endpoint_add_alias(struct endpoint *endpoint, const char *alias, struct error *err);

/* The name of the host's end: always the same one for this container and network. */
void endpoint_name_host(struct endpoint *endpoint);

/* The MAC that follows from the address, so that neighbours' tables stay right when an address changes hands: from the
   IPv4 one as it is, else from all of the IPv6 one, as a hash. The other way: the IPv4 address, or family 0. */
void endpoint_name_mac(struct endpoint *endpoint);
struct ip_address endpoint_address_of_mac(const uint8_t mac[MAC_SIZE]);

/* Gives it copies of these ports; what is at all addresses of the host, at those of each family the network has. */
void endpoint_publish(struct endpoint *endpoint, const struct network *network, const struct nft_port *ports,
		      size_t count);

int endpoint_parse(const char *text, size_t length, struct endpoint *ret, struct error *err);
char *endpoint_format(const struct endpoint *endpoint); /* caller frees */

/* What nftables has to know of it; points into both. */
struct nft_endpoint endpoint_rules(const struct endpoint *endpoint, const struct network *network);
struct nft_network network_rules(const struct network *network);
