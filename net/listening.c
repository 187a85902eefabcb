/* listening.c - see listening.h. A few ports are tried: where each can be bound, nobody has it. Else the lists of
   sock_diag(7) tell who listens, and leave out what only outgoing connections use, which go on; to be walked they take
   as long as twenty ports, whatever their number. */
#include "listening.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/str.h"
#include "clash.h"
#include "port.h"

/* Of the kernel's enum in net/tcp_states.h. A UDP socket that any may send to is "closed". */
enum { STATE_CLOSE = 7, STATE_LISTEN = 10, NAMES_PORT = 53, FEW = 16 };

static const struct {
	uint8_t protocol;
	uint8_t family; /* AF_UNSPEC: both, which only the older request of TCP has */
	unsigned state;
} lists[] = {
	{ IPPROTO_TCP, AF_UNSPEC, STATE_LISTEN }, { IPPROTO_UDP, AF_INET, STATE_CLOSE },
	{ IPPROTO_UDP, AF_INET6, STATE_CLOSE },   { IPPROTO_SCTP, AF_INET, STATE_LISTEN },
	{ IPPROTO_SCTP, AF_INET6, STATE_LISTEN },
};

struct search {
	const struct net_store *store;
	const struct network *network;
	const struct nft_port *ports;
	size_t count;
	uint8_t protocol;
	struct error *err;
};

bool listening_read(const struct netlink_reply *reply, struct listening *ret)
{
	struct listening found = { .any = false };
	struct inet_diag_msg message;
	struct netlink_reply only;
	struct in6_addr address;

	if ((reply->type != SOCK_DIAG_BY_FAMILY && reply->type != TCPDIAG_GETSOCK) || reply->size < sizeof(message))
		return false;
	memcpy(&message, reply->data, sizeof(message));
	memcpy(&address, message.id.idiag_src, sizeof(address));
	found.v4 = message.idiag_family == AF_INET;
	found.v6 = message.idiag_family == AF_INET6;
	found.at.family = message.idiag_family;
	if (found.v6 && IN6_IS_ADDR_V4MAPPED(&address)) {
		found.at.family = AF_INET;
		found.v4 = true;
		found.v6 = false;
		memcpy(found.at.bytes, address.s6_addr + IP_BYTES - ip_size(AF_INET), ip_size(AF_INET));
	} else if (found.v4 || found.v6) {
		memcpy(found.at.bytes, &address, ip_size(found.at.family));
	} else {
		return false;
	}
	found.any = ip_is_any(&found.at);
	if (found.v6 && found.any)
		found.v4 = !netlink_find(reply, sizeof(message), INET_DIAG_SKV6ONLY, &only) || only.size == 0 ||
			   *only.data == 0;
	found.port = ntohs(message.id.idiag_sport);
	found.uid = message.idiag_uid;
	*ret = found;
	return true;
}

static bool meet(const struct search *search, const struct nft_port *port, const struct listening *listener)
{
	const int only = port->host.family; /* 0: each family that the network has */
	const bool v4 = only ? only == AF_INET : ip_is_set(&search->network->v4.address);
	const bool v6 = only ? only == AF_INET6 : ip_is_set(&search->network->v6.address);

	return port->protocol == search->protocol && port->host_port == listener->port &&
	       ((v4 && listener->v4) || (v6 && listener->v6)) &&
	       (nft_port_anywhere(port) || listener->any || ip_equal(&port->host, &listener->at));
}

static bool is_name_server(const struct net_store *store, const struct listening *listener)
{
	char network[NETWORK_NAME_SIZE];

	return listener->port == NAMES_PORT && !listener->any && clash_is_name_server(store, &listener->at, network);
}

static int see_socket(const struct netlink_reply *reply, void *context)
{
	const struct search *search = context;
	struct listening listener;
	char text[IP_TEXT_SIZE];

	if (!listening_read(reply, &listener))
		return 0;
	for (size_t i = 0; i < search->count; i++)
		if (meet(search, &search->ports[i], &listener) && !is_name_server(search->store, &listener))
			return refuse_as(search->err, EADDRINUSE,
					 "port %u/%s cannot be published: address already in use, a process of user %u "
					 "listens at %s (ss -anp shows which)",
					 listener.port, port_protocol(search->protocol), listener.uid,
					 listener.any ? "all addresses" : ip_text(&listener.at, text));
	return 0;
}

static void put_request(struct netlink_batch *batch, size_t list)
{
	const struct inet_diag_req both = { .idiag_states = 1U << lists[list].state };
	const struct inet_diag_req_v2 one = { .sdiag_family = lists[list].family,
					      .sdiag_protocol = lists[list].protocol,
					      .idiag_states = 1U << lists[list].state };

	if (lists[list].family == AF_UNSPEC)
		netlink_begin(batch, TCPDIAG_GETSOCK, 0, &both, sizeof(both), "list listening sockets", "");
	else
		netlink_begin(batch, SOCK_DIAG_BY_FAMILY, 0, &one, sizeof(one), "list listening sockets", "");
}

static bool is_wanted(const struct search *search, uint8_t protocol)
{
	for (size_t i = 0; i < search->count; i++)
		if (search->ports[i].protocol == protocol)
			return true;
	return false;
}

/* False: somebody has it, who need not listen. */
static bool can_bind(const struct nft_port *port, const struct ip_address *at)
{
	socklen_t length;
	const struct sockaddr_storage address = ip_socket_address(at, port->host_port, &length);
	const int type = port->protocol == IPPROTO_UDP ? SOCK_DGRAM : SOCK_STREAM;
	const int on = 1;
	auto_fd int fd = socket(at->family, type | SOCK_CLOEXEC, port->protocol);

	if (fd < 0 || (at->family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0))
		return false;
	return bind(fd, (const struct sockaddr *)&address, length) == 0 ||
	       errno == EADDRNOTAVAIL; /* none of this host's */
}

static bool all_free(const struct search *search)
{
	const struct ip_address any4 = { .family = AF_INET };
	const struct ip_address any6 = { .family = AF_INET6 };
	bool free = search->count <= FEW;

	for (size_t i = 0; i < search->count && free; i++) {
		const struct nft_port *port = &search->ports[i];

		if (ip_is_set(&port->host)) {
			free = can_bind(port, &port->host);
			continue;
		}
		free = (!ip_is_set(&search->network->v4.address) || can_bind(port, &any4)) &&
		       (!ip_is_set(&search->network->v6.address) || can_bind(port, &any6));
	}
	return free;
}

int listening_check(const struct net_store *store, const struct network *network, const struct nft_port *ports,
		    size_t count, struct error *err)
{
	struct search search = { .store = store, .network = network, .ports = ports, .count = count, .err = err };
	struct error ignored;
	auto_fd int diag = -1;
	int r = 0;

	if (all_free(&search) || netlink_open(NETLINK_SOCK_DIAG, &diag, &ignored) < 0)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(lists) && r != -EADDRINUSE; i++) {
		auto_netlink_batch struct netlink_batch batch = NETLINK_BATCH;

		search.protocol = lists[i].protocol;
		if (!is_wanted(&search, search.protocol))
			continue;
		put_request(&batch, i);
		r = netlink_list(diag, &batch, see_socket, &search, &ignored);
	}
	return r == -EADDRINUSE ? r : 0;
}
