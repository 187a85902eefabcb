/* attach.c - see attach.h. */
#include "attach.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "addr.h"
#include "base/str.h"
#include "clash.h"
#include "conntrack.h"
#include "create.h"
#include "host_side.h"
#include "interface.h"
#include "listening.h"
#include "netns.h"
#include "port.h"
#include "routes.h"

/* ---- in the container's namespace ---- */

enum { IPV6 = 6 };

struct setting {
	const char *name, *value;
};

/* A bridge lets nobody's advice on IPv6 through, so without IPv6 it is enough that the kernel makes no address itself.
   That has a message of rtnetlink: with a thousand network namespaces the first look of each into /proc/sys/net takes
   a millisecond. */
static bool knows_no_ipv6(const struct endpoint *endpoint, const struct network *network)
{
	return !ip_is_set(&endpoint->v6) && network->kind == NETWORK_BRIDGE && !network->may_spoof;
}

/* What has none: no detection of duplicates and no advice of routers: addresses are ours. */
static int set_interface(const struct endpoint *endpoint, struct error *err)
{
	static const struct setting settings[] = { { "accept_dad", "0" }, { "accept_ra", "0" }, { "autoconf", "0" } };
	int r = 0;

	if (!ip_is_set(&endpoint->v6))
		return netns_set_interface(IPV6, endpoint->interface, "disable_ipv6", "1", err);

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(settings); i++)
		r = netns_set_interface(IPV6, endpoint->interface, settings[i].name, settings[i].value, err);
	if (r == 0)
		r = netns_set_interface(IPV6, endpoint->interface, "disable_ipv6", "0", err);
	return r;
}

static int enter(const struct net_host *host, int netns, const struct endpoint *endpoint, const struct network *network,
		 int *ret_route, unsigned *ret_index, struct error *err)
{
	int home;
	int r = netns_enter(netns, host->route, &home, err);

	if (r < 0)
		return r;
	r = netlink_open(NETLINK_ROUTE, ret_route, err);
	if (r == 0) {
		*ret_index = link_index(*ret_route, endpoint->interface);
		r = *ret_index == 0 ? fail(err, errno, "find interface %s", endpoint->interface) : 0;
	}
	if (r == 0 && !knows_no_ipv6(endpoint, network))
		r = set_interface(endpoint, err);
	netns_leave(home);
	return r;
}

/* `gateway_mac`: NULL: not known. */
static void put_family(struct netlink_batch *batch, unsigned index, const struct ip_network *gateway,
		       const uint8_t *gateway_mac, const struct ip_address *address)
{
	const struct ip_network own = { .address = *address, .prefix = gateway->prefix };

	if (!ip_is_set(address))
		return;
	addr_add(batch, index, &own, true);
	/* No neighbour's answer can put another in the gateway's place. */
	if (gateway_mac)
		addr_add_neighbour(batch, index, &gateway->address, gateway_mac);
}

/* A bridge of the host's own may get another MAC with each port that it is given. */
static const uint8_t *gateway_mac(const struct network *network, const struct link_info *side)
{
	return network->kind == NETWORK_BRIDGE && memcmp(side->mac, network->mac, MAC_SIZE) == 0 ? network->mac : NULL;
}

/* The loopback interface is number 1 in every namespace. */
static int configure(const struct net_host *host, int netns, const struct endpoint *endpoint,
		     const struct network *network, const struct link_info *side, struct error *err)
{
	const uint8_t *mac = gateway_mac(network, side);
	auto_netlink_batch struct netlink_batch batch = NETLINK_BATCH;
	auto_fd int route = -1;
	unsigned index = 0;
	int r = enter(host, netns, endpoint, network, &route, &index, err);

	if (r < 0)
		return r;
	link_up(&batch, 1);
	if (knows_no_ipv6(endpoint, network))
		link_no_ipv6(&batch, index);
	link_set_ipv4(&batch, index);
	link_up(&batch, index);
	put_family(&batch, index, &network->v4, mac, &endpoint->v4);
	put_family(&batch, index, &network->v6, mac, &endpoint->v6);
	if (endpoint->order == 0)
		routes_put_default(&batch, index, endpoint, network);
	return netlink_send(route, &batch, NULL, NULL, err);
}

/* ---- rules ---- */

static int send_rules(const struct net_host *host, const struct network *network, const struct endpoint *endpoint,
		      enum nft_change change, struct error *err)
{
	auto_netlink_batch struct netlink_batch batch = NETLINK_BATCH;
	const struct nft_endpoint rules = endpoint_rules(endpoint, network);
	const struct nft_network bridge = network_rules(network);

