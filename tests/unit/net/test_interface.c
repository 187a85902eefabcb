/* test_interface.c - containers on the wire of an interface of the host, where a machine of a LAN is, too. */
#include "net/interface.h"

#include <errno.h>
#include <linux/if_link.h>
#include <sys/wait.h>

#include "base/str.h"
#include "net/attach.h"
#include "net/create.h"
#include "tests/unit/net_ns.h"
#include "tests/unit/net/store_at.h"
#include "tests/unit/temporary.h"

static struct error err;
static char directory[128];
static int lan; /* the LAN's machine: 192.0.2.2, the host is 192.0.2.1 on wan */

static int open_store(struct net_store *store)
{
	return store_at(directory, store, &err);
}

static int make_lan(void)
{
	char command[256];

	lan = net_ns_new();
	EXPECT(fcntl(lan, F_SETFD, 0) == 0); /* ip(8) opens it */
	(void)snprintf(command, sizeof(command),
		       "ip link add wan type veth peer name eth0 netns /proc/self/fd/%d; ip link set wan up;"
		       "ip address add 192.0.2.1/24 dev wan",
		       lan);
	(void)printed_in(-1, command);
	(void)printed_in(lan, "ip address add 192.0.2.2/24 dev eth0; ip address add fd00:2::2/64 dev eth0 nodad;"
			      "ip link set eth0 up");
	return 0;
}

static int define(const char *name, enum network_kind kind, const char *mode, uint16_t vlan)
{
	struct network network = { .kind = kind, .parent = "wan", .vlan = vlan };
	auto_net_host struct net_host host = NET_HOST_CLOSED;
	auto_net_store struct net_store store = NET_STORE_CLOSED;
	int r = open_store(&store);

	(void)snprintf(network.name, sizeof(network.name), "%s", name);
	if (r == 0)
		r = net_host_open(&host, &err);
	if (r == 0)
		r = network_set_mode(&network, mode, &err);
	if (r == 0)
		r = ip_network_parse("192.0.2.2/24", &network.v4, &err); /* the router is the LAN's machine */
	if (r == 0)
		r = ip_network_parse("fd00:2::2/64", &network.v6, &err);
	if (r == 0)
		r = network_reserve(&network, "192.0.2.1", &err);
	return r < 0 ? r : network_create(&store, &host, &network, false, &err);
}

static int attach(const char *owner, const char *network, int netns, const struct nft_port *port)
{
	struct attach attach = { .owner = owner, .state = directory, .network = network, .netns = netns };
	auto_net_store struct net_store store = NET_STORE_CLOSED;
	int r = open_store(&store);

	attach.ports = port;
	attach.n_ports = port ? 1 : 0;
	if (r == 0)
		r = net_attach(&store, &attach, NULL, &err);
	if (r < 0)
		fprintf(stderr, "# %s\n", err.text);
	return r;
}

static int detach(const char *owner, const char *network, int netns)
{
	auto_net_store struct net_store store = NET_STORE_CLOSED;
	int r = open_store(&store);

	return r < 0 ? r
		     : net_detach(&store, &(struct detach){ .owner = owner, .network = network, .netns = netns }, &err);
}

static const char state_of_host[] = "nft list ruleset; ip -o link | sed 's/^[0-9]*: //; s/<.*link//'; "
				    "ip -o -4 address | cut -d ' ' -f 2-; ip route";

static int on_macvlan(void)
{
	const struct nft_port port = { .protocol = 6, .host_port = 8080, .port = 80 };
	auto_fd int one = net_ns_new();
	auto_fd int two = net_ns_new();
	auto_free char *before = NULL;

	EXPECT(make_lan() == 0 && define("n", NETWORK_MACVLAN, NULL, 0) == 0);
	before = xstrdup(printed_in(-1, state_of_host));
	EXPECT(attach("a", "n", one, &port) == -EINVAL);
	EXPECT(strstr(err.text, "ports cannot be published on a network of kind macvlan"));
	EXPECT(attach("a", "n", one, NULL) == 0 && attach("b", "n", two, NULL) == 0);
	EXPECT(strcmp(before, printed_in(-1, state_of_host)) == 0); /* nothing is on the host */
	EXPECT(prints(one, "ip -d link show eth0", "macvlan mode bridge"));
	EXPECT(prints(one, "ip link show eth0", "02:04:c0:00:02:03")); /* .1 is reserved, .2 the router's */
	EXPECT(prints(one, "ip -4 -o address show eth0", "192.0.2.3/24"));
	EXPECT(prints(one, "ip route", "default via 192.0.2.2"));
	EXPECT(prints(one, "busybox ping -c 1 -W 2 192.0.2.2", " 0% packet loss"));
	EXPECT(prints(one, "busybox ping6 -c 1 -W 2 fd00:2::2", " 0% packet loss"));
	EXPECT(prints(one, "busybox ping -c 1 -W 2 192.0.2.4", " 0% packet loss"));
	EXPECT(prints(lan, "busybox ping -c 1 -W 2 192.0.2.4", " 0% packet loss"));
	EXPECT(detach("a", "n", one) == 0);
	EXPECT(!strstr(printed_in(one, "ip link"), "eth0"));
	EXPECT(prints(two, "ip link", "eth0"));
	EXPECT(detach("b", "n", NET_GONE) == 0);
	EXPECT(prints(two, "ip link", "eth0")); /* it goes with the namespace */
	return 0;
}

