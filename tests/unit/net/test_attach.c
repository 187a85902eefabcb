/* test_attach.c - containers join and leave; what a killed process leaves is found; many at once. */
#include "net/attach.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/wait.h>

#include "base/str.h"
#include "net/create.h"
#include "net/port.h"
#include "tests/unit/net_ns.h"
#include "tests/unit/net/store_at.h"
#include "tests/unit/temporary.h"

enum { MANY = 250 };

static struct error err;
static char directory[128];
static const char *network = network_default;

/* In the child of in_net_ns(), which has no list of tests to go back to. */
static int fresh_directory(void)
{
	(void)snprintf(directory, sizeof(directory), "%s", temporary_directory());
	return 0;
}

static int open_store(struct net_store *store)
{
	return store_at(directory, store, &err);
}

static int attach_with(struct net_store *store, const char *owner, int netns, const char *ports, const char *rate)
{
	struct attach attach = { .owner = owner, .state = directory, .network = network, .netns = netns };
	auto_free struct nft_port *list = NULL;
	int r = rate ? rate_parse(rate, &attach.rate, &err) : 0;

	if (r == 0 && ports)
		r = port_parse(ports, &list, &attach.n_ports, &err);
	attach.ports = list;
	if (r == 0)
		r = net_attach(store, &attach, NULL, &err);
	if (r < 0)
		fprintf(stderr, "# %s\n", err.text);
	return r;
}

static int attach_one(const char *owner, int netns, const char *ports)
{
	auto_net_store struct net_store store = NET_STORE_CLOSED;
	int r = open_store(&store);

	return r < 0 ? r : attach_with(&store, owner, netns, ports, NULL);
}

static int detach_from(const char *owner, int netns)
{
	auto_net_store struct net_store store = NET_STORE_CLOSED;
	int r = open_store(&store);

	return r < 0 ? r : net_detach(&store, &(struct detach){ .owner = owner, .netns = netns }, &err);
}

static int detach_one(const char *owner, bool gone)
{
	return detach_from(owner, gone ? NET_GONE : NET_UNKNOWN);
}

static const char *state_of_host = "nft list ruleset; ip -o link | sed 's/^[0-9]*: //'; "
				   "ip -o address | cut -d ' ' -f 2-; ip route";

/* Without what the kernel notes of a wire in its own time. */
static const char state_of_parent[] = "nft list ruleset; ip -o link | sed 's/^[0-9]*: //; s/<.*link//'; "
				      "ip -o -4 address | cut -d ' ' -f 2-; ip route";

/* Without numbers, which the kernel gives anew. */
static const char queues_of_host[] =
	"for i in $(ip -o link | grep -o 'c[vr][0-9a-f]\\{12\\}' | sort); do echo $i; tc qdisc show dev $i; tc filter "
	"show dev $i ingress; done | "
	"sed -E 's/ (qdisc tbf|index|root refcnt) [0-9a-f:]+/ \\1/g; s/^(qdisc tbf) [0-9a-f]+:/\\1/'";

