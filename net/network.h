/*
 * network.h - a network as it is defined: one bridge, its addresses, and what may pass. Its file, DIR/NAME, is a record
 * (lines.h); specs/net.md has the keys.
 */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ip.h"
#include "link.h"

enum { NETWORK_PEERS_MAX = 64, NETWORK_VNI_MAX = (1 << 24) - 1, NETWORK_RESERVED_MAX = 64 };
enum { NETWORK_NAME_SIZE = 64, NETWORK_MTU_MIN = 1280, NETWORK_MTU_MAX = 65535 };

struct network {
	char name[NETWORK_NAME_SIZE];
	char bridge[IFNAMSIZ];
	uint8_t mac[MAC_SIZE];                          /* of the bridge */
	struct ip_network v4, v6;                       /* the gateway with its prefix; family 0: none of this family */
	struct ip_network range4, range6;               /* addresses are given from here; family 0: from all of it */
	struct ip_range reserved[NETWORK_RESERVED_MAX]; /* given only to who asks for them */
	size_t n_reserved;
	unsigned mtu;               /* 0: as the default route's interface */
	uint32_t vni;               /* over VXLAN to the same network of other hosts; 0: of this host only */
	struct ip_address underlay; /* this host's address among the peers */
	struct ip_address peers[NETWORK_PEERS_MAX];
	size_t n_peers;
	bool internal;  /* no way out or in */
	bool open;      /* other open networks may reach it */
	bool no_names;  /* no name server at the gateway */
	bool may_spoof; /* containers may send under other addresses than their own */
};

/* The default network's name, which is made when it is first used. */
extern const char network_default[];

/* 1 to 63 letters, digits, '-', '_', '.', the first a letter or digit, not ending in .tmp, and not a word that
   --network has a meaning for. */
bool network_name_valid(const char *name);

/* Fills what follows from the name: bridge, if it has none, and MAC. */
void network_name_bridge(struct network *network);

/* The name of the network's VXLAN interface, to buffer[IFNAMSIZ], which is returned. */
const char *network_vxlan_name(const struct network *network, char *buffer);

/* Adds a reservation: ip_range_parse(). */
int network_reserve(struct network *network, const char *text, struct error *err);

/* Refuses what cannot work: no addresses, prefixes without room, a gateway that is the network's own address. */
int network_validate(const struct network *network, struct error *err);

int network_parse(const char *text, size_t length, struct network *ret, struct error *err);
char *network_format(const struct network *network); /* caller frees */