static int on_passthru(void)
{
	auto_fd int one = net_ns_new();
	auto_fd int two = net_ns_new();
	auto_free char *mac = NULL;

	EXPECT(make_lan() == 0 && define("n", NETWORK_MACVLAN, "passthru", 0) == 0);
	mac = xstrdup(printed_in(-1, "ip -o link show wan | sed 's/.*ether //'"));
	mac[strcspn(mac, " ")] = '\0';
	EXPECT(attach("a", "n", one, NULL) == 0);
	EXPECT(prints(one, "ip -d link show eth0", "macvlan mode passthru"));
	EXPECT(prints(one, "ip link show eth0", mac));
	EXPECT(attach("b", "n", two, NULL) == -EBUSY);
	EXPECT(strstr(err.text, "wan is for one container, and `a` has it"));
	EXPECT(detach("a", "n", one) == 0);
	EXPECT(attach("b", "n", two, NULL) == 0);
	return 0;
}

/* Moved there and back; who has one of its name keeps that. */
static int the_parent_itself(void)
{
	auto_fd int one = net_ns_new();
	auto_fd int two = net_ns_new();

	EXPECT(make_lan() == 0 && define("n", NETWORK_DEVICE, NULL, 0) == 0);
	(void)printed_in(two, "ip link add wan type veth peer name other");
	EXPECT(attach("b", "n", two, NULL) == -EEXIST);
	EXPECT(prints(two, "ip link", "wan@other"));
	EXPECT(prints(-1, "ip link", "wan@if"));
	EXPECT(attach("a", "n", one, NULL) == 0);
	EXPECT(!strstr(printed_in(-1, "ip link"), "wan"));
	EXPECT(prints(one, "ip -4 -o address show wan", "192.0.2.4/24"));
	EXPECT(prints(one, "busybox ping -c 1 -W 2 192.0.2.2", " 0% packet loss"));
	EXPECT(attach("b", "n", two, NULL) == -EBUSY);
	EXPECT(strstr(err.text, "wan is for one container, and `a` has it"));
	EXPECT(detach("a", "n", one) == 0);
	EXPECT(prints(-1, "ip link", "wan@if") && !strstr(printed_in(one, "ip link"), "wan"));
	EXPECT(!strstr(printed_in(-1, "ip -4 address show wan"), "192.0.2")); /* those of the host are lost */
	/* One that was given another MAC is not known again. */
	EXPECT(attach("a", "n", one, NULL) == 0);
	(void)printed_in(one, "ip link set wan down; ip link set wan address 02:00:00:00:00:99");
	EXPECT(detach("a", "n", one) == 0);
	EXPECT(prints(one, "ip link", "wan"));
	EXPECT(attach("b", "n", two, NULL) == -ENODEV);
	return 0;
}

/* It has no MAC, and is known again all the same. */
static int a_tunnel(void)
{
	auto_fd int one = net_ns_new();

	(void)printed_in(-1, "ip tuntap add dev wan mode tun; ip link set wan up");
	EXPECT(define("n", NETWORK_DEVICE, NULL, 0) == 0);
	EXPECT(attach("a", "n", one, NULL) == 0);
	EXPECT(prints(one, "ip -4 -o address show wan", "192.0.2.3/24"));
	EXPECT(detach("a", "n", one) == 0);
	EXPECT(prints(-1, "ip link", "wan") && !strstr(printed_in(one, "ip link"), "wan"));
	return 0;
}

