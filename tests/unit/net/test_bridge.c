/* test_bridge.c - a network over three hosts: VXLAN between namespaces that share a wire, a store each. */
#include "net/bridge.h"

#include <errno.h>
#include <sys/wait.h>

#include "base/str.h"
#include "net/attach.h"
#include "net/create.h"
#include "tests/unit/net_ns.h"
#include "tests/unit/temporary.h"

enum { HOSTS = 3, KILLED = 42, STEPS_MIN = 10 };

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

/* In the host's namespace; all have the same peers. Host 0 is 192.0.2.1; it gives 10.7.1.0 to .7, its gateway is
   10.7.0.1; and so on. */
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
		r = ip_parse(text, &network->peers[network->n_peers++], &err);
		if (i == host)
			network->underlay = network->peers[i];
	}
	return r < 0 ? r : network_create(&store, &here, network, false, &err);
}

static int attach_as(const char *owner, int host, int container, void (*at_step)(const char *name))
{
	auto_net_store struct net_store store = NET_STORE_CLOSED;
	const struct attach attach = { .owner = owner, .state = directory, .network = "over", .netns = container };
	int r = open_store(host, &store);

	store.at_step = at_step;
	if (r == 0)
		r = net_attach(&store, &attach, NULL, &err);
	if (r < 0)
		fprintf(stderr, "# %s\n", err.text);
	return r;
}

static int attach(int host, int container)
{
	return attach_as("c", host, container, NULL);
}

static int detach_as(const char *owner, int host)
{
	auto_net_store struct net_store store = NET_STORE_CLOSED;
	int r = open_store(host, &store);

	return r < 0 ? r : net_detach(&store, &(struct detach){ .owner = owner, .netns = NET_UNKNOWN }, &err);
}

