/*
 * test_nft_library.c - our messages of nf_tables as libmnl and libnftnl understand them: each is decoded by the library
 * and encoded by it anew, and the kernel makes the same of the one and of the other. Only this test links them; the
 * program is static, for which Debian 12 has no libmnl.
 */
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/str.h"
#include "net/nft.h"
#include "tests/unit/net_ns.h"

enum { BUFFER = 256 * 1024, ANSWER = 8192, MESSAGES_MIN = 60, MAC_SIZE_OF_TEST = 6 };

static struct error err;

/* The message, decoded and encoded anew at `to`. -1: the library does not understand it. */
typedef int rebuild_fn(const struct nlmsghdr *from, struct nlmsghdr *to);

static int rebuild_table(const struct nlmsghdr *from, struct nlmsghdr *to)
{
	struct nftnl_table *table = nftnl_table_alloc();
	int r = nftnl_table_nlmsg_parse(from, table);

	nftnl_table_nlmsg_build_payload(to, table);
	nftnl_table_free(table);
	return r;
}

static int rebuild_chain(const struct nlmsghdr *from, struct nlmsghdr *to)
{
	struct nftnl_chain *chain = nftnl_chain_alloc();
	int r = nftnl_chain_nlmsg_parse(from, chain);

	nftnl_chain_nlmsg_build_payload(to, chain);
	nftnl_chain_free(chain);
	return r;
}

static int rebuild_rule(const struct nlmsghdr *from, struct nlmsghdr *to)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();
	int r = nftnl_rule_nlmsg_parse(from, rule);

	nftnl_rule_nlmsg_build_payload(to, rule);
	nftnl_rule_free(rule);
	return r;
}

static int see_id(const struct nlattr *attribute, void *id)
{
	if (mnl_attr_get_type(attribute) == NFTA_SET_ID)
		*(uint32_t *)id = ntohl(mnl_attr_get_u32(attribute));
	return MNL_CB_OK;
}

/* The library reads what the kernel lists, where sets have no id: that comes from the message itself. */
static int rebuild_set(const struct nlmsghdr *from, struct nlmsghdr *to)
{
	struct nftnl_set *set = nftnl_set_alloc();
	uint32_t id = 0;
	int r = nftnl_set_nlmsg_parse(from, set);

	(void)mnl_attr_parse(from, sizeof(struct nfgenmsg), see_id, &id);
	nftnl_set_set_u32(set, NFTNL_SET_ID, id);
	nftnl_set_nlmsg_build_payload(to, set);
	nftnl_set_free(set);
	return id ? r : -1;
}

static int rebuild_elements(const struct nlmsghdr *from, struct nlmsghdr *to)
{
	struct nftnl_set *set = nftnl_set_alloc();
	int r = nftnl_set_elems_nlmsg_parse(from, set);

	nftnl_set_elems_nlmsg_build_payload(to, set);
	nftnl_set_free(set);
	return r;
}

static rebuild_fn *const rebuilders[] = {
	[NFT_MSG_NEWTABLE] = rebuild_table,      [NFT_MSG_DELTABLE] = rebuild_table,
	[NFT_MSG_NEWCHAIN] = rebuild_chain,      [NFT_MSG_NEWRULE] = rebuild_rule,
	[NFT_MSG_NEWSET] = rebuild_set,          [NFT_MSG_NEWSETELEM] = rebuild_elements,
	[NFT_MSG_DELSETELEM] = rebuild_elements,
};

static int rebuild_one(const struct nlmsghdr *from, char *at, size_t *ret_size)
{
	const struct nfgenmsg *general = mnl_nlmsg_get_payload(from);
	const unsigned type = from->nlmsg_type & 0xff;
	struct nlmsghdr *to = (struct nlmsghdr *)(void *)at;
	int r = 0;

	if (from->nlmsg_type == NFNL_MSG_BATCH_BEGIN) {
		to = nftnl_batch_begin(at, from->nlmsg_seq);
	} else if (from->nlmsg_type == NFNL_MSG_BATCH_END) {
		to = nftnl_batch_end(at, from->nlmsg_seq);
	} else {
		EXPECT(from->nlmsg_type >> 8 == NFNL_SUBSYS_NFTABLES);
		EXPECT(type < ARRAY_SIZE(rebuilders) && rebuilders[type]);
		to = nftnl_nlmsg_build_hdr(at, (uint16_t)type, general->nfgen_family, from->nlmsg_flags,
					   from->nlmsg_seq);
		r = rebuilders[type](from, to);
	}
	EXPECT(r == 0);
	EXPECT(to->nlmsg_type == from->nlmsg_type);
	*ret_size = to->nlmsg_len;
	return 0;
}

