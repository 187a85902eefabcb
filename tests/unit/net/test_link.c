/* test_link.c - interfaces are made as asked for, compared with what ip(8) tells. */
#include "net/link.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/netlink.h>

#include "base/str.h"
#include "tests/unit/net_ns.h"

enum { REMOVALS = 10, REMOVAL_US = 100 * 1000 };

static struct error err;

static void names(void)
{
	static const char *const good[] = { "a", "eth0", "a-b_c.1", "123456789012345" };
	static const char *const bad[] = { "",    ".",   "..",  "all", "default", "1234567890123456",
					   "a/b", "a b", "a\n", "ü",   "a:b" };

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		CHECK(link_name_valid(good[i]));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK(!link_name_valid(bad[i]));
}

static void macs(void)
{
	static const char *const bad[] = { "",
					   "02:00:00:00:00",
					   "02:00:00:00:00:0",
					   "02:00:00:00:00:01:",
					   "g2:00:00:00:00:01",
					   "02-00-00-00-00-01",
					   "01:00:00:00:00:01",
					   "00:00:00:00:00:00",
					   "02:00:00:00:00:01 " };
	uint8_t mac[MAC_SIZE];
	char text[MAC_TEXT_SIZE];

	CHECK_INT(0, mac_parse("0a:FF:00:00:00:1c", mac, &err));
	CHECK_STR("0a:ff:00:00:00:1c", mac_text(mac, text));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK(mac_parse(bad[i], mac, &err) < 0);
}

static int send_batch(int route, struct netlink_batch *batch)
{
	int r = netlink_send(route, batch, NULL, NULL, &err);

	if (r < 0)
		fprintf(stderr, "# %s\n", err.text);
	netlink_batch_done(batch);
	return r;
}

static int bridge_and_veth(void)
{
	auto_netlink_batch struct netlink_batch batch = NETLINK_BATCH;
	auto_fd int other = net_ns_new();
	auto_fd int route = -1;
	const uint8_t mac[MAC_SIZE] = { 2, 1, 2, 3, 4, 5 };
	const uint8_t peer_mac[MAC_SIZE] = { 2, 0, 0, 0, 0, 9 };
	struct link_info info;
	struct link_info glance;

	EXPECT(netlink_open(NETLINK_ROUTE, &route, &err) == 0);
	link_add_bridge(&batch, &(struct link_bridge){ .name = "br", .mac = mac, .mtu = 1400 });
	EXPECT(send_batch(route, &batch) == 0);
	EXPECT(link_get(route, "br", &info, &err) == 0);
	EXPECT(info.mtu == 1400 && memcmp(info.mac, mac, MAC_SIZE) == 0 && str_eq(info.kind, "bridge"));
	EXPECT(!(info.flags & IFF_UP));
	link_no_local_learning(&batch, info.index);
	link_up(&batch, info.index);
	EXPECT(send_batch(route, &batch) == 0);
	EXPECT(prints(-1, "ip -d link show br", "no_linklocal_learn 1 "));
	EXPECT(link_get(route, "br", &info, &err) == 0 && (info.flags & IFF_UP));
	EXPECT(link_glance(route, "br", &glance) && glance.index == info.index && glance.mtu == 1400);
	EXPECT(str_eq(glance.kind, "bridge") && (glance.flags & IFF_UP));
	EXPECT(!link_glance(route, "none", &glance) && !link_glance(-1, "br", &glance));
	link_add_veth(&batch, &(struct link_veth){ .name = "v0",
						   .peer = "eth0",
						   .peer_mac = peer_mac,
						   .peer_netns = other,
						   .master = info.index,
						   .mtu = 1400 });
	EXPECT(send_batch(route, &batch) == 0);
	EXPECT(prints(-1, "ip -d link show v0", "master br "));
	EXPECT(prints(-1, "ip -br link show v0", "DOWN"));
	EXPECT(prints(-1, "ip -d link show v0", "numtxqueues 1 numrxqueues 1 "));
	EXPECT(prints(other, "ip -d link show eth0", "numtxqueues 1 numrxqueues 1 "));
	link_hairpin(&batch, if_nametoindex("v0"));
	link_no_ipv6(&batch, if_nametoindex("v0"));
	link_up(&batch, if_nametoindex("v0"));
	EXPECT(send_batch(route, &batch) == 0);
	EXPECT(prints(-1, "ip -d link show v0", "hairpin on") && prints(-1, "ip link show v0", ",UP"));
	EXPECT(prints(-1, "ip link show br", ",UP") && prints(-1, "ip -d link show br", "mcast_snooping 0"));
	EXPECT(prints(other, "ip link set eth0 up; ip -br link show eth0", "UP"));
	EXPECT(str_eq(printed_in(-1, "ip -6 address show v0"), ""));
	EXPECT(prints(other, "ip -6 address show eth0", "fe80:"));
	EXPECT(prints(other, "ip -d link show eth0", "02:00:00:00:00:09"));
	EXPECT(prints(other, "ip -d link show eth0", "mtu 1400"));
	EXPECT(!strstr(printed_in(-1, "ip link"), "eth0@"));
	/* The MAC of the bridge stays when ports with lower ones come: else it changes for all neighbours. */
	EXPECT(prints(-1, "ip link set v0 address 00:00:00:00:00:01; ip link show br", "02:01:02:03:04:05"));
	link_delete(&batch, "v0");
	EXPECT(send_batch(route, &batch) == 0);
	EXPECT(link_get(route, "v0", &info, &err) == -ENODEV);
	EXPECT(!strstr(printed_in(other, "ip link"), "eth0"));
	link_delete(&batch, "v0");
	EXPECT(send_batch(route, &batch) == -ENODEV);
	return 0;
}

