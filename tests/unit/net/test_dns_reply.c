/* test_dns_reply.c - questions of containers, good and hostile; who may know which name; answers that are none. */
#include "net/dns_reply.h"

#include "base/str.h"
#include "tests/unit/temporary.h"
#include "tests/unit/test.h"

/* Header with id 0x1234 and RD, one question: "web", type A, class IN. */
#define HEADER   "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
#define QUESTION "\x03web\x00\x00\x01\x00\x01"

static struct error err;
static const char query[] = HEADER QUESTION;
enum { QUERY_SIZE = sizeof(query) - 1, FLAGS = 2, COUNT = 7, CODE = 3 };

static void put(const struct net_store *store, const char *owner, const char *network, const char *address,
		const char *alias)
{
	struct endpoint endpoint = { .state = "/x", .interface = "eth0", .mac = { 2 } };

	(void)snprintf(endpoint.owner, sizeof(endpoint.owner), "%s", owner);
	(void)snprintf(endpoint.network, sizeof(endpoint.network), "%s", network);
	CHECK_INT(0, ip_parse(address, &endpoint.v4, &err));
	CHECK_INT(0, alias ? endpoint_add_alias(&endpoint, alias, &err) : 0);
	CHECK_INT(0, net_store_save_endpoint(store, &endpoint, &err));
}

static void load(struct dns_names *names)
{
	auto_net_store struct net_store store = NET_STORE_CLOSED;
	auto_free char *config = xasprintf("%s/config", temporary_directory());
	auto_free char *run = xasprintf("%s/run", temporary_directory());

	CHECK_INT(0, net_store_open(config, run, &store, &err));
	put(&store, "a", "one", "10.1.0.2", "web");
	put(&store, "b", "one", "10.1.0.3", "web");
	put(&store, "b", "two", "10.2.0.3", NULL);
	put(&store, "c", "two", "10.2.0.4", "hidden");
	put(&store, "d+1.x", "one", "10.1.0.4", NULL);
	CHECK_INT(0, dns_names_load(&store, names, &err));
}

static enum dns_reply ask(const struct dns_names *names, const char *network, bool internal, const char *from,
			  const void *data, size_t size, uint8_t *out, size_t *ret_size)
{
	struct dns_network on = { .internal = internal };
	struct dns_question question;
	struct ip_address source;

	(void)snprintf(on.name, sizeof(on.name), "%s", network);
	CHECK_INT(0, ip_parse(from, &source, &err));
	*ret_size = 0;
	return dns_reply(names, &on, &source, data, size, &question, out, DNS_UDP_MIN, ret_size);
}

static void neighbours_have_names(void)
{
	struct dns_names names = { .entries = NULL };
	uint8_t out[DNS_UDP_MIN];
	size_t size;

	load(&names);
	CHECK_INT(DNS_REPLY, ask(&names, "one", false, "10.1.0.3", query, QUERY_SIZE, out, &size));
	CHECK_INT(2, out[COUNT]); /* both have the alias */
	CHECK_INT(DNS_OK, out[CODE] & 15);
	CHECK_INT(QUERY_SIZE + 2 * 16, size);
	CHECK(memcmp(out, "\x12\x34\x85", 3) == 0);
	CHECK(memcmp(out + QUERY_SIZE, "\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x05\x00\x04\x0a\x01\x00", 15) == 0);
	/* In capital letters; by id; of the other type: there is none, but the name is known. */
	CHECK_INT(DNS_REPLY, ask(&names, "one", false, "10.1.0.3", HEADER "\3WEB\0\0\1\0\1", QUERY_SIZE, out, &size));
	CHECK_INT(2, out[COUNT]);
	CHECK_INT(DNS_REPLY, ask(&names, "one", false, "10.1.0.3", HEADER "\1a\0\0\1\0\1", QUERY_SIZE - 2, out, &size));
	CHECK_INT(1, out[COUNT]);
	CHECK_INT(DNS_REPLY,
		  ask(&names, "one", false, "10.1.0.3", HEADER "\3D+1\1x\0\0\1\0\1", QUERY_SIZE + 2, out, &size));
	CHECK_INT(1, out[COUNT]);
	CHECK_INT(DNS_REPLY, ask(&names, "one", false, "10.1.0.3", HEADER "\3web\0\0\34\0\1", QUERY_SIZE, out, &size));
	CHECK_INT(0, out[COUNT]);
	CHECK_INT(DNS_OK, out[CODE] & 15);
	dns_names_done(&names);
}

static void only_the_asker_s_networks_are_told_of(void)
{
	static const char hidden[] = HEADER "\6hidden\0\0\1\0\1";
	struct dns_names names = { .entries = NULL };
	uint8_t out[DNS_UDP_MIN];
	size_t size;

	load(&names);
	CHECK_INT(DNS_FORWARD, ask(&names, "one", false, "10.1.0.2", hidden, sizeof(hidden) - 1, out, &size));
	CHECK_INT(DNS_REPLY, ask(&names, "one", true, "10.1.0.2", hidden, sizeof(hidden) - 1, out, &size));
	CHECK_INT(DNS_NO_SUCH_NAME, out[CODE] & 15); /* nobody outside is asked for an internal network */
	/* b is on both; an address that nobody has on the network of the question is told nothing. */
	CHECK_INT(DNS_REPLY, ask(&names, "one", false, "10.1.0.3", hidden, sizeof(hidden) - 1, out, &size));
	CHECK_INT(1, out[COUNT]);
	CHECK_INT(DNS_REPLY, ask(&names, "two", false, "10.1.0.3", query, QUERY_SIZE, out, &size));
	CHECK_INT(DNS_REFUSED, out[CODE] & 15);
	CHECK(dns_names_on(&names, "two") && !dns_names_on(&names, "three"));
	dns_names_done(&names);
}

