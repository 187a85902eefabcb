/* test_rate.c - limits of a rate: as text, as tc(8) shows them, and in bytes, whatever the container does. */
#include "net/rate.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/tcp.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include "base/str.h"
#include "net/addr.h"
#include "net/link.h"
#include "tests/unit/net_ns.h"

enum {
	MBIT = 1000000,
	LIMIT = 20 * MBIT,
	WARM_UP_MS = 200,
	MEASURE_MS = 800,
	BLOCK = 65536,
	WINDOW = 65536,
	PORT = 5001,
	TRIES = 3
};

static struct error err;

static void texts(void)
{
	static const struct {
		const char *text, *again;
		uint64_t in, out;
	} good[] = {
		{ "10mbit", "in=10000000bit,out=10000000bit", 10 * MBIT, 10 * MBIT },
		{ "in=8kbit", "in=8000bit", 8000, 0 },
		{ "out=100gbit,in=8000bit", "in=8000bit,out=100000000000bit", 8000, 100000000000 },
	};
	static const char *const bad[] = {
		"",
		"10",
		"mbit",
		"-1mbit",
		"10Mbit",
		"10mbit ",
		"1.5mbit",
		"7999bit",
		"101gbit",
		"0kbit",
		"in=",
		"in=1mbit,",
		"in=1mbit,in=2mbit",
		"up=1mbit",
		"10mbit,out=1mbit",
		"in=1mbit;out=1mbit",
		"18446744073709551616bit",
		"99999999999999999999999999999999bit",
	};
	struct net_rate rate;
	char text[RATE_TEXT_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		CHECK_INT(0, rate_parse(good[i].text, &rate, &err));
		CHECK(rate.in == good[i].in && rate.out == good[i].out && rate_is_set(&rate));
		CHECK_STR(good[i].again, rate_text(&rate, text));
		CHECK_INT(0, rate_parse(text, &rate, &err));
		CHECK(rate.in == good[i].in && rate.out == good[i].out);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK_INT(-EINVAL, rate_parse(bad[i], &rate, &err));
}

/* A veth, whose other end is eth0 in `container`, with 10.0.0.1 and .2. */
static int wire(int route, int container)
{
	auto_netlink_batch struct netlink_batch batch = NETLINK_BATCH;
	const struct link_veth veth = { .name = "cvx", .peer = "eth0", .peer_netns = container };

	link_add_veth(&batch, &veth);
	EXPECT(netlink_send(route, &batch, NULL, NULL, &err) == 0);
	(void)printed_in(-1, "ip link set lo up; ip address add 10.0.0.1/24 dev cvx");
	(void)printed_in(container, "ip address add 10.0.0.2/24 dev eth0; ip link set eth0 up");
	return 0;
}

static int shown(void)
{
	const struct net_rate both = { .in = LIMIT, .out = 2ULL * LIMIT };
	const struct net_rate wide = { .in = 100000000000 };
	auto_fd int container = net_ns_new();
	auto_fd int route = -1;

	EXPECT(netlink_open(NETLINK_ROUTE, &route, &err) == 0);
	EXPECT(rate_apply(route, "cvx", &both, &err) == -ENODEV);
	EXPECT(wire(route, container) == 0);
	EXPECT(prints(-1, "ip -br link show cvx", "DOWN"));
	for (int again = 0; again < 2; again++) {
		EXPECT(rate_apply(route, "cvx", &both, &err) == 0);
		EXPECT(prints(-1, "tc qdisc show dev cvx root", "tbf"));
		EXPECT(prints(-1, "tc qdisc show dev cvx root", "rate 20Mbit"));
		EXPECT(prints(-1, "tc qdisc show dev crx root", "rate 40Mbit"));
		EXPECT(prints(-1, "tc filter show dev cvx ingress", "mirred (Egress Redirect to device crx) stolen"));
		EXPECT(strtol(printed_in(-1, "tc filter show dev cvx ingress | grep -c mirred"), NULL, 10) == 1);
		EXPECT(!strstr(printed_in(-1, "tc filter show dev cvx ingress"), "match")); /* short frames too */
	}
	/* What others took away comes back. */
	(void)printed_in(-1, "ip link set cvx up; tc qdisc del dev cvx root; ip link del crx");
	EXPECT(rate_apply(route, "cvx", &both, &err) == 0);
	EXPECT(prints(-1, "tc qdisc show dev cvx root", "rate 20Mbit"));
	EXPECT(prints(-1, "tc filter show dev cvx ingress", "to device crx) stolen"));
	EXPECT(prints(container, "busybox ping -c 1 -W 2 10.0.0.1", " 0% packet loss"));
	EXPECT(rate_apply(route, "cvx", &wide, &err) == 0);
	EXPECT(prints(-1, "tc qdisc show dev cvx root", "rate 100Gbit"));
	return 0;
}

/* ---- bytes ---- */

static uint64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static struct sockaddr_in address_of(const char *text)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(PORT) };

	(void)inet_pton(AF_INET, text, &address.sin_addr);
	return address;
}