	nft_begin(&batch);
	if (change == NFT_ADD)
		nft_put_network(&batch, NFT_ADD, &bridge);
	nft_put_endpoint(&batch, change, &rules);
	nft_end(&batch);
	return netlink_send(host->netfilter, &batch, NULL, NULL, err);
}

/* Without our tables (a flush by others, or the first container ever) all rules are made, this one's too: its record
   is there. */
static int add_rules(const struct net_store *store, const struct net_host *host, const struct network *network,
		     const struct endpoint *endpoint, struct error *err)
{
	int r = clash_check(store, host->netfilter, endpoint, err);

	if (r < 0)
		return r;
	r = network->kind == NETWORK_BRIDGE ? send_rules(host, network, endpoint, NFT_ADD, err) : 0;
	if (r == -ENOENT)
		r = clash_with_records(store, endpoint, err) < 0 ? -err->code : rules_rebuild(store, host, NULL, err);
	if (r == 0)
		conntrack_forget(host->netfilter, CONNTRACK_ALL, endpoint->ports, endpoint->n_ports);
	/* The kernel's "File exists" says which port, but not whose it is. */
	if (r == -EEXIST)
		(void)clash_with_records(store, endpoint, err);
	return r;
}

/* Rules that are not there, of a container on record, are another's flush, or who joined was killed before. */
static int remove_rules(const struct net_store *store, const struct net_host *host, const struct network *network,
			const struct endpoint *endpoint, struct error *err)
{
	int r = network->kind == NETWORK_BRIDGE ? send_rules(host, network, endpoint, NFT_REMOVE, err) : 0;

	if (r == -ENOENT)
		r = rules_rebuild(store, host, endpoint, err);
	if (r == 0)
		conntrack_forget(host->netfilter, CONNTRACK_ALL, endpoint->ports, endpoint->n_ports);
	return r;
}

/* ---- leaving ---- */

/* Of what the container sent; its veth may be gone before. */
static int delete_queue(const struct net_host *host, const struct endpoint *endpoint, struct error *err)
{
	char name[IFNAMSIZ];

	if (!endpoint->rate.out)
		return 0;
	return link_remove(host->route, rate_interface(endpoint->host, name), host->netfilter, err);
}

/* The namespace goes with the interface in it, unless somebody else is there, who may not keep the address. */
static int give_up(struct net_host *host, const struct network *network, const struct endpoint *endpoint, int netns,
		   unsigned *ret_leaving, struct error *err)
{
	int r = interface_remove(host, network, endpoint, netns, ret_leaving, err);

	if (netns == NET_GONE && *ret_leaving > 0) {
		host->deleted = false; /* who deletes it has the socket, too */
		*ret_leaving = 0;
	}
	return r;
}

static int take_down(const struct net_store *store, struct net_host *host, const struct network *network,
		     const struct endpoint *endpoint, int netns, bool has_rules, struct error *err)
{
	unsigned leaving = 0;
	int r = give_up(host, network, endpoint, netns, &leaving, err);

	net_store_reached(store, "interface removed");
	if (r == 0 && has_rules)
		r = remove_rules(store, host, network, endpoint, err);
	net_store_reached(store, "rules removed");
	if (r == 0)
		r = interface_gone(host, endpoint, leaving, err);
	net_store_reached(store, "interface gone");
	if (r == 0)
		r = delete_queue(host, endpoint, err);
	net_store_reached(store, "queue removed");
	if (r == 0)
		r = net_store_release(store, network->name, &endpoint->v4, err);
	net_store_reached(store, "first address given back");
	if (r == 0)
		r = net_store_release(store, network->name, &endpoint->v6, err);
	net_store_reached(store, "addresses given back");
	if (r == 0)
		r = net_store_remove_endpoint(store, endpoint, err);
	net_store_reached(store, "record removed");
	return r < 0 ? r : host_side_remove_unused(store, host, network, err);
}

