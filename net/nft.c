/* nft.c - see nft.h: our tables whole, and the elements of a network and of an endpoint. */
#include "nft.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "link.h"
#include "nft_rules.h"

enum { WHAT_SIZE = 96, NAMES_PORT = 53 };

void nft_drop_tables(struct netlink_batch *batch)
{
	for (size_t i = 0; i < NFT_TABLES; i++) {
		/* To delete what may not be there: make it first. */
		nft_message_table(batch, NFT_MSG_NEWTABLE, nft_tables[i].family);
		nft_message_table(batch, NFT_MSG_DELTABLE, nft_tables[i].family);
	}
}

void nft_put_tables(struct netlink_batch *batch)
{
	nft_drop_tables(batch);
	for (const struct nft_table *table = nft_tables; table < nft_tables + NFT_TABLES; table++) {
		nft_message_table(batch, NFT_MSG_NEWTABLE, table->family);
		for (size_t i = 0; i < table->n_sets; i++)
			nft_message_set(batch, table->family, &table->sets[i], (uint32_t)i + 1);
		for (size_t i = 0; i < table->n_chains; i++)
			nft_message_chain(batch, table->family, &table->chains[i]);
		for (size_t i = 0; i < table->n_rules; i++)
			nft_message_rule(batch, table->family, &table->rules[i]);
	}
}

static struct nft_elements elements(struct netlink_batch *batch, enum nft_change change, const char *owner,
				    const char *what)
{
	return (struct nft_elements){
		.batch = batch,
		.type = change == NFT_ADD ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM,
		.owner = owner,
		.what = what,
	};
}

/* Only a port may be another's already; all else is ours by name or address, and adding it again changes nothing. */
static void put(struct nft_elements *to, int family, const char *set, const struct nft_key *key,
		const struct nft_key *data)
{
	const bool port = data && to->owner;

	nft_message_element(to, family, set,
			    to->type == NFT_MSG_NEWSETELEM ? NLM_F_CREATE | (port ? NLM_F_EXCL : 0) : 0, key, data);
}

static void put_name(struct nft_elements *to, int family, const char *set, const char *name)
{
	struct nft_key key = { .used = 0 };

	nft_key_name(&key, name);
	put(to, family, set, &key, NULL);
}

/* Who publishes port 53 at all addresses of the host means none that names are asked at: those lead to themselves. */
static void put_names(struct nft_elements *to, const struct ip_address *address)
{
	static const uint8_t protocols[] = { IPPROTO_UDP, IPPROTO_TCP };
	const uint16_t port = htons(NAMES_PORT);
	struct nft_key data = { .used = 0 };

	if (!ip_is_set(address))
		return;
	nft_key_add(&data, address->bytes, ip_size(address->family));
	nft_key_add(&data, &port, sizeof(port));
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
		struct nft_key key = { .used = 0 };

		nft_key_add(&key, address->bytes, ip_size(address->family));
		nft_key_add(&key, &protocols[i], 1);
		nft_key_add(&key, &port, sizeof(port));
		put(to, NFPROTO_INET, address->family == AF_INET ? "at4" : "at6", &key, &data);
	}
}

void nft_put_network(struct netlink_batch *batch, enum nft_change change, const struct nft_network *network)
{
	auto_nft_elements struct nft_elements to = elements(batch, change, NULL, network->bridge);
	struct nft_key same = { .used = 0 };

	put_name(&to, NFPROTO_INET, "bridges", network->bridge);
	if (network->internal)
		put_name(&to, NFPROTO_INET, "internal", network->bridge);
	else if (network->open)
		put_name(&to, NFPROTO_INET, "open", network->bridge);
	nft_key_name(&same, network->bridge);
	nft_key_name(&same, network->bridge);
	put(&to, NFPROTO_INET, "same", &same, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(network->names); i++)
		put_names(&to, &network->names[i]);
}

/* interface . MAC . address, in the order of the set. */
static void put_source(struct nft_elements *to, const char *set, const struct nft_endpoint *endpoint,
		       const void *address, size_t size)
{
	struct nft_key key = { .used = 0 };

	nft_key_name(&key, endpoint->interface);
	nft_key_add(&key, endpoint->mac, MAC_SIZE);
	nft_key_add(&key, address, size);
	put(to, NFPROTO_BRIDGE, set, &key, NULL);
}

