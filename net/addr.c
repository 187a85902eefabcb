/* addr.c - see addr.h. */
#include "addr.h"

#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "link.h"

/* A smaller network has no address for it. */
enum { PREFIX_BROADCAST = 30 };
/* Before the main table's, 32766. */
enum { RULE_PRIORITY = 32000 };

void addr_add(struct netlink_batch *batch, unsigned index, const struct ip_network *own, bool may_be_there)
{
	const struct ifaddrmsg header = {
		.ifa_family = (uint8_t)own->address.family,
		.ifa_prefixlen = (uint8_t)own->prefix,
		.ifa_flags = IFA_F_PERMANENT | IFA_F_NODAD,
		.ifa_index = index,
	};
	const size_t size = ip_size(own->address.family);
	char text[IP_TEXT_SIZE];

	netlink_begin(batch, RTM_NEWADDR, NLM_F_CREATE | (may_be_there ? NLM_F_REPLACE : NLM_F_EXCL), &header,
		      sizeof(header), "add the address ", ip_network_text(own, text));
	netlink_put(batch, IFA_LOCAL, own->address.bytes, size);
	netlink_put(batch, IFA_ADDRESS, own->address.bytes, size);
	if (own->address.family == AF_INET && own->prefix <= PREFIX_BROADCAST) {
		const struct ip_network net = ip_network_of(own);
		struct ip_address broadcast = ip_at(&net, ip_count(&net) - 1);

		netlink_put(batch, IFA_BROADCAST, broadcast.bytes, size);
	}
}

void addr_add_route(struct netlink_batch *batch, unsigned index, const struct ip_network *network,
		    const struct ip_address *gateway, uint32_t table)
{
	const struct rtmsg header = {
		.rtm_family = (uint8_t)network->address.family,
		.rtm_dst_len = (uint8_t)network->prefix,
		.rtm_table = table ? RT_TABLE_UNSPEC : RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_STATIC,
		.rtm_scope = gateway ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
		.rtm_type = RTN_UNICAST,
	};
	const size_t size = ip_size(network->address.family);
	char text[IP_TEXT_SIZE];

	netlink_begin(batch, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof(header), "add a route by ",
		      gateway ? ip_text(gateway, text) : "the interface");
	if (network->prefix)
		netlink_put(batch, RTA_DST, network->address.bytes, size);
	if (gateway)
		netlink_put(batch, RTA_GATEWAY, gateway->bytes, size);
	netlink_put_u32(batch, RTA_OIF, index);
	if (table)
		netlink_put_u32(batch, RTA_TABLE, table);
}

static struct fib_rule_hdr rule_of(const struct ip_address *source)
{
	return (struct fib_rule_hdr){
		.family = (uint8_t)source->family,
		.src_len = (uint8_t)ip_bits(source->family),
		.action = FR_ACT_TO_TBL,
	};
}

void addr_add_rule(struct netlink_batch *batch, const struct ip_address *source, uint32_t table)
{
	const struct fib_rule_hdr header = rule_of(source);
	char text[IP_TEXT_SIZE];

	netlink_begin(batch, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof(header),
		      "add a rule for what is sent from ", ip_text(source, text));
	netlink_put(batch, FRA_SRC, source->bytes, ip_size(source->family));
	netlink_put_u32(batch, FRA_PRIORITY, RULE_PRIORITY);
	netlink_put_u32(batch, FRA_TABLE, table);
}

void addr_delete_rule(struct netlink_batch *batch, const struct ip_address *source)
{
	const struct fib_rule_hdr header = rule_of(source);
	char text[IP_TEXT_SIZE];

	netlink_begin(batch, RTM_DELRULE, 0, &header, sizeof(header), "delete the rule for what is sent from ",
		      ip_text(source, text));
	netlink_put(batch, FRA_SRC, source->bytes, ip_size(source->family));
	netlink_put_u32(batch, FRA_PRIORITY, RULE_PRIORITY);
}

void addr_delete_default(struct netlink_batch *batch, unsigned index, int family)
{
	const struct rtmsg header = {
		.rtm_family = (uint8_t)family, .rtm_table = RT_TABLE_MAIN, .rtm_scope = RT_SCOPE_NOWHERE, /* any */
	};

	netlink_begin_interface(batch, RTM_DELROUTE, 0, &header, sizeof(header), "delete the default route by ", index);
	netlink_put_u32(batch, RTA_OIF, index);
}

