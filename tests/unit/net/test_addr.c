/* test_addr.c - addresses, routes and neighbours, compared with what ip(8) tells. */
#include "net/addr.h"

#include <errno.h>
#include <linux/netlink.h>

#include "net/link.h"
#include "tests/unit/net_ns.h"

static struct error err;

static int send_batch(int route, struct netlink_batch *batch)
{
	int r = netlink_send(route, batch, NULL, NULL, &err);

	if (r < 0)
		fprintf(stderr, "# %s\n", err.text);
	netlink_batch_done(batch);
	return r;
}

static struct ip_network network(const char *text)
{
	struct ip_network ret = { 0 };

	(void)ip_network_parse(text, &ret, &err);
	return ret;
}

static int set_up(void)
{
	auto_netlink_batch struct netlink_batch batch = NETLINK_BATCH;
	auto_fd int route = -1;
	const struct ip_network v4 = network("10.7.0.2/24");
	const struct ip_network v6 = network("fd07::2/64");
	const struct ip_network all = network("0.0.0.0/0");
	const uint8_t mac[MAC_SIZE] = { 2, 0, 0, 0, 0, 1 };
	struct ip_address gateway;
	struct link_info info;

	(void)printed_in(-1, "ip link add d0 mtu 1300 type veth peer name d1; ip link set d1 up; ip link set d0 up");
	EXPECT(netlink_open(NETLINK_ROUTE, &route, &err) == 0 && link_get(route, "d0", &info, &err) == 0);
	EXPECT(ip_parse("10.7.0.1", &gateway, &err) == 0);
	addr_add(&batch, info.index, &v4, false);
	addr_add(&batch, info.index, &v6, false);
	addr_add_route(&batch, info.index, &all, &gateway, 0);
	addr_add_neighbour(&batch, info.index, &gateway, mac);
	EXPECT(send_batch(route, &batch) == 0);
	EXPECT(prints(-1, "ip address show d0", "inet 10.7.0.2/24 brd 10.7.0.255"));
	EXPECT(prints(-1, "ip -6 address show dev d0", "fd07::2/64"));
	EXPECT(!strstr(printed_in(-1, "ip -6 address show dev d0 | grep fd07"), "tentative")); /* DAD is off */
	EXPECT(prints(-1, "ip route", "default via 10.7.0.1 dev d0"));
	EXPECT(prints(-1, "ip neighbour", "10.7.0.1 dev d0 lladdr 02:00:00:00:00:01 PERMANENT"));
	addr_add(&batch, info.index, &v4, false);
	EXPECT(send_batch(route, &batch) == -EEXIST);
	addr_add(&batch, info.index, &v4, true);
	EXPECT(send_batch(route, &batch) == 0);
	return 0;
}

static int by_source(void)
{
	auto_netlink_batch struct netlink_batch batch = NETLINK_BATCH;
	auto_fd int route = -1;
	const struct ip_network v4 = network("10.7.0.2/24");
	const struct ip_network v6 = network("fd07::2/64");
	const struct ip_network all = network("0.0.0.0/0");
	struct ip_address gateway;
	struct link_info info;

	(void)printed_in(-1, "ip link add d0 type veth peer name d1; ip link set d1 up; ip link set d0 up;"
			     "ip address add 10.7.0.2/24 dev d0");
	EXPECT(netlink_open(NETLINK_ROUTE, &route, &err) == 0 && link_get(route, "d0", &info, &err) == 0);
	EXPECT(ip_parse("10.7.0.1", &gateway, &err) == 0);
	addr_add_rule(&batch, &v4.address, 1000);
	addr_add_rule(&batch, &v6.address, 1000);
	addr_add_route(&batch, info.index, &all, &gateway, 1000);
	EXPECT(send_batch(route, &batch) == 0);
	EXPECT(prints(-1, "ip rule", "32000:\tfrom 10.7.0.2 lookup 1000"));
	EXPECT(prints(-1, "ip -6 rule", "32000:\tfrom fd07::2 lookup 1000"));
	EXPECT(prints(-1, "ip route show table 1000", "default via 10.7.0.1 dev d0"));
	EXPECT(!strstr(printed_in(-1, "ip route"), "default"));
	addr_delete_rule(&batch, &v4.address);
	addr_delete_rule(&batch, &v6.address);
	EXPECT(send_batch(route, &batch) == 0);
	EXPECT(!strstr(printed_in(-1, "ip rule; ip -6 rule"), "32000"));
	(void)printed_in(-1, "ip route add default via 10.7.0.9");
	addr_delete_default(&batch, info.index, AF_INET);
	EXPECT(send_batch(route, &batch) == 0);
	EXPECT(!strstr(printed_in(-1, "ip route"), "default"));
	return 0;
}

static int looked_at(void)
{
	auto_fd int route = -1;
	const struct ip_network taken = network("10.7.0.128/25");
	const struct ip_network more = network("10.0.0.0/8");
	const struct ip_network free_one = network("10.8.0.0/24");
	const struct ip_network free_v6 = network("fd00::/64");
	char text[IP_TEXT_SIZE];
	unsigned mtu = 1;

	EXPECT(netlink_open(NETLINK_ROUTE, &route, &err) == 0);
	EXPECT(addr_default_mtu(route, &mtu, &err) == 0 && mtu == 0);
	(void)printed_in(-1, "ip link add d0 mtu 1300 type veth peer name d1; ip link set d1 up; ip link set d0 up;"
			     "ip address add 10.7.0.2/24 dev d0; ip route add default via 10.7.0.1");
	EXPECT(addr_default_mtu(route, &mtu, &err) == 0 && mtu == 1300);
	/* The route's own metric counts where it is the smaller one. */
	(void)printed_in(-1, "ip route replace default via 10.7.0.1 mtu 1200");
	EXPECT(addr_default_mtu(route, &mtu, &err) == 0 && mtu == 1200);
	(void)printed_in(-1, "ip route replace default via 10.7.0.1 mtu lock 1250");
	EXPECT(addr_default_mtu(route, &mtu, &err) == 0 && mtu == 1250);
	(void)printed_in(-1, "ip route replace default via 10.7.0.1 mtu 9000");
	EXPECT(addr_default_mtu(route, &mtu, &err) == 0 && mtu == 1300);
	EXPECT(addr_overlap(route, &taken, text, &err) == 0 && strcmp(text, "10.7.0.0/24") == 0);
	EXPECT(addr_overlap(route, &more, text, &err) == 0 && strcmp(text, "10.7.0.0/24") == 0);
	EXPECT(addr_overlap(route, &free_one, text, &err) == 0 && !*text);
	EXPECT(addr_overlap(route, &free_v6, text, &err) == 0 && !*text);
	return 0;
}

static void addresses_and_routes(void)
{
	in_net_ns(set_up);
}

static void rules_by_source(void)
{
	in_net_ns(by_source);
}

static void questions(void)
{
	in_net_ns(looked_at);
}

static const struct test tests[] = { TEST(addresses_and_routes), TEST(rules_by_source), TEST(questions) };
TEST_MAIN(tests)
