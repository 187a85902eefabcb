/* network.c - see network.h. */
#include "network.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/str.h"
#include "container_open.h"
#include "fault.h"
#include "net/attach.h"
#include "net/create.h"
#include "net/device.h"
#include "net/port.h"
#include "names.h"
#include "pasta.h"
#include "resolv_conf.h"

enum { PATH_SIZE = 64 };

struct directories {
	char *config, *run;
};

static struct directories directories(struct arena *arena)
{
	const char *given = getenv("COFFER_NETWORKS");

	if (given && given[0] == '/')
		return (struct directories){ arena_printf(arena, "%s/config", given),
					     arena_printf(arena, "%s/run", given) };
	return (struct directories){ arena_strdup(arena, "/var/lib/coffer/networks"),
				     arena_strdup(arena, "/run/coffer-networks") };
}

static int open_store(struct net_store *store, struct error *err)
{
	auto_arena struct arena *arena = arena_new();
	const struct directories where = directories(arena);

	if (geteuid() != 0)
		return refuse_as(err, EPERM, "networks need root: they change the host's interfaces and rules");
	return net_store_open(where.config, where.run, store, err);
}

/* What was left out is said once, when all else is done. */
static void close_store(struct net_store *store)
{
	for (const struct net_broken *at = store->broken ? *store->broken : NULL; at; at = at->next)
		log_message(LOG_LEVEL_ERROR, "%s is left out: %s", at->file, at->why);
	net_store_close(store);
}

#define auto_store auto_cleanup(close_store)

static char *state_of(struct arena *arena, const struct runtime *runtime, const char *id)
{
	return arena_printf(arena, "%s/%s", runtime->root, id);
}

/* ---- joining and leaving ---- */

/* Which of several networks gets the ports: the first that they can be reached on. Without one the first of all says
   what it does with them. */
static size_t find_publisher(const struct net_store *store, const struct network_plan *plan)
{
	for (size_t i = 0; plan->n_ports > 0 && plan->n_joins > 1 && i < plan->n_joins; i++) {
		struct network network = { .kind = NETWORK_BRIDGE }; /* as the default one is, once it is made */
		struct error ignored;
		const int r = net_store_load_network(store, plan->joins[i].name, &network, &ignored);

		if ((r == 0 || r == -ENOENT) && network.kind == NETWORK_BRIDGE && !network.internal)
			return i;
	}
	return 0;
}

static int join_one(const struct net_store *store, struct attach *attach, const struct network_plan *plan, size_t index,
		    bool publishes, struct network *ret_network, struct error *err)
{
	const struct network_join *join = &plan->joins[index];

	attach->network = join->name;
	attach->v4 = join->v4;
	attach->v6 = join->v6;
	attach->mac = join->has_mac ? join->mac : NULL;
	attach->aliases = join->aliases;
	attach->ports = publishes ? plan->ports : NULL;
	attach->n_ports = publishes ? plan->n_ports : 0;
	return net_attach(store, attach, ret_network, err);
}

const char *network_default_word(void)
{
	const char *given = getenv("COFFER_DEFAULT_NETWORK");

	if (given && *given)
		return given;
	return geteuid() == 0 ? network_default : "pasta";
}

/* Of a process whose number stays its own: a child, or a process that is found alive afterwards. */
static int open_netns(pid_t pid, struct error *err)
{
	char path[PATH_SIZE];
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? fail(err, errno, "open %s", path) : fd;
}

static int open_live_netns(const struct state *state, struct error *err)
{
	struct error failed = { .text = "" };
	auto_fd int netns = open_netns(state->pid, &failed);
	auto_fd int pidfd = state_pidfd(state, err);

	if (pidfd < 0)
		return -err->code;
	if (netns < 0)
		*err = failed;
	return netns < 0 ? netns : take_fd(&netns);
}

int network_of_container(const struct runtime *runtime, const char *id, struct error *err)
{
	auto_open_container struct open_container container = CONTAINER_NOT_OPEN;
	int r = container_open(runtime, id, CONTAINER_UNLOCKED, &container, err);

	return r < 0 ? r : open_live_netns(&container.state, err);
}

static int join_all(const char *id, const char *state, int netns, const struct network_plan *plan, struct error *err)
{
	struct attach attach = { .owner = id, .state = state, .netns = netns, .rate = plan->rate };
	auto_arena struct arena *arena = arena_new();
	const char *run = directories(arena).run;
	auto_store struct net_store store = NET_STORE_CLOSED;
	struct network network;
	struct error ignored;
	size_t publisher = 0;
	size_t joined = 0;
	int r = open_store(&store, err);

	if (r == 0)
		publisher = find_publisher(&store, plan);
	while (r == 0 && joined < plan->n_joins) {
		r = join_one(&store, &attach, plan, joined, joined == publisher, &network, err);
		if (r < 0)
			break;
		joined++;
		fault_point("network-joined");
		r = network.no_names ? 0 : names_ensure(run, &network, err); /* ready before the container starts */
		fault_point("network-named");
	}
	for (size_t i = 0; r < 0 && i < joined; i++) {
		const struct detach detach = {
			.owner = id, .state = state, .network = plan->joins[i].name, .netns = netns
		};

		(void)net_detach(&store, &detach, &ignored);
	}
	if (r == -EPROTONOSUPPORT || r == -EOPNOTSUPP)
		return context(err, "this kernel lacks what the network takes: bridge, veth and nf_tables, or its "
				    "driver (--network none or host does without)");
	return r;
}