/* Two networks of one container are eth0 and eth1, whatever comes and goes. */
static int names_of_two(void)
{
	auto_fd int one = net_ns_new();

	EXPECT(make_lan() == 0 && define("n", NETWORK_MACVLAN, NULL, 0) == 0);
	EXPECT(attach("a", network_default, one, NULL) == 0 && attach("a", "n", one, NULL) == 0);
	EXPECT(prints(one, "ip -d link show eth1", "macvlan"));
	EXPECT(prints(one, "ip route", "default via 10.192.0.1"));
	EXPECT(detach("a", network_default, one) == 0);
	EXPECT(!strstr(printed_in(-1, "nft list ruleset; ip link"), "coffer"));
	EXPECT(attach("a", network_default, one, NULL) == 0);
	EXPECT(prints(one, "ip -d link show eth0", "veth"));
	return 0;
}

static int on_ipvlan(void)
{
	auto_fd int one = net_ns_new();
	auto_fd int two = net_ns_new();

	EXPECT(make_lan() == 0 && define("n", NETWORK_IPVLAN, NULL, 0) == 0);
	EXPECT(attach("a", "n", one, NULL) == 0 && attach("b", "n", two, NULL) == 0);
	EXPECT(prints(one, "ip -d link show eth0", "ipvlan"));
	EXPECT(prints(one, "busybox ping -c 1 -W 2 192.0.2.2", " 0% packet loss"));
	EXPECT(prints(one, "busybox ping -c 1 -W 2 192.0.2.4", " 0% packet loss"));
	EXPECT(detach("a", "n", one) == 0 && !strstr(printed_in(one, "ip link"), "eth0"));
	EXPECT(detach("b", "n", two) == 0);
	return 0;
}

/* Down to the wire: the frames have the tag. */
static int on_a_vlan(void)
{
	auto_fd int one = net_ns_new();
	auto_free char *before = NULL;

	EXPECT(make_lan() == 0 && define("n", NETWORK_MACVLAN, NULL, 10) == 0);
	EXPECT(define("m", NETWORK_MACVLAN, NULL, 10) == -EEXIST);
	before = xstrdup(printed_in(-1, state_of_host));
	(void)printed_in(lan, "ip address flush dev eth0; ip link add link eth0 name v10 type vlan id 10;"
			      "ip address add 192.0.2.2/24 dev v10; ip link set v10 up");
	EXPECT(attach("a", "n", one, NULL) == 0);
	EXPECT(prints(-1, "ip -d link", "vlan protocol 802.1Q id 10"));
	EXPECT(prints(one, "busybox ping -c 1 -W 2 192.0.2.2", " 0% packet loss"));
	EXPECT(detach("a", "n", one) == 0);
	EXPECT(strcmp(before, printed_in(-1, state_of_host)) == 0);
	return 0;
}

static void run(int (*body)(void))
{
	if (geteuid() == 0)
		(void)snprintf(directory, sizeof(directory), "%s", temporary_directory());
	in_net_ns(body);
}

static bool kernel_has(const char *what)
{
	char command[160];

	(void)snprintf(command, sizeof(command),
		       "unshare -n sh -c 'ip link add h0 type veth peer name h1 && ip link add %s' 2>/dev/null", what);
	return geteuid() != 0 || system(command) == 0; /* NOLINT(cert-env33-c): a test asks iproute2 */
}

static void macvlan_is_on_the_lan(void)
{
	run(on_macvlan);
}

static void passthru_is_for_one(void)
{
	run(on_passthru);
}

static void a_device_goes_and_comes_back(void)
{
	run(the_parent_itself);
}

static void a_device_without_a_mac(void)
{
	if (geteuid() == 0 && system("unshare -n ip tuntap add dev t0 mode tun 2>/dev/null") != 0)
		TEST_SKIP("this kernel has no tun device");
	run(a_tunnel);
}

static void names_stay_apart(void)
{
	run(names_of_two);
}

static void ipvlan_is_on_the_lan(void)
{
	if (!kernel_has("link h0 name i0 type ipvlan"))
		TEST_SKIP("this kernel has no ipvlan");
	run(on_ipvlan);
}

static void vlan_of_the_parent(void)
{
	if (!kernel_has("link h0 name v0 type vlan id 10"))
		TEST_SKIP("this kernel has no 8021q");
	run(on_a_vlan);
}

static const struct test tests[] = {
	TEST(macvlan_is_on_the_lan),  TEST(passthru_is_for_one), TEST(a_device_goes_and_comes_back),
	TEST(a_device_without_a_mac), TEST(names_stay_apart),    TEST(ipvlan_is_on_the_lan),
	TEST(vlan_of_the_parent),
};
TEST_MAIN(tests)