void addr_add_neighbour(struct netlink_batch *batch, unsigned index, const struct ip_address *address,
			const uint8_t *mac)
{
	const struct ndmsg header = {
		.ndm_family = (uint8_t)address->family,
		.ndm_ifindex = (int)index,
		.ndm_state = NUD_PERMANENT,
	};
	char text[IP_TEXT_SIZE];

	netlink_begin(batch, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, &header, sizeof(header), "fix the MAC of ",
		      ip_text(address, text));
	netlink_put(batch, NDA_DST, address->bytes, ip_size(address->family));
	netlink_put(batch, NDA_LLADDR, mac, MAC_SIZE);
}

bool addr_read(const struct netlink_reply *reply, unsigned index, struct ip_network *ret)
{
	struct ip_network found = { 0 };
	struct netlink_reply part;
	struct ifaddrmsg header;
	uint32_t flags;

	if (reply->type != RTM_NEWADDR || reply->size < sizeof(header))
		return false;
	memcpy(&header, reply->data, sizeof(header));
	if ((header.ifa_family != AF_INET && header.ifa_family != AF_INET6) || header.ifa_index != index ||
	    header.ifa_scope != RT_SCOPE_UNIVERSE || header.ifa_prefixlen > ip_bits(header.ifa_family))
		return false;
	flags = netlink_find(reply, sizeof(header), IFA_FLAGS, &part) ? netlink_u32(&part) : header.ifa_flags;
	if (!(flags & IFA_F_PERMANENT))
		return false;
	/* Of a point-to-point interface IFA_ADDRESS is the other end. */
	if (!netlink_find(reply, sizeof(header), IFA_LOCAL, &part) &&
	    !netlink_find(reply, sizeof(header), IFA_ADDRESS, &part))
		return false;
	if (part.size != ip_size(header.ifa_family))
		return false;
	found.address.family = header.ifa_family;
	found.prefix = header.ifa_prefixlen;
	memcpy(found.address.bytes, part.data, part.size);
	*ret = found;
	return true;
}

struct addresses {
	unsigned index;
	struct ip_network *found;
	size_t count;
};

static int see_address(const struct netlink_reply *reply, void *context)
{
	struct addresses *addresses = context;
	struct ip_network address;

	if (!addr_read(reply, addresses->index, &address))
		return 0;
	addresses->found = xreallocarray(addresses->found, addresses->count + 1, sizeof(*addresses->found));
	addresses->found[addresses->count++] = address;
	return 0;
}

int addr_list(int route, unsigned index, struct ip_network **ret, size_t *ret_count, struct error *err)
{
	auto_netlink_batch struct netlink_batch batch = NETLINK_BATCH;
	const struct ifaddrmsg header = { .ifa_family = AF_UNSPEC };
	struct addresses addresses = { .index = index };
	int r;

	netlink_begin(&batch, RTM_GETADDR, 0, &header, sizeof(header), "list the addresses", "");
	r = netlink_list(route, &batch, see_address, &addresses, err);
	if (r < 0) {
		free(addresses.found);
		return r;
	}
	*ret = addresses.found;
	*ret_count = addresses.count;
	return 0;
}

struct own {
	const struct ip_address *list;
	size_t count;
	bool *found;
};

static int see_own(const struct netlink_reply *reply, void *context)
{
	const struct own *own = context;
	struct netlink_reply part;
	struct ifaddrmsg header;

	if (reply->type != RTM_NEWADDR || reply->size < sizeof(header))
		return 0;
	memcpy(&header, reply->data, sizeof(header));
	if (!netlink_find(reply, sizeof(header), IFA_LOCAL, &part) &&
	    !netlink_find(reply, sizeof(header), IFA_ADDRESS, &part))
		return 0;
	for (size_t i = 0; i < own->count; i++)
		own->found[i] |= own->list[i].family == header.ifa_family && part.size == ip_size(header.ifa_family) &&
				 memcmp(own->list[i].bytes, part.data, part.size) == 0;
	return 0;
}

