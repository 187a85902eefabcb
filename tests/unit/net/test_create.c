/* test_create.c - networks get addresses that the host does not use, and go only when nobody is on them. */
#include "net/create.h"

#include <errno.h>

#include "base/str.h"
#include "net/attach.h"
#include "tests/unit/net_ns.h"
#include "tests/unit/temporary.h"

static struct error err;
static char config[128], run_directory[128];

static int create_network(const char *subnet, bool v6, struct network *network)
{
	auto_net_host struct net_host host = NET_HOST_CLOSED;
	auto_net_store struct net_store store = NET_STORE_CLOSED;
	int r = net_store_open(config, run_directory, &store, &err);

	if (r == 0 && subnet)
		r = ip_network_parse(subnet, &network->v4, &err);
	if (r == 0)
		r = net_host_open(&host, &err);
	return r < 0 ? r : network_create(&store, &host, network, v6, &err);
}

static int create(const char *name, const char *subnet, bool v6, struct network *ret)
{
	*ret = (struct network){ .mtu = 0 };
	(void)snprintf(ret->name, sizeof(ret->name), "%s", name);
	return create_network(subnet, v6, ret);
}

static bool is(const struct ip_network *net, const char *text)
{
	char buffer[IP_TEXT_SIZE];

	return str_eq(ip_network_text(net, buffer), text);
}

static int addresses(void)
{
	struct network network;

	(void)printed_in(
		-1, "ip link add d0 type veth peer name d1; ip link set d0 up; ip address add 10.192.4.9/30 dev d0");
	EXPECT(create("one", NULL, false, &network) == 0 && is(&network.v4, "10.192.0.1/22"));
	EXPECT(create("two", NULL, true, &network) == 0 && is(&network.v4, "10.192.8.1/22"));
	EXPECT(network.v6.prefix == 64 && network.v6.address.bytes[0] == 0xfd);
	EXPECT(create("one", NULL, false, &network) == -EEXIST);
	EXPECT(create("three", "10.192.9.1/24", false, &network) == -EEXIST);
	EXPECT(strstr(err.text, "10.192.9.0/24 overlaps with network two"));
	EXPECT(create("three", "10.192.4.1/24", false, &network) == -EEXIST);
	EXPECT(strstr(err.text, "10.192.4.8/30, which this host has a route to"));
	EXPECT(create("three", "10.5.0.1/24", false, &network) == 0 && is(&network.v4, "10.5.0.1/24"));
	EXPECT(create("host", NULL, false, &network) == -EINVAL);
	return 0;
}

/* A host whose VPN has all of a pool; routes with a hole, and all of them. */
static int pools(void)
{
	struct network network;

	(void)printed_in(-1, "ip link add d0 type veth peer name d1; ip link set d0 up; ip route add 10.0.0.0/8 dev d0;"
			     "ip route add 172.31.252.0/23 dev d0");
	EXPECT(create("one", NULL, false, &network) == 0 && is(&network.v4, "172.31.248.1/22"));
	EXPECT(create("two", NULL, false, &network) == 0 && is(&network.v4, "172.31.244.1/22"));
	(void)printed_in(-1, "ip route add 172.16.0.0/12 dev d0");
	EXPECT(create("three", NULL, false, &network) == 0 && is(&network.v4, "192.168.252.1/22"));
	(void)printed_in(-1, "ip route add 192.168.0.0/16 dev d0");
	EXPECT(create("four", NULL, false, &network) == -ENOSPC);
	EXPECT(strstr(err.text, "coffer network create --subnet NETWORK four"));
	return 0;
}