/* One of the same name that is made at once is not what the process deletes that nobody waits for. */
static int removed(void)
{
	auto_netlink_batch struct netlink_batch batch = NETLINK_BATCH;
	auto_fd int other = net_ns_new();
	auto_fd int route = -1;

	EXPECT(netlink_open(NETLINK_ROUTE, &route, &err) == 0);
	EXPECT(link_remove(route, "v0", -1, &err) == 0); /* there is none */
	for (int i = 0; i < REMOVALS; i++) {
		link_add_veth(&batch, &(struct link_veth){ .name = "v0", .peer = "eth0", .peer_netns = other });
		EXPECT(send_batch(route, &batch) == 0);
		EXPECT(link_remove(route, "v0", -1, &err) == 0);
		EXPECT(!strstr(printed_in(-1, "ip link"), "v0@") && !strstr(printed_in(other, "ip link"), "eth0"));
	}
	link_add_veth(&batch, &(struct link_veth){ .name = "v0", .peer = "eth0", .peer_netns = other });
	EXPECT(send_batch(route, &batch) == 0);
	(void)usleep(REMOVAL_US);
	EXPECT(prints(-1, "ip link", "v0@") && prints(other, "ip link", "eth0"));
	return 0;
}

static int moved_and_shared(void)
{
	auto_netlink_batch struct netlink_batch batch = NETLINK_BATCH;
	auto_fd int other = net_ns_new();
	auto_fd int route = -1;
	const uint8_t mac[MAC_SIZE] = { 2, 0, 0, 0, 0, 9 };
	struct link_info info;

	(void)printed_in(-1, "ip link add h0 type veth peer name h1; ip link set h0 up; ip link set h1 up");
	EXPECT(netlink_open(NETLINK_ROUTE, &route, &err) == 0);
	EXPECT(link_get(route, "h0", &info, &err) == 0 && str_eq(info.kind, "veth"));
	link_add_shared(&batch, &(struct link_shared){ .kind = LINK_MACVLAN,
						       .name = "eth0",
						       .parent = info.index,
						       .netns = other,
						       .mac = mac,
						       .mode = MACVLAN_MODE_BRIDGE });
	EXPECT(send_batch(route, &batch) == 0);
	EXPECT(prints(other, "ip -d link show eth0", "macvlan mode bridge"));
	EXPECT(prints(other, "ip -d link show eth0", "02:00:00:00:00:09"));
	EXPECT(link_get(route, "h1", &info, &err) == 0);
	link_move(&batch, info.index, other, "phys0");
	EXPECT(send_batch(route, &batch) == 0);
	EXPECT(prints(other, "ip link show phys0", "phys0@"));
	EXPECT(link_get(route, "h1", &info, &err) == -ENODEV);
	return 0;
}

