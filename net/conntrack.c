/* conntrack.c - see conntrack.h: one list of what there is, then one message for each flow that goes. */
#include "conntrack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <string.h>

#include "base/cleanup.h"

/* Of the kernel's net/netfilter/nf_internals.h, for CTA_FILTER_ORIG_FLAGS: which parts of the tuple count. */
enum { FILTER_PROTOCOL = 1 << 3, FILTER_PORT = 1 << 5 };
enum { ROUND_MAX = 8192, ROUNDS_MAX = 32 }; /* at once, which bounds the memory; as many as a large table has */

static uint16_t type_of(unsigned message)
{
	return (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | message);
}

static bool read_address(const struct netlink_reply *tuple, struct ip_address *ret)
{
	struct netlink_reply ip;
	struct netlink_reply at;

	if (!netlink_find(tuple, 0, CTA_TUPLE_IP, &ip))
		return false;
	*ret = (struct ip_address){ .family = AF_INET };
	if (!netlink_find(&ip, 0, CTA_IP_V4_DST, &at)) {
		ret->family = AF_INET6;
		if (!netlink_find(&ip, 0, CTA_IP_V6_DST, &at))
			return false;
	}
	if (at.size < ip_size(ret->family))
		return false;
	memcpy(ret->bytes, at.data, ip_size(ret->family));
	return true;
}

static bool read_port(const struct netlink_reply *tuple, struct conntrack_flow *flow)
{
	struct netlink_reply part;
	struct netlink_reply number;

	if (!netlink_find(tuple, 0, CTA_TUPLE_PROTO, &part) || !netlink_find(&part, 0, CTA_PROTO_NUM, &number) ||
	    number.size < sizeof(flow->protocol))
		return false;
	flow->protocol = *number.data;
	if (!netlink_find(&part, 0, CTA_PROTO_DST_PORT, &number) || number.size < sizeof(flow->port))
		return false;
	memcpy(&flow->port, number.data, sizeof(flow->port));
	flow->port = ntohs(flow->port);
	return true;
}

/* Of none where the kernel does not say: then it counts as led nowhere. */
static bool is_translated(const struct netlink_reply *reply)
{
	struct netlink_reply status;
	uint32_t bits = 0;

	if (netlink_find(reply, sizeof(struct nfgenmsg), CTA_STATUS, &status) && status.size >= sizeof(bits))
		memcpy(&bits, status.data, sizeof(bits));
	return ntohl(bits) & IPS_DST_NAT;
}

bool conntrack_read(const struct netlink_reply *reply, struct conntrack_flow *ret)
{
	struct conntrack_flow flow = { .protocol = 0 };
	const size_t header = sizeof(struct nfgenmsg);

	if (reply->type != type_of(IPCTNL_MSG_CT_NEW) || reply->size < header ||
	    !netlink_find(reply, header, CTA_TUPLE_ORIG, &flow.tuple) ||
	    !netlink_find(reply, header, CTA_ID, &flow.id) || !read_address(&flow.tuple, &flow.to) ||
	    !read_port(&flow.tuple, &flow))
		return false;
	if (!netlink_find(reply, header, CTA_ZONE, &flow.zone))
		flow.zone.data = NULL;
	flow.translated = is_translated(reply);
	flow.family = reply->data[offsetof(struct nfgenmsg, nfgen_family)];
	*ret = flow;
	return true;
}

/* Whether a socket can have this address, as local ones are for the rules, too. One that needs more than its bytes to
   be bound (fe80::) counts as ours. */