int network_join(const struct runtime *runtime, const char *id, pid_t pid, const struct network_plan *plan,
		 struct error *err)
{
	auto_arena struct arena *arena = arena_new();
	const char *state = state_of(arena, runtime, id);
	auto_fd int netns = -1;

	if (plan->mode == NETWORK_MODE_PASTA)
		return pasta_start(pid, state, plan->ports, plan->n_ports, err);
	if (plan->mode != NETWORK_MODE_NAMED)
		return 0;
	netns = open_netns(pid, err);
	return netns < 0 ? netns : join_all(id, state, netns, plan, err);
}

int network_bring_devices(pid_t pid, const struct config *config, struct error *err)
{
	auto_fd int netns = -1;

	if (config->n_net_devices == 0)
		return 0;
	netns = open_netns(pid, err);
	if (netns < 0)
		return netns;
	for (size_t i = 0; i < config->n_net_devices; i++) {
		const struct config_net_device *device = &config->net_devices[i];

		if (device_move(netns, device->name, device->as, err) < 0)
			return context(err, "linux.netDevices.%s", device->name);
	}
	return 0;
}

int network_leave(const struct runtime *runtime, const char *id, struct error *err)
{
	auto_arena struct arena *arena = arena_new();
	auto_store struct net_store store = NET_STORE_CLOSED;
	const struct directories where = directories(arena);
	const struct detach detach = { .owner = id, .state = state_of(arena, runtime, id), .netns = NET_GONE };
	int r;

	pasta_stop(detach.state);
	if (access(arena_printf(arena, "%s/endpoints/%s", where.run, id), F_OK) < 0)
		return 0;
	r = open_store(&store, err);
	return r < 0 ? r : net_detach(&store, &detach, err);
}

/* It is on the network, whatever becomes of this. */
static void tell_servers(const struct state *state, const struct network_plan *plan)
{
	auto_arena struct arena *arena = arena_new();
	const char *lines = "";
	struct error err;

	if (!state->own_bundle || !resolv_conf_is_empty(state->bundle))
		return;
	if (network_name_servers(arena, plan, &lines, &err) < 0 || resolv_conf_fill(state->bundle, lines, &err) < 0)
		log_message(LOG_LEVEL_WARNING, "%s", err.text);
}

int network_connect(const struct runtime *runtime, const char *id, const struct network_plan *plan, struct error *err)
{
	auto_arena struct arena *arena = arena_new();
	auto_open_container struct open_container container = CONTAINER_NOT_OPEN;
	auto_fd int netns = -1;
	int r = container_open(runtime, id, CONTAINER_LOCKED, &container, err);

	if (r < 0)
		return r;
	netns = open_live_netns(&container.state, err);
	if (netns < 0)
		return context(err, "cannot connect container `%s` to network %s", id, plan->joins[0].name);
	r = join_all(id, state_of(arena, runtime, id), netns, plan, err);
	if (r == 0)
		tell_servers(&container.state, plan);
	return r;
}

struct named {
	const struct runtime *runtime;
	const char *id;
};

/* A live container's; NET_UNKNOWN: it does not live. */
static int netns_of(void *context)
{
	const struct named *named = context;
	struct error ignored;
	const int netns = network_of_container(named->runtime, named->id, &ignored);

	return netns < 0 ? NET_UNKNOWN : netns;
}

int network_disconnect(const struct runtime *runtime, const char *id, const char *network, struct error *err)
{
	auto_arena struct arena *arena = arena_new();
	auto_store struct net_store store = NET_STORE_CLOSED;
	struct named named = { .runtime = runtime, .id = id };
	const struct detach detach = {
		.owner = id,
		.state = state_of(arena, runtime, id),
		.network = network,
		.has_to_be = true,
		.netns = NET_UNKNOWN,
		.find_netns = netns_of,
		.context = &named,
	};
	int r = open_store(&store, err);

	return r < 0 ? r : net_detach(&store, &detach, err);
}

/* ---- definitions ---- */

int network_define(struct network *network, bool v6, struct error *err)
{
	auto_net_host struct net_host host = NET_HOST_CLOSED;
	auto_store struct net_store store = NET_STORE_CLOSED;
	int r = open_store(&store, err);

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
	int r = open_store(&store, err);

	if (r == 0)
		r = net_host_open(&host, err);
	return r < 0 ? r : network_remove(&store, &host, name, err);
}

int network_find(const char *name, struct network *ret, struct error *err)
{
	auto_net_store struct net_store store = NET_STORE_CLOSED;
	int r = open_store(&store, err);

	return r < 0 ? r : net_store_load_network(&store, name, ret, err);
}