static void hostile_questions(void)
{
	static const struct {
		const char *data;
		size_t size;
		enum dns_reply reply;
		int code;
	} cases[] = {
		{ "", 0, DNS_DROP, 0 },
		{ query, DNS_HEADER_SIZE - 1, DNS_DROP, 0 },
		{ "\x12\x34\x81\x00\x00\x01\x00\x00\x00\x00\x00\x00" QUESTION, QUERY_SIZE, DNS_DROP,
		  0 }, /* an answer */
		{ "\x12\x34\x28\x00\x00\x01\x00\x00\x00\x00\x00\x00" QUESTION, QUERY_SIZE, DNS_REPLY,
		  DNS_NOT_IMPLEMENTED },
		{ "\x12\x34\x01\x00\x00\x02\x00\x00\x00\x00\x00\x00" QUESTION, QUERY_SIZE, DNS_REPLY, DNS_MALFORMED },
		{ query, QUERY_SIZE - 1, DNS_REPLY, DNS_MALFORMED },
		{ query, DNS_HEADER_SIZE, DNS_REPLY, DNS_MALFORMED },
		{ HEADER "\xc0\x0c\x00\x01\x00\x01", DNS_HEADER_SIZE + 6, DNS_REPLY, DNS_MALFORMED }, /* a circle */
		{ HEADER "\x3fweb\0\0\1\0\1", QUERY_SIZE, DNS_REPLY, DNS_MALFORMED },
		{ HEADER "\3w.b\0\0\1\0\1", QUERY_SIZE, DNS_FORWARD, 0 }, /* no name that a container can have */
		{ HEADER "\2a\0\0\0\1\0\1", QUERY_SIZE - 1, DNS_FORWARD, 0 },
		{ HEADER "\3web\0\0\1\0\3", QUERY_SIZE, DNS_FORWARD, 0 }, /* another class */
	};
	char labels[DNS_QUERY_MAX] = HEADER;
	struct dns_names names = { .entries = NULL };
	uint8_t out[DNS_UDP_MIN];
	size_t size;

	load(&names);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CHECK_INT(cases[i].reply,
			  ask(&names, "one", false, "10.1.0.3", cases[i].data, cases[i].size, out, &size));
		if (cases[i].reply == DNS_REPLY)
			CHECK_INT(cases[i].code, out[CODE] & 15);
		CHECK(size <= sizeof(out));
	}
	for (size_t i = DNS_HEADER_SIZE; i < sizeof(labels); i++)
		labels[i] = i % 2 ? 'x' : 1; /* a name without end */
	CHECK_INT(DNS_REPLY, ask(&names, "one", false, "10.1.0.3", labels, sizeof(labels), out, &size));
	CHECK_INT(DNS_MALFORMED, out[CODE] & 15);
	dns_names_done(&names);
}

static void answers_that_count(void)
{
	char answer[] = "\x12\x34\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00" QUESTION "...";
	struct dns_question question;

	CHECK_INT(DNS_OK, dns_question_read(query, QUERY_SIZE, &question));
	CHECK(dns_answers(answer, sizeof(answer) - 1, query, &question));
	CHECK(!dns_answers(answer, QUERY_SIZE - 1, query, &question));
	answer[0]++; /* another id */
	CHECK(!dns_answers(answer, sizeof(answer) - 1, query, &question));
	answer[0]--;
	answer[DNS_HEADER_SIZE + 1]++; /* another question */
	CHECK(!dns_answers(answer, sizeof(answer) - 1, query, &question));
	CHECK(!dns_answers(query, QUERY_SIZE, query, &question)); /* a question */
}

static void many_addresses_are_cut(void)
{
	struct ip_address many[64];
	struct dns_question question;
	uint8_t out[DNS_UDP_MIN] = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(many); i++)
		CHECK_INT(0, ip_parse("10.0.0.1", &many[i], &err));
	CHECK_INT(DNS_OK, dns_question_read(query, QUERY_SIZE, &question));
	CHECK_INT(QUERY_SIZE + 30 * 16, dns_answer_write(out, sizeof(out), &question, DNS_OK, many, 64));
	CHECK_INT(30, out[COUNT]);
	CHECK(out[FLAGS] & 2);
	CHECK_INT(QUERY_SIZE, dns_reply_failure(query, &question, out, sizeof(out)));
	CHECK_INT(DNS_SERVER_FAILURE, out[CODE] & 15);
}

static void servers_of_a_resolv_conf(void)
{
	struct ip_address servers[3];
	char text[IP_TEXT_SIZE];

	CHECK_INT(3, dns_servers("# x\nsearch y\nnameserver 10.0.0.1\nnameserver\tfe80::1%eth0 \nnameserver x\n"
				 "nameservers 1.1.1.1\nnameserver 127.0.0.53\nnameserver 9.9.9.9\n",
				 servers, 3));
	CHECK_STR("fe80::1", ip_text(&servers[1], text));
	CHECK_STR("127.0.0.53", ip_text(&servers[2], text));
	CHECK_INT(0, dns_servers("", servers, 3));
}

static const struct test tests[] = {
	TEST(neighbours_have_names),  TEST(only_the_asker_s_networks_are_told_of),
	TEST(hostile_questions),      TEST(answers_that_count),
	TEST(many_addresses_are_cut), TEST(servers_of_a_resolv_conf),
};
TEST_MAIN(tests)
