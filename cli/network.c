/* network.c - `coffer network COMMAND`: each command is a verb of its own, with a table of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/log.h"
#include "base/str.h"
#include "help.h"
#include "net_print.h"
#include "print.h"
#include "runtime/network.h"
#include "verb.h"

/* ---- create ---- */

struct define_options {
	const char *subnet, *subnet6, *gateway, *gateway6, *interface, *local;
	const char *const *range, *const *reserve, *const *peer, *const *opt;
	bool ipv6, internal, open, spoof, no_names;
	unsigned driver;
	struct opt_u64 mtu, vxlan, vlan;
};

static const struct cli_option define_options[] = {
	CHOICE_ROW(struct define_options, driver, network_kind_names, "driver", 'd', "DRIVER",
		   "bridge (default), macvlan, ipvlan, host-device"),
	LIST_ROW(struct define_options, opt, "opt", 'o', "KEY=VALUE",
		 "parent=INTERFACE and mode=MODE of drivers but bridge; vlan=, mtu="),
	TEXT_ROW(struct define_options, subnet, "subnet", 0, "NETWORK", "IPv4 network (default: a free one)"),
	TEXT_ROW(struct define_options, gateway, "gateway", 0, "ADDRESS",
		 "the host's address in it (default: the first)"),
	FLAG_ROW(struct define_options, ipv6, "ipv6", 0, "IPv6 too, by default of a made-up network"),
	TEXT_ROW(struct define_options, subnet6, "subnet6", 0, "NETWORK", "IPv6 network; alone: no IPv4"),
	TEXT_ROW(struct define_options, gateway6, "gateway6", 0, "ADDRESS", "the host's address in that"),
	LIST_ROW(struct define_options, range, "ip-range", 0, "NETWORK",
		 "give addresses from this part; the rest is for --ip"),
	LIST_ROW(struct define_options, reserve, "reserve", 0, "ADDRESS[-LAST]",
		 "give these, or a NETWORK of them, to --ip only"),
	NUMBER_ROW(struct define_options, vlan, "vlan", 0, "NUMBER", "the bridge's ports are in it; or, on the parent"),
	NUMBER_ROW(struct define_options, vxlan, "vxlan", 0, "VNI", "one network over several hosts, by VXLAN"),
	TEXT_ROW(struct define_options, local, "local", 0, "ADDRESS", "of VXLAN: this host's among the peers"),
	LIST_ROW(struct define_options, peer, "peer", 0, "ADDRESS", "of VXLAN: another host"),
	FLAG_ROW(struct define_options, internal, "internal", 0, "no way out, and none in"),
	FLAG_ROW(struct define_options, open, "open", 0, "other networks that are open may reach it"),
	FLAG_ROW(struct define_options, no_names, "no-names", 0, "no name server for its containers"),
	FLAG_ROW(struct define_options, spoof, "spoof", 0, "containers may send under any address"),
	TEXT_ROW(struct define_options, interface, "interface", 0, "NAME", "of the bridge (default: after the name)"),
	NUMBER_ROW(struct define_options, mtu, "mtu", 0, "BYTES", "default: as the default route's"),
	END_ROW,
};

static int take_subnet(const char *subnet, const char *gateway, int family, struct ip_network *ret, struct error *err)
{
	struct ip_network net;
	struct ip_network own;

	if (!subnet)
		return gateway ? refuse(err, "a gateway needs its network: --subnet or --subnet6") : 0;
	if (ip_network_parse(subnet, &net, err) < 0)
		return -err->code;
	if (net.address.family != family)
		return refuse(err,
			      family == AF_INET ? "%s: IPv6 networks are given by --subnet6"
						: "%s: IPv4 networks are given by --subnet",
			      subnet);
	own = ip_network_of(&net);
	if (!ip_equal(&own.address, &net.address))
		return refuse(err, "%s: not a network, it has host bits", subnet);
	if (ip_count(&net) < 2)
		return refuse(err, "%s: one address is no network for a gateway and containers", subnet);
	own.address = ip_at(&net, 1);
	if (gateway && ip_parse(gateway, &own.address, err) < 0)
		return -err->code;
	if (!ip_network_has(&net, &own.address))
		return refuse(err, "the gateway %s is not in %s", gateway, subnet);
	*ret = own;
	return 0;
}

