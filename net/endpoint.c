/* endpoint.c - see endpoint.h. */
#include "endpoint.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "port.h"
#include "lines.h"

enum { HASH_BITS = 48, PORT_FIELDS = 3 };
/* Two bits of a MAC say that it is of local administration, and one station's. */
enum { MAC_FIRST_BITS = 3, MAC_LOCAL = 2, MAC_OF_IPV4 = 4 };

void endpoint_done(struct endpoint *endpoint)
{
	free(endpoint->ports);
	endpoint->ports = NULL;
	endpoint->n_ports = 0;
}

bool endpoint_owner_valid(const char *owner)
{
	const size_t length = strlen(owner);

	if (length == 0 || length >= ENDPOINT_OWNER_SIZE || owner[0] == '.')
		return false;
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)owner[i]) && !strchr("-_.+", owner[i]))
			return false;
	return true;
}

bool endpoint_alias_valid(const char *alias)
{
	const size_t length = strlen(alias);

	if (length == 0 || length >= NETWORK_NAME_SIZE || strstr(alias, "..") || alias[0] == '.' ||
	    alias[length - 1] == '.')
		return false;
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)alias[i]) && !strchr("-_.", alias[i]))
			return false;
	return true;
}

int endpoint_add_alias(struct endpoint *endpoint, const char *alias, struct error *err)
{
	const size_t used = strlen(endpoint->aliases);

	if (!endpoint_alias_valid(alias))
		return refuse(err, "\"%.64s\" is not a name for a container", alias);
	if (used + 1 + strlen(alias) >= sizeof(endpoint->aliases))
		return refuse_as(err, E2BIG, "a container's names on a network take %zu bytes at most",
				 sizeof(endpoint->aliases) - 1);
	(void)snprintf(endpoint->aliases + used, sizeof(endpoint->aliases) - used, "%s%s", used ? " " : "", alias);
	return 0;
}

void endpoint_name_host(struct endpoint *endpoint)
{
	const uint64_t hash = ip_hash(endpoint->owner, ip_hash(endpoint->network, 0));

	(void)snprintf(endpoint->host, sizeof(endpoint->host), "cv%012llx",
		       (unsigned long long)(hash & ((1ULL << HASH_BITS) - 1)));
}

void endpoint_name_mac(struct endpoint *endpoint)
{
	const uint64_t hash = ip_hash_bytes(endpoint->v6.bytes, IP_BYTES, 0);
	const uint64_t folded = hash ^ hash >> HASH_BITS;

	if (ip_is_set(&endpoint->v4)) {
		endpoint->mac[0] = 0;
		endpoint->mac[1] = MAC_OF_IPV4;
		memcpy(endpoint->mac + 2, endpoint->v4.bytes, ip_size(AF_INET));
	} else {
		memcpy(endpoint->mac, &folded, MAC_SIZE);
	}
	endpoint->mac[0] = (uint8_t)((endpoint->mac[0] & ~MAC_FIRST_BITS) | MAC_LOCAL);
}

struct ip_address endpoint_address_of_mac(const uint8_t mac[MAC_SIZE])
{
	struct ip_address address = { .family = 0 };

	if (mac[0] != MAC_LOCAL || mac[1] != MAC_OF_IPV4)
		return address;
	address.family = AF_INET;
	memcpy(address.bytes, mac + 2, ip_size(AF_INET));
	return address;
}

static void publish_in(struct endpoint *endpoint, int family, const struct nft_port *ports, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!nft_port_is_in(&ports[i], family))
			continue;
		endpoint->ports[endpoint->n_ports] = ports[i];
		endpoint->ports[endpoint->n_ports++].host.family = family;
	}
}

void endpoint_publish(struct endpoint *endpoint, const struct network *network, const struct nft_port *ports,
		      size_t count)
{
	if (count == 0)
		return;
	endpoint->ports = xcalloc(2 * count, sizeof(*endpoint->ports));
	if (ip_is_set(&network->v4.address))
		publish_in(endpoint, AF_INET, ports, count);
	if (ip_is_set(&network->v6.address))
		publish_in(endpoint, AF_INET6, ports, count);
}

static int copy(const char *value, bool valid, char *to, size_t size, struct error *err)
{
	if (!valid || strlen(value) >= size)
		return refuse(err, "\"%.64s\" is not valid", value);
	memcpy(to, value, strlen(value) + 1);
	return 0;
}

static int read_owner(const char *value, void *target, struct error *err)
{
	return copy(value, endpoint_owner_valid(value), ((struct endpoint *)target)->owner, ENDPOINT_OWNER_SIZE, err);
}

static int read_state(const char *value, void *target, struct error *err)
{
	return copy(value, value[0] == '/', ((struct endpoint *)target)->state, ENDPOINT_STATE_SIZE, err);
}

static int read_network(const char *value, void *target, struct error *err)
{
	return copy(value, network_name_valid(value), ((struct endpoint *)target)->network, NETWORK_NAME_SIZE, err);
}

static int read_interface(const char *value, void *target, struct error *err)
{
	return copy(value, link_name_valid(value), ((struct endpoint *)target)->interface, IFNAMSIZ, err);
}

static int read_mac(const char *value, void *target, struct error *err)
{
	return mac_parse(value, ((struct endpoint *)target)->mac, err);
}

static int read_kind(const char *value, void *target, struct error *err)
{
	return copy(value, link_name_valid(value), ((struct endpoint *)target)->kind, LINK_KIND_SIZE, err);
}

