/* test_routes.c - a container on two networks: who has the default routes, what is sent from which address. */
#include "net/routes.h"

#include "net/attach.h"
#include "net/create.h"
#include "tests/unit/net/store_at.h"
#include "tests/unit/net_ns.h"
#include "tests/unit/temporary.h"

static struct error err;
static char directory[128];

static int define(const char *name, const char *v4, const char *v6)
{
	struct network network = { .kind = NETWORK_BRIDGE };
	auto_net_host struct net_host host = NET_HOST_CLOSED;
	auto_net_store struct net_store store = NET_STORE_CLOSED;

	(void)snprintf(network.name, sizeof(network.name), "%s", name);
	EXPECT(ip_network_parse(v4, &network.v4, &err) == 0);
	EXPECT(!v6 || ip_network_parse(v6, &network.v6, &err) == 0);
	EXPECT(store_at(directory, &store, &err) == 0 && net_host_open(&host, &err) == 0);
	EXPECT(network_create(&store, &host, &network, false, &err) == 0);
	return 0;
}

static int attach(const char *network, int netns)
{
	const struct attach attach = { .owner = "a", .state = directory, .network = network, .netns = netns };
	auto_net_store struct net_store store = NET_STORE_CLOSED;

	EXPECT(store_at(directory, &store, &err) == 0);
	return net_attach(&store, &attach, NULL, &err);
}

static int detach(const char *network, int netns)
{
	const struct detach detach = { .owner = "a", .network = network, .has_to_be = true, .netns = netns };
	auto_net_store struct net_store store = NET_STORE_CLOSED;

	EXPECT(store_at(directory, &store, &err) == 0);
	return net_detach(&store, &detach, &err);
}

/* A process that is killed right after it leaves the rest to the next one, for which nothing may be left to do. */
static int leave_only(const char *network, int netns)
{
	auto_endpoint struct endpoint endpoint = { .ports = NULL };
	auto_net_host struct net_host host = NET_HOST_CLOSED;
	auto_net_store struct net_store store = NET_STORE_CLOSED;

	EXPECT(store_at(directory, &store, &err) == 0 && net_host_open(&host, &err) == 0);
	EXPECT(net_store_load_endpoint(&store, "a", network, &endpoint, &err) == 0);
	return routes_leave(&store, &host, netns, &endpoint, &err);
}

static int two_networks(void)
{
	auto_fd int container = net_ns_new();

	EXPECT(define("one", "10.1.0.1/24", NULL) == 0 && define("two", "10.2.0.1/24", "fd00:2::1/64") == 0);
	EXPECT(attach("one", container) == 0);
	EXPECT(!strstr(printed_in(container, "ip rule; ip -6 rule"), "32000"));
	EXPECT(attach("two", container) == 0);
	EXPECT(prints(container, "ip route", "default via 10.1.0.1 dev eth0"));
	EXPECT(prints(container, "ip -6 route", "default via fd00:2::1 dev eth1"));
	/* Only where the default route is another's. */
	EXPECT(prints(container, "ip rule", "32000:\tfrom 10.2.0.2 lookup 100003"));
	EXPECT(!strstr(printed_in(container, "ip -6 rule"), "32000"));
	EXPECT(prints(container, "ip route get 192.0.2.1 from 10.2.0.2", "via 10.2.0.1 dev eth1"));
	EXPECT(prints(container, "ip route get 10.2.0.9 from 10.2.0.2", "10.2.0.9 from 10.2.0.2 dev eth1"));
	EXPECT(prints(container, "ip route get 192.0.2.1", "via 10.1.0.1 dev eth0"));
	EXPECT(leave_only("one", container) == 0);
	EXPECT(prints(container, "ip route", "default via 10.2.0.1 dev eth1"));
	EXPECT(detach("one", container) == 0);
	EXPECT(prints(container, "ip route", "default via 10.2.0.1 dev eth1"));
	/* The last one of those that are there. */
	EXPECT(attach("one", container) == 0);
	EXPECT(prints(container, "ip rule", "32000:\tfrom 10.1.0.3 lookup 1000"));
	EXPECT(prints(container, "ip route", "default via 10.2.0.1 dev eth1"));
	EXPECT(leave_only("two", container) == 0 && leave_only("two", container) == 0);
	EXPECT(!strstr(printed_in(container, "ip rule"), "10.2.0.2"));
	EXPECT(prints(container, "ip route", "default via 10.1.0.1 dev eth0"));
	EXPECT(detach("two", container) == 0 && detach("one", container) == 0);
	EXPECT(!strstr(printed_in(container, "ip rule; ip -6 rule"), "32000"));
	return 0;
}

static void on_two_networks(void)
{
	if (geteuid() == 0)
		(void)snprintf(directory, sizeof(directory), "%s", temporary_directory());
	in_net_ns(two_networks);
}

static const struct test tests[] = { TEST(on_two_networks) };
TEST_MAIN(tests)