static size_t rebuild(const struct netlink_batch *batch, char *buffer, size_t *ret_count)
{
	const struct nlmsghdr *message = (const struct nlmsghdr *)(const void *)batch->data;
	int left = (int)batch->used;
	size_t used = 0;

	*ret_count = 0;
	while (mnl_nlmsg_ok(message, left)) {
		size_t size = 0;

		if (rebuild_one(message, buffer + used, &size) != 0) {
			fprintf(stderr, "# message %zu\n", *ret_count);
			return 0;
		}
		used += size;
		++*ret_count;
		message = mnl_nlmsg_next(message, &left);
	}
	return left == 0 ? used : 0;
}

/* The kernel answers with errors only, before the system call returns. */
static int send_rebuilt(int netns, const char *buffer, size_t size)
{
	const int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	char answer[ANSWER];
	struct mnl_socket *socket;
	ssize_t got;

	EXPECT(setns(netns, CLONE_NEWNET) == 0);
	socket = mnl_socket_open(NETLINK_NETFILTER);
	EXPECT(setns(home, CLONE_NEWNET) == 0);
	(void)close(home);
	EXPECT(socket && mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) == 0);
	EXPECT(mnl_socket_sendto(socket, buffer, size) == (ssize_t)size);
	got = recv(mnl_socket_get_fd(socket), answer, sizeof(answer), MSG_DONTWAIT);
	EXPECT(got < 0);
	(void)mnl_socket_close(socket);
	return 0;
}

/* Ends the batch; sends it here as it is, and to the other namespace as the library has it. */
static int send_both(struct netlink_batch *batch, int other, size_t *ret_count)
{
	static char buffer[BUFFER];
	/* Elements have no order. */
	static const char list[] = "nft --terse list ruleset; nft --debug=netlink list ruleset | awk '/^table/ { exit }"
				   "/ @/ { set = $0 } /element/ { print set, $0 | \"sort\"; next } { print }'";
	auto_free char *ours = NULL;
	auto_fd int fd = -1;
	size_t size;

	nft_end(batch);
	size = rebuild(batch, buffer, ret_count);
	EXPECT(size > 0);
	EXPECT(netlink_open(NETLINK_NETFILTER, &fd, &err) == 0);
	EXPECT(netlink_send(fd, batch, NULL, NULL, &err) == 0);
	EXPECT(send_rebuilt(other, buffer, size) == 0);
	netlink_batch_done(batch);
	ours = xstrdup(printed_in(-1, list));
	EXPECT(strcmp(ours, printed_in(other, list)) == 0);
	return 0;
}

static int put_endpoint(struct netlink_batch *batch, enum nft_change change, const char *owner, const char *v4)
{
	const uint8_t mac[MAC_SIZE_OF_TEST] = { 2, 0, 0, 0, 0, 7 };
	struct nft_port ports[] = {
		{ .protocol = IPPROTO_TCP, .host_port = 8080, .port = 80 },
		{ .protocol = IPPROTO_SCTP, .host_port = 53, .port = 5353 },
		{ .protocol = IPPROTO_UDP, .host_port = 443, .port = 443 },
	};
	struct nft_endpoint endpoint = {
		.bridge = "br",
		.interface = owner,
		.owner = owner,
		.mac = mac,
		.ports = ports,
		.n_ports = change == NFT_ADD && str_eq(owner, "two") ? 0 : ARRAY_SIZE(ports),
	};

	EXPECT(ip_parse("192.0.2.1", &ports[2].host, &err) == 0);
	EXPECT(ip_parse(v4, &endpoint.v4, &err) == 0 && ip_parse("fd00::5", &endpoint.v6, &err) == 0);
	nft_put_endpoint(batch, change, &endpoint);
	return 0;
}

static int both(void)
{
	const struct nft_network network = { .bridge = "br", .internal = true, .open = true };
	struct netlink_batch batch = NETLINK_BATCH;
	auto_fd int other = net_ns_new();
	size_t count = 0;

	nft_begin(&batch);
	nft_put_tables(&batch);
	nft_put_network(&batch, NFT_ADD, &network);
	EXPECT(put_endpoint(&batch, NFT_ADD, "one", "10.0.0.5") == 0);
	EXPECT(put_endpoint(&batch, NFT_ADD, "two", "10.0.0.6") == 0);
	EXPECT(send_both(&batch, other, &count) == 0);
	EXPECT(count >= MESSAGES_MIN);
	EXPECT(prints(other, "nft list ruleset", "10.0.0.5 . \"br\" comment \"one\""));
	EXPECT(prints(other, "nft list ruleset", "tcp . 8080 comment \"one\" : 10.0.0.5 . 80"));
	nft_begin(&batch);
	EXPECT(put_endpoint(&batch, NFT_REMOVE, "one", "10.0.0.5") == 0);
	EXPECT(send_both(&batch, other, &count) == 0);
	EXPECT(!strstr(printed_in(other, "nft list ruleset"), "10.0.0.5"));
	return 0;
}

static void the_library_says_the_same_to_the_kernel(void)
{
	in_net_ns(both);
}

static const struct test tests[] = { TEST(the_library_says_the_same_to_the_kernel) };
TEST_MAIN(tests)