/* What can be told of networks on a parent before there is one: the host's own routes are in no one's way. */
static int on_parents(void)
{
	static const struct {
		const char *parent, *subnet, *error;
		enum network_kind kind;
		uint16_t vlan;
		unsigned mtu;
		bool v6;
	} rows[] = {
		{ "d0", NULL, "macvlan: which addresses its wire has is missing", .kind = NETWORK_MACVLAN },
		{ "d0", "10.5.0.1/24", "--subnet6", .kind = NETWORK_MACVLAN, .v6 = true },
		{ "", "10.5.0.1/24", "ipvlan: on which interface of the host is missing", .kind = NETWORK_IPVLAN },
		{ "d9", "10.5.0.1/24", "find interface d9", .kind = NETWORK_IPVLAN },
		{ "d0.0", "10.5.0.1/24", "find interface d0.0", .kind = NETWORK_IPVLAN },
		{ "d0", "10.5.0.1/24", "without --mtu and --vlan", .kind = NETWORK_DEVICE, .mtu = 1400 },
		{ "d0.7", "10.5.0.1/24", "find interface d0.7", .kind = NETWORK_DEVICE },
		{ "d0", "10.5.0.1/24", "a bridge has no parent", .kind = NETWORK_BRIDGE },
		{ "d0.7", "10.5.0.1/24", NULL, .kind = NETWORK_MACVLAN },
		{ "d0", "10.6.0.1/24", "VLAN 7 of d0 is network n8", .kind = NETWORK_IPVLAN, .vlan = 7 },
		{ "d0", "10.192.4.1/24", NULL, .kind = NETWORK_MACVLAN },
		{ "d0", "10.192.4.1/24", "overlaps with network n10", .kind = NETWORK_MACVLAN },
	};

	(void)printed_in(-1, "ip link add d0 type veth peer name d1; ip link set d0 up;"
			     "ip address add 10.192.4.9/24 dev d0");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct network network = { .kind = rows[i].kind, .vlan = rows[i].vlan, .mtu = rows[i].mtu };
		int r;

		(void)snprintf(network.name, sizeof(network.name), "n%zu", i);
		(void)snprintf(network.parent, sizeof(network.parent), "%s", rows[i].parent);
		EXPECT(network_set_mode(&network, NULL, &err) == 0);
		r = create_network(rows[i].subnet, rows[i].v6, &network);
		if (r < 0)
			fprintf(stderr, "# %s\n", err.text);
		EXPECT((r == 0) == !rows[i].error && (r == 0 || strstr(err.text, rows[i].error)));
	}
	return 0;
}

static int removal(void)
{
	auto_net_host struct net_host host = NET_HOST_CLOSED;
	auto_net_store struct net_store store = NET_STORE_CLOSED;
	auto_fd int container = net_ns_new();
	struct attach attach = { .owner = "c", .state = config, .network = "one", .netns = container };
	struct network network;

	EXPECT(create("one", NULL, false, &network) == 0);
	EXPECT(net_store_open(config, run_directory, &store, &err) == 0 && net_host_open(&host, &err) == 0);
	EXPECT(net_attach(&store, &attach, NULL, &err) == 0);
	EXPECT(network_remove(&store, &host, "one", &err) == -EBUSY);
	EXPECT(net_detach(&store, &(struct detach){ .owner = "c", .netns = NET_UNKNOWN }, &err) == 0);
	EXPECT(network_remove(&store, &host, "one", &err) == 0);
	EXPECT(network_remove(&store, &host, "one", &err) == -ENOENT);
	EXPECT(net_attach(&store, &attach, NULL, &err) == -ENOENT);
	return 0;
}

static void run(int (*body)(void))
{
	(void)snprintf(config, sizeof(config), "%s", temporary_directory());
	(void)snprintf(run_directory, sizeof(run_directory), "%s", temporary_directory());
	in_net_ns(body);
}

static void free_addresses_are_chosen(void)
{
	run(addresses);
}

static void a_pool_after_another(void)
{
	run(pools);
}

static void parents_are_checked(void)
{
	run(on_parents);
}

static void a_used_one_stays(void)
{
	run(removal);
}

static const struct test tests[] = { TEST(free_addresses_are_chosen), TEST(a_pool_after_another),
				     TEST(parents_are_checked), TEST(a_used_one_stays) };
TEST_MAIN(tests)