static int in_and_out(void)
{
	auto_fd int container = net_ns_new();
	auto_free char *before = xstrdup(printed_in(-1, state_of_host));

	EXPECT(attach_one("a", container, "8080:80") == 0);
	EXPECT(waitpid(-1, NULL, (int)__WALL | WNOHANG) == -1 && errno == ECHILD); /* no process is left of it */
	EXPECT(prints(container, "ip -4 -o address show eth0", "10.192.0.2/22"));
	EXPECT(prints(container, "ip route", "default via 10.192.0.1"));
	EXPECT(prints(container, "ip neighbour", "PERMANENT"));
	EXPECT(prints(container, "cat /proc/sys/net/ipv4/conf/eth0/arp_notify", "1"));
	EXPECT(prints(container, "cat /proc/sys/net/ipv4/conf/eth0/rp_filter", "2"));
	EXPECT(str_eq(printed_in(container, "ip -6 address show eth0"), ""));
	EXPECT(str_eq(printed_in(-1, "ip -6 address | grep cv"), ""));
	EXPECT(prints(container, "ip -br link show lo", "UNKNOWN"));
	EXPECT(prints(-1, "cat /proc/sys/net/ipv4/conf/coffer0/rp_filter", "2"));
	EXPECT(prints(-1, "cat /proc/sys/net/ipv4/conf/coffer0/route_localnet", "1"));
	EXPECT(strcmp("0\n0\n", printed_in(-1, "cat /proc/sys/net/ipv6/conf/coffer0/accept_ra "
					       "/proc/sys/net/ipv6/conf/coffer0/accept_dad")) == 0);
	EXPECT(strcmp("1\n", printed_in(-1, "cat /proc/sys/net/ipv4/ip_forward")) == 0);
	EXPECT(prints(-1, "nft list map inet coffer ports4", "tcp . 8080 comment \"a\" : 10.192.0.2 . 80"));
	EXPECT(prints(container, "busybox ping -c 1 -W 2 10.192.0.1", " 0% packet loss"));
	EXPECT(attach_one("a", container, NULL) == -EEXIST);
	EXPECT(strstr(err.text, "container `a` is on network `bridge` already"));
	EXPECT(detach_one("a", false) == 0);
	EXPECT(detach_one("a", false) == 0);
	EXPECT(strcmp(before, printed_in(-1, state_of_host)) == 0);
	EXPECT(!strstr(printed_in(container, "ip link"), "eth0"));
	return 0;
}

/* Nothing of it stays. */
static int a_listener_has_it(int container)
{
	const struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(8090) };
	auto_free char *before = xstrdup(printed_in(-1, state_of_host));
	auto_fd int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	auto_net_store struct net_store store = NET_STORE_CLOSED;

	EXPECT(bind(listener, (const struct sockaddr *)&at, sizeof(at)) == 0 && listen(listener, 1) == 0);
	EXPECT(attach_one("b", container, "8090:80") == -EADDRINUSE);
	EXPECT(strstr(err.text, "port 8090/tcp cannot be published: address already in use"));
	EXPECT(strcmp(before, printed_in(-1, state_of_host)) == 0);
	EXPECT(!strstr(printed_in(container, "ip link"), "eth0"));
	EXPECT(open_store(&store) == 0 && faccessat(store.run_fd, "endpoints/b", F_OK, 0) < 0);
	return 0;
}

static int clashes(void)
{
	auto_fd int one = net_ns_new();
	auto_fd int two = net_ns_new();
	auto_free char *before = NULL;
	struct attach wanted = { .owner = "b", .state = directory, .network = network_default, .netns = two };
	auto_net_store struct net_store store = NET_STORE_CLOSED;

	EXPECT(attach_one("a", one, "8080-8089:80-89") == 0);
	before = xstrdup(printed_in(-1, state_of_host));
	EXPECT(attach_one("b", two, "8085:80") == -EEXIST);
	EXPECT(strstr(err.text, "published already, by container `a`: 85/tcp -> 0.0.0.0:8085"));
	EXPECT(strcmp(before, printed_in(-1, state_of_host)) == 0);
	EXPECT(a_listener_has_it(two) == 0);
	EXPECT(open_store(&store) == 0);
	EXPECT(ip_parse("10.192.0.2", &wanted.v4, &err) == 0);
	EXPECT(net_attach(&store, &wanted, NULL, &err) == -EEXIST);
	EXPECT(strstr(err.text, "10.192.0.2 is another container's"));
	EXPECT(strcmp(before, printed_in(-1, state_of_host)) == 0);
	EXPECT(ip_parse("10.192.0.1", &wanted.v4, &err) == 0);
	EXPECT(net_attach(&store, &wanted, NULL, &err) == -EINVAL);
	EXPECT(ip_parse("10.192.3.255", &wanted.v4, &err) == 0);
	EXPECT(net_attach(&store, &wanted, NULL, &err) == -EINVAL);
	EXPECT(ip_parse("10.192.0.77", &wanted.v4, &err) == 0);
	EXPECT(net_attach(&store, &wanted, NULL, &err) == 0);
	EXPECT(prints(two, "ip -4 -o address show eth0", "10.192.0.77/22"));
	EXPECT(net_detach(&store,
			  &(struct detach){
				  .owner = "b", .state = "/elsewhere", .network = "bridge", .netns = NET_UNKNOWN },
			  &err) == 0);
	EXPECT(prints(two, "ip link", "eth0"));
	EXPECT(net_detach(
		       &store,
		       &(struct detach){ .owner = "b", .state = directory, .network = "bridge", .netns = NET_UNKNOWN },
		       &err) == 0);
	EXPECT(strcmp(before, printed_in(-1, state_of_host)) == 0);
	return 0;
}