static int take_ranges(const struct define_options *options, struct network *network, struct error *err)
{
	for (const char *const *word = options->range; word && *word; word++) {
		struct ip_network range;

		if (ip_network_parse(*word, &range, err) < 0)
			return context(err, "--ip-range");
		*(range.address.family == AF_INET ? &network->range4 : &network->range6) = range;
	}
	for (const char *const *word = options->reserve; word && *word; word++)
		if (network_reserve(network, *word, err) < 0)
			return context(err, "--reserve");
	return 0;
}

static int take_vxlan(const struct define_options *options, struct network *network, struct error *err)
{
	if (options->vxlan.set && (options->vxlan.value == 0 || options->vxlan.value > NETWORK_VNI_MAX))
		return refuse(err, "--vxlan: a number from 1 to %d", NETWORK_VNI_MAX);
	network->vni = (uint32_t)options->vxlan.value;
	if (options->local && ip_parse(options->local, &network->underlay, err) < 0)
		return context(err, "--local");
	for (const char *const *word = options->peer; word && *word; word++) {
		if (network->n_peers == NETWORK_PEERS_MAX)
			return refuse(err, "more than %d peers", NETWORK_PEERS_MAX);
		if (ip_parse(*word, &network->peers[network->n_peers++], err) < 0)
			return context(err, "--peer");
	}
	return 0;
}

static int take_parent(const char *value, struct network *network, struct error *err)
{
	if (!link_name_valid(value))
		return refuse(err, "\"%.32s\" is not a name for an interface", value);
	(void)snprintf(network->parent, sizeof(network->parent), "%s", value);
	return 0;
}

static int take_mode(const char *value, struct network *network, struct error *err)
{
	return network_set_mode(network, value, err);
}

static int set_vlan(uint64_t vlan, struct network *network, struct error *err)
{
	if (vlan == 0 || vlan > LINK_VLAN_MAX)
		return refuse(err, "a VLAN has a number from 1 to %d", LINK_VLAN_MAX);
	network->vlan = (uint16_t)vlan;
	return 0;
}

static int set_mtu(uint64_t mtu, struct network *network, struct error *err)
{
	if (mtu < NETWORK_MTU_MIN || mtu > NETWORK_MTU_MAX)
		return refuse(err, "an MTU is between %d and %d", NETWORK_MTU_MIN, NETWORK_MTU_MAX);
	network->mtu = (unsigned)mtu;
	return 0;
}

static int take_vlan(const char *value, struct network *network, struct error *err)
{
	uint64_t vlan = 0; /* of what is no number, too */

	(void)str_to_u64(value, UINT64_MAX, &vlan);
	return set_vlan(vlan, network, err);
}

static int take_mtu(const char *value, struct network *network, struct error *err)
{
	uint64_t mtu = 0;

	(void)str_to_u64(value, UINT64_MAX, &mtu);
	return set_mtu(mtu, network, err);
}

static int take_numbers(const struct define_options *options, struct network *network, struct error *err)
{
	if (options->vlan.set && set_vlan(options->vlan.value, network, err) < 0)
		return context(err, "--vlan");
	return options->mtu.set ? set_mtu(options->mtu.value, network, err) : 0;
}

/* What Podman and Docker have as -o of a network. */
static int take_opts(const struct define_options *options, struct network *network, struct error *err)
{
	static const struct {
		const char *key;
		int (*take)(const char *value, struct network *network, struct error *err);
	} keys[] = { { "parent=", take_parent }, { "mode=", take_mode }, { "vlan=", take_vlan }, { "mtu=", take_mtu } };
	int r = network_set_mode(network, NULL, err);

	for (const char *const *word = options->opt; r == 0 && word && *word; word++) {
		size_t i = 0;

		while (i < ARRAY_SIZE(keys) && !str_starts(*word, keys[i].key))
			i++;
		if (i == ARRAY_SIZE(keys))
			return refuse(err, "-o %.64s: there are parent=, mode=, vlan= and mtu=", *word);
		r = keys[i].take(*word + strlen(keys[i].key), network, err);
		if (r < 0)
			return context(err, "-o %.64s", *word);
	}
	return r;
}

static void tell_of_firewalls(const struct network *network)
{
	const struct firewalls others = network_firewalls();

	if (others.count > 0)
		log_message(LOG_LEVEL_WARNING,
			    "network %s: another firewall (%s) drops what it is not told to let pass; how to allow %s: "
			    "FIREWALLS in coffer-network(1)",
			    network->name, others.texts[0], network->bridge);
}

