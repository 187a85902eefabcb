/* bridge.c - see bridge.h. */
#include "bridge.h"

#include <errno.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <string.h>

#include "addr.h"
#include "base/str.h"
#include "conntrack.h"
#include "forwarding.h"
#include "netns.h"

/* What VXLAN puts around a frame, over IPv4 and IPv6 (RFC 7348). */
enum { VXLAN_PORT = 4789, VXLAN_HEADERS = 50, VXLAN_HEADERS6 = 70, ETHERNET_MTU = 1500 };
enum { IPV4 = 4, IPV6 = 6 };

int net_host_open(struct net_host *ret, struct error *err)
{
	struct net_host host = NET_HOST_CLOSED;
	int r = netlink_open(NETLINK_ROUTE, &host.route, err);

	if (r == 0)
		r = netlink_open(NETLINK_NETFILTER, &host.netfilter, err);
	if (r < 0)
		net_host_close(&host);
	else
		*ret = host;
	return r;
}

void net_host_close(const struct net_host *host)
{
	cleanup_fd(&host->route);
	if (host->deleted)
		netlink_close_later(host->netfilter);
	else
		cleanup_fd(&host->netfilter);
}

/* What the kernel does with packets of this bridge: 127.0.0.1 of the host may be the source of what goes to it (the raw
   rules see to it that it comes from the host only), asymmetric ways are allowed, IPv6 is ready at once. */
static int set_up(const struct network *network, struct error *err)
{
	static const struct {
		int version;
		const char *name, *value;
	} settings[] = {
		{ IPV4, "route_localnet", "1" },
		{ IPV4, "rp_filter", "2" },
		{ IPV6, "accept_dad", "0" },
		{ IPV6, "accept_ra", "0" },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(settings); i++)
		r = netns_set_interface(settings[i].version, network->bridge, settings[i].name, settings[i].value, err);
	/* A host may have it off for new interfaces; this one is for who asked for it. */
	if (r == 0 && ip_is_set(&network->v6.address))
		r = netns_set_interface(IPV6, network->bridge, "disable_ipv6", "0", err);
	return r < 0 ? r : forwarding_enable(ip_is_set(&network->v4.address), ip_is_set(&network->v6.address), err);
}

static int make(const struct net_host *host, const struct network *network, struct error *err)
{
	auto_netlink_batch struct netlink_batch batch = NETLINK_BATCH;
	struct link_bridge bridge = {
		.name = network->bridge, .mac = network->mac, .mtu = network->mtu, .vlan = network->vlan
	};
	int r = bridge.mtu ? 0 : addr_default_mtu(host->route, &bridge.mtu, err);

	if (r < 0)
		return r;
	if (network->vni && !network->mtu)
		bridge.mtu = (bridge.mtu ? bridge.mtu : ETHERNET_MTU) -
			     (network->underlay.family == AF_INET ? VXLAN_HEADERS : VXLAN_HEADERS6);
	/* With less the kernel has no IPv6 there. */
	if (bridge.mtu && bridge.mtu < NETWORK_MTU_MIN && ip_is_set(&network->v6.address))
		bridge.mtu = NETWORK_MTU_MIN;
	link_add_bridge(&batch, &bridge);
	return netlink_send(host->route, &batch, NULL, NULL, err);
}

static int make_vxlan(const struct net_host *host, const struct network *network, const struct link_info *bridge,
		      struct error *err)
{
	auto_netlink_batch struct netlink_batch batch = NETLINK_BATCH;
	char name[IFNAMSIZ];
	const struct link_vxlan vxlan = {
		.name = network_vxlan_name(network, name),
		.vni = network->vni,
		.port = VXLAN_PORT,
		.local = network->underlay,
		.master = bridge->index,
		.mtu = bridge->mtu,
	};
	int r;

	link_delete(&batch, name);
	batch.optional = true;
	r = netlink_send(host->route, &batch, NULL, NULL, err);
	netlink_batch_done(&batch);
	link_add_vxlan(&batch, &vxlan);
	return r < 0 ? r : netlink_send(host->route, &batch, NULL, NULL, err);
}

static bool is_port_of(const struct link_info *link, const struct link_info *bridge)
{
	return link->master == bridge->index && (link->flags & IFF_UP);
}

/* All others, so nothing is learned from outside but where a MAC is. This host may be in the list, which can be one for
   all hosts: its own frames would come back to it, and the bridge take their senders for far ones. A peer that is there
   already is no error. */
