/* network_plan.c - see network.h: from words to a plan. */
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "net/port.h"
#include "network.h"

static int take_address(const char *text, int family, struct ip_address *ret, struct error *err)
{
	struct ip_address address;

	if (ip_parse(text, &address, err) < 0)
		return -err->code;
	if (family && address.family != family)
		return refuse(err, "%s is not an IPv%d address", text, family == AF_INET ? 4 : 6); /* NOLINT */
	*ret = address;
	return 0;
}

static int add_alias(struct arena *arena, const char *alias, struct network_join *join, struct error *err)
{
	if (!endpoint_alias_valid(alias))
		return refuse(err, "\"%.64s\" is not a name for a container", alias);
	join->aliases = join->aliases ? arena_printf(arena, "%s %s", join->aliases, alias) : alias;
	return 0;
}

static int read_setting(struct arena *arena, const char *setting, struct network_join *join, struct error *err)
{
	struct ip_address address = { 0 };

	if (str_starts(setting, "ip=")) {
		if (take_address(setting + strlen("ip="), 0, &address, err) < 0)
			return -err->code;
		*(address.family == AF_INET ? &join->v4 : &join->v6) = address;
		return 0;
	}
	if (str_starts(setting, "mac=")) {
		join->has_mac = true;
		return mac_parse(setting + strlen("mac="), join->mac, err);
	}
	if (str_starts(setting, "alias="))
		return add_alias(arena, setting + strlen("alias="), join, err);
	return refuse(err, "unknown setting \"%.64s\": there are ip=ADDRESS, mac=MAC and alias=NAME", setting);
}

/* "NAME[:ip=ADDRESS,mac=MAC]": a MAC and an IPv6 address have colons too, a name has none. */
static int read_join(struct arena *arena, const char *text, struct network_join *join, struct error *err)
{
	char *name = arena_strdup(arena, text);
	char *rest = strchr(name, ':');

	if (rest)
		*rest++ = '\0';
	if (network_name_check(name, err) < 0)
		return context(err, "--network %.64s", text);
	join->name = name;
	while (rest) {
		char *setting = strsep(&rest, ",");

		if (read_setting(arena, setting, join, err) < 0)
			return context(err, "--network %.64s", text);
	}
	return 0;
}

static bool read_mode(const char *text, struct network_plan *plan)
{
	static const char container[] = "container:";
	static const char file[] = "ns:";

	if (str_eq(text, "none"))
		plan->mode = NETWORK_MODE_NONE;
	else if (str_eq(text, "host"))
		plan->mode = NETWORK_MODE_HOST;
	else if (str_eq(text, "pasta"))
		plan->mode = NETWORK_MODE_PASTA;
	else if (str_starts(text, container) || str_starts(text, file))
		plan->mode = NETWORK_MODE_PATH;
	else
		return false;
	plan->container = str_starts(text, container) ? text + strlen(container) : NULL;
	plan->path = str_starts(text, file) ? text + strlen(file) : NULL;
	return true;
}

static int read_networks(struct arena *arena, const char *const *networks, struct network_plan *plan, struct error *err)
{
	const size_t count = str_list_length(networks);

	plan->joins = arena_array(arena, count + 1, sizeof(*plan->joins));
	if (count == 0)
		plan->joins[plan->n_joins++].name = network_default;
	for (size_t i = 0; i < count; i++) {
		if (read_mode(networks[i], plan)) {
			if (count > 1)
				return refuse(err, "--network %.64s cannot be one of several", networks[i]);
			return plan->path && plan->path[0] != '/' ? refuse(err, "--network ns: needs an absolute path")
								  : 0;
		}
		if (read_join(arena, networks[i], &plan->joins[plan->n_joins], err) < 0)
			return -err->code;
		for (size_t j = 0; j < plan->n_joins; j++)
			if (str_eq(plan->joins[j].name, plan->joins[i].name))
				return refuse(err, "--network %s: given twice", plan->joins[i].name);
		plan->n_joins++;
	}
	return 0;
}

static int read_ports(struct arena *arena, const char *const *words, struct network_plan *plan, struct error *err)
{
	auto_free struct nft_port *ports = NULL;

	for (const char *const *word = words; word && *word; word++)
		if (port_parse(*word, &ports, &plan->n_ports, err) < 0)
			return -err->code;
	if (ports_check(ports, plan->n_ports, err) < 0)
		return -err->code;
	plan->ports = arena_array(arena, plan->n_ports + 1, sizeof(*plan->ports));
	if (ports)
		memcpy(plan->ports, ports, plan->n_ports * sizeof(*ports));
	return 0;
}

static int read_first(struct arena *arena, const struct network_words *words, struct network_plan *plan,
		      struct error *err)
{
	struct network_join *first = plan->joins;
	int r = 0;

	if (words->ip)
		r = take_address(words->ip, AF_INET, &first->v4, err);
	if (r == 0 && words->ip6)
		r = take_address(words->ip6, AF_INET6, &first->v6, err);
	if (r == 0 && words->mac)
		r = mac_parse(words->mac, first->mac, err);
	first->has_mac |= words->mac != NULL;
	for (const char *const *alias = words->aliases; r == 0 && alias && *alias; alias++)
		r = add_alias(arena, *alias, first, err);
	return r;
}

int network_plan_make(struct arena *arena, const struct network_words *words, struct network_plan *ret,
		      struct error *err)
{
	struct network_plan plan = { .mode = NETWORK_MODE_NAMED };
	int r = read_networks(arena, words->networks, &plan, err);

	if (r == 0)
		r = read_ports(arena, words->ports, &plan, err);
	if (r == 0 && words->rate && plan.mode != NETWORK_MODE_NAMED)
		return refuse(err, "a rate needs a network of coffer's, not --network %.64s", words->networks[0]);
	if (r == 0 && words->rate && rate_parse(words->rate, &plan.rate, err) < 0)
		return context(err, "--net-rate %.64s", words->rate);
	if (r == 0 && plan.mode == NETWORK_MODE_PASTA && (words->ip || words->ip6 || words->mac || words->aliases))
		return refuse(err, "a container on pasta has the host's addresses, none of its own");
	if (r == 0 && plan.mode != NETWORK_MODE_NAMED && plan.mode != NETWORK_MODE_PASTA &&
	    (plan.n_ports || words->ip || words->ip6 || words->mac || words->aliases))
		return refuse(err, "ports and addresses need a network of the container's own: not --network %.64s",
			      words->networks[0]);
	if (r == 0)
		r = read_first(arena, words, &plan, err);
	if (r == 0)
		*ret = plan;
	return r;
}