static int define(const struct invocation *in, int *ret_exit, struct error *err)
{
	const struct define_options *options = in->options;
	struct network network = { .kind = options->driver,
				   .internal = options->internal,
				   .open = options->open,
				   .may_spoof = options->spoof,
				   .no_names = options->no_names };
	int r = take_subnet(options->subnet, options->gateway, AF_INET, &network.v4, err);

	(void)ret_exit;
	if (r == 0)
		r = take_subnet(options->subnet6, options->gateway6, AF_INET6, &network.v6, err);
	if (r == 0)
		r = take_ranges(options, &network, err);
	if (r == 0)
		r = take_vxlan(options, &network, err);
	if (r == 0)
		r = take_opts(options, &network, err);
	if (r == 0)
		r = take_numbers(options, &network, err);
	if (r < 0)
		return r;
	if (strlen(in->arguments[0]) >= sizeof(network.name))
		return refuse(err, "\"%.70s\": the name is too long", in->arguments[0]);
	(void)snprintf(network.name, sizeof(network.name), "%s", in->arguments[0]);
	if (options->interface && !link_name_valid(options->interface))
		return refuse(err, "\"%.32s\" is not a name for an interface", options->interface);
	if (options->interface)
		(void)snprintf(network.bridge, sizeof(network.bridge), "%s", options->interface);
	r = network_define(&network, options->ipv6, err);
	if (r == 0 && network.kind == NETWORK_BRIDGE)
		tell_of_firewalls(&network);
	return r < 0 ? r : print_text(network.name, err);
}

/* ---- list, inspect ---- */

struct list_options {
	bool quiet;
	unsigned format;
};

enum { FORMAT_TABLE, FORMAT_JSON };

static const char *const formats[] = { [FORMAT_TABLE] = "table", [FORMAT_JSON] = "json", NULL };

static const struct cli_option list_options[] = {
	FLAG_ROW(struct list_options, quiet, "quiet", 'q', "only the names"),
	CHOICE_ROW(struct list_options, format, formats, "format", 'f', "FORMAT", "table (default) or json"),
	END_ROW,
};

static int list(const struct invocation *in, int *ret_exit, struct error *err)
{
	const struct list_options *options = in->options;
	struct network *networks = NULL;
	size_t count = 0;
	int r = network_list(in->arena, &networks, &count, err);

	(void)ret_exit;
	if (r < 0)
		return r;
	if (options->format == FORMAT_JSON)
		return print_text(network_list_json(in->arena, networks, count), err);
	if (options->quiet && count == 0)
		return 0;
	return print_text(network_list_table(in->arena, networks, count, options->quiet), err);
}

static int inspect(const struct invocation *in, int *ret_exit, struct error *err)
{
	struct network network;
	struct endpoint *endpoints = NULL;
	size_t count = 0;
	const struct firewalls others = network_firewalls();
	int r = network_find(in->arguments[0], &network, err);

	(void)ret_exit;
	if (r == 0)
		r = network_endpoints(in->arena, in->arguments[0], &endpoints, &count, err);
	return r < 0 ? r : print_text(network_json(in->arena, &network, endpoints, count, &others), err);
}

/* ---- the others ---- */

static int undefine(const struct invocation *in, int *ret_exit, struct error *err)
{
	int r = 0;

	(void)ret_exit;
	for (size_t i = 0; r == 0 && i < in->n_arguments; i++)
		r = network_undefine(in->arguments[i], err);
	return r;
}

static int reload(const struct invocation *in, int *ret_exit, struct error *err)
{
	const char **lost = NULL;
	int r = network_reload(in->arena, &lost, err);

	if (r == 0 && *lost)
		*ret_exit = EXIT_FAILURE;
	for (; r == 0 && *lost; lost++)
		log_message(LOG_LEVEL_ERROR, "%s", *lost);
	return r;
}

static int prune(const struct invocation *in, int *ret_exit, struct error *err)
{
	const char **names = NULL;
	int r = network_prune(in->arena, &names, err);

	(void)ret_exit;
	for (const char **name = names; r == 0 && *name; name++)
		r = print_text(*name, err);
	return r;
}

struct connect_options {
	const char *ip, *ip6, *mac, *rate;
	const char *const *publish, *const *alias;
};