static int set_peers(const struct net_host *host, const struct network *network, unsigned vxlan, struct error *err)
{
	auto_netlink_batch struct netlink_batch batch = NETLINK_BATCH;
	bool own[NETWORK_PEERS_MAX];
	int r = addr_find_own(host->route, network->peers, network->n_peers, own, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < network->n_peers; i++) {
		(own[i] ? link_delete_vxlan_peer : link_add_vxlan_peer)(&batch, vxlan, &network->peers[i]);
		if (own[i])
			netlink_may_fail(&batch);
	}
	return netlink_send(host->route, &batch, NULL, NULL, err);
}

/* A port of the bridge that leads to the same bridge of other hosts. What others have removed of it is made again. */
static int ensure_vxlan(const struct net_store *store, const struct net_host *host, const struct network *network,
			const struct link_info *bridge, struct error *err)
{
	struct link_info link;
	char name[IFNAMSIZ];
	int r = link_get(host->route, network_vxlan_name(network, name), &link, err);

	if (r == -ENODEV || (r == 0 && !is_port_of(&link, bridge))) {
		r = make_vxlan(host, network, bridge, err);
		net_store_reached(store, "vxlan made");
		if (r == 0)
			r = link_get(host->route, name, &link, err);
	}
	if (r == 0)
		r = set_peers(host, network, link.index, err);
	net_store_reached(store, "vxlan has its peers");
	return r;
}

/* Another's interface may have the name: that is never removed. */
static bool is_ours(const struct network *network, const struct link_info *link)
{
	return str_eq(link->kind, "bridge") && memcmp(link->mac, network->mac, MAC_SIZE) == 0;
}

static int finish(const struct net_host *host, const struct network *network, const struct link_info *bridge,
		  struct error *err)
{
	auto_netlink_batch struct netlink_batch batch = NETLINK_BATCH;
	int r = set_up(network, err);

	if (r < 0)
		return r;
	if (is_ours(network, bridge))
		link_no_local_learning(&batch, bridge->index);
	if (ip_is_set(&network->v4.address))
		addr_add(&batch, bridge->index, &network->v4, true);
	if (ip_is_set(&network->v6.address))
		addr_add(&batch, bridge->index, &network->v6, true);
	link_up(&batch, bridge->index);
	return netlink_send(host->route, &batch, NULL, NULL, err);
}

/* What is there already and as it should be, which it mostly is, is known at a glance. */
static bool is_ready(const struct net_host *host, const struct network *network, struct link_info *ret_link)
{
	return !network->vlan && !network->vni && link_glance(host->route, network->bridge, ret_link) &&
	       str_eq(ret_link->kind, "bridge") && (ret_link->flags & IFF_UP);
}

/* `again`: what is up is finished again, too, unless it is another's. */
static int ensure(const struct net_store *store, const struct net_host *host, const struct network *network, bool again,
		  struct link_info *ret_link, struct error *err)
{
	struct link_info link;
	int r = link_get(host->route, network->bridge, &link, err);

	if (r == -ENODEV) {
		r = make(host, network, err);
		net_store_reached(store, "bridge made");
		if (r == 0)
			r = link_get(host->route, network->bridge, &link, err);
	}
	if (r == 0 && !str_eq(link.kind, "bridge"))
		r = refuse(err, "network %s: the interface %s is not a bridge", network->name, network->bridge);
	if (r == 0 && network->vlan && link.vlan != network->vlan)
		r = refuse(err, "network %s: the bridge %s does not put its ports into VLAN %u", network->name,
			   network->bridge, network->vlan);
	if (r == 0 && network->vni)
		r = ensure_vxlan(store, host, network, &link, err);
	if (r == 0 && (!(link.flags & IFF_UP) || (again && is_ours(network, &link)))) {
		r = finish(host, network, &link, err);
		net_store_reached(store, "bridge set up");
	}
	if (r == 0)
		*ret_link = link;
	return r;
}

int bridge_ensure(const struct net_store *store, const struct net_host *host, const struct network *network,
		  struct link_info *ret_link, struct error *err)
{
	return is_ready(host, network, ret_link) ? 0 : ensure(store, host, network, false, ret_link, err);
}

int bridge_restore(const struct net_store *store, const struct net_host *host, const struct network *network,
		   struct error *err)
{
	struct link_info link;

	return ensure(store, host, network, true, &link, err);
}

static int send_rules(const struct net_host *host, struct netlink_batch *batch, struct error *err)
{
	nft_end(batch);
	return netlink_send(host->netfilter, batch, NULL, NULL, err);
}