/* Never returns: sends until it is killed, as much as goes. */
static void send_to(int netns, const char *to)
{
	const struct sockaddr_in address = address_of(to);
	static char block[BLOCK];
	int fd;

	if (setns(netns, CLONE_NEWNET) < 0)
		_exit(1);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		_exit(1);
	while (send(fd, block, sizeof(block), MSG_NOSIGNAL) > 0)
		;
	_exit(1);
}

static void drain(int fd, uint64_t until)
{
	static char block[BLOCK];

	while (now_ms() < until && recv(fd, block, sizeof(block), 0) > 0)
		;
}

/* What the kernel has received: unlike what is read, not changed by when this process has a processor. */
static uint64_t received(int fd)
{
	struct tcp_info info = { 0 };
	socklen_t size = sizeof(info);

	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) < 0 ? 0 : info.tcpi_bytes_received;
}

/* Bits a second that one TCP stream carries from one namespace to `at`, which has that address. The window is smaller
   than the queue: a loss would hold back what comes behind it, which then counts at once. */
static uint64_t measure(int from, int at, const char *address)
{
	const struct sockaddr_in own = address_of(address);
	const struct timeval wait = { .tv_sec = 5 };
	const int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	const int on = 1;
	const int window = WINDOW;
	uint64_t begin;
	uint64_t bytes;
	int listener;
	int fd;
	pid_t pid;

	if (setns(at, CLONE_NEWNET) < 0)
		return 0;
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	(void)setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &window, sizeof(window));
	(void)setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	if (bind(listener, (const struct sockaddr *)&own, sizeof(own)) < 0 || listen(listener, 1) < 0)
		return 0;
	(void)setns(home, CLONE_NEWNET);
	(void)close(home);
	pid = fork();
	if (pid == 0)
		send_to(from, address);
	fd = accept(listener, NULL, NULL);
	if (fd < 0)
		return 0;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	drain(fd, now_ms() + WARM_UP_MS);
	begin = now_ms();
	bytes = received(fd);
	drain(fd, begin + MEASURE_MS);
	bytes = (received(fd) - bytes) * 8 * 1000 / (now_ms() - begin);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	(void)close(fd);
	(void)close(listener);
	return bytes;
}

/* Within 10 %, headers not counted; a machine that stands still while it is measured has another try. */
static bool within(int from, int at, const char *address, uint64_t limit)
{
	uint64_t got = 0;

	for (int i = 0; i < TRIES; i++) {
		got = measure(from, at, address);
		fprintf(stderr, "# to %s: %llu bit/s of %llu\n", address, (unsigned long long)got,
			(unsigned long long)limit);
		if (got > limit * 9 / 10 && got < limit * 11 / 10)
			return true;
	}
	return false;
}

static int carried(void)
{
	const struct net_rate rate = { .in = LIMIT, .out = LIMIT / 2 };
	const char evade[] = "tc qdisc replace dev eth0 root pfifo 2>&1; tc qdisc add dev eth0 ingress 2>&1;"
			     "ip link set eth0 mtu 65000 2>&1; nft flush ruleset; tc qdisc show dev eth0";
	auto_fd int host = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	auto_fd int container = net_ns_new();
	auto_fd int route = -1;
	uint64_t bare;

	EXPECT(netlink_open(NETLINK_ROUTE, &route, &err) == 0);
	EXPECT(wire(route, container) == 0);
	(void)printed_in(-1, "ip link set cvx up");
	bare = measure(container, host, "10.0.0.1");
	EXPECT(bare > 2ULL * LIMIT); /* else nothing is shown by what follows */
	EXPECT(rate_apply(route, "cvx", &rate, &err) == 0);
	EXPECT(within(host, container, "10.0.0.2", rate.in));
	EXPECT(within(container, host, "10.0.0.1", rate.out));
	/* With all rights over its own namespace it changes nothing of that. */
	EXPECT(prints(container, evade, "qdisc pfifo"));
	EXPECT(within(host, container, "10.0.0.2", rate.in));
	EXPECT(within(container, host, "10.0.0.1", rate.out));
	return 0;
}

static void limits_are_as_tc_shows_them(void)
{
	in_net_ns(shown);
}

static void tcp_carries_what_the_limit_says(void)
{
	in_net_ns(carried);
}

static const struct test tests[] = { TEST(texts), TEST(limits_are_as_tc_shows_them),
				     TEST(tcp_carries_what_the_limit_says) };
TEST_MAIN(tests)
