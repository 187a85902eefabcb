/* create.c - see create.h. */
#include "create.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "addr.h"
#include "base/str.h"
#include "host_side.h"

enum { POOL_PREFIX = 22, V6_PREFIX = 64, V6_RANDOM = 7, V6_LOCAL = 0xfd };

/* Where networks without addresses of their own lie, a /22 each (a bridge has at most 1023 ports). The next one is for
   a host that has routes to all of those before it; from its end, since Docker's own begin at the other. */
static const struct pool {
	uint8_t first[2];
	unsigned networks;
	bool from_end;
} pools[] = {
	{ { 10, 192 }, 1024, false }, /* 10.192.0.0/12 */
	{ { 172, 16 }, 1024, true },  /* 172.16.0.0/12 */
	{ { 192, 168 }, 64, true },   /* 192.168.0.0/16 */
};

#define POOL_NAMES "10.192.0.0/12, 172.16.0.0/12 and 192.168.0.0/16"

/* Another network's VLAN interface on the same parent: the kernel has one at most. */
static int see_vlan(const struct network *other, void *context, struct error *err)
{
	const struct network *network = context;

	if (network->vlan != other->vlan || !str_eq(network->parent, other->parent))
		return 0;
	return refuse_as(err, EEXIST, "VLAN %u of %s is network %s", network->vlan, network->parent, other->name);
}

static int check_vlan(const struct net_store *store, struct network *network, struct error *err)
{
	return network->vlan && *network->parent ? net_store_each_network(store, see_vlan, network, err) : 0;
}

static int see_bridge(const struct network *other, void *context, struct error *err)
{
	const struct network *network = context;

	if (other->kind != NETWORK_BRIDGE || !str_eq(network->bridge, other->bridge))
		return 0;
	return refuse_as(err, EEXIST, "the bridge %s is network %s", network->bridge, other->name);
}

static int see_overlap(const struct network *other, void *context, struct error *err)
{
	const struct ip_network *wanted = context;
	char text[IP_TEXT_SIZE];

	if (!ip_network_overlap(&other->v4, wanted) && !ip_network_overlap(&other->v6, wanted))
		return 0;
	return refuse_as(err, EEXIST, "%s overlaps with network %s", ip_network_text(wanted, text), other->name);
}

/* Refuses a network that this host knows already, as one of ours or (`routes`) from elsewhere. */
static int check_free(const struct net_store *store, const struct net_host *host, const struct ip_network *wanted,
		      bool routes, struct error *err)
{
	struct ip_network base = ip_network_of(wanted);
	char route[IP_TEXT_SIZE];
	char text[IP_TEXT_SIZE];
	int r;

	if (!ip_is_set(&wanted->address))
		return 0;
	r = net_store_each_network(store, see_overlap, &base, err);
	route[0] = '\0';
	if (r == 0 && routes)
		r = addr_overlap(host->route, &base, route, err);
	if (r == 0 && *route)
		return refuse_as(err, EEXIST, "%s overlaps with %s, which this host has a route to",
				 ip_network_text(&base, text), route);
	return r;
}

static int choose_from(const struct net_store *store, const struct net_host *host, const struct pool *pool,
		       struct ip_network *ret, struct error *err)
{
	const struct ip_network first = { .address = { .family = AF_INET, .bytes = { pool->first[0], pool->first[1] } },
					  .prefix = POOL_PREFIX };
	int r = -EEXIST;

	for (unsigned i = 0; i < pool->networks && r == -EEXIST; i++) {
		const uint64_t number = pool->from_end ? pool->networks - 1 - i : i;
		struct ip_network next = first;

		next.address = ip_at(&first, number * ip_count(&first) + 1);
		r = check_free(store, host, &next, true, err);
		if (r == 0)
			*ret = next;
	}
	return r;
}

static int choose_v4(const struct net_store *store, const struct net_host *host, struct network *network,
		     struct error *err)
{
	int r = -EEXIST;

	for (size_t i = 0; i < ARRAY_SIZE(pools) && r == -EEXIST; i++)
		r = choose_from(store, host, &pools[i], &network->v4, err);
	if (r != -EEXIST)
		return r;
	return refuse_as(err, ENOSPC,
			 "network %s: this host has routes or networks in all of " POOL_NAMES
			 "; give it a subnet: coffer network create --subnet NETWORK %s",
			 network->name, network->name);
}

