/* interface.c - see interface.h. */
#include "interface.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "netns.h"

/* The kernel gives hardware back some time after the last process of a namespace is gone. */
enum { RETURN_TRIES = 100, RETURN_WAIT_NS = 10 * 1000 * 1000 };

/* ---- what the record tells ---- */

struct holder {
	const struct endpoint *mine;
	char owner[ENDPOINT_OWNER_SIZE];
};

static int see_holder(const struct endpoint *other, void *context, struct error *err)
{
	struct holder *holder = context;

	(void)err;
	if (str_eq(other->network, holder->mine->network) && !str_eq(other->owner, holder->mine->owner))
		(void)snprintf(holder->owner, sizeof(holder->owner), "%s", other->owner);
	return 0;
}

static int check_holder(const struct net_store *store, const struct network *network, const struct endpoint *endpoint,
			struct error *err)
{
	struct holder holder = { .mine = endpoint };
	int r = net_store_each_endpoint(store, see_holder, &holder, err);

	if (r == 0 && *holder.owner)
		return refuse_as(err, EBUSY, "%s is for one container, and `%s` has it", network->parent, holder.owner);
	return r;
}

/* ---- a MAC that was asked for ---- */

struct rival {
	const struct endpoint *mine;
	const uint8_t *mac;
};

static int see_rival(const struct endpoint *other, void *context, struct error *err)
{
	const struct rival *rival = context;
	char text[MAC_TEXT_SIZE];

	if (!str_eq(other->network, rival->mine->network) || str_eq(other->owner, rival->mine->owner) ||
	    memcmp(other->mac, rival->mac, MAC_SIZE) != 0)
		return 0;
	return refuse_as(err, EEXIST, "the MAC %s is container `%s`'s", mac_text(rival->mac, text), other->owner);
}

/* The bridge's, which may be one of the host's own with another MAC; or the parent's, from which a macvlan differs. */
static bool is_the_hosts(const struct net_host *host, const struct network *network, const uint8_t *mac)
{
	const bool bridged = network->kind == NETWORK_BRIDGE;
	struct link_info link = { 0 };
	struct error ignored;

	return (bridged && memcmp(mac, network->mac, MAC_SIZE) == 0) ||
	       (link_get(host->route, bridged ? network->bridge : network->parent, &link, &ignored) == 0 &&
		memcmp(mac, link.mac, MAC_SIZE) == 0);
}

/* One that follows from an address is for who has that, now or later. */
static int check_mac(const struct net_store *store, const struct net_host *host, const struct network *network,
		     const struct endpoint *endpoint, const uint8_t *mac, struct error *err)
{
	const struct ip_address address = endpoint_address_of_mac(mac);
	struct rival rival = { .mine = endpoint, .mac = mac };
	char text[MAC_TEXT_SIZE];
	char address_text[IP_TEXT_SIZE];
	int r;

	if (is_the_hosts(host, network, mac))
		return refuse_as(err, EEXIST, "the MAC %s is the %s", mac_text(mac, text),
				 network->kind == NETWORK_BRIDGE ? "bridge's" : "parent's");
	r = net_store_each_endpoint(store, see_rival, &rival, err);
	if (r == 0 && ip_is_set(&endpoint->v4) && ip_network_has(&network->v4, &address) &&
	    !ip_equal(&address, &endpoint->v4))
		return refuse(err, "the MAC %s goes with the address %s, which this container does not have",
			      mac_text(mac, text), ip_text(&address, address_text));
	return r;
}

static int find_parent(const struct net_host *host, const struct network *network, struct link_info *ret,
		       struct error *err)
{
	const struct timespec wait = { .tv_nsec = RETURN_WAIT_NS };
	int tries = network->kind == NETWORK_DEVICE ? RETURN_TRIES : 1;
	int r;

	while ((r = link_get(host->route, network->parent, ret, err)) == -ENODEV && --tries > 0)
		(void)nanosleep(&wait, NULL);
	return r == -ENODEV ? refuse_as(err, ENODEV, "%s is not there", network->parent) : r;
}

int interface_describe(const struct net_store *store, const struct net_host *host, const struct network *network,
		       const uint8_t *mac, struct endpoint *endpoint, struct error *err)
{
	const bool own_mac =
		network->kind == NETWORK_BRIDGE || (network->kind == NETWORK_MACVLAN && !network_for_one(network));
	struct link_info parent = { 0 };
	int r = 0;

	if (own_mac) {
		endpoint_name_mac(endpoint);
		if (mac && check_mac(store, host, network, endpoint, mac, err) < 0)
			return -err->code;
		if (mac)
			memcpy(endpoint->mac, mac, MAC_SIZE);
		return 0;
	}
	if (mac)
		return refuse(err, "a container on it has the MAC of %s, none of its own", network->parent);
	if (network_for_one(network))
		r = check_holder(store, network, endpoint, err);
	if (r == 0)
		r = find_parent(host, network, &parent, err);
	if (r < 0)
		return r;
	if (parent.flags & IFF_LOOPBACK)
		return refuse(err, "%s is in each namespace already", network->parent);
	endpoint_name_mac(endpoint); /* a tunnel has none, but a record has */
	if (mac_is_set(parent.mac))
		memcpy(endpoint->mac, parent.mac, MAC_SIZE);
	if (network->kind == NETWORK_DEVICE) {
		memcpy(endpoint->interface, network->parent, sizeof(endpoint->interface));
		memcpy(endpoint->kind, parent.kind, sizeof(endpoint->kind));
	}
	return 0;
}

/* ---- into the container ---- */

