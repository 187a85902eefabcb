/* reload.c - see attach.h: from records to bridges, ports and rules; and what nobody owns any more goes. */
#include <errno.h>
#include <unistd.h>

#include "attach.h"
#include "base/str.h"
#include "host_side.h"
#include "netlink.h"

struct reload {
	const struct net_store *store;
	const struct net_host *host;
	net_store_endpoint_fn *lost;
	void *context;
	struct error failed; /* what failed first: the rest is made all the same */
};

static void note(struct reload *reload, int r, const struct error *err)
{
	if (r < 0 && reload->failed.code == 0)
		reload->failed = *err;
}

static int restore_port(const struct endpoint *endpoint, const struct network *network, const struct reload *reload,
			struct error *err)
{
	auto_netlink_batch struct netlink_batch batch = NETLINK_BATCH;
	struct link_info bridge = { 0 };
	struct link_info port = { 0 };
	int r = bridge_ensure(reload->store, reload->host, network, &bridge, err);

	if (r == 0)
		r = link_get(reload->host->route, endpoint->host, &port, err);
	/* What limits its rate may be gone, too. */
	if (r == 0 && rate_is_set(&endpoint->rate))
		r = rate_apply(reload->host->route, endpoint->host, &endpoint->rate, err);
	if (r < 0)
		return r;
	link_set_master(&batch, port.index, bridge.index);
	link_hairpin(&batch, port.index);
	link_up(&batch, port.index);
	return netlink_send(reload->host->route, &batch, NULL, NULL, err);
}

/* An interface that is gone cannot be made again from here: its other end is in the container. */
static int restore_endpoint(const struct endpoint *endpoint, void *context, struct error *err)
{
	struct reload *reload = context;
	struct network network;
	int r = net_store_load_network(reload->store, endpoint->network, &network, err);

	if (r < 0 || network.kind != NETWORK_BRIDGE)
		return r;
	r = restore_port(endpoint, &network, reload, err);
	if (r < 0 && link_index(reload->host->route, endpoint->host) == 0)
		return reload->lost ? reload->lost(endpoint, reload->context, err) : 0;
	note(reload, r, err);
	return 0;
}

static int restore_bridge(const struct network *network, void *context, struct error *err)
{
	struct reload *reload = context;

	if (network->kind == NETWORK_BRIDGE && !net_store_unused(reload->store, network->name))
		note(reload, bridge_restore(reload->store, reload->host, network, err), err);
	return 0;
}

int net_reload(const struct net_store *store, net_store_endpoint_fn *lost, void *context, struct error *err)
{
	auto_net_host struct net_host host = NET_HOST_CLOSED;
	struct reload reload = { .store = store, .host = &host, .lost = lost, .context = context };
	int r = net_host_open(&host, err);

	if (r == 0)
		r = net_store_sweep(store, err);
	/* Rules first: no port is without them. */
	if (r == 0 && bridge_any_used(store))
		r = rules_rebuild(store, &host, NULL, err);
	if (r == 0)
		r = net_store_each_network(store, restore_bridge, &reload, err);
	if (r == 0)
		r = net_store_each_endpoint(store, restore_endpoint, &reload, err);
	if (r == 0 && reload.failed.code > 0)
		*err = reload.failed;
	return r == 0 ? -reload.failed.code : r;
}

struct sweep {
	const struct net_store *store;
	const struct net_host *host;
	bool (*has_ended)(const struct endpoint *endpoint);
};

static bool is_dead(const struct sweep *sweep, const struct endpoint *endpoint)
{
	struct network network;
	struct error ignored;

	if (access(endpoint->state, F_OK) < 0)
		return errno == ENOENT;
	return sweep->has_ended && sweep->has_ended(endpoint) &&
	       net_store_load_network(sweep->store, endpoint->network, &network, &ignored) == 0 &&
	       network.kind == NETWORK_BRIDGE && link_index(sweep->host->route, endpoint->host) == 0;
}

static int see_dead(const struct endpoint *endpoint, void *context, struct error *err)
{
	const struct sweep *sweep = context;
	const struct detach detach = { .owner = endpoint->owner, .network = endpoint->network, .netns = NET_UNKNOWN };

	return is_dead(sweep, endpoint) ? net_detach(sweep->store, &detach, err) : 0;
}

static int see_unused(const struct network *network, void *context, struct error *err)
{
	const struct sweep *sweep = context;

	return host_side_remove_unused(sweep->store, sweep->host, network, err);
}

int net_sweep(const struct net_store *store, bool (*has_ended)(const struct endpoint *endpoint), struct error *err)
{
	auto_net_host struct net_host host = NET_HOST_CLOSED;
	struct sweep sweep = { .store = store, .host = &host, .has_ended = has_ended };
	int r = net_host_open(&host, err);

	if (r == 0)
		r = net_store_each_endpoint(store, see_dead, &sweep, err);
	if (r == 0)
		r = net_store_sweep(store, err);
	if (r == 0)
		r = net_store_each_network(store, see_unused, &sweep, err);
	return r;
}
