/* routes.c - see routes.h. */
#include "routes.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "base/str.h"
#include "netns.h"

enum { FAMILIES = 2 };

static const int families[FAMILIES] = { AF_INET, AF_INET6 };

/* A default route that a container can have. */
struct way {
	bool found;
	unsigned order;
	char interface[IFNAMSIZ];
	struct ip_address gateway; /* family 0: none is asked */
};

static const struct ip_address *address_of(const struct endpoint *endpoint, int family)
{
	return family == AF_INET ? &endpoint->v4 : &endpoint->v6;
}

static struct ip_address gateway_of(const struct network *network, int family)
{
	static const struct ip_address none;

	if (network_routed_by_host(network))
		return none;
	return family == AF_INET ? network->v4.address : network->v6.address;
}

static void put_default(struct netlink_batch *batch, unsigned index, int family, const struct ip_address *gateway,
			uint32_t table)
{
	const struct ip_network all = { .address = { .family = family } };

	addr_add_route(batch, index, &all, ip_is_set(gateway) ? gateway : NULL, table);
}

void routes_put_default(struct netlink_batch *batch, unsigned index, const struct endpoint *endpoint,
			const struct network *network)
{
	for (size_t i = 0; i < FAMILIES && !network->internal; i++) {
		const struct ip_address gateway = gateway_of(network, families[i]);

		if (!ip_is_set(address_of(endpoint, families[i])))
			continue;
		put_default(batch, index, families[i], &gateway, 0);
		netlink_may_be_there(batch); /* of who shares the namespace, or made by the container */
	}
}

static void consider(const struct endpoint *endpoint, const struct network *network, struct way ways[FAMILIES])
{
	for (size_t i = 0; i < FAMILIES && !network->internal; i++) {
		struct way *way = &ways[i];

		if (!ip_is_set(address_of(endpoint, families[i])) || (way->found && way->order <= endpoint->order))
			continue;
		*way = (struct way){ .found = true,
				     .order = endpoint->order,
				     .gateway = gateway_of(network, families[i]) };
		memcpy(way->interface, endpoint->interface, sizeof(way->interface));
	}
}

/* By the records of this container. What cannot be read is no way. `without`: a network; NULL: by all. */
static int find_ways(const struct net_store *store, const char *owner, const char *without, struct way ways[FAMILIES],
		     struct error *err)
{
	auto_names char **networks = NULL;
	int r = net_store_networks_of(store, owner, &networks, err);

	for (char **name = networks; r == 0 && *name; name++) {
		auto_endpoint struct endpoint endpoint = { .ports = NULL };
		struct network network;
		struct error ignored;

		if ((!without || !str_eq(*name, without)) &&
		    net_store_load_endpoint(store, owner, *name, &endpoint, &ignored) == 0 &&
		    net_store_load_network(store, *name, &network, &ignored) == 0)
			consider(&endpoint, &network, ways);
	}
	return r;
}

/* What the container has renamed, deleted or changed so that the route cannot be made is passed by; not so `own`, an
   interface that has just been made, or NULL. */
static int settle(int route, const struct way ways[FAMILIES], const char *own, struct error *err)
{
	auto_netlink_batch struct netlink_batch batch = NETLINK_BATCH;

	for (size_t i = 0; i < FAMILIES; i++) {
		const unsigned index = ways[i].found ? link_index(route, ways[i].interface) : 0;

		if (!index)
			continue;
		put_default(&batch, index, families[i], &ways[i].gateway, 0);
		if (!str_eq(ways[i].interface, own))
			netlink_may_fail(&batch);
	}
	batch.optional = true;
	return netlink_send(route, &batch, NULL, NULL, err);
}

/* Neither table nor rule is of use without the other; the rule comes first, as it fails where there is one table. */
static int add_table(int route, unsigned index, const struct endpoint *endpoint, const struct network *network,
		     int family, struct error *err)
{
	auto_netlink_batch struct netlink_batch rule = { .optional = true };
	auto_netlink_batch struct netlink_batch routes = { .optional = true };
	const struct ip_network wire = ip_network_of(family == AF_INET ? &network->v4 : &network->v6);
	const struct ip_address gateway = gateway_of(network, family);
	const uint32_t table = ROUTES_TABLE + index;
	int r;

	addr_add_rule(&rule, address_of(endpoint, family), table);
	r = netlink_send(route, &rule, NULL, NULL, err);
	if (r == -EOPNOTSUPP || r == -EAFNOSUPPORT)
		return endpoint->n_ports == 0
			       ? 0
			       : refuse(err, "ports can be published on a container's first network with a gateway "
					     "only: this kernel does not route by source (IP_MULTIPLE_TABLES, "
					     "IPV6_MULTIPLE_TABLES)");
	addr_add_route(&routes, index, &wire, NULL, table);
	put_default(&routes, index, family, &gateway, table);
	return r < 0 ? r : netlink_send(route, &routes, NULL, NULL, err);
}

/* Where the default route is another network's. */
static int add_tables(int route, const struct endpoint *endpoint, const struct network *network,
		      const struct way ways[FAMILIES], struct error *err)
{
	const unsigned index = link_index(route, endpoint->interface);
	int r = 0;

	for (size_t i = 0; r == 0 && i < FAMILIES && !network->internal; i++)
		if (ip_is_set(address_of(endpoint, families[i])) && !str_eq(ways[i].interface, endpoint->interface))
			r = add_table(route, index, endpoint, network, families[i], err);
	return r;
}

int routes_join(const struct net_store *store, const struct net_host *host, int netns, const struct endpoint *endpoint,
		const struct network *network, struct error *err)
{
	struct way ways[FAMILIES] = { { .found = false } };
	auto_fd int route = -1;
	int r = find_ways(store, endpoint->owner, NULL, ways, err);

	if (r == 0)
		r = netns_open_route(netns, host->route, &route, err);
	if (r == 0)
		r = settle(route, ways, endpoint->interface, err);
	return r < 0 ? r : add_tables(route, endpoint, network, ways, err);
}

/* The rules, which would outlive the interface; of default routes those of the container's own making, too. */
static int drop(int route, unsigned index, const struct endpoint *endpoint, struct error *err)
{
	auto_netlink_batch struct netlink_batch batch = NETLINK_BATCH;

	for (size_t i = 0; i < FAMILIES; i++) {
		if (!ip_is_set(address_of(endpoint, families[i])))
			continue;
		addr_delete_rule(&batch, address_of(endpoint, families[i]));
		netlink_may_fail(&batch);
		if (index)
			addr_delete_default(&batch, index, families[i]);
	}
	batch.optional = true;
	return netlink_send(route, &batch, NULL, NULL, err);
}

int routes_leave(const struct net_store *store, const struct net_host *host, int netns, const struct endpoint *endpoint,
		 struct error *err)
{
	struct way ways[FAMILIES] = { { .found = false } };
	auto_fd int route = -1;
	int r = find_ways(store, endpoint->owner, endpoint->network, ways, err);

	if (r == 0)
		r = netns_open_route(netns, host->route, &route, err);
	if (r < 0)
		return r;
	r = drop(route, link_index(route, endpoint->interface), endpoint, err);
	return r < 0 ? r : settle(route, ways, NULL, err);
}
