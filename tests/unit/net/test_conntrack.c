/* test_conntrack.c - flows to published ports of UDP are forgotten, others stay; what the kernel says is read. */
#include "net/conntrack.h"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "net/port.h"
#include "tests/unit/net_ns.h"

enum { CROWD = 300 };

static struct error err;

static int send_one(const char *address, uint16_t port)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	const bool is4 = !strchr(address, ':');
	auto_fd int fd = socket(is4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	EXPECT(inet_pton(is4 ? AF_INET : AF_INET6, address, is4 ? (void *)&v4.sin_addr : (void *)&v6.sin6_addr) == 1);
	EXPECT(sendto(fd, "?", 1, 0, is4 ? (const struct sockaddr *)&v4 : (const struct sockaddr *)&v6,
		      is4 ? sizeof(v4) : sizeof(v6)) == 1);
	return 0;
}

static int see(const struct netlink_reply *reply, void *context)
{
	char *text = context;
	struct conntrack_flow flow;
	char address[IP_TEXT_SIZE];
	const size_t used = strlen(text);

	if (conntrack_read(reply, &flow) && flow.protocol == IPPROTO_UDP)
		(void)snprintf(text + used, 4096 - used, "%s %u\n", ip_text(&flow.to, address), flow.port);
	return 0;
}

/* "ADDRESS PORT\n" of each flow, in any order. */
static const char *flows(int netfilter)
{
	static char text[4096];
	auto_netlink_batch struct netlink_batch batch = NETLINK_BATCH;
	const struct nfgenmsg all = { .version = NFNETLINK_V0 };

	text[0] = '\0';
	netlink_begin(&batch, NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET, 0, &all, sizeof(all), "list flows", "");
	return netlink_list(netfilter, &batch, see, text, &err) < 0 ? err.text : text;
}

static int forget_some(int netfilter, enum conntrack_which which, const char *published)
{
	auto_free struct nft_port *ports = NULL;
	size_t count = 0;

	EXPECT(port_parse(published, &ports, &count, &err) == 0);
	conntrack_forget(netfilter, which, ports, count);
	return 0;
}

static int forget(int netfilter, const char *published)
{
	return forget_some(netfilter, CONNTRACK_ALL, published);
}

static int send_all(void)
{
	EXPECT(send_one("127.0.0.1", 5000) == 0 && send_one("127.0.0.1", 5001) == 0);
	EXPECT(send_one("192.0.2.1", 5000) == 0 && send_one("192.0.2.1", 5002) == 0);
	EXPECT(send_one("fd00::1", 5000) == 0 && send_one("192.0.2.9", 5000) == 0);
	return 0;
}

static int forgotten(void)
{
	auto_fd int netfilter = -1;

	EXPECT(prints(-1,
		      "ip link set lo up; ip link add veth0 type veth peer name veth1; ip address add 192.0.2.1/24 dev "
		      "veth0; "
		      "ip address add fd00::1/64 dev veth0 nodad; ip link set veth1 up; ip link set veth0 up; nft add "
		      "table inet t; "
		      "nft add chain inet t c '{ type nat hook output priority -100; }'; "
		      "nft add rule inet t c ct state new; nft add rule inet t c udp dport 5003 dnat ip to "
		      "192.0.2.1:6000; echo done",
		      "done"));
	EXPECT(netlink_open(NETLINK_NETFILTER, &netfilter, &err) == 0);
	EXPECT(send_all() == 0);
	if (!strstr(flows(netfilter), "192.0.2.9 5000\n"))
		return 0;                          /* a kernel without ctnetlink, or its lists */
	EXPECT(forget(netfilter, "5000:80") == 0); /* TCP */
	EXPECT(strstr(flows(netfilter), "127.0.0.1 5000\n") && strstr(flows(netfilter), "192.0.2.1 5000\n"));
	EXPECT(forget(netfilter, "192.0.2.1:5000:80/udp") == 0);
	EXPECT(strstr(flows(netfilter), "127.0.0.1 5000\n") && !strstr(flows(netfilter), "192.0.2.1 5000\n"));
	EXPECT(strstr(flows(netfilter), "fd00::1 5000\n"));
	EXPECT(forget(netfilter, "5000:80/udp") == 0);
	EXPECT(!strstr(flows(netfilter), "127.0.0.1 5000\n") && !strstr(flows(netfilter), "fd00::1 5000\n"));
	/* Another host's. */
	EXPECT(strstr(flows(netfilter), "192.0.2.9 5000\n"));
	EXPECT(strstr(flows(netfilter), "127.0.0.1 5001\n") && strstr(flows(netfilter), "192.0.2.1 5002\n"));
	EXPECT(send_all() == 0 && forget(netfilter, "4999-5001:80-82/udp") == 0);
	EXPECT(!strstr(flows(netfilter), " 5001\n") && strstr(flows(netfilter), "192.0.2.1 5002\n"));
	/* Led on, or not. */
	EXPECT(send_all() == 0 && send_one("127.0.0.1", 5003) == 0);
	EXPECT(forget_some(netfilter, CONNTRACK_ASTRAY, "5000-5003:80-83/udp") == 0);
	EXPECT(strstr(flows(netfilter), "127.0.0.1 5003\n") && !strstr(flows(netfilter), "127.0.0.1 5000\n"));
	EXPECT(forget(netfilter, "5000-5003:80-83/udp") == 0 && !strstr(flows(netfilter), " 5003\n"));
	for (int i = 0; i < CROWD; i++)
		EXPECT(send_one("127.0.0.1", 5000) == 0);
	EXPECT(forget(netfilter, "5000:80/udp") == 0 && !strstr(flows(netfilter), "127.0.0.1 5000\n"));
	return 0;
}

static void flows_to_published_ports_are_forgotten(void)
{
	in_net_ns(forgotten);
}

/* A message like the kernel's, and all that is shorter. */
static void cut_short(void)
{
	auto_netlink_batch struct netlink_batch batch = NETLINK_BATCH;
	const struct nfgenmsg header = { .nfgen_family = AF_INET, .version = NFNETLINK_V0 };
	const uint16_t type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW;
	struct conntrack_flow flow;
	struct netlink_reply reply = { .type = type };
	size_t tuple;
	size_t part;

	netlink_begin(&batch, type, 0, &header, sizeof(header), "", "");
	netlink_put_be32(&batch, CTA_ID, 7);
	tuple = netlink_nest(&batch, CTA_TUPLE_ORIG);
	part = netlink_nest(&batch, CTA_TUPLE_IP);
	netlink_put_be32(&batch, CTA_IP_V4_DST, 0xc0000201);
	netlink_nest_end(&batch, part);
	part = netlink_nest(&batch, CTA_TUPLE_PROTO);
	netlink_put_u8(&batch, CTA_PROTO_NUM, IPPROTO_UDP);
	netlink_put_be16(&batch, CTA_PROTO_DST_PORT, 53);
	netlink_nest_end(&batch, part);
	netlink_nest_end(&batch, tuple);
	reply.data = batch.data + sizeof(struct nlmsghdr);
	reply.size = batch.used - sizeof(struct nlmsghdr);
	CHECK(conntrack_read(&reply, &flow));
	CHECK_INT(53, flow.port);
	CHECK_INT(IPPROTO_UDP, flow.protocol);
	CHECK_INT(AF_INET, flow.to.family);
	CHECK(!flow.zone.data);
	while (reply.size-- > 0)
		CHECK(!conntrack_read(&reply, &flow));
}

static const struct test tests[] = { TEST(flows_to_published_ports_are_forgotten), TEST(cut_short) };
TEST_MAIN(tests)