static bool is_here(const struct ip_address *address)
{
	socklen_t length;
	const struct sockaddr_storage at = ip_socket_address(address, 0, &length);
	auto_fd int fd = socket(address->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd < 0 || bind(fd, (const struct sockaddr *)&at, length) == 0 || errno != EADDRNOTAVAIL;
}

struct round {
	enum conntrack_which which;
	const struct nft_port *ports;
	size_t count;
	struct netlink_batch *gone;
};

/* Older kernels show all flows, whatever they are asked for. */
static bool is_meant(const struct round *round, const struct conntrack_flow *flow)
{
	for (size_t i = 0; i < round->count; i++) {
		const struct nft_port *port = &round->ports[i];

		if (port->protocol == IPPROTO_UDP && port->host_port == flow->port &&
		    nft_port_is_in(port, flow->to.family) &&
		    (nft_port_anywhere(port) || ip_equal(&port->host, &flow->to)))
			return is_here(&flow->to);
	}
	return false;
}

static int see_flow(const struct netlink_reply *reply, void *context)
{
	const struct round *round = context;
	struct conntrack_flow flow;
	struct nfgenmsg header = { .version = NFNETLINK_V0 };

	if (round->gone->n_labels == ROUND_MAX || !conntrack_read(reply, &flow) || flow.protocol != IPPROTO_UDP ||
	    (flow.translated && round->which == CONNTRACK_ASTRAY) || !is_meant(round, &flow))
		return 0;
	header.nfgen_family = flow.family;
	netlink_begin(round->gone, type_of(IPCTNL_MSG_CT_DELETE), 0, &header, sizeof(header), "forget a flow", "");
	/* By its number, too: one that has taken its place meanwhile stays. */
	netlink_put(round->gone, CTA_TUPLE_ORIG | NLA_F_NESTED, flow.tuple.data, flow.tuple.size);
	netlink_put(round->gone, CTA_ID, flow.id.data, flow.id.size);
	if (flow.zone.data)
		netlink_put(round->gone, CTA_ZONE, flow.zone.data, flow.zone.size);
	return 0;
}

/* Flows of UDP, and to this port only where it is not 0. A filter needs a family. */
static void put_question(struct netlink_batch *batch, int family, uint16_t port)
{
	const struct nfgenmsg header = { .nfgen_family = (uint8_t)family, .version = NFNETLINK_V0 };
	size_t outer;
	size_t inner;

	netlink_begin(batch, type_of(IPCTNL_MSG_CT_GET), 0, &header, sizeof(header), "list flows", "");
	outer = netlink_nest(batch, CTA_TUPLE_ORIG);
	inner = netlink_nest(batch, CTA_TUPLE_PROTO);
	netlink_put_u8(batch, CTA_PROTO_NUM, IPPROTO_UDP);
	if (port)
		netlink_put_be16(batch, CTA_PROTO_DST_PORT, port);
	netlink_nest_end(batch, inner);
	netlink_nest_end(batch, outer);
	outer = netlink_nest(batch, CTA_FILTER);
	netlink_put_u32(batch, CTA_FILTER_ORIG_FLAGS, FILTER_PROTOCOL | (port ? FILTER_PORT : 0));
	netlink_nest_end(batch, outer);
}

/* The only port of UDP, or 0: the kernel walks all flows for each question. */
static uint16_t only_port(const struct nft_port *ports, size_t count, bool *ret_any)
{
	uint16_t only = 0;

	*ret_any = false;
	for (size_t i = 0; i < count; i++) {
		if (ports[i].protocol != IPPROTO_UDP)
			continue;
		if (*ret_any && ports[i].host_port != only)
			return 0;
		only = ports[i].host_port;
		*ret_any = true;
	}
	return only;
}

static bool forget_round(int netfilter, int family, uint16_t only, const struct round *wanted)
{
	auto_netlink_batch struct netlink_batch question = NETLINK_BATCH;
	auto_netlink_batch struct netlink_batch gone = NETLINK_BATCH;
	struct round round = *wanted;
	struct error ignored;

	put_question(&question, family, only);
	gone.optional = true;
	round.gone = &gone;
	return netlink_list(netfilter, &question, see_flow, &round, &ignored) == 0 &&
	       netlink_send(netfilter, &gone, NULL, NULL, &ignored) == 0 && gone.n_labels == ROUND_MAX;
}

void conntrack_forget(int netfilter, enum conntrack_which which, const struct nft_port *ports, size_t count)
{
	static const int families[] = { AF_INET, AF_INET6 };
	const struct round wanted = { .which = which, .ports = ports, .count = count };
	bool any;
	const uint16_t only = only_port(ports, count, &any);

	for (size_t i = 0; any && i < ARRAY_SIZE(families); i++)
		for (int rounds = 1; forget_round(netfilter, families[i], only, &wanted) && rounds < ROUNDS_MAX;
		     rounds++)
			;
}