/* What others flush comes back: by itself with the next container, or by reload. */
static int flushed(void)
{
	auto_fd int one = net_ns_new();
	auto_fd int two = net_ns_new();
	auto_free char *rules = NULL;

	EXPECT(attach_one("a", one, "8080:80") == 0);
	rules = xstrdup(printed_in(-1, "nft list ruleset"));
	(void)printed_in(-1, "nft flush ruleset");
	EXPECT(attach_one("b", two, NULL) == 0);
	EXPECT(prints(-1, "nft list map inet coffer ports4", "tcp . 8080"));
	(void)printed_in(-1, "nft flush ruleset");
	EXPECT(detach_one("b", false) == 0);
	EXPECT(strcmp(rules, printed_in(-1, "nft list ruleset")) == 0);
	(void)printed_in(-1, "nft flush ruleset; ip link delete coffer0");
	{
		auto_net_store struct net_store store = NET_STORE_CLOSED;

		EXPECT(open_store(&store) == 0 && net_reload(&store, NULL, NULL, &err) == 0);
	}
	EXPECT(strcmp(rules, printed_in(-1, "nft list ruleset")) == 0);
	EXPECT(prints(one, "busybox ping -c 1 -W 2 10.192.0.1", " 0% packet loss"));
	EXPECT(prints(-1, "ip -o link show master coffer0", "cv"));
	return 0;
}

static int limited(void)
{
	auto_fd int container = net_ns_new();
	auto_free char *before = xstrdup(printed_in(-1, state_of_host));
	auto_free char *queues = NULL;

	{
		auto_net_store struct net_store store = NET_STORE_CLOSED;

		EXPECT(open_store(&store) == 0);
		EXPECT(attach_with(&store, "a", container, NULL, "in=20mbit,out=10mbit") == 0);
	}
	queues = xstrdup(printed_in(-1, queues_of_host));
	EXPECT(strstr(queues, "rate 20Mbit") && strstr(queues, "rate 10Mbit") &&
	       strstr(queues, "Redirect to device cr"));
	EXPECT(prints(container, "busybox ping -c 1 -W 2 10.192.0.1", " 0% packet loss"));
	(void)printed_in(-1, "i=$(ip -o link | grep -o 'cv[0-9a-f]\\{12\\}'); tc qdisc del dev $i root;"
			     "tc qdisc del dev $i ingress; ip link del cr${i#cv}");
	EXPECT(strcmp(queues, printed_in(-1, queues_of_host)) != 0);
	{
		auto_net_store struct net_store store = NET_STORE_CLOSED;

		EXPECT(open_store(&store) == 0 && net_reload(&store, NULL, NULL, &err) == 0);
	}
	EXPECT(strcmp(queues, printed_in(-1, queues_of_host)) == 0);
	EXPECT(prints(container, "busybox ping -c 1 -W 2 10.192.0.1", " 0% packet loss"));
	EXPECT(detach_one("a", false) == 0);
	EXPECT(strcmp(before, printed_in(-1, state_of_host)) == 0);
	return 0;
}