/* What the kernel's word for it does not tell. */
static int explain(const struct endpoint *endpoint, int r, struct error *err)
{
	if (r == -EEXIST)
		return refuse_as(
			err, EEXIST,
			"the container has an interface %s already, which coffer has not made: give it another "
			"name in there (ip link set %s name NAME)",
			endpoint->interface, endpoint->interface);
	if (r == -EXFULL)
		return refuse_as(err, EXFULL, "the bridge has 1023 ports, which is all that the kernel allows");
	return r;
}

static int make_veth(const struct net_host *host, const struct endpoint *endpoint, const struct link_info *bridge,
		     int netns, struct error *err)
{
	auto_netlink_batch struct netlink_batch batch = NETLINK_BATCH;
	const struct link_veth veth = {
		.name = endpoint->host,
		.peer = endpoint->interface,
		.peer_mac = endpoint->mac,
		.peer_netns = netns,
		.master = bridge->index,
		.mtu = bridge->mtu,
	};
	int r;

	link_add_veth(&batch, &veth);
	r = netlink_send(host->route, &batch, NULL, NULL, err);
	if (r != -EEXIST)
		return explain(endpoint, r, err);
	/* One of a container of this name whose namespace the kernel has not taken down yet; or the container has an
	   interface of this name, then it fails again. */
	r = link_remove(host->route, endpoint->host, host->netfilter, err);
	return r < 0 ? r : explain(endpoint, netlink_send(host->route, &batch, NULL, NULL, err), err);
}

static int make_shared(const struct net_host *host, const struct network *network, const struct endpoint *endpoint,
		       const struct link_info *parent, int netns, struct error *err)
{
	auto_netlink_batch struct netlink_batch batch = NETLINK_BATCH;
	const struct link_shared shared = {
		.kind = network->kind == NETWORK_MACVLAN ? LINK_MACVLAN : LINK_IPVLAN,
		.name = endpoint->interface,
		.parent = parent->index,
		.netns = netns,
		.mac = network_for_one(network) ? NULL : endpoint->mac,
		.mtu = network->mtu,
		.mode = network->mode,
	};
	int r;

	link_add_shared(&batch, &shared);
	r = netlink_send(host->route, &batch, NULL, NULL, err);
	if (r == -EBUSY)
		return refuse_as(err, EBUSY, "%s is a port of a bridge, or has interfaces of another kind on it",
				 network->parent);
	return explain(endpoint, r, err);
}

static int move_parent(const struct net_host *host, const struct network *network, int netns, struct error *err)
{
	auto_netlink_batch struct netlink_batch batch = NETLINK_BATCH;
	struct link_info link = { 0 };
	int r = find_parent(host, network, &link, err);

	if (r < 0)
		return r;
	link_move(&batch, link.index, netns, NULL);
	return netlink_send(host->route, &batch, NULL, NULL, err);
}

int interface_bring(const struct net_host *host, const struct network *network, const struct endpoint *endpoint,
		    const struct link_info *side, int netns, struct error *err)
{
	switch (network->kind) {
	case NETWORK_BRIDGE:
		return make_veth(host, endpoint, side, netns, err);
	case NETWORK_MACVLAN:
	case NETWORK_IPVLAN:
		return make_shared(host, network, endpoint, side, netns, err);
	case NETWORK_DEVICE:
		return move_parent(host, network, netns, err);
	case NETWORK_KIND_MAX:
		break;
	}
	return 0;
}

int interface_open(const struct net_host *host, const struct network *network, const struct endpoint *endpoint,
		   struct error *err)
{
	auto_netlink_batch struct netlink_batch batch = NETLINK_BATCH;
	const unsigned index = network->kind == NETWORK_BRIDGE ? link_index(host->route, endpoint->host) : 0;

	if (network->kind != NETWORK_BRIDGE)
		return 0;
	link_hairpin(&batch, index);
	link_no_ipv6(&batch, index);
	link_up(&batch, index);
	return netlink_send(host->route, &batch, NULL, NULL, err);
}

/* ---- out of it ---- */

static bool is_ours(const struct network *network, const struct endpoint *endpoint, const struct link_info *link)
{
	const char *kind = network->kind == NETWORK_DEVICE ? endpoint->kind : network_kind_names[network->kind];

	return str_eq(link->kind, kind) && (!mac_is_set(link->mac) || memcmp(link->mac, endpoint->mac, MAC_SIZE) == 0);
}

int interface_gone(const struct net_host *host, const struct endpoint *endpoint, unsigned leaving, struct error *err)
{
	return link_remove_end(host->route, endpoint->host, leaving, err);
}

int interface_remove(const struct net_host *host, const struct network *network, const struct endpoint *endpoint,
		     int netns, unsigned *ret_leaving, struct error *err)
{
	auto_netlink_batch struct netlink_batch batch = NETLINK_BATCH;
	auto_fd int route = -1;
	auto_fd int here = -1;
	struct link_info link = { 0 };
	int r;

	*ret_leaving = 0;
	if (network->kind == NETWORK_BRIDGE)
		*ret_leaving = link_remove_begin(host->route, endpoint->host, host->netfilter);
	if (network->kind == NETWORK_BRIDGE || netns < 0)
		return 0;
	r = netns_of_socket(host->route, &here, err);
	if (r == 0)
		r = netns_open_route(netns, host->route, &route, err);
	if (r == 0)
		r = link_get(route, endpoint->interface, &link, err);
	if (r < 0)
		return r == -ENODEV ? 0 : r;
	if (!is_ours(network, endpoint, &link))
		return 0;
	if (network->kind == NETWORK_DEVICE)
		link_move(&batch, link.index, here, NULL);
	else
		link_delete(&batch, endpoint->interface);
	batch.optional = true;
	return netlink_send(route, &batch, NULL, NULL, err);
}
