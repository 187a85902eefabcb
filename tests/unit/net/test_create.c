/* test_create.c - networks get addresses that the host does not use, and go only when nobody is on them. */
#include "net/create.h"

#include <errno.h>

#include "base/str.h"
#include "net/attach.h"
#include "tests/unit/net_ns.h"
#include "tests/unit/temporary.h"

static struct error err;
static char config[128], run_directory[128];

static int create(const char *name, const char *subnet, bool v6, struct network *ret)
{
	auto_net_host struct net_host host = NET_HOST_CLOSED;
	auto_net_store struct net_store store = NET_STORE_CLOSED;
	struct network network = { .mtu = 0 };
	int r = net_store_open(config, run_directory, &store, &err);

	(void)snprintf(network.name, sizeof(network.name), "%s", name);
	if (r == 0 && subnet)
		r = ip_network_parse(subnet, &network.v4, &err);
	if (r == 0)
		r = net_host_open(&host, &err);
	if (r == 0)
		r = network_create(&store, &host, &network, v6, &err);
	*ret = network;
	return r;
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
	EXPECT(net_detach(&store, "c", NULL, NULL, false, &err) == 0);
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

static void a_used_one_stays(void)
{
	run(removal);
}

static const struct test tests[] = { TEST(free_addresses_are_chosen), TEST(a_used_one_stays) };
TEST_MAIN(tests)