/* ---- killed between two steps ---- */

static unsigned steps_left;

static void die_at_step(const char *name)
{
	(void)name;
	if (steps_left-- == 0)
		_exit(42);
}

struct crash {
	bool detach;
	int netns;
	unsigned step;
};

/* With all that a network of this kind can have. */
static int attach_fully(struct net_store *store, int netns)
{
	const bool bridged = network == network_default;

	return attach_with(store, "a", netns, bridged ? "8080:80" : NULL, bridged ? "8mbit" : NULL);
}

static unsigned steps_expected(void)
{
	return network == network_default ? 9 : 7;
}

/* 42 if it died at the step, 0 if there was no such step any more. */
static int crash(const void *argument)
{
	const struct crash *at = argument;
	struct net_store store;

	if (open_store(&store) < 0)
		return 1;
	steps_left = at->step;
	store.at_step = die_at_step;
	return at->detach ? net_detach(&store, &(struct detach){ .owner = "a", .netns = at->netns }, &err)
			  : attach_fully(&store, at->netns);
}

static int crash_in_child(const struct crash *at)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(crash(at) < 0 ? 1 : 0);
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int replay_attach(bool by_reload)
{
	auto_fd int container = net_ns_new();
	auto_free char *before = xstrdup(printed_in(-1, state_of_host));
	struct crash at = { .netns = container };
	int ended;

	for (at.step = 0; (ended = crash_in_child(&at)) == 42; at.step++) {
		if (by_reload) {
			auto_net_store struct net_store store = NET_STORE_CLOSED;

			EXPECT(open_store(&store) == 0 && net_reload(&store, NULL, NULL, &err) == 0);
		}
		EXPECT(detach_from("a", container) == 0);
		{
			auto_net_store struct net_store store = NET_STORE_CLOSED;

			EXPECT(open_store(&store) == 0 && net_sweep(&store, NULL, &err) == 0);
			EXPECT(net_store_unused(&store, network));
		}
		EXPECT(strcmp(before, printed_in(-1, state_of_host)) == 0);
		EXPECT(!strstr(printed_in(container, "ip -o link"), "@if"));
	}
	EXPECT(ended == 0);
	EXPECT(at.step >= steps_expected()); /* else no step was tested */
	EXPECT(detach_from("a", container) == 0);
	EXPECT(strcmp(before, printed_in(-1, state_of_host)) == 0);
	return 0;
}

static int replay_attach_plain(void)
{
	return replay_attach(false);
}

static int replay_attach_reload(void)
{
	return replay_attach(true);
}

static int replay_detach(void)
{
	auto_free char *before = xstrdup(printed_in(-1, state_of_host));
	struct crash at = { .detach = true };
	int ended = 42;

	for (at.step = 0; ended == 42; at.step++) {
		auto_fd int container = net_ns_new();

		at.netns = container;
		{
			auto_net_store struct net_store store = NET_STORE_CLOSED;

			EXPECT(open_store(&store) == 0 && attach_fully(&store, container) == 0);
		}
		ended = crash_in_child(&at);
		EXPECT(ended == 42 || ended == 0);
		EXPECT(detach_from("a", container) == 0);
		{
			auto_net_store struct net_store store = NET_STORE_CLOSED;

			EXPECT(open_store(&store) == 0 && net_sweep(&store, NULL, &err) == 0);
		}
		EXPECT(strcmp(before, printed_in(-1, state_of_host)) == 0);
		EXPECT(!strstr(printed_in(container, "ip -o link"), "@if"));
	}
	EXPECT(at.step >= steps_expected());
	return 0;
}

