/*
 * network.h - a network as it is defined: its kind, its bridge or the host's interface that it is on, its addresses,
 * and what may pass. Its file, DIR/NAME, is a record (lines.h); specs/net.md has the keys.
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

enum network_kind {
	NETWORK_BRIDGE,  /* of this host's own, or over VXLAN of several; all others are on the parent's wire */
	NETWORK_MACVLAN, /* an interface of its own MAC for each container */
	NETWORK_IPVLAN,  /* of the parent's MAC */
	NETWORK_DEVICE,  /* the parent itself, for one container at a time */
	NETWORK_KIND_MAX,
};

/* "bridge", "macvlan", "ipvlan", "host-device"; ended with NULL. */
extern const char *const network_kind_names[];

struct network {
	char name[NETWORK_NAME_SIZE];
	enum network_kind kind;
	char bridge[IFNAMSIZ];            /* of NETWORK_BRIDGE */
	char parent[IFNAMSIZ];            /* an interface of the host; of the others */
	uint32_t mode;                    /* MACVLAN_MODE_BRIDGE ..., IPVLAN_MODE_L2 ... */
	uint16_t vlan;                    /* of the bridge, or on the parent; 0: none */
	uint8_t mac[MAC_SIZE];            /* of the bridge */
	struct ip_network v4, v6;         /* the gateway with its prefix; family 0: none of this family */
	struct ip_network range4, range6; /* addresses are given from here; family 0: from all of it */
	/* Given only to who asks for them. */
	struct ip_range reserved[NETWORK_RESERVED_MAX];
	size_t n_reserved;
	unsigned mtu;               /* 0: as the default route's, or the parent's */
	uint32_t vni;               /* over VXLAN to the same network of other hosts; 0: of this host only */
	struct ip_address underlay; /* this host's address among the peers */
	struct ip_address peers[NETWORK_PEERS_MAX];
	size_t n_peers;
	bool internal;  /* no way out or in; of a parent's wire: no default route */
	bool open;      /* other open networks may reach it */
	bool no_names;  /* no name server at the gateway */
	bool may_spoof; /* containers may send under other addresses than their own */
};

/* The default network's name, which is made when it is first used. */
extern const char network_default[];

/* 1 to 63 letters, digits, '-', '_', '.', the first a letter or digit, not ending in .tmp, and not a word that
   --network has a meaning for. */
bool network_name_valid(const char *name);

/* The same, and why not. */
int network_name_check(const char *name, struct error *err);

/* The words for `mode` of this kind: network_set_mode() takes them, NULL is the first of them. */
const char *network_mode_word(const struct network *network); /* NULL: the kind has none */
int network_set_mode(struct network *network, const char *word, struct error *err);

/* No gateway is asked: what is sent goes by the host's routes (ipvlan's l3 and l3s). */
bool network_routed_by_host(const struct network *network);

/* For one container at a time: the interface on the wire is the parent's own, or its only use. */
bool network_for_one(const struct network *network);

/* Of a bridge, fills what follows from the name: the bridge's, if it has none, and MAC. */
void network_name_bridge(struct network *network);

/* The name of the network's VXLAN interface, to buffer[IFNAMSIZ], which is returned. */
const char *network_vxlan_name(const struct network *network, char *buffer);

/* The same for the interface of a VLAN on the parent; the parent's own name where there is no VLAN. */
const char *network_parent_name(const struct network *network, char *buffer);

/* Adds a reservation: ip_range_parse(). */
int network_reserve(struct network *network, const char *text, struct error *err);

/* Refuses what cannot work: no addresses, prefixes without room, a gateway that is the network's own address. */
int network_validate(const struct network *network, struct error *err);

int network_parse(const char *text, size_t length, struct network *ret, struct error *err);
char *network_format(const struct network *network); /* caller frees */
