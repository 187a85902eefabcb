/* network.c - see network.h. */
#include "network.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/str.h"
#include "container_open.h"
#include "fault.h"
#include "net/attach.h"
#include "net/create.h"
#include "net/device.h"
#include "names.h"
#include "network_store.h"
#include "pasta.h"
#include "resolv_conf.h"

enum { PATH_SIZE = 64 };

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
	struct error ignored;
	int r;

	attach->network = join->name;
	attach->v4 = join->v4;
	attach->v6 = join->v6;
	attach->mac = join->has_mac ? join->mac : NULL;
	attach->aliases = join->aliases;
	attach->ports = publishes ? plan->ports : NULL;
	attach->n_ports = publishes ? plan->n_ports : 0;
	r = net_attach(store, attach, ret_network, err);
	/* What is wanted may be a container's that has ended and that nobody has deleted yet. */
	if ((r == -EEXIST || r == -ENOSPC) && net_sweep(store, network_has_ended, &ignored) == 0)
		r = net_attach(store, attach, ret_network, err);
	return r;
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
	const char *run = network_directories(arena).run;
	auto_network_store struct net_store store = NET_STORE_CLOSED;
	struct network network;
	struct error ignored;
	size_t publisher = 0;
	size_t joined = 0;
	int r = network_store_open(&store, err);

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
	auto_network_store struct net_store store = NET_STORE_CLOSED;
	const struct network_directories where = network_directories(arena);
	const struct detach detach = { .owner = id, .state = state_of(arena, runtime, id), .netns = NET_GONE };
	int r;

	pasta_stop(detach.state);
	if (access(arena_printf(arena, "%s/endpoints/%s", where.run, id), F_OK) < 0)
		return 0;
	r = network_store_open(&store, err);
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
	auto_network_store struct net_store store = NET_STORE_CLOSED;
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
	int r = network_store_open(&store, err);

	return r < 0 ? r : net_detach(&store, &detach, err);
}

/* ---- name servers ---- */

int network_name_servers(struct arena *arena, const struct network_plan *plan, const char **ret_lines,
			 struct error *err)
{
	auto_net_host struct net_host host = NET_HOST_CLOSED;
	auto_network_store struct net_store store = NET_STORE_CLOSED;
	const char *lines = "";
	int r = network_store_open(&store, err);

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
	auto_network_store struct net_store store = NET_STORE_CLOSED;
	auto_names char **names = NULL;
	int r = network_store_open(&store, err);

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