static int detach(int host)
{
	return detach_as("c", host);
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

/* ---- one host: what others remove, and what a killed process leaves ---- */

#define OVERLAY "$(ip -o link show type vxlan | cut -d ' ' -f 2 | tr -d :)"

static const char overlay[] = "ip -o link show master br7 type vxlan | grep -c ,UP;"
			      "bridge fdb show br br7 brport " OVERLAY " | grep -o '192.0.2.*' | sort";
static const char overlay_whole[] = "1\n192.0.2.2 self permanent\n192.0.2.3 self permanent\n";
static const char state_of_host[] =
	"nft list ruleset; ip -o link | sed 's/^[0-9]*: //'; ip -o address | cut -d ' ' -f 2-; ip route";

static bool is_whole(void)
{
	const char *text = printed_in(-1, overlay);

	if (strcmp(text, overlay_whole) == 0)
		return true;
	fprintf(stderr, "# %s", text);
	return false;
}

static int removed(void)
{
	static const char *const removals[] = {
		"ip link delete " OVERLAY,      "ip link set " OVERLAY " nomaster",
		"ip link set " OVERLAY " down", "bridge fdb del 00:00:00:00:00:00 dst 192.0.2.3 dev " OVERLAY,
		"ip link delete br7",
	};
	auto_fd int container = net_ns_new();
	struct network network;

	(void)printed_in(-1, "ip link set lo up; ip address add 192.0.2.1/24 dev lo");
	EXPECT(define(0, &network) == 0);
	EXPECT(attach(0, container) == 0);
	EXPECT(is_whole());
	for (size_t i = 0; i < ARRAY_SIZE(removals); i++) {
		auto_net_store struct net_store store = NET_STORE_CLOSED;

		(void)printed_in(-1, removals[i]);
		EXPECT(strcmp(printed_in(-1, overlay), overlay_whole) != 0);
		EXPECT(open_store(0, &store) == 0 && net_reload(&store, NULL, NULL, &err) == 0);
		EXPECT(is_whole());
	}
	EXPECT(detach(0) == 0);
	return 0;
}

/* A peer that is this host, by whatever address, would send back all that goes to everybody. */
static int its_own_peer(void)
{
	auto_fd int one = net_ns_new();
	auto_fd int two = net_ns_new();
	struct network network;

	(void)printed_in(-1,
			 "ip link set lo up; ip link add wire type veth peer name far; ip link set far up;"
			 "ip link set wire up; ip address add 192.0.2.1/24 dev wire valid_lft 900 preferred_lft 900");
	EXPECT(define(0, &network) == 0);
	EXPECT(attach_as("a", 0, one, NULL) == 0 && attach_as("b", 0, two, NULL) == 0);
	EXPECT(is_whole());
	EXPECT(prints(one, "busybox ping -c 1 -W 2 10.7.1.2", " 0% packet loss"));
	/* An address that the host gets while the peers are there. */
	(void)printed_in(-1, "ip address add 192.0.2.3/24 dev far");
	{
		auto_net_store struct net_store store = NET_STORE_CLOSED;

		EXPECT(open_store(0, &store) == 0 && net_reload(&store, NULL, NULL, &err) == 0);
	}
	EXPECT(strcmp(printed_in(-1, overlay), "1\n192.0.2.2 self permanent\n") == 0);
	EXPECT(detach_as("a", 0) == 0 && detach_as("b", 0) == 0);
	return 0;
}

static unsigned steps_left;

static void die_at_step(const char *name)
{
	(void)name;
	if (steps_left-- == 0)
		_exit(KILLED);
}

/* The exit status of a process that joins and dies at a step; 0: there was no such step any more. */
static int killed_at(unsigned step, int container)
{
	int status = 0;
	pid_t pid = fork();

	steps_left = step;
	if (pid == 0)
		_exit(attach_as("a", 0, container, die_at_step) < 0 ? 1 : 0);
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Whoever comes next finishes what the killed one began; and what it left is taken back. */
static int killed(void)
{
	auto_free char *before = NULL;
	struct network network;
	unsigned step;
	int ended = KILLED;

	(void)printed_in(-1, "ip link set lo up; ip address add 192.0.2.1/24 dev lo");
	EXPECT(define(0, &network) == 0);
	before = xstrdup(printed_in(-1, state_of_host));
	for (step = 0; ended == KILLED; step++) {
		auto_fd int one = net_ns_new();
		auto_fd int two = net_ns_new();

		ended = killed_at(step, one);
		EXPECT(ended == KILLED || ended == 0);
		EXPECT(attach_as("b", 0, two, NULL) == 0);
		EXPECT(is_whole());
		EXPECT(detach_as("a", 0) == 0 && detach_as("b", 0) == 0);
		{
			auto_net_store struct net_store store = NET_STORE_CLOSED;

			EXPECT(open_store(0, &store) == 0 && net_sweep(&store, NULL, &err) == 0);
		}
		EXPECT(strcmp(before, printed_in(-1, state_of_host)) == 0);
	}
	EXPECT(step >= STEPS_MIN); /* else none of them was of VXLAN */
	return 0;
}

static void run(int (*body)(void))
{
	if (geteuid() == 0)
		(void)snprintf(directory, sizeof(directory), "%s", temporary_directory());
	in_net_ns(body);
}

/* Its ports are in the VLAN and in no other; one that leads on, which is for its owner to set up, has the tag. */
static int vlan(void)
{
	auto_fd int container = net_ns_new();
	auto_fd int lan = net_ns_new();
	char command[256];
	auto_net_host struct net_host here = NET_HOST_CLOSED;
	struct network network = { .name = "over", .bridge = "br7", .vlan = 20 };

	{
		auto_net_store struct net_store store = NET_STORE_CLOSED;

		EXPECT(open_store(0, &store) == 0 && net_host_open(&here, &err) == 0);
		EXPECT(ip_network_parse("10.7.0.1/24", &network.v4, &err) == 0);
		EXPECT(network_create(&store, &here, &network, false, &err) == 0);
	}
	EXPECT(attach(0, container) == 0);
	EXPECT(prints(-1, "bridge vlan show dev br7", "20 PVID Egress Untagged"));
	EXPECT(prints(-1, "bridge vlan show | grep -A 1 ^cv", "20 PVID Egress Untagged"));
	EXPECT(!strstr(printed_in(-1, "bridge vlan show | sed 's/^[^ ]*//'"), " 1 PVID"));
	EXPECT(prints(container, "busybox ping -c 1 -W 2 10.7.0.1", " 0% packet loss"));
	EXPECT(fcntl(lan, F_SETFD, 0) == 0); /* ip(8) opens it */
	(void)snprintf(
		command, sizeof(command),
		"ip link add trunk master br7 type veth peer name lan netns /proc/self/fd/%d; ip link set trunk up;"
		"bridge vlan del dev trunk vid 20; bridge vlan add dev trunk vid 20",
		lan);
	(void)printed_in(-1, command);
	(void)printed_in(lan, "ip link set lan up; ip link add link lan name lan20 type vlan id 20;"
			      "ip link set lan20 up; ip address add 10.7.0.9/24 dev lan20");
	EXPECT(prints(container, "busybox ping -c 1 -W 2 10.7.0.9", " 0% packet loss"));
	EXPECT(detach(0) == 0);
	EXPECT(!strstr(printed_in(-1, "ip link"), "br7"));
	/* One of that name which does not filter is not taken for it. */
	(void)printed_in(-1, "ip link add br7 type bridge; ip link set br7 up");
	EXPECT(attach(0, container) == -EINVAL);
	EXPECT(strstr(err.text, "the bridge br7 does not put its ports into VLAN 20"));
	return 0;
}

static void an_overlay_is_made_again(void)
{
	run(removed);
}

static void a_host_is_not_its_own_peer(void)
{
	run(its_own_peer);
}

static void killed_while_an_overlay_is_made(void)
{
	run(killed);
}

static void a_network_over_three_hosts(void)
{
	run(three_hosts);
}

static void a_bridge_of_a_vlan(void)
{
	if (geteuid() == 0 && system("unshare -n ip link add b0 type bridge vlan_filtering 1 2>/dev/null") != 0)
		TEST_SKIP("this kernel's bridges do not filter VLANs");
	run(vlan);
}

/* Whoever has the bridge's name keeps the interface. */
static int anothers(void)
{
	auto_fd int container = net_ns_new();
	struct network network = { .name = "over", .bridge = "br7" };
	auto_net_host struct net_host here = NET_HOST_CLOSED;

	{
		auto_net_store struct net_store store = NET_STORE_CLOSED;

		EXPECT(open_store(0, &store) == 0 && net_host_open(&here, &err) == 0);
		EXPECT(ip_network_parse("10.7.0.1/24", &network.v4, &err) == 0);
		EXPECT(network_create(&store, &here, &network, false, &err) == 0);
	}
	(void)printed_in(-1, "ip link add br7 type veth peer name other");
	EXPECT(attach(0, container) == -EINVAL);
	EXPECT(strstr(err.text, "the interface br7 is not a bridge"));
	EXPECT(prints(-1, "ip link", "br7@other"));
	(void)printed_in(-1, "ip link delete br7; ip link add br7 type bridge; ip link set br7 up");
	EXPECT(attach(0, container) == 0);
	EXPECT(detach(0) == 0);
	EXPECT(prints(-1, "ip link", "br7:"));
	EXPECT(!strstr(printed_in(-1, "nft list ruleset"), "coffer"));
	return 0;
}

static void a_bridge_of_another(void)
{
	run(anothers);
}

static const struct test tests[] = {
	TEST(a_network_over_three_hosts),      TEST(an_overlay_is_made_again), TEST(a_host_is_not_its_own_peer),
	TEST(killed_while_an_overlay_is_made), TEST(a_bridge_of_a_vlan),       TEST(a_bridge_of_another),
};
TEST_MAIN(tests)