static int vxlan(void)
{
	auto_netlink_batch struct netlink_batch batch = NETLINK_BATCH;
	auto_fd int route = -1;
	struct link_vxlan vxlan = { .name = "vx", .vni = 77, .port = 4789 };
	struct ip_address peer;
	struct link_info info;

	(void)printed_in(-1, "ip link add b0 type bridge; ip link set lo up; ip address add 10.0.0.1/24 dev lo");
	EXPECT(netlink_open(NETLINK_ROUTE, &route, &err) == 0 && link_get(route, "b0", &info, &err) == 0);
	EXPECT(ip_parse("10.0.0.1", &vxlan.local, &err) == 0 && ip_parse("10.0.0.2", &peer, &err) == 0);
	vxlan.master = info.index;
	link_add_vxlan(&batch, &vxlan);
	EXPECT(send_batch(route, &batch) == 0);
	EXPECT(link_get(route, "vx", &info, &err) == 0);
	link_add_vxlan_peer(&batch, info.index, &peer);
	EXPECT(send_batch(route, &batch) == 0);
	EXPECT(prints(-1, "ip -d link show vx", "vxlan id 77 local 10.0.0.1"));
	EXPECT(prints(-1, "ip -d link show vx", "master b0"));
	EXPECT(prints(-1, "bridge fdb show dev vx", "00:00:00:00:00:00 dst 10.0.0.2 self permanent"));
	return 0;
}

static int ipvlan(void)
{
	auto_netlink_batch struct netlink_batch batch = NETLINK_BATCH;
	auto_fd int other = net_ns_new();
	auto_fd int route = -1;
	struct link_info info;

	(void)printed_in(-1, "ip link add h0 type veth peer name h1");
	EXPECT(netlink_open(NETLINK_ROUTE, &route, &err) == 0 && link_get(route, "h0", &info, &err) == 0);
	link_add_shared(&batch, &(struct link_shared){ .kind = LINK_IPVLAN,
						       .name = "eth0",
						       .parent = info.index,
						       .netns = other,
						       .mode = IPVLAN_MODE_L2 });
	EXPECT(send_batch(route, &batch) == 0);
	EXPECT(prints(other, "ip -d link show eth0", "ipvlan"));
	return 0;
}

static void bridges(void)
{
	in_net_ns(bridge_and_veth);
}

static void shared_interfaces(void)
{
	in_net_ns(moved_and_shared);
}

static void interfaces_are_removed(void)
{
	in_net_ns(removed);
}

static void overlays(void)
{
	in_net_ns(vxlan);
}

static void shared_addresses(void)
{
	if (geteuid() == 0 && system("unshare -n sh -c 'ip link add h0 type veth peer name h1 && "
				     "ip link add i0 link h0 type ipvlan' 2>/dev/null") != 0)
		TEST_SKIP("this kernel has no ipvlan");
	in_net_ns(ipvlan);
}

static const struct test tests[] = { TEST(names),
				     TEST(macs),
				     TEST(bridges),
				     TEST(interfaces_are_removed),
				     TEST(shared_interfaces),
				     TEST(overlays),
				     TEST(shared_addresses) };
TEST_MAIN(tests)