static const struct cli_option connect_options[] = {
	TEXT_ROW(struct connect_options, ip, "ip", 0, "ADDRESS", "its IPv4 address there (default: a free one)"),
	TEXT_ROW(struct connect_options, ip6, "ip6", 0, "ADDRESS", "its IPv6 address there"),
	TEXT_ROW(struct connect_options, mac, "mac-address", 0, "MAC", "default: made of the address"),
	LIST_ROW(struct connect_options, alias, "alias", 0, "NAME", "a name for it there, beside its id"),
	LIST_ROW(struct connect_options, publish, "publish", 'p', "[HOSTIP:]HOST:CTR[/udp]",
		 "a port, or range, of the host that leads to its own"),
	TEXT_ROW(struct connect_options, rate, "net-rate", 0, "RATE",
		 "limit what it carries: 10mbit, or in=10mbit,out=2mbit"),
	END_ROW,
};

static int connect_one(const struct invocation *in, int *ret_exit, struct error *err)
{
	const struct connect_options *options = in->options;
	const char *const networks[] = { in->arguments[0], NULL };
	const struct network_words words = { .networks = networks,
					     .ports = options->publish,
					     .ip = options->ip,
					     .ip6 = options->ip6,
					     .mac = options->mac,
					     .rate = options->rate,
					     .aliases = options->alias };
	struct network_plan plan;
	int r = network_plan_make(in->arena, &words, &plan, err);

	(void)ret_exit;
	if (r == 0 && plan.mode != NETWORK_MODE_NAMED)
		return network_name_check(in->arguments[0], err);
	return r < 0 ? r : network_connect(in->runtime, in->arguments[1], &plan, err);
}

static int disconnect(const struct invocation *in, int *ret_exit, struct error *err)
{
	(void)ret_exit;
	return network_disconnect(in->runtime, in->arguments[1], in->arguments[0], err);
}

static int names(const struct invocation *in, int *ret_exit, struct error *err)
{
	(void)in;
	(void)ret_exit;
	return network_names_main(err);
}

static const struct verb commands[] = {
	{ .name = "network create",
	  .summary = "define a network",
	  .arguments = "NAME",
	  .min_arguments = 1,
	  .max_arguments = 1,
	  .options = define_options,
	  .options_size = sizeof(struct define_options),
	  .run = define },
	{ .name = "network list",
	  .summary = "list the networks",
	  .arguments = "",
	  .options = list_options,
	  .options_size = sizeof(struct list_options),
	  .run = list },
	{ .name = "network inspect",
	  .summary = "show a network and who is on it, as JSON",
	  .arguments = "NAME",
	  .min_arguments = 1,
	  .max_arguments = 1,
	  .options = no_options,
	  .run = inspect },
	{ .name = "network remove",
	  .summary = "remove networks without a container",
	  .arguments = "NAME...",
	  .min_arguments = 1,
	  .max_arguments = ANY_NUMBER,
	  .options = no_options,
	  .run = undefine },
	{ .name = "network connect",
	  .summary = "put a container that runs on a network",
	  .arguments = "NAME ID",
	  .min_arguments = 2,
	  .max_arguments = 2,
	  .options = connect_options,
	  .options_size = sizeof(struct connect_options),
	  .run = connect_one },
	{ .name = "network disconnect",
	  .summary = "take it off the network",
	  .arguments = "NAME ID",
	  .min_arguments = 2,
	  .max_arguments = 2,
	  .options = no_options,
	  .run = disconnect },
	{ .name = "network reload",
	  .summary = "make bridges and rules again that others removed",
	  .arguments = "",
	  .options = no_options,
	  .run = reload },
	{ .name = "network prune",
	  .summary = "remove what is not in use, and what dead containers left",
	  .arguments = "",
	  .options = no_options,
	  .run = prune },
	/* For names.c, which starts it so. */
	{ .name = "network names", .arguments = "", .options = no_options, .run = names },
	{ .name = NULL },
};

static int show_commands(const struct invocation *in, int *ret_exit, struct error *err)
{
	(void)ret_exit;
	return print_text(help_verb(in->arena, &verb_network), err);
}

const struct verb verb_network = {
	.name = "network",
	.group = GROUP_HOST,
	.summary = "define, list and join networks",
	.arguments = "COMMAND [OPTION...]",
	.order = OPTIONS_FIRST,
	.options = no_options,
	.commands = commands,
	.run = show_commands,
};