/* Its record cannot be read: what follows from the names goes, and what no other record tells of. */
static int detach_unread(const struct net_store *store, const struct net_host *host, const struct detach *detach,
			 const char *name, struct error *err)
{
	struct endpoint endpoint = { .ports = NULL };
	struct network network = { .kind = NETWORK_BRIDGE };
	char queue[IFNAMSIZ];
	int r = net_store_guess_network(store, name, &network, err);

	(void)snprintf(endpoint.owner, sizeof(endpoint.owner), "%s", detach->owner);
	(void)snprintf(endpoint.network, sizeof(endpoint.network), "%s", name);
	endpoint_name_host(&endpoint);
	if (r == 0)
		r = link_remove(host->route, endpoint.host, host->netfilter, err);
	if (r == 0)
		r = link_remove(host->route, rate_interface(endpoint.host, queue), host->netfilter, err);
	if (r == 0)
		r = net_store_remove_endpoint(store, &endpoint, err);
	if (r == 0)
		r = net_store_sweep(store, err);
	if (r == 0 && network.kind == NETWORK_BRIDGE)
		r = rules_rebuild(store, host, NULL, err);
	return r < 0 ? r : host_side_remove_unused(store, host, &network, err);
}

/* Its interface takes with it all the routes that there are. */
static bool is_only_network(const struct net_store *store, const struct endpoint *endpoint)
{
	auto_names char **all = NULL;
	struct error ignored;

	return endpoint->order == 0 && net_store_networks_of(store, endpoint->owner, &all, &ignored) == 0 &&
	       str_list_length((const char *const *)all) == 1;
}

static int detach_one(const struct net_store *store, struct net_host *host, const struct detach *detach,
		      const char *name, struct error *err)
{
	auto_endpoint struct endpoint endpoint = { .ports = NULL };
	auto_fd int found = -1;
	struct network network = { .kind = NETWORK_BRIDGE };
	bool others;
	int netns = detach->netns;
	int r = net_store_load_endpoint(store, detach->owner, name, &endpoint, err);

	if (r == -ENOENT)
		return detach->has_to_be ? r : 0;
	if (r == -EUCLEAN)
		return detach_unread(store, host, detach, name, err);
	if (r == 0 && detach->state && !str_eq(detach->state, endpoint.state))
		return detach->has_to_be ? refuse_as(err, ENOENT, "container `%s` on network `%s` is that of %s",
						     detach->owner, name, endpoint.state)
					 : 0;
	if (r == 0)
		r = net_store_guess_network(store, name, &network, err);
	others = r == 0 && (detach->find_netns || netns >= 0) && !is_only_network(store, &endpoint);
	if (r == 0 && detach->find_netns && (others || network.kind != NETWORK_BRIDGE))
		netns = found = detach->find_netns(detach->context);
	if (r == 0 && others && netns >= 0)
		r = routes_leave(store, host, netns, &endpoint, err);
	return r < 0 ? r : take_down(store, host, &network, &endpoint, netns, true, err);
}

int net_detach(const struct net_store *store, const struct detach *detach, struct error *err)
{
	auto_net_host struct net_host host = NET_HOST_CLOSED;
	auto_names char **all = NULL;
	const char *const one[] = { detach->network, NULL };
	int r = detach->network ? 0 : net_store_networks_of(store, detach->owner, &all, err);
	const char *const *name = detach->network ? one : (const char *const *)all;

	if (r == 0 && *name)
		r = net_host_open(&host, err);
	host.deleted = detach->netns == NET_GONE;
	for (; r == 0 && *name; name++)
		r = detach_one(store, &host, detach, *name, err);
	return r;
}

/* ---- joining ---- */

/* A port that leads nowhere is no help: without SCTP nothing can listen in the container. To ask loads the module. */
static int check_protocols(const struct attach *attach, struct error *err)
{
	for (size_t i = 0; i < attach->n_ports; i++) {
		auto_fd int fd = -1;

		if (attach->ports[i].protocol != IPPROTO_SCTP)
			continue;
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_SCTP);
		return fd < 0 ? refuse(err,
				       "port %u/sctp cannot be published: this kernel has no SCTP (module sctp): %s",
				       attach->ports[i].host_port, strerror(errno))
			      : 0;
	}
	return 0;
}

/* Where the container has no address of its family a port leads nowhere, too. */
static int check_families(const struct network *network, const struct attach *attach, struct error *err)
{
	const bool v4 = ip_is_set(&network->v4.address);
	const bool v6 = ip_is_set(&network->v6.address);
	char text[IP_TEXT_SIZE];

	for (size_t i = 0; i < attach->n_ports; i++) {
		const struct nft_port *port = &attach->ports[i];

		if ((v4 && nft_port_is_in(port, AF_INET)) || (v6 && nft_port_is_in(port, AF_INET6)))
			continue;
		return refuse(err,
			      "port %u/%s cannot be published at %s: network %s, which it would lead to, has no %s "
			      "addresses (%s)",
			      port->host_port, port_protocol(port->protocol), ip_text(&port->host, text), network->name,
			      v6 ? "IPv4" : "IPv6",
			      v6 ? "publish it at one of IPv6"
				 : "coffer network create --ipv6 NAME makes one that has");
	}
	return 0;
}