/* A unique local network (RFC 4193): random, so that two hosts do not choose the same. */
static int choose_v6(struct ip_network *ret, struct error *err)
{
	struct ip_network net = { .address = { .family = AF_INET6, .bytes = { V6_LOCAL } }, .prefix = V6_PREFIX };

	if (getrandom(net.address.bytes + 1, V6_RANDOM, 0) != V6_RANDOM)
		return fail(err, errno, "random bytes");
	net.address.bytes[IP_BYTES - 1] = 1;
	*ret = net;
	return 0;
}

/* "eth0.10" that is not there means VLAN 10 of eth0. */
static void split_parent(const struct net_host *host, struct network *network)
{
	char *dot = strrchr(network->parent, '.');
	struct link_info link;
	struct error ignored;
	uint64_t vlan;

	if (!dot || network->vlan || str_to_u64(dot + 1, LINK_VLAN_MAX, &vlan) < 0 || vlan == 0 ||
	    link_get(host->route, network->parent, &link, &ignored) != -ENODEV)
		return;
	*dot = '\0';
	network->vlan = (uint16_t)vlan;
}

/* On a parent's wire nothing is free to choose: others are there. */
static int check_parent(const struct net_store *store, const struct net_host *host, struct network *network,
			bool want_v6, struct error *err)
{
	struct link_info link;
	int r;

	if (!ip_is_set(&network->v6.address) && (want_v6 || !ip_is_set(&network->v4.address)))
		return refuse(err, "%s: which addresses its wire has is missing: --subnet, --subnet6",
			      network_kind_names[network->kind]);
	network->no_names = true;
	if (network->kind != NETWORK_DEVICE)
		split_parent(host, network);
	r = network_validate(network, err);
	if (r == 0)
		r = link_get(host->route, network->parent, &link, err);
	return r < 0 ? r : check_vlan(store, network, err);
}

static int choose(const struct net_store *store, const struct net_host *host, struct network *network, bool want_v6,
		  struct error *err)
{
	int r;

	network_name_bridge(network);
	r = net_store_each_network(store, see_bridge, network, err);
	if (r == 0 && !ip_is_set(&network->v4.address) && !ip_is_set(&network->v6.address))
		r = choose_v4(store, host, network, err);
	if (r == 0 && want_v6 && !ip_is_set(&network->v6.address))
		r = choose_v6(&network->v6, err);
	return r < 0 ? r : network_validate(network, err);
}

int network_create(const struct net_store *store, const struct net_host *host, struct network *network, bool want_v6,
		   struct error *err)
{
	const bool bridge = network->kind == NETWORK_BRIDGE;
	struct network ignored;
	int r;

	if (network_name_check(network->name, err) < 0)
		return -err->code;
	if (net_store_load_network(store, network->name, &ignored, err) != -ENOENT)
		return refuse_as(err, EEXIST, "network `%s` exists already", network->name);
	r = bridge ? choose(store, host, network, want_v6, err) : check_parent(store, host, network, want_v6, err);
	if (r == 0)
		r = check_free(store, host, &network->v4, bridge, err);
	if (r == 0)
		r = check_free(store, host, &network->v6, bridge, err);
	return r < 0 ? r : net_store_save_network(store, network, err);
}

int network_ensure_default(const struct net_store *store, const struct net_host *host, struct error *err)
{
	struct network network = { .v4 = { .prefix = 0 } };
	int r = net_store_load_network(store, network_default, &network, err);

	if (r != -ENOENT)
		return r;
	network = (struct network){ .v4 = { .prefix = 0 } };
	(void)snprintf(network.name, sizeof(network.name), "%s", network_default);
	return network_create(store, host, &network, false, err);
}

int network_remove(const struct net_store *store, const struct net_host *host, const char *name, struct error *err)
{
	struct network network;
	int r = net_store_load_network(store, name, &network, err);

	if (r == -EUCLEAN)
		r = net_store_guess_network(store, name, &network, err); /* another's bridge is known by its MAC */
	if (r < 0)
		return r;
	if (!net_store_unused(store, name))
		return refuse_as(err, EBUSY, "network `%s` is in use: coffer network inspect %s shows by whom", name,
				 name);
	r = host_side_remove_unused(store, host, &network, err);
	return r < 0 ? r : net_store_remove_network(store, name, err);
}
