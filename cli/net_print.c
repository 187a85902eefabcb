/* net_print.c - see net_print.h. */
#include "net_print.h"

#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "print.h"

char *network_list_table(struct arena *arena, const struct network *networks, size_t count, bool only_names)
{
	static const char *const header[] = { "NAME", "DRIVER", "INTERFACE", "IPV4", "IPV6" };
	enum { COLUMNS = sizeof(header) / sizeof(header[0]) };
	const char **cells = arena_array(arena, (count + 1) * COLUMNS, sizeof(*cells));
	const char **cell = cells;
	char *names = arena_strdup(arena, "");
	char text[IP_TEXT_SIZE];

	memcpy(cell, header, sizeof(header));
	cell += COLUMNS;
	for (size_t i = 0; i < count; i++) {
		names = arena_printf(arena, "%s%s\n", names, networks[i].name);
		*cell++ = networks[i].name;
		*cell++ = network_kind_names[networks[i].kind];
		*cell++ = *networks[i].bridge ? networks[i].bridge : networks[i].parent;
		*cell++ = arena_strdup(arena, ip_network_text(&networks[i].v4, text));
		*cell++ = arena_strdup(arena, ip_network_text(&networks[i].v6, text));
	}
	return only_names ? names : table_text(arena, cells, count + 1, COLUMNS);
}

static void put_network(struct json_writer *out, const struct network *network)
{
	const char *mode = network_mode_word(network);
	char text[IP_RANGE_TEXT_SIZE];

	json_put_string(out, "name", network->name);
	json_put_string(out, "driver", network_kind_names[network->kind]);
	if (network->kind == NETWORK_BRIDGE) {
		json_put_string(out, "bridge", network->bridge);
		json_put_string(out, "mac", mac_text(network->mac, text));
	} else {
		json_put_string(out, "parent", network->parent);
	}
	if (mode)
		json_put_string(out, "mode", mode);
	if (network->vlan)
		json_put_u64(out, "vlan", network->vlan);
	json_begin_array(out, "gateways");
	if (ip_is_set(&network->v4.address))
		json_put_string(out, NULL, ip_network_text(&network->v4, text));
	if (ip_is_set(&network->v6.address))
		json_put_string(out, NULL, ip_network_text(&network->v6, text));
	json_end_array(out);
	json_begin_array(out, "reserved");
	for (size_t i = 0; i < network->n_reserved; i++)
		json_put_string(out, NULL, ip_range_text(&network->reserved[i], text));
	json_end_array(out);
	if (network->mtu)
		json_put_u64(out, "mtu", network->mtu);
	json_put_bool(out, "internal", network->internal);
	json_put_bool(out, "open", network->open);
	json_put_bool(out, "spoof", network->may_spoof);
}

static void put_endpoint(struct json_writer *out, const struct network *network, const struct endpoint *endpoint)
{
	char address[IP_TEXT_SIZE];
	char port[128];

	json_begin_object(out, NULL);
	json_put_string(out, "id", endpoint->owner);
	json_put_string(out, "interface", endpoint->interface);
	if (network->kind == NETWORK_BRIDGE)
		json_put_string(out, "host", endpoint->host);
	json_put_string(out, "mac", mac_text(endpoint->mac, address));
	json_begin_array(out, "addresses");
	if (ip_is_set(&endpoint->v4))
		json_put_string(out, NULL, ip_text(&endpoint->v4, address));
	if (ip_is_set(&endpoint->v6))
		json_put_string(out, NULL, ip_text(&endpoint->v6, address));
	json_end_array(out);
	json_begin_array(out, "ports");
	for (size_t i = 0; i < endpoint->n_ports; i++)
		json_put_string(out, NULL, network_port_text(&endpoint->ports[i], port));
	json_end_array(out);
	if (endpoint->rate.in)
		json_put_u64(out, "rateIn", endpoint->rate.in);
	if (endpoint->rate.out)
		json_put_u64(out, "rateOut", endpoint->rate.out);
	json_end_object(out);
}

char *network_list_json(struct arena *arena, const struct network *networks, size_t count)
{
	auto_json_writer struct json_writer *out = json_writer_new(true);
	size_t length;

	json_begin_array(out, NULL);
	for (size_t i = 0; i < count; i++) {
		json_begin_object(out, NULL);
		put_network(out, &networks[i]);
		json_end_object(out);
	}
	json_end_array(out);
	return arena_strdup(arena, json_writer_text(out, &length));
}

char *network_json(struct arena *arena, const struct network *network, const struct endpoint *endpoints, size_t count,
		   const struct firewalls *others)
{
	auto_json_writer struct json_writer *out = json_writer_new(true);
	size_t length;

	json_begin_object(out, NULL);
	put_network(out, network);
	if (network->kind == NETWORK_BRIDGE) {
		json_begin_array(out, "firewalls");
		for (size_t i = 0; i < others->count; i++)
			json_put_string(out, NULL, others->texts[i]);
		json_end_array(out);
	}
	json_begin_array(out, "containers");
	for (size_t i = 0; i < count; i++)
		if (str_eq(endpoints[i].network, network->name))
			put_endpoint(out, network, &endpoints[i]);
	json_end_array(out);
	json_end_object(out);
	return arena_strdup(arena, json_writer_text(out, &length));
}