int addr_find_own(int route, const struct ip_address *list, size_t count, bool *ret_own, struct error *err)
{
	auto_netlink_batch struct netlink_batch batch = NETLINK_BATCH;
	const struct ifaddrmsg header = { .ifa_family = AF_UNSPEC };
	struct own own = { .list = list, .count = count, .found = ret_own };

	memset(ret_own, 0, count * sizeof(*ret_own));
	netlink_begin(&batch, RTM_GETADDR, 0, &header, sizeof(header), "list the addresses", "");
	return netlink_list(route, &batch, see_own, &own, err);
}

bool addr_read_route(const struct netlink_reply *reply, struct addr_route *ret)
{
	struct addr_route found = { 0 };
	struct netlink_reply metrics;
	struct netlink_reply part;
	struct rtmsg header;

	if (reply->type != RTM_NEWROUTE || reply->size < sizeof(header))
		return false;
	memcpy(&header, reply->data, sizeof(header));
	if ((header.rtm_family != AF_INET && header.rtm_family != AF_INET6) || header.rtm_table != RT_TABLE_MAIN ||
	    header.rtm_type != RTN_UNICAST || header.rtm_dst_len > ip_bits(header.rtm_family))
		return false;
	found.network.address.family = header.rtm_family;
	found.network.prefix = header.rtm_dst_len;
	if (netlink_find(reply, sizeof(header), RTA_DST, &part) && part.size == ip_size(header.rtm_family))
		memcpy(found.network.address.bytes, part.data, part.size);
	else if (header.rtm_dst_len > 0)
		return false;
	if (netlink_find(reply, sizeof(header), RTA_OIF, &part))
		found.index = netlink_u32(&part);
	if (netlink_find(reply, sizeof(header), RTA_METRICS, &metrics) && netlink_find(&metrics, 0, RTAX_MTU, &part))
		found.mtu = netlink_u32(&part);
	*ret = found;
	return true;
}

static int list_routes(int route, netlink_reply_fn *see, void *context, struct error *err)
{
	auto_netlink_batch struct netlink_batch batch = NETLINK_BATCH;
	const struct rtmsg header = { .rtm_family = AF_UNSPEC };

	netlink_begin(&batch, RTM_GETROUTE, 0, &header, sizeof(header), "list the routes", "");
	return netlink_list(route, &batch, see, context, err);
}

static int see_default(const struct netlink_reply *reply, void *context)
{
	struct addr_route *best = context;
	struct addr_route found;

	if (addr_read_route(reply, &found) && found.network.prefix == 0 && found.index != 0 &&
	    (best->index == 0 || (best->network.address.family == AF_INET6 && found.network.address.family == AF_INET)))
		*best = found;
	return 0;
}

static int see_info(const struct netlink_reply *reply, void *context)
{
	link_read(reply, context);
	return 0;
}

int addr_default_mtu(int route, unsigned *ret_mtu, struct error *err)
{
	auto_netlink_batch struct netlink_batch batch = NETLINK_BATCH;
	struct addr_route best = { 0 };
	struct link_info info = { 0 };
	struct ifinfomsg header = { 0 };
	int r = list_routes(route, see_default, &best, err);

	if (r < 0)
		return r;
	if (best.index != 0) {
		header.ifi_index = (int)best.index;
		netlink_begin(&batch, RTM_GETLINK, 0, &header, sizeof(header), "look at the default route's interface",
			      "");
		r = netlink_send(route, &batch, see_info, &info, err);
	}
	if (r == 0)
		*ret_mtu = best.mtu && best.mtu < info.mtu ? best.mtu : info.mtu;
	return r;
}

struct overlap {
	const struct ip_network *network;
	char *text;
};

static int see_overlap(const struct netlink_reply *reply, void *context)
{
	const struct overlap *overlap = context;
	struct addr_route found;

	if (addr_read_route(reply, &found) && found.network.prefix > 0 &&
	    ip_network_overlap(&found.network, overlap->network))
		(void)ip_network_text(&found.network, overlap->text);
	return 0;
}

int addr_overlap(int route, const struct ip_network *network, char *ret_text, struct error *err)
{
	struct overlap overlap = { .network = network, .text = ret_text };

	ret_text[0] = '\0';
	return list_routes(route, see_overlap, &overlap, err);
}