/* The same for networks on an interface of the host. */
static int define_on_parent(enum network_kind kind)
{
	struct network on_parent = { .name = "p", .kind = kind, .parent = "wan" };
	auto_net_host struct net_host host = NET_HOST_CLOSED;
	auto_net_store struct net_store store = NET_STORE_CLOSED;

	(void)printed_in(-1, "ip link add wan type veth peer name lan; ip link set wan up");
	network = "p";
	state_of_host = state_of_parent;
	EXPECT(ip_network_parse("192.0.2.1/24", &on_parent.v4, &err) == 0);
	EXPECT(network_set_mode(&on_parent, NULL, &err) == 0);
	EXPECT(open_store(&store) == 0 && net_host_open(&host, &err) == 0);
	EXPECT(network_create(&store, &host, &on_parent, false, &err) == 0);
	return 0;
}

static int replay_macvlan(void)
{
	EXPECT(define_on_parent(NETWORK_MACVLAN) == 0);
	EXPECT(replay_attach(true) == 0);
	return replay_detach();
}

static int replay_device(void)
{
	EXPECT(define_on_parent(NETWORK_DEVICE) == 0);
	EXPECT(replay_attach(true) == 0);
	return replay_detach();
}

/* ---- many at once ---- */

static int many(void)
{
	auto_free char *before = xstrdup(printed_in(-1, state_of_host));
	int fds[MANY];
	char command[160];

	for (int i = 0; i < MANY; i++) {
		pid_t pid;
		char owner[16];

		fds[i] = net_ns_new();
		(void)snprintf(owner, sizeof(owner), "c%d", i);
		pid = fork();
		if (pid == 0)
			_exit(attach_one(owner, fds[i], NULL) == 0 ? 0 : 1);
		EXPECT(pid > 0);
	}
	for (int i = 0; i < MANY; i++) {
		int status = -1;

		EXPECT(wait(&status) > 0 && status == 0);
	}
	(void)snprintf(command, sizeof(command), "ls %s/run/leases/bridge | sort -u | wc -l", directory);
	EXPECT(strtol(printed_in(-1, command), NULL, 10) == MANY);
	EXPECT(strtol(printed_in(-1, "ip -o link show master coffer0 | wc -l"), NULL, 10) == MANY);
	(void)snprintf(command, sizeof(command), "cat %s/run/endpoints/*/bridge | grep ^address | sort -u | wc -l",
		       directory);
	EXPECT(strtol(printed_in(-1, command), NULL, 10) == MANY);
	for (int i = 0; i < MANY; i++) {
		char owner[16];

		(void)snprintf(owner, sizeof(owner), "c%d", i);
		(void)close(fds[i]);
		EXPECT(detach_one(owner, true) == 0);
	}
	for (int i = 0; i < 100 && strstr(printed_in(-1, "ip -o link"), "cv"); i++)
		(void)usleep(100000); /* the kernel takes namespaces down in its own time */
	EXPECT(strcmp(before, printed_in(-1, state_of_host)) == 0);
	return 0;
}

static void run(int (*body)(void))
{
	if (geteuid() == 0)
		(void)fresh_directory();
	in_net_ns(body);
}

static void a_container_joins_and_leaves(void)
{
	run(in_and_out);
}

static void what_is_taken_is_refused(void)
{
	run(clashes);
}

static void flushed_rules_come_back(void)
{
	run(flushed);
}

static void limits_of_the_rate_come_back(void)
{
	run(limited);
}

static void killed_while_it_joins(void)
{
	run(replay_attach_plain);
}

static void killed_while_it_joins_then_reload(void)
{
	run(replay_attach_reload);
}

static void killed_while_it_leaves(void)
{
	run(replay_detach);
}

static void killed_on_a_parents_wire(void)
{
	run(replay_macvlan);
	run(replay_device);
}

static void many_at_once(void)
{
	run(many);
}

static const struct test tests[] = {
	TEST(a_container_joins_and_leaves), TEST(what_is_taken_is_refused), TEST(flushed_rules_come_back),
	TEST(limits_of_the_rate_come_back), TEST(killed_while_it_joins),    TEST(killed_while_it_joins_then_reload),
	TEST(killed_while_it_leaves),       TEST(killed_on_a_parents_wire), TEST(many_at_once),
};
TEST_MAIN(tests)