static int take_addresses(const struct net_store *store, const struct network *network, const struct attach *attach,
			  struct endpoint *endpoint, struct error *err)
{
	int r = check_protocols(attach, err);

	if (r < 0)
		return r;
	if (rate_is_set(&attach->rate) && network->kind != NETWORK_BRIDGE)
		return refuse(err, "a rate is kept at a bridge's port, which a network of kind %s has not",
			      network_kind_names[network->kind]);
	if (attach->n_ports > 0 && network->kind != NETWORK_BRIDGE)
		return refuse(err,
			      "ports cannot be published on a network of kind %s: its containers are reached at "
			      "their own addresses",
			      network_kind_names[network->kind]);
	if (check_families(network, attach, err) < 0)
		return -err->code;
	if (listening_check(store, network, attach->ports, attach->n_ports, err) < 0)
		return -err->code;
	if (ip_is_set(&attach->v4) && !ip_is_set(&network->v4.address))
		return refuse(err, "network %s has no IPv4 addresses", network->name);
	if (ip_is_set(&attach->v6) && !ip_is_set(&network->v6.address))
		return refuse(err, "network %s has no IPv6 addresses", network->name);
	if (ip_is_set(&network->v4.address))
		r = net_store_lease(store, network, &network->v4, &attach->v4, attach->owner, &endpoint->v4, err);
	if (r == 0 && ip_is_set(&network->v6.address))
		r = net_store_lease(store, network, &network->v6, &attach->v6, attach->owner, &endpoint->v6, err);
	return r;
}

static int bring_up(const struct net_store *store, const struct net_host *host, const struct attach *attach,
		    const struct network *network, const struct endpoint *endpoint, bool *ret_has_rules,
		    struct error *err)
{
	struct link_info side = { 0 };
	int r = host_side_ensure(store, host, network, &side, err);

	if (r == 0)
		r = add_rules(store, host, network, endpoint, err);
	*ret_has_rules = r == 0;
	net_store_reached(store, "rules added");
	if (r == 0)
		r = interface_bring(host, network, endpoint, &side, attach->netns, err);
	net_store_reached(store, "interface made");
	if (r == 0 && rate_is_set(&endpoint->rate))
		r = rate_apply(host->route, endpoint->host, &endpoint->rate, err);
	net_store_reached(store, "rate limited");
	if (r == 0)
		r = configure(host, attach->netns, endpoint, network, &side, err);
	if (r == 0 && endpoint->order > 0)
		r = routes_join(store, host, attach->netns, endpoint, network, err);
	net_store_reached(store, "addresses set");
	if (r == 0)
		r = interface_open(host, network, endpoint, err);
	net_store_reached(store, "attached");
	return r;
}

static bool has_interface(const struct net_store *store, const char *owner, char *const *networks, const char *name)
{
	bool found = false;

	for (; *networks && !found; networks++) {
		auto_endpoint struct endpoint other = { .ports = NULL };
		struct error ignored;

		found = net_store_load_endpoint(store, owner, *networks, &other, &ignored) == 0 &&
			str_eq(other.interface, name);
	}
	return found;
}

static unsigned next_order(const struct net_store *store, const char *owner, char *const *networks)
{
	unsigned order = 0;

	for (; *networks; networks++) {
		auto_endpoint struct endpoint other = { .ports = NULL };
		struct error ignored;

		(void)net_store_load_endpoint(store, owner, *networks, &other, &ignored);
		order = other.order >= order ? other.order + 1 : order;
	}
	return order;
}

/* An id is a name, too, so it is one container's on all networks, whatever --root others have. */
static int check_owner(const struct net_store *store, const struct attach *attach, char *const *networks,
		       struct error *err)
{
	for (; *networks; networks++) {
		auto_endpoint struct endpoint other = { .ports = NULL };
		struct error ignored;
		const bool foreign = net_store_load_endpoint(store, attach->owner, *networks, &other, &ignored) == 0 &&
				     !str_eq(other.state, attach->state);

		if (foreign || str_eq(*networks, attach->network))
			return refuse_as(err, EEXIST, "container `%s` is on network `%s` already%s%s", attach->owner,
					 *networks, foreign ? ": that of " : "", foreign ? other.state : "");
	}
	return 0;
}

/* All but the addresses, the MAC and the ports. */
static int describe(const struct net_store *store, const struct attach *attach, struct endpoint *endpoint,
		    struct error *err)
{
	auto_names char **others = NULL;
	size_t count;

