/* nft_taken.c - see nft.h: ports that two maps have, each under a key of its own. The map of ports with an address is
   short, and read whole; that of ports without one is long, and asked for each port. */
#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

#include "base/cleanup.h"
#include "nft.h"
#include "nft_message.h"

enum { ASKED_AT_ONCE = 16, WORD = 4 };

struct taken {
	int family;
	const struct nft_port *ports;
	size_t count;
	bool found;
};

/* Key: address, protocol, port, each in whole words. */
static bool has_port(const struct taken *taken, const struct netlink_reply *key)
{
	const size_t address = ip_size(taken->family);
	uint16_t port;

	if (key->size < address + WORD + WORD)
		return false;
	memcpy(&port, key->data + address + WORD, sizeof(port));
	for (size_t i = 0; i < taken->count; i++)
		if (taken->ports[i].host_port == ntohs(port) && taken->ports[i].protocol == key->data[address] &&
		    nft_port_anywhere(&taken->ports[i]) && nft_port_is_in(&taken->ports[i], taken->family))
			return true;
	return false;
}

/* What has no comment is no container's: port 53 of a gateway, which leads to itself. */
static int see_bound(const struct netlink_reply *reply, void *context)
{
	struct taken *taken = context;
	struct netlink_reply list;
	struct netlink_reply element;
	struct netlink_reply part;

	if (!netlink_find(reply, sizeof(struct nfgenmsg), NFTA_SET_ELEM_LIST_ELEMENTS, &list))
		return 0;
	while (netlink_next(&list, &element))
		if (netlink_find(&element, 0, NFTA_SET_ELEM_USERDATA, &part) &&
		    netlink_find(&element, 0, NFTA_SET_ELEM_KEY, &part) &&
		    netlink_find(&part, 0, NFTA_DATA_VALUE, &part) && has_port(taken, &part))
			taken->found = true;
	return 0;
}

bool nft_taken_read(const struct netlink_reply *reply, int family, const struct nft_port *ports, size_t count)
{
	struct taken taken = { .family = family, .ports = ports, .count = count };

	(void)see_bound(reply, &taken);
	return taken.found;
}

static int see_any(const struct netlink_reply *reply, void *context)
{
	struct taken *taken = context;

	taken->found |= reply->size > 0;
	return 0;
}

static void ask_whole(int netfilter, struct taken *taken)
{
	auto_netlink_batch struct netlink_batch batch = NETLINK_BATCH;
	struct error ignored;

	nft_message_ask(&batch, NFPROTO_INET, taken->family == AF_INET ? "at4" : "at6", NULL);
	(void)netlink_list(netfilter, &batch, see_bound, taken, &ignored);
}

static void ask_each(int netfilter, struct taken *taken)
{
	for (size_t i = 0; i < taken->count && !taken->found;) {
		auto_netlink_batch struct netlink_batch batch = NETLINK_BATCH;
		struct error ignored;

		for (; i < taken->count && batch.n_labels < ASKED_AT_ONCE; i++) {
			const struct nft_port *port = &taken->ports[i];
			const uint16_t number = htons(port->host_port);
			struct nft_key key = { .used = 0 };

			if (nft_port_anywhere(port) || !nft_port_is_in(port, taken->family))
				continue;
			nft_key_add(&key, &port->protocol, 1);
			nft_key_add(&key, &number, sizeof(number));
			nft_message_ask(&batch, NFPROTO_INET, taken->family == AF_INET ? "ports4" : "ports6", &key);
		}
		batch.optional = true;
		(void)netlink_send(netfilter, &batch, see_any, taken, &ignored);
	}
}

bool nft_is_taken(int netfilter, int family, const struct nft_port *ports, size_t count)
{
	struct taken taken = { .family = family, .ports = ports, .count = count };
	bool anywhere = false;
	bool bound = false;

	for (size_t i = 0; i < count; i++) {
		if (!nft_port_is_in(&ports[i], family))
			continue;
		anywhere |= nft_port_anywhere(&ports[i]);
		bound |= !nft_port_anywhere(&ports[i]);
	}
	if (anywhere)
		ask_whole(netfilter, &taken);
	if (bound)
		ask_each(netfilter, &taken);
	return taken.found;
}