int network_list(struct arena *arena, struct network **ret, size_t *ret_count, struct error *err)
{
	auto_store struct net_store store = NET_STORE_CLOSED;
	auto_names char **names = NULL;
	struct network *networks;
	size_t count = 0;
	int r = open_store(&store, err);

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
	const char *network, *id;
	struct endpoint *found;
	size_t count, room;
};

static int see_endpoint(const struct endpoint *endpoint, void *context, struct error *err)
{
	struct collect *collect = context;
	struct endpoint *more;

	(void)err;
	if ((collect->network && !str_eq(endpoint->network, collect->network)) ||
	    (collect->id && !str_eq(endpoint->owner, collect->id)))
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

int network_endpoints(struct arena *arena, const char *network, const char *id, struct endpoint **ret,
		      size_t *ret_count, struct error *err)
{
	struct collect collect = { .arena = arena, .network = network, .id = id };
	auto_store struct net_store store = NET_STORE_CLOSED;
	int r = open_store(&store, err);

	if (r == 0)
		r = net_store_each_endpoint(&store, see_endpoint, &collect, err);
	if (r < 0)
		return r;
	*ret = collect.found;
	*ret_count = collect.count;
	return 0;
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

	return r < 0 || network.no_names ? r : names_ask(directories(arena).run, network.name, err);
}

struct lost {
	struct arena *arena;
	const char **lines;
	size_t count;
};

/* One that has ended has none to lose. Which state root its container is of its record tells. */
static int see_lost(const struct endpoint *endpoint, void *context, struct error *err)
{
	struct lost *lost = context;
	char *root = arena_strdup(lost->arena, endpoint->state);
	char *slash = strrchr(root, '/');
	const struct runtime runtime = { .root = root };
	const char **lines = arena_array(lost->arena, lost->count + 2, sizeof(*lines));
	struct error ignored;
	auto_fd int netns = -1;

	(void)err;
	if (slash)
		*slash = '\0';
	netns = network_of_container(&runtime, endpoint->owner, &ignored);
	if (netns < 0)
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
	auto_store struct net_store store = NET_STORE_CLOSED;
	int r = open_store(&store, err);

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
	const struct directories where = directories(arena);

	return names_main(where.config, where.run, err);
}

int network_name_servers(struct arena *arena, const struct network_plan *plan, const char **ret_lines,
			 struct error *err)
{
	auto_net_host struct net_host host = NET_HOST_CLOSED;
	auto_store struct net_store store = NET_STORE_CLOSED;
	const char *lines = "";
	int r = open_store(&store, err);

	for (size_t i = 0; r == 0 && i < plan->n_joins; i++) {
		struct network network;
		char text[IP_TEXT_SIZE];

		r = net_store_load_network(&store, plan->joins[i].name, &network, err);
		if (r == -ENOENT && str_eq(plan->joins[i].name, network_default)) {
			r = net_host_open(&host, err);
			if (r == 0)
				r = network_ensure_default(&store, &host, err);
			if (r == 0)
				r = net_store_load_network(&store, network_default, &network, err);
		}
		if (r == 0 && !network.no_names)
			lines = arena_printf(arena, "%snameserver %s\n", lines,
					     ip_text(ip_is_set(&network.v4.address) ? &network.v4.address
										    : &network.v6.address,
						     text));
	}
	*ret_lines = lines;
	return r;
}

static int plan_of(struct arena *arena, const char *id, struct network_plan *ret, struct error *err)
{
	auto_store struct net_store store = NET_STORE_CLOSED;
	auto_names char **names = NULL;
	int r = open_store(&store, err);

	if (r == 0)
		r = net_store_networks_of(&store, id, &names, err);
	if (r < 0)
		return r;
	ret->joins = arena_array(arena, str_list_length((const char *const *)names) + 1, sizeof(*ret->joins));
	for (char **name = names; name && *name; name++)
		ret->joins[ret->n_joins++].name = arena_strdup(arena, *name);
	return 0;
}

const char *network_name_servers_of(struct arena *arena, const struct runtime *runtime, const char *id)
{
	auto_open_container struct open_container container = CONTAINER_NOT_OPEN;
	struct network_plan plan = { .mode = NETWORK_MODE_NAMED };
	struct error ignored;
	const char *text = NULL;

	if (container_open(runtime, id, CONTAINER_UNLOCKED, &container, &ignored) < 0)
		return NULL;
	if (container.state.own_bundle)
		text = resolv_conf_read(arena, container.state.bundle);
	if (!text && (plan_of(arena, id, &plan, &ignored) < 0 ||
		      network_name_servers(arena, &plan, &text, &ignored) < 0 || !*text))
		return NULL;
	return text;
}

int network_prune(struct arena *arena, const char ***ret_names, struct error *err)
{
	auto_net_host struct net_host host = NET_HOST_CLOSED;
	auto_store struct net_store store = NET_STORE_CLOSED;
	auto_names char **names = NULL;
	struct network network;
	const char **removed;
	size_t count = 0;
	int r = open_store(&store, err);

	if (r == 0)
		r = net_host_open(&host, err);
	if (r == 0)
		r = net_sweep(&store, err);
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