static int read_address(const char *value, void *target, struct error *err)
{
	struct endpoint *endpoint = target;
	struct ip_address address;

	if (ip_parse(value, &address, err) < 0)
		return -err->code;
	*(address.family == AF_INET ? &endpoint->v4 : &endpoint->v6) = address;
	return 0;
}

static int read_alias(const char *value, void *target, struct error *err)
{
	return endpoint_add_alias(target, value, err);
}

static int read_port(const char *value, void *target, struct error *err)
{
	struct endpoint *endpoint = target;

	return port_parse(value, &endpoint->ports, &endpoint->n_ports, err);
}

static int read_rate(const char *value, void *target, struct error *err)
{
	return rate_parse(value, &((struct endpoint *)target)->rate, err);
}

static int read_order(const char *value, void *target, struct error *err)
{
	uint64_t order;

	if (str_to_u64(value, UINT32_MAX, &order) < 0)
		return refuse(err, "not a number");
	((struct endpoint *)target)->order = (unsigned)order;
	return 0;
}

static const struct lines_key keys[] = {
	{ "owner", read_owner }, { "state", read_state }, { "network", read_network }, { "interface", read_interface },
	{ "mac", read_mac },     { "kind", read_kind },   { "address", read_address }, { "port", read_port },
	{ "alias", read_alias }, { "rate", read_rate },   { "order", read_order },     { NULL, NULL },
};

int endpoint_parse(const char *text, size_t length, struct endpoint *ret, struct error *err)
{
	auto_endpoint struct endpoint endpoint = { .ports = NULL };
	int r = lines_parse(text, length, keys, &endpoint, err);

	if (r < 0)
		return r;
	if (!*endpoint.owner || !*endpoint.state || !*endpoint.network || !*endpoint.interface)
		return refuse(err, "the record is not whole");
	if (!mac_is_set(endpoint.mac))
		return refuse(err, "the record has no MAC");
	if (!ip_is_set(&endpoint.v4) && !ip_is_set(&endpoint.v6))
		return refuse(err, "the record has no address");
	endpoint_name_host(&endpoint);
	*ret = endpoint;
	endpoint.ports = NULL;
	return 0;
}

/* How many of these ports are one range. */
static size_t range_of(const struct nft_port *ports, size_t count)
{
	size_t length = 1;

	while (length < count && ports[length].host_port == ports->host_port + length &&
	       ports[length].port == ports->port + length && ports[length].protocol == ports->protocol &&
	       ip_equal(&ports[length].host, &ports->host))
		length++;
	return length;
}

static void put_ports(struct lines *record, const struct nft_port *first, size_t count)
{
	const struct nft_port *last = first + count - 1;
	char address[IP_TEXT_SIZE];
	const bool v6 = first->host.family == AF_INET6;

	(void)ip_text(&first->host, address);
	if (count == 1)
		lines_put(record, "port", "%s%s%s%s%u:%u/%s", v6 ? "[" : "", address, v6 ? "]" : "",
			  *address ? ":" : "", first->host_port, first->port, port_protocol(first->protocol));
	else
		lines_put(record, "port", "%s%s%s%s%u-%u:%u-%u/%s", v6 ? "[" : "", address, v6 ? "]" : "",
			  *address ? ":" : "", first->host_port, last->host_port, first->port, last->port,
			  port_protocol(first->protocol));
}

char *endpoint_format(const struct endpoint *endpoint)
{
	struct lines record = { .text = NULL };
	auto_free char *aliases = xstrdup(endpoint->aliases);
	char *rest = aliases;
	const char *alias;
	char text[IP_TEXT_SIZE];

	lines_put(&record, "owner", "%s", endpoint->owner);
	lines_put(&record, "state", "%s", endpoint->state);
	lines_put(&record, "network", "%s", endpoint->network);
	lines_put(&record, "interface", "%s", endpoint->interface);
	lines_put(&record, "mac", "%s", mac_text(endpoint->mac, text));
	if (*endpoint->kind)
		lines_put(&record, "kind", "%s", endpoint->kind);
	if (ip_is_set(&endpoint->v4))
		lines_put(&record, "address", "%s", ip_text(&endpoint->v4, text));
	if (ip_is_set(&endpoint->v6))
		lines_put(&record, "address", "%s", ip_text(&endpoint->v6, text));
	while ((alias = strsep(&rest, " ")) != NULL)
		if (*alias)
			lines_put(&record, "alias", "%s", alias);
	for (size_t i = 0, length; i < endpoint->n_ports; i += length) {
		length = range_of(endpoint->ports + i, endpoint->n_ports - i);
		put_ports(&record, endpoint->ports + i, length);
	}
	if (rate_is_set(&endpoint->rate))
		lines_put(&record, "rate", "%s", rate_text(&endpoint->rate, text));
	if (endpoint->order)
		lines_put(&record, "order", "%u", endpoint->order);
	return record.text;
}

struct nft_endpoint endpoint_rules(const struct endpoint *endpoint, const struct network *network)
{
	return (struct nft_endpoint){
		.bridge = network->bridge,
		.interface = endpoint->host,
		.owner = endpoint->owner,
		.mac = endpoint->mac,
		.v4 = endpoint->v4,
		.v6 = endpoint->v6,
		.may_spoof = network->may_spoof,
		.ports = endpoint->ports,
		.n_ports = endpoint->n_ports,
	};
}

struct nft_network network_rules(const struct network *network)
{
	struct nft_network rules = { .bridge = network->bridge, .internal = network->internal, .open = network->open };

	if (!network->no_names) {
		rules.names[0] = network->v4.address;
		rules.names[1] = network->v6.address;
	}
	return rules;
}