static void put_checks(struct nft_elements *to, const struct nft_endpoint *endpoint)
{
	static const uint8_t none[IP_BYTES];
	static const uint8_t middle[] = { 0xff, 0xfe }; /* NOLINT(readability-magic-numbers): of an EUI-64 */
	uint8_t local[IP_BYTES] = { 0xfe, 0x80 };       /* NOLINT(readability-magic-numbers): fe80::/64 */

	if (endpoint->may_spoof)
		return;
	put_name(to, NFPROTO_BRIDGE, "checked", endpoint->interface);
	if (ip_is_set(&endpoint->v4))
		put_source(to, "sources4", endpoint, endpoint->v4.bytes, ip_size(AF_INET));
	if (!ip_is_set(&endpoint->v6))
		return;
	/* Its own, the one that the kernel makes of the MAC (RFC 4291, appendix A), and none: before it has one. */
	put_source(to, "sources6", endpoint, endpoint->v6.bytes, IP_BYTES);
	local[8] = endpoint->mac[0] ^ 2;
	memcpy(local + 9, endpoint->mac + 1, 2);             /* NOLINT(readability-magic-numbers): upper half */
	memcpy(local + 11, middle, sizeof(middle));          /* NOLINT(readability-magic-numbers): middle */
	memcpy(local + 13, endpoint->mac + 3, MAC_SIZE - 3); /* NOLINT(readability-magic-numbers): lower half */
	put_source(to, "sources6", endpoint, local, IP_BYTES);
	put_source(to, "sources6", endpoint, none, IP_BYTES);
}

static void put_address(struct nft_elements *to, const struct nft_endpoint *endpoint, const struct ip_address *address)
{
	const bool v4 = address->family == AF_INET;
	struct nft_key own = { .used = 0 };

	if (!ip_is_set(address))
		return;
	nft_key_add(&own, address->bytes, ip_size(address->family));
	nft_key_name(&own, endpoint->bridge);
	put(to, NFPROTO_INET, v4 ? "own4" : "own6", &own, NULL);
}

bool nft_port_anywhere(const struct nft_port *port)
{
	return !ip_is_set(&port->host) || ip_is_any(&port->host);
}

bool nft_port_is_in(const struct nft_port *port, int family)
{
	return !ip_is_set(&port->host) || port->host.family == family;
}

static void put_port(struct nft_elements *to, const struct nft_port *port, const struct ip_address *address)
{
	static const char *const sets[2][2] = { { "ports6", "ports4" }, { "at6", "at4" } };
	const bool v4 = address->family == AF_INET;
	const bool bound = !nft_port_anywhere(port);
	const uint16_t from = htons(port->host_port);
	const uint16_t into = htons(port->port);
	struct nft_key key = { .used = 0 };
	struct nft_key data = { .used = 0 };

	if (!ip_is_set(address) || !nft_port_is_in(port, address->family))
		return;
	if (bound)
		nft_key_add(&key, port->host.bytes, ip_size(port->host.family));
	nft_key_add(&key, &port->protocol, 1);
	nft_key_add(&key, &from, sizeof(from));
	nft_key_add(&data, address->bytes, ip_size(address->family));
	nft_key_add(&data, &into, sizeof(into));
	put(to, NFPROTO_INET, sets[bound][v4], &key, &data);
}

void nft_put_endpoint(struct netlink_batch *batch, enum nft_change change, const struct nft_endpoint *endpoint)
{
	char what[WHAT_SIZE];
	auto_nft_elements struct nft_elements to = elements(batch, change, endpoint->owner, what);

	(void)snprintf(what, sizeof(what), "the addresses of %s", endpoint->owner);
	put_address(&to, endpoint, &endpoint->v4);
	put_address(&to, endpoint, &endpoint->v6);
	put_checks(&to, endpoint);
	if (endpoint->n_ports > 0)
		(void)snprintf(what, sizeof(what), "the published port %u%s", endpoint->ports[0].host_port,
			       endpoint->n_ports > 1 ? ", or one of the others" : "");
	for (size_t i = 0; i < endpoint->n_ports; i++)
		put_port(&to, &endpoint->ports[i], &endpoint->v4);
	for (size_t i = 0; i < endpoint->n_ports; i++)
		put_port(&to, &endpoint->ports[i], &endpoint->v6);
}