	if (net_store_networks_of(store, attach->owner, &others, err) < 0)
		return -err->code;
	count = str_list_length((const char *const *)others);
	if (check_owner(store, attach, others, err) < 0)
		return -err->code;
	if (!endpoint_owner_valid(attach->owner) || strlen(attach->state) >= ENDPOINT_STATE_SIZE ||
	    (attach->interface && !link_name_valid(attach->interface)))
		return refuse(err, "network %s: a name is not valid", attach->network);
	(void)snprintf(endpoint->owner, sizeof(endpoint->owner), "%s", attach->owner);
	(void)snprintf(endpoint->state, sizeof(endpoint->state), "%s", attach->state);
	(void)snprintf(endpoint->network, sizeof(endpoint->network), "%s", attach->network);
	for (size_t i = 0; i <= count; i++) {
		(void)snprintf(endpoint->interface, sizeof(endpoint->interface), "eth%zu", i);
		if (!has_interface(store, attach->owner, others, endpoint->interface))
			break;
	}
	if (attach->interface)
		(void)snprintf(endpoint->interface, sizeof(endpoint->interface), "%s", attach->interface);
	endpoint_name_host(endpoint);
	if (attach->aliases && strlen(attach->aliases) >= sizeof(endpoint->aliases))
		return refuse(err, "network %s: too many aliases", attach->network);
	(void)snprintf(endpoint->aliases, sizeof(endpoint->aliases), "%s", attach->aliases ? attach->aliases : "");
	endpoint->rate = attach->rate;
	endpoint->order = next_order(store, attach->owner, others);
	return 0;
}

/* The kernel does all rules of a batch or none, so those of one that has failed are not there. */
static void take_back(const struct net_store *store, struct net_host *host, const struct network *network,
		      const struct endpoint *endpoint, int netns, bool has_rules)
{
	struct error ignored;

	if (has_rules && endpoint->order > 0)
		(void)routes_leave(store, host, netns, endpoint, &ignored);
	(void)take_down(store, host, network, endpoint, netns, has_rules, &ignored);
}

static int join(const struct net_store *store, struct net_host *host, const struct attach *attach,
		struct network *network, struct endpoint *endpoint, struct error *err)
{
	bool has_rules = false;
	int r = describe(store, attach, endpoint, err);

	if (r == 0)
		r = net_store_load_network(store, attach->network, network, err);
	if (r == -ENOENT && str_eq(attach->network, network_default)) {
		r = network_ensure_default(store, host, err);
		if (r == 0)
			r = net_store_load_network(store, network_default, network, err);
	}
	if (r < 0)
		return r;
	endpoint_publish(endpoint, network, attach->ports, attach->n_ports);
	r = take_addresses(store, network, attach, endpoint, err);
	net_store_reached(store, "addresses taken");
	if (r == 0)
		r = interface_describe(store, host, network, attach->mac, endpoint, err);
	if (r == 0)
		r = net_store_save_endpoint(store, endpoint, err);
	net_store_reached(store, "record written");
	if (r == 0)
		r = bring_up(store, host, attach, network, endpoint, &has_rules, err);
	if (r < 0)
		take_back(store, host, network, endpoint, attach->netns, has_rules);
	return r;
}

static int check_namespace(const struct net_host *host, const struct attach *attach, struct error *err)
{
	auto_fd int here = -1;
	struct stat own;
	struct stat other;
	int r = netns_of_socket(host->route, &here, err);

	if (r < 0)
		return r;
	if (fstat(here, &own) < 0 || fstat(attach->netns, &other) < 0)
		return fail(err, errno, "compare network namespaces");
	return own.st_ino == other.st_ino && own.st_dev == other.st_dev
		       ? refuse(err, "container `%s` is on the host's network", attach->owner)
		       : 0;
}

int net_attach(const struct net_store *store, const struct attach *attach, struct network *ret_network,
	       struct error *err)
{
	auto_net_host struct net_host host = NET_HOST_CLOSED;
	auto_endpoint struct endpoint endpoint = { .ports = NULL };
	struct network network = { .kind = NETWORK_BRIDGE };
	int r = net_host_open(&host, err);

	if (r == 0)
		r = check_namespace(&host, attach, err);
	if (r == 0)
		r = join(store, &host, attach, &network, &endpoint, err);
	/* Most say so themselves. */
	if (r < 0)
		return str_starts(err->text, "network ") ? r : context(err, "network %s", attach->network);
	if (ret_network)
		*ret_network = network;
	return 0;
}