static bool is_there(const struct net_host *host, const struct network *network)
{
	struct link_info link;
	struct error ignored;

	return link_get(host->route, network->bridge, &link, &ignored) == 0 && is_ours(network, &link);
}

/* Of a network whose definition is lost it is taken for granted. */
static int see_bridge(const struct endpoint *endpoint, void *context, struct error *err)
{
	struct network network;
	int r = net_store_guess_network(context, endpoint->network, &network, err);

	return r == 0 && network.kind == NETWORK_BRIDGE ? -EBUSY : 0;
}

bool bridge_any_used(const struct net_store *store)
{
	struct error ignored;

	return net_store_each_endpoint(store, see_bridge, (void *)(uintptr_t)store, &ignored) < 0;
}

static int remove_rules(const struct net_store *store, const struct net_host *host, const struct network *network,
			struct error *err)
{
	auto_netlink_batch struct netlink_batch batch = NETLINK_BATCH;
	const struct nft_network rules = network_rules(network);
	int r;

	nft_begin(&batch);
	if (bridge_any_used(store))
		nft_put_network(&batch, NFT_REMOVE, &rules);
	else
		nft_drop_tables(&batch);
	r = send_rules(host, &batch, err);
	return r == -ENOENT ? 0 : r;
}

int bridge_remove_unused(const struct net_store *store, const struct net_host *host, const struct network *network,
			 struct error *err)
{
	auto_netlink_batch struct netlink_batch batch = NETLINK_BATCH;
	char name[IFNAMSIZ];
	int r;

	if (!net_store_unused(store, network->name))
		return 0;
	if (network->vni)
		link_delete(&batch, network_vxlan_name(network, name));
	if (is_there(host, network))
		link_delete(&batch, network->bridge);
	batch.optional = true;
	r = netlink_send(host->route, &batch, NULL, NULL, err);
	net_store_reached(store, "bridge removed");
	return r < 0 ? r : remove_rules(store, host, network, err);
}

struct rebuild {
	const struct net_store *store;
	struct netlink_batch *batch;
	const struct endpoint *without;
	struct nft_port *ports; /* of all endpoints, those of UDP */
	size_t n_ports;
};

static void note_ports(struct rebuild *rebuild, const struct endpoint *endpoint)
{
	for (size_t i = 0; i < endpoint->n_ports; i++) {
		if (endpoint->ports[i].protocol != IPPROTO_UDP)
			continue;
		rebuild->ports = xreallocarray(rebuild->ports, rebuild->n_ports + 1, sizeof(*rebuild->ports));
		rebuild->ports[rebuild->n_ports++] = endpoint->ports[i];
	}
}

static int put_endpoint(const struct endpoint *endpoint, void *context, struct error *err)
{
	struct rebuild *rebuild = context;
	struct nft_endpoint rules;
	struct nft_network bridge;
	struct network network;

	if (rebuild->without && str_eq(endpoint->owner, rebuild->without->owner) &&
	    str_eq(endpoint->network, rebuild->without->network))
		return 0;
	/* One whose definition is lost stays in: no rule at all would let everything through. */
	if (net_store_guess_network(rebuild->store, endpoint->network, &network, err) < 0)
		return -err->code;
	if (network.kind != NETWORK_BRIDGE)
		return 0;
	bridge = network_rules(&network);
	rules = endpoint_rules(endpoint, &network);
	nft_put_network(rebuild->batch, NFT_ADD, &bridge);
	nft_put_endpoint(rebuild->batch, NFT_ADD, &rules);
	note_ports(rebuild, endpoint);
	return 0;
}

int rules_rebuild(const struct net_store *store, const struct net_host *host, const struct endpoint *without,
		  struct error *err)
{
	auto_netlink_batch struct netlink_batch batch = NETLINK_BATCH;
	struct rebuild rebuild = { .store = store, .batch = &batch, .without = without };
	auto_free struct nft_port *ports = NULL;
	int r;

	nft_begin(&batch);
	nft_put_tables(&batch);
	r = net_store_each_endpoint(store, put_endpoint, &rebuild, err);
	ports = rebuild.ports;
	if (r == 0)
		r = send_rules(host, &batch, err);
	/* Of UDP what has begun without these rules would go on without them. */
	if (r == 0)
		conntrack_forget(host->netfilter, CONNTRACK_ASTRAY, ports, rebuild.n_ports);
	return r;
}
