/* test_nft.c - our tables as nft(8) shows them, and elements that come and go. */
#include "net/nft.h"

#include <errno.h>
#include <linux/netlink.h>
#include <netinet/in.h>

#include "base/str.h"
#include "net/port.h"
#include "tests/unit/net_ns.h"

enum { MESSAGE_MAX = 1024 };

static struct error err;

static int commit(struct netlink_batch *batch)
{
	auto_fd int fd = -1;
	int r = netlink_open(NETLINK_NETFILTER, &fd, &err);

	nft_end(batch);
	if (r == 0)
		r = netlink_send(fd, batch, NULL, NULL, &err);
	netlink_batch_done(batch);
	return r;
}

static int make_tables(void)
{
	struct netlink_batch batch = NETLINK_BATCH;

	nft_begin(&batch);
	nft_put_tables(&batch);
	return commit(&batch);
}

static int rules(void)
{
	static const char *const shown[] = {
		"iifname != \"lo\" ip daddr 127.0.0.0/8 drop\n",
		"iifname != \"lo\" ip saddr 127.0.0.0/8 drop\n",
		"fib daddr type local jump publish\n",
		"dnat ip to ip daddr . meta l4proto . th dport map @at4\n",
		"dnat ip to meta l4proto . th dport map @ports4\n",
		"dnat ip6 to ip6 daddr . meta l4proto . th dport map @at6\n",
		"ip6 daddr != ::1 dnat ip6 to meta l4proto . th dport map @ports6\n",
		"iifname != @bridges oifname != @bridges accept\n",
		"ct state established,related accept\n",
		"iifname . oifname @same accept\n",
		"ct status dnat iifname != @internal oifname != @internal accept\n",
		"ct state new,untracked iifname @open oifname @open accept\n",
		"ct state new,untracked iifname != @internal oifname != @bridges accept\n",
		"ip saddr . oifname @own4 ct status dnat masquerade\n",
		"ip6 saddr . oifname @own6 ct status dnat masquerade\n",
		"ip saddr 127.0.0.0/8 oifname @bridges masquerade\n",
		"iifname @bridges oifname != @bridges masquerade\n",
		"iifname != @checked accept\n",
		"iifname . ether saddr . ip saddr @sources4 accept\n",
		"iifname . ether saddr . arp saddr ip @sources4 accept\n",
		"iifname . ether saddr . ip6 saddr @sources6 accept\n",
		"icmpv6 type nd-router-advert drop\n",
	};

	EXPECT(make_tables() == 0);
	for (size_t i = 0; i < ARRAY_SIZE(shown); i++)
		EXPECT(prints(-1, "nft list ruleset", shown[i]));
	EXPECT(make_tables() == 0); /* in place of themselves */
	return 0;
}

/* What the kernel has, expression by expression, of our messages and of what nft(8) makes of the text; without the
   handles of rules. */
static int text(void)
{
	static const char list[] = "nft --debug=netlink list ruleset | sed -E '/^table/,$d; s/( [0-9]+)+$//'";
	static const char target[] = "[ payload load 16b @ transport header + 8 => reg 14 ]";
	static const char source[] = "[ payload load 16b @ network header + 8 => reg 14 ]";
	auto_fd int other = net_ns_new();
	auto_free char *ours = NULL;
	auto_free char *load = NULL;
	const char *tree = getenv("COFFER_SOURCE"); /* where this is not the machine it was built on */
	const char *theirs;
	char *there;

	EXPECT(make_tables() == 0);
	ours = xstrdup(printed_in(-1, list));
	there = strstr(ours, target);
	EXPECT(there);
	load = xasprintf("nft -f %s/tests/unit/net/tables.nft", tree ? tree : COFFER_SOURCE);
	(void)printed_in(other, load);
	theirs = printed_in(other, list);
	EXPECT(strlen(theirs) + strlen(target) == strlen(ours) + strlen(source));
	EXPECT(strncmp(ours, theirs, (size_t)(there - ours)) == 0);
	theirs += there - ours;
	EXPECT(str_starts(theirs, source));
	EXPECT(strcmp(there + strlen(target), theirs + strlen(source)) == 0);
	return 0;
}

