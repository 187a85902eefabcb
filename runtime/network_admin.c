/* network_admin.c - see network.h: networks themselves, their containers, and what is made again or swept up. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "container_open.h"
#include "names.h"
#include "net/attach.h"
#include "net/create.h"
#include "net/port.h"
#include "network.h"
#include "network_store.h"
#include "pasta.h"

/* ---- definitions ---- */

int network_define(struct network *network, bool v6, struct error *err)
{
	auto_net_host struct net_host host = NET_HOST_CLOSED;
	auto_network_store struct net_store store = NET_STORE_CLOSED;
	int r = network_store_open(&store, err);

	if (r == 0)
		r = net_host_open(&host, err);
	return r < 0 ? r : network_create(&store, &host, network, v6, err);
}

struct firewalls network_firewalls(void)
{
	struct firewalls found = { .count = 0 };
	struct error ignored;
	auto_fd int netfilter = -1;

	if (netlink_open(NETLINK_NETFILTER, &netfilter, &ignored) < 0 ||
	    firewalls_find(netfilter, &found, &ignored) < 0)
		found.count = 0;
	return found;
}

int network_undefine(const char *name, struct error *err)
{
	auto_net_host struct net_host host = NET_HOST_CLOSED;
	auto_net_store struct net_store store = NET_STORE_CLOSED;
	int r = network_store_open(&store, err);

	if (r == 0)
		r = net_host_open(&host, err);
	return r < 0 ? r : network_remove(&store, &host, name, err);
}

int network_find(const char *name, struct network *ret, struct error *err)
{
	auto_net_store struct net_store store = NET_STORE_CLOSED;
	int r = network_store_open(&store, err);

	return r < 0 ? r : net_store_load_network(&store, name, ret, err);
}

int network_list(struct arena *arena, struct network **ret, size_t *ret_count, struct error *err)
{
	auto_network_store struct net_store store = NET_STORE_CLOSED;
	auto_names char **names = NULL;
	struct network *networks;
	size_t count = 0;
	int r = network_store_open(&store, err);

	if (r == 0)
		r = net_store_networks(&store, &names, err);
	if (r < 0)
		return r;
	networks = arena_array(arena, str_list_length((const char *const *)names) + 1, sizeof(*networks));
	for (char **name = names; name && *name; name++) {
		struct error ignored;

		if (net_store_load_network(&store, *name, &networks[count], &ignored) == 0)
			count++;
	}
	*ret = networks;
	*ret_count = count;
	return 0;
}

struct collect {
	struct arena *arena;
	const char *network; /* NULL: any */
	const char *state;   /* of a container; NULL: of any */
	struct endpoint *found;
	size_t count, room;
};

static int see_endpoint(const struct endpoint *endpoint, void *context, struct error *err)
{
	struct collect *collect = context;
	struct endpoint *more;

	(void)err;
	if ((collect->network && !str_eq(endpoint->network, collect->network)) ||
	    (collect->state && !str_eq(endpoint->state, collect->state)))
		return 0;
	if (collect->count == collect->room) {
		collect->room = collect->room * 2 + 8;
		more = arena_array(collect->arena, collect->room, sizeof(*more));
		if (collect->count > 0)
			memcpy(more, collect->found, collect->count * sizeof(*more));
		collect->found = more;
	}
	more = &collect->found[collect->count++];
	*more = *endpoint;
	more->ports = arena_array(collect->arena, endpoint->n_ports + 1, sizeof(*more->ports));
	if (endpoint->n_ports > 0)
		memcpy(more->ports, endpoint->ports, endpoint->n_ports * sizeof(*more->ports));
	return 0;
}

static int collect_endpoints(struct collect *collect, struct endpoint **ret, size_t *ret_count, struct error *err)
{
	auto_network_store struct net_store store = NET_STORE_CLOSED;
	int r = network_store_open(&store, err);

	if (r == 0)
		r = net_store_each_endpoint(&store, see_endpoint, collect, err);
	if (r < 0)
		return r;
	*ret = collect->found;
	*ret_count = collect->count;
	return 0;
}

int network_endpoints(struct arena *arena, const char *network, struct endpoint **ret, size_t *ret_count,
		      struct error *err)
{
	struct collect collect = { .arena = arena, .network = network };

