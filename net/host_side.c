/* host_side.c - see host_side.h. */
#include "host_side.h"

#include <errno.h>

#include "base/str.h"

static int make_vlan(const struct net_host *host, const struct network *network, const char *name, unsigned parent,
		     struct error *err)
{
	auto_netlink_batch struct netlink_batch batch = NETLINK_BATCH;
	const struct link_vlan vlan = { .name = name, .parent = parent, .id = network->vlan };
	int r;

	link_add_vlan(&batch, &vlan);
	r = netlink_send(host->route, &batch, NULL, NULL, err);
	if (r == -EEXIST)
		return refuse_as(err, EEXIST, "%s has an interface for VLAN %u already: that can be the parent",
				 network->parent, network->vlan);
	return r;
}

static int find_parent(const struct net_host *host, const struct network *network, struct link_info *ret_link,
		       struct error *err)
{
	int r = link_get(host->route, network->parent, ret_link, err);

	if (r == -ENODEV)
		return refuse_as(err, ENODEV, "the parent %s is not there", network->parent);
	if (r == 0 && !(ret_link->flags & IFF_UP))
		return refuse_as(err, ENETDOWN, "the parent %s is down", network->parent);
	return r;
}

static int parent_ensure(const struct net_store *store, const struct net_host *host, const struct network *network,
			 struct link_info *ret_link, struct error *err)
{
	char name[IFNAMSIZ];
	struct link_info parent = { 0 };
	int r = find_parent(host, network, &parent, err);

	if (r < 0 || !network->vlan) {
		*ret_link = parent;
		return r;
	}
	(void)network_parent_name(network, name);
	r = link_get(host->route, name, ret_link, err);
	if (r != -ENODEV)
		return r;
	r = make_vlan(host, network, name, parent.index, err);
	net_store_reached(store, "VLAN made");
	return r < 0 ? r : link_get(host->route, name, ret_link, err);
}

static int parent_remove_unused(const struct net_store *store, const struct net_host *host,
				const struct network *network, struct error *err)
{
	auto_netlink_batch struct netlink_batch batch = NETLINK_BATCH;
	char name[IFNAMSIZ];
	int r;

	if (!network->vlan || !net_store_unused(store, network->name))
		return 0;
	link_delete(&batch, network_parent_name(network, name));
	batch.optional = true;
	r = netlink_send(host->route, &batch, NULL, NULL, err);
	net_store_reached(store, "VLAN removed");
	return r;
}

int host_side_ensure(const struct net_store *store, const struct net_host *host, const struct network *network,
		     struct link_info *ret_link, struct error *err)
{
	switch (network->kind) {
	case NETWORK_BRIDGE:
		return bridge_ensure(store, host, network, ret_link, err);
	case NETWORK_MACVLAN:
	case NETWORK_IPVLAN:
		return parent_ensure(store, host, network, ret_link, err);
	case NETWORK_DEVICE: /* in the container already, or found by interface_bring() */
	case NETWORK_KIND_MAX:
		break;
	}
	return 0;
}

int host_side_remove_unused(const struct net_store *store, const struct net_host *host, const struct network *network,
			    struct error *err)
{
	return network->kind == NETWORK_BRIDGE ? bridge_remove_unused(store, host, network, err)
					       : parent_remove_unused(store, host, network, err);
}