static int others_stay(void)
{
	struct netlink_batch batch = NETLINK_BATCH;
	auto_free char *before = NULL;

	(void)printed_in(-1,
			 "nft add table ip nat; nft add chain ip nat x '{ type nat hook postrouting priority 100; }'");
	before = xstrdup(printed_in(-1, "nft list ruleset"));
	EXPECT(*before);
	EXPECT(make_tables() == 0);
	EXPECT(prints(-1, "nft list ruleset", "table inet coffer"));
	nft_begin(&batch);
	nft_drop_tables(&batch);
	EXPECT(commit(&batch) == 0);
	EXPECT(strcmp(before, printed_in(-1, "nft list ruleset")) == 0);
	nft_begin(&batch);
	nft_drop_tables(&batch); /* there are none any more */
	EXPECT(commit(&batch) == 0);
	return 0;
}

static int change_endpoint(enum nft_change change, const char *owner, const char *v4)
{
	const uint8_t mac[] = { 2, 0, 0, 0, 0, 7 };
	struct nft_port ports[] = {
		{ .protocol = IPPROTO_TCP, .host_port = 8080, .port = 80 },
		{ .protocol = IPPROTO_UDP, .host_port = 53, .port = 5353 },
		{ .protocol = IPPROTO_TCP, .host_port = 443, .port = 443 },
	};
	struct nft_endpoint endpoint = {
		.bridge = "br",
		.interface = "cv1",
		.owner = owner,
		.mac = mac,
		.ports = ports,
		.n_ports = ARRAY_SIZE(ports),
	};
	struct netlink_batch batch = NETLINK_BATCH;

	EXPECT(ip_parse("192.0.2.1", &ports[2].host, &err) == 0);
	EXPECT(ip_parse(v4, &endpoint.v4, &err) == 0 && ip_parse("fd00::5", &endpoint.v6, &err) == 0);
	nft_begin(&batch);
	nft_put_endpoint(&batch, change, &endpoint);
	return commit(&batch);
}

static bool is_taken(int family, const char *published)
{
	auto_free struct nft_port *ports = NULL;
	auto_fd int fd = -1;
	size_t count = 0;

	return netlink_open(NETLINK_NETFILTER, &fd, &err) == 0 && port_parse(published, &ports, &count, &err) == 0 &&
	       nft_is_taken(fd, family, ports, count);
}

/* As change_endpoint() has it. */
static int taken(void)
{
	EXPECT(is_taken(AF_INET, "443:80") && is_taken(AF_INET, "440-450:40-50"));
	EXPECT(!is_taken(AF_INET6, "443:80") && !is_taken(AF_INET, "443:80/udp") && !is_taken(AF_INET, "444:80"));
	EXPECT(is_taken(AF_INET, "192.0.2.1:8080:80") && is_taken(AF_INET, "127.0.0.1:8060-8100:60-100"));
	EXPECT(is_taken(AF_INET6, "[fd00::9]:53:80/udp") && !is_taken(AF_INET, "[fd00::9]:53:80/udp"));
	EXPECT(!is_taken(AF_INET, "192.0.2.1:8081:80") && !is_taken(AF_INET, "192.0.2.1:8081-8121:81-121"));
	EXPECT(is_taken(AF_INET, "0.0.0.0:443:80") && !is_taken(AF_INET, "[::]:443:80"));
	EXPECT(!is_taken(AF_INET, "192.0.2.2:443:80")); /* the same map, where the kernel refuses */
	return 0;
}