	return collect_endpoints(&collect, ret, ret_count, err);
}

int network_endpoints_of(const struct runtime *runtime, struct arena *arena, const char *id, struct endpoint **ret,
			 size_t *ret_count, struct error *err)
{
	struct collect collect = { .arena = arena, .state = arena_printf(arena, "%s/%s", runtime->root, id) };

	return collect_endpoints(&collect, ret, ret_count, err);
}

int network_pasta_ports(const struct runtime *runtime, struct arena *arena, const char *id, struct nft_port **ret_ports,
			size_t *ret_count, struct error *err)
{
	auto_open_container struct open_container container = CONTAINER_NOT_OPEN;
	int r = container_open(runtime, id, CONTAINER_UNLOCKED, &container, err);

	if (r == 0)
		*ret_count = pasta_ports(arena, container.dir.path, ret_ports);
	return r;
}

const char *network_port_text(const struct nft_port *port, char *buffer)
{
	return port_text(port, buffer);
}

static int start_names(const struct endpoint *endpoint, void *context, struct error *err)
{
	auto_arena struct arena *arena = arena_new();
	struct network network;
	int r = net_store_load_network(context, endpoint->network, &network, err);

	return r < 0 || network.no_names ? r : names_ask(network_directories(arena).run, network.name, err);
}

struct lost {
	struct arena *arena;
	const char **lines;
	size_t count;
};

/* One that has ended has none to lose. */
static int see_lost(const struct endpoint *endpoint, void *context, struct error *err)
{
	struct lost *lost = context;
	auto_open_container struct open_container container = CONTAINER_NOT_OPEN;
	const char **lines = arena_array(lost->arena, lost->count + 2, sizeof(*lines));
	struct error ignored;

	(void)err;
	if (network_open_owner(lost->arena, endpoint, &container, &ignored) < 0 || !state_alive(&container.state))
		return 0;
	if (lost->count > 0)
		memcpy(lines, lost->lines, lost->count * sizeof(*lines));
	lines[lost->count++] = arena_printf(lost->arena,
					    "container `%s` has lost its interface on network `%s`: "
					    "disconnect and connect it, or start it anew",
					    endpoint->owner, endpoint->network);
	lost->lines = lines;
	return 0;
}

int network_reload(struct arena *arena, const char ***ret_lost, struct error *err)
{
	struct lost lost = { .arena = arena, .lines = arena_array(arena, 1, sizeof(*lost.lines)) };
	auto_network_store struct net_store store = NET_STORE_CLOSED;
	int r = network_store_open(&store, err);

	if (r == 0)
		r = net_reload(&store, see_lost, &lost, err);
	if (r == 0)
		r = net_store_each_endpoint(&store, start_names, &store, err);
	*ret_lost = lost.lines;
	if (r == 0 && *store.broken)
		return refuse(err, "all else is made again, but what files tell that cannot be read is not");
	return r;
}

int network_names_main(struct error *err)
{
	auto_arena struct arena *arena = arena_new();
	const struct network_directories where = network_directories(arena);

	return names_main(where.config, where.run, err);
}

int network_prune(struct arena *arena, const char ***ret_names, struct error *err)
{
	auto_net_host struct net_host host = NET_HOST_CLOSED;
	auto_network_store struct net_store store = NET_STORE_CLOSED;
	auto_names char **names = NULL;
	struct network network;
	const char **removed;
	size_t count = 0;
	int r = network_store_open(&store, err);

	if (r == 0)
		r = net_host_open(&host, err);
	if (r == 0)
		r = net_sweep(&store, network_has_ended, err);
	if (r == 0)
		r = net_store_networks(&store, &names, err);
	if (r < 0)
		return r;
	removed = arena_array(arena, str_list_length((const char *const *)names) + 1, sizeof(*removed));
	for (char **name = names; r == 0 && *name; name++) {
		if (str_eq(*name, network_default) || net_store_load_network(&store, *name, &network, err) == -EUCLEAN)
			continue;
		r = network_remove(&store, &host, *name, err);
		if (r == 0)
			removed[count++] = arena_strdup(arena, *name);
		if (r == -EBUSY)
			r = 0;
	}
	*ret_names = removed;
	return r;
}
