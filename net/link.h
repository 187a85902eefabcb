/*
 * link.h - interfaces: messages put into a batch of rtnetlink (netlink.h), to be sent by the caller in one go, and
 * questions, which are answered at once. Interface names are as link_name_valid() has them; MACs are 6 bytes.
 */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "ip.h"
#include "netlink.h"

enum { MAC_SIZE = 6, MAC_TEXT_SIZE = 18, LINK_KIND_SIZE = 16, LINK_VLAN_MAX = 4094 };

/* 1 to 15 letters, digits, '-', '_' or '.', not "." or "..", and not "all" or "default", which /proc/sys has. */
bool link_name_valid(const char *name);

/* "02:00:00:00:00:01": unicast, not zero. */
int mac_parse(const char *text, uint8_t ret_mac[MAC_SIZE], struct error *err);
bool mac_is_set(const uint8_t mac[MAC_SIZE]); /* not all zero */
const char *mac_text(const uint8_t mac[MAC_SIZE], char buffer[MAC_TEXT_SIZE]);

struct link_bridge {
	const char *name;
	const uint8_t
		*mac; /* fixed from the start: a bridge takes the lowest of its ports' otherwise, and changes it */
	unsigned mtu;
	uint16_t vlan; /* every port, and the bridge itself, is in this VLAN alone, untagged; 0: none are told apart */
};
/* It is made down. */
void link_add_bridge(struct netlink_batch *batch, const struct link_bridge *bridge);

/* What is sent to a link-local group (01:80:c2:00:00:0x: LLDP, 802.1X) does not tell a bridge where its sender is: it
   is taken in before all hooks, so that no rule keeps a port from sending under another's MAC. */
void link_no_local_learning(struct netlink_batch *batch, unsigned index);

/* One end here with a master, down; the other is made in the namespace itself, so that it is never seen here. */
struct link_veth {
	const char *name, *peer;
	const uint8_t *peer_mac;
	int peer_netns;  /* fd */
	unsigned master; /* index of a bridge; 0: none */
	unsigned mtu;
};
void link_add_veth(struct netlink_batch *batch, const struct link_veth *veth);

/* Lets a port of a bridge send frames back to where they came from: with br_netfilter a container reaches its own
   published port that way only. */
void link_hairpin(struct netlink_batch *batch, unsigned index);

/* A queue for what another interface receives (tc.h): what is sent by it comes back, received by that one. It is made
   down. */
void link_add_ifb(struct netlink_batch *batch, const char *name);

enum link_share { LINK_MACVLAN, LINK_IPVLAN };

/* An interface on top of a host's, made in the namespace itself. */
struct link_shared {
	enum link_share kind;
	const char *name;
	unsigned parent;    /* index */
	int netns;          /* fd */
	const uint8_t *mac; /* NULL: any; macvlan only */
	unsigned mtu;       /* 0: as the parent's */
	uint32_t mode;      /* MACVLAN_MODE_BRIDGE ..., IPVLAN_MODE_L2 ... */
};
void link_add_shared(struct netlink_batch *batch, const struct link_shared *shared);

/* The frames of an interface that have this VLAN's tag, as an interface of its own. It is made up. */
struct link_vlan {
	const char *name;
	unsigned parent; /* index */
	uint16_t id;
};
void link_add_vlan(struct netlink_batch *batch, const struct link_vlan *vlan);

struct link_vxlan {
	const char *name;
	uint32_t vni;
	uint16_t port;
	struct ip_address local;
	unsigned parent; /* index; 0: by route */
	unsigned master;
	unsigned mtu;
};
void link_add_vxlan(struct netlink_batch *batch, const struct link_vxlan *vxlan);

/* Frames of unknown destination go to this peer too. */
void link_add_vxlan_peer(struct netlink_batch *batch, unsigned vxlan, const struct ip_address *peer);
void link_delete_vxlan_peer(struct netlink_batch *batch, unsigned vxlan, const struct ip_address *peer);

/* Moves an interface of the host into a namespace; `rename` may be NULL. */
void link_move(struct netlink_batch *batch, unsigned index, int netns, const char *rename);

void link_up(struct netlink_batch *batch, unsigned index);
/* Tells the neighbours of a new address (arp_notify), and takes what comes in another way than it would go (rp_filter
   2). By a message: with a thousand network namespaces each look into /proc/sys/net takes milliseconds. */
void link_set_ipv4(struct netlink_batch *batch, unsigned index);

/* No IPv6 address of the kernel's own making, where there is IPv6; for an interface that is down. */
void link_no_ipv6(struct netlink_batch *batch, unsigned index);

void link_set_master(struct netlink_batch *batch, unsigned index, unsigned master);
void link_delete(struct netlink_batch *batch, const char *name);

/* The number of an interface of the socket's namespace; 0 and errno: there is none. */
unsigned link_index(int route, const char *name);

/* Deletes an interface of this namespace, with its other end, without waiting until all of the kernel's work on it is
   done: that, and `held`, is left to netlink_send_later(). Begins, and waits until it is gone; something else can be
   done in between. One that is not there is number 0, and success. */
unsigned link_remove_begin(int route, const char *name, int held);
int link_remove_end(int route, const char *name, unsigned index, struct error *err);
int link_remove(int route, const char *name, int held, struct error *err); /* both */

struct link_info {
	unsigned index, mtu, master;
	uint32_t flags; /* IFF_UP ... */
	uint8_t mac[MAC_SIZE];
	char kind[LINK_KIND_SIZE]; /* "bridge", "veth" ...; "" for hardware */
	uint16_t vlan;             /* of a vlan; of a bridge as in struct link_bridge */
};

/* -ENODEV with text if there is none. */
int link_get(int route, const char *name, struct link_info *ret, struct error *err);

/* Index, MTU, flags and, as the driver's name, kind of a bridge and the like, by ioctls: a tenth of the time of all
   that link_get() is told. False: ask that. */
bool link_glance(int route, const char *name, struct link_info *ret);

/* Reads an RTM_NEWLINK: for the fuzz target. */
void link_read(const struct netlink_reply *reply, struct link_info *ret);