static int elements(void)
{
	static const char *const shown[] = {
		"tcp . 8080 comment \"one\" : 10.0.0.5 . 80",
		"udp . 53 comment \"one\" : 10.0.0.5 . 5353",
		"tcp . 8080 comment \"one\" : fd00::5 . 80",
		"192.0.2.1 . tcp . 443 comment \"one\" : 10.0.0.5 . 443",
		"10.0.0.5 . \"br\" comment \"one\"",
		"\"cv1\" . 02:00:00:00:00:07 . 10.0.0.5 comment",
		"\"cv1\" . 02:00:00:00:00:07 . fe80::ff:fe00:7 comment",
	};
	auto_free char *static_part = NULL;
	auto_free char *empty = NULL;

	EXPECT(change_endpoint(NFT_ADD, "one", "10.0.0.5") == -ENOENT); /* no table */
	EXPECT(!is_taken(AF_INET, "443:80") && !is_taken(AF_INET, "192.0.2.1:8080:80"));
	EXPECT(make_tables() == 0);
	static_part = xstrdup(printed_in(-1, "nft --terse list ruleset"));
	empty = xstrdup(printed_in(-1, "nft list ruleset"));
	EXPECT(change_endpoint(NFT_ADD, "one", "10.0.0.5") == 0);
	for (size_t i = 0; i < ARRAY_SIZE(shown); i++)
		EXPECT(prints(-1, "nft list ruleset", shown[i]));
	EXPECT(taken() == 0);
	/* No rule of a container's own: each would make the next, and each packet, slower. */
	EXPECT(strcmp(static_part, printed_in(-1, "nft --terse list ruleset")) == 0);
	/* The second's ports are taken: nothing of it gets in. */
	EXPECT(change_endpoint(NFT_ADD, "two", "10.0.0.6") == -EEXIST);
	EXPECT(strstr(err.text, "the published port 8080, or one of the others"));
	EXPECT(!strstr(printed_in(-1, "nft list ruleset"), "10.0.0.6"));
	EXPECT(change_endpoint(NFT_REMOVE, "one", "10.0.0.5") == 0);
	EXPECT(strcmp(empty, printed_in(-1, "nft list ruleset")) == 0);
	EXPECT(change_endpoint(NFT_REMOVE, "one", "10.0.0.5") == -ENOENT);
	return 0;
}

static int networks(void)
{
	struct nft_network network = { .bridge = "br", .internal = true, .open = true };
	struct netlink_batch batch = NETLINK_BATCH;
	auto_free char *empty = NULL;

	EXPECT(ip_parse("10.0.0.1", &network.names[0], &err) == 0);
	EXPECT(make_tables() == 0);
	empty = xstrdup(printed_in(-1, "nft list ruleset"));
	nft_begin(&batch);
	nft_put_network(&batch, NFT_ADD, &network);
	nft_put_network(&batch, NFT_ADD, &network);
	EXPECT(commit(&batch) == 0);
	EXPECT(prints(-1, "nft list set inet coffer bridges", "elements = { \"br\" }"));
	EXPECT(prints(-1, "nft list set inet coffer internal", "elements = { \"br\" }"));
	EXPECT(!strstr(printed_in(-1, "nft list set inet coffer open"), "elements"));
	EXPECT(prints(-1, "nft list map inet coffer at4", "10.0.0.1 . udp . 53 : 10.0.0.1 . 53"));
	EXPECT(!is_taken(AF_INET, "53:53/udp")); /* a gateway's is nobody's */
	EXPECT(prints(-1, "nft list set inet coffer same", "elements = { \"br\" . \"br\" }"));
	nft_begin(&batch);
	nft_put_network(&batch, NFT_REMOVE, &network);
	EXPECT(commit(&batch) == 0);
	EXPECT(strcmp(empty, printed_in(-1, "nft list ruleset")) == 0);
	return 0;
}

static void rules_are_as_nft_shows_them(void)
{
	in_net_ns(rules);
}

static void nft_makes_the_same_of_their_text(void)
{
	in_net_ns(text);
}

static void tables_of_others_are_left_alone(void)
{
	in_net_ns(others_stay);
}

static void endpoints_come_and_go(void)
{
	in_net_ns(elements);
}

static void networks_come_and_go(void)
{
	in_net_ns(networks);
}

/* The room that libnftnl is given for one (ROOM in nft_message.c) is four times that. */
static void a_message_is_small(void)
{
	auto_netlink_batch struct netlink_batch batch = NETLINK_BATCH;
	size_t count = 0;

	nft_begin(&batch);
	nft_put_tables(&batch);
	for (size_t at = 0; at < batch.used; count++) {
		const struct nlmsghdr *message = (const struct nlmsghdr *)(const void *)(batch.data + at);

		CHECK(message->nlmsg_len > sizeof(*message) && message->nlmsg_len < MESSAGE_MAX);
		at += NLMSG_ALIGN(message->nlmsg_len);
	}
	CHECK_INT(batch.n_labels, count);
}

static const struct test tests[] = { TEST(rules_are_as_nft_shows_them),
				     TEST(nft_makes_the_same_of_their_text),
				     TEST(tables_of_others_are_left_alone),
				     TEST(endpoints_come_and_go),
				     TEST(networks_come_and_go),
				     TEST(a_message_is_small) };
TEST_MAIN(tests)
