/* test_bridge.c - a network over three hosts: VXLAN between namespaces that share a wire, a store each. */
#include "net/bridge.h"

#include <errno.h>

#include "base/str.h"
#include "net/attach.h"
#include "net/create.h"
#include "tests/unit/net_ns.h"
#include "tests/unit/temporary.h"

enum { HOSTS = 3 };

static struct error err;
static char directory[128];

static int open_store(int host, struct net_store *store)
{
	char config[160];
	char run[160];

	(void)snprintf(config, sizeof(config), "%s/config%d", directory, host);
	(void)snprintf(run, sizeof(run), "%s/run%d", directory, host);
	return net_store_open(config, run, store, &err);
}

/* In the host's namespace. Host 0 is 192.0.2.1; it gives 10.7.1.0 to .7, its gateway is 10.7.0.1; and so on. */
static int define(int host, struct network *network)
{
	auto_net_host struct net_host here = NET_HOST_CLOSED;
	auto_net_store struct net_store store = NET_STORE_CLOSED;
	char text[IP_TEXT_SIZE];
	int r = open_store(host, &store);

	*network = (struct network){ .name = "over", .bridge = "br7", .vni = 7 };
	if (r == 0)
		r = net_host_open(&here, &err);
	(void)snprintf(text, sizeof(text), "10.7.0.%d/16", host + 1);
	if (r == 0)
		r = ip_network_parse(text, &network->v4, &err);
	(void)snprintf(text, sizeof(text), "10.7.%d.0/29", host + 1);
	if (r == 0)
		r = ip_network_parse(text, &network->range4, &err);
	for (int i = 0; r == 0 && i < HOSTS; i++) {
		(void)snprintf(text, sizeof(text), "192.0.2.%d", i + 1);
		r = ip_parse(text, i == host ? &network->underlay : &network->peers[network->n_peers++], &err);
	}
	return r < 0 ? r : network_create(&store, &here, network, false, &err);
}

static int attach(int host, int container)
{
	auto_net_store struct net_store store = NET_STORE_CLOSED;
	const struct attach attach = { .owner = "c", .state = directory, .network = "over", .netns = container };
	int r = open_store(host, &store);

	if (r == 0)
		r = net_attach(&store, &attach, NULL, &err);
	if (r < 0)
		fprintf(stderr, "# %s\n", err.text);
	return r;
}

static int detach(int host)
{
	auto_net_store struct net_store store = NET_STORE_CLOSED;
	int r = open_store(host, &store);

	return r < 0 ? r : net_detach(&store, "c", NULL, NULL, false, &err);
}

static int in_host(int netns, int home, int host, int container)
{
	struct network network;
	char command[160];

	(void)snprintf(command, sizeof(command), "ip address add 192.0.2.%d/24 dev wire; ip link set wire up",
		       host + 1);
	EXPECT(setns(netns, CLONE_NEWNET) == 0);
	(void)printed_in(-1, command);
	EXPECT(define(host, &network) == 0);
	EXPECT(mac_is_set(network.mac)); /* with a bridge of a name of one's own too */
	EXPECT(attach(host, container) == 0);
	EXPECT(prints(-1, "ip -d link show br7", "mtu 1450"));
	EXPECT(prints(-1, "ip -d link show master br7", "vxlan id 7 "));
	EXPECT(setns(home, CLONE_NEWNET) == 0);
	return 0;
}

static int three_hosts(void)
{
	int hosts[HOSTS];
	int containers[HOSTS];
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	char command[160];

	(void)printed_in(-1, "ip link add wire type bridge; ip link set wire up");
	for (int i = 0; i < HOSTS; i++) {
		hosts[i] = net_ns_new();
		containers[i] = net_ns_new();
		(void)snprintf(command, sizeof(command),
			       "ip link add p%d master wire up type veth peer name wire netns /proc/self/fd/%d", i,
			       hosts[i]);
		EXPECT(fcntl(hosts[i], F_SETFD, 0) == 0); /* ip(8) opens it */
		(void)printed_in(-1, command);
		EXPECT(in_host(hosts[i], home, i, containers[i]) == 0);
	}
	EXPECT(prints(containers[1], "ip -4 -o address show eth0", "10.7.2.1/16"));
	EXPECT(prints(containers[2], "busybox ping -c 2 -W 2 10.7.1.1", " 0% packet loss"));
	EXPECT(prints(containers[2], "busybox ping -c 2 -W 2 10.7.2.1", " 0% packet loss"));
	EXPECT(prints(containers[0], "busybox ping -c 2 -W 2 -s 1400 10.7.3.1", " 0% packet loss"));
	for (int i = 0; i < HOSTS; i++) {
		EXPECT(setns(hosts[i], CLONE_NEWNET) == 0);
		EXPECT(detach(i) == 0);
		EXPECT(!strstr(printed_in(-1, "ip -d link"), "vxlan") && !strstr(printed_in(-1, "ip link"), "br7"));
	}
	return 0;
}

static void a_network_over_three_hosts(void)
{
	if (geteuid() == 0)
		(void)snprintf(directory, sizeof(directory), "%s", temporary_directory());
	in_net_ns(three_hosts);
}

static const struct test tests[] = { TEST(a_network_over_three_hosts) };
TEST_MAIN(tests)
