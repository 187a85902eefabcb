/* test_endpoint.c - what is kept of a container on a network. */
#include "net/endpoint.h"

#include "base/cleanup.h"
#include "base/str.h"
#include "net/port.h"
#include "tests/unit/test.h"

static struct error err;

static void owners(void)
{
	static const char *const bad[] = { "", ".", "..", "a/b", "a b", ".a", "a\n" };

	CHECK(endpoint_owner_valid("a-1_b.c+d"));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK(!endpoint_owner_valid(bad[i]));
}

static void names_are_always_the_same(void)
{
	struct endpoint one = { .owner = "c", .network = "n" };
	struct endpoint two = { .owner = "c", .network = "m" };
	struct endpoint again = { .owner = "c", .network = "n" };

	endpoint_name_host(&one);
	endpoint_name_host(&two);
	endpoint_name_host(&again);
	CHECK(link_name_valid(one.host));
	CHECK_STR(one.host, again.host);
	CHECK(!str_eq(one.host, two.host));
}

static void macs_follow_addresses(void)
{
	struct endpoint endpoint = { .owner = "c" };
	struct ip_address again;
	char text[MAC_TEXT_SIZE];

	CHECK_INT(0, ip_parse("10.1.2.3", &endpoint.v4, &err));
	endpoint_name_mac(&endpoint);
	CHECK_STR("02:04:0a:01:02:03", mac_text(endpoint.mac, text));
	again = endpoint_address_of_mac(endpoint.mac);
	CHECK(ip_equal(&again, &endpoint.v4));
	endpoint.v4.family = 0;
	CHECK_INT(0, ip_parse("fd00::a:b", &endpoint.v6, &err));
	endpoint_name_mac(&endpoint);
	CHECK_INT(2, endpoint.mac[0] & 3); /* of local administration, one station's */
	again = endpoint_address_of_mac(endpoint.mac);
	CHECK(!ip_is_set(&again));
}

static int by_mac(const void *a, const void *b)
{
	return memcmp(a, b, MAC_SIZE);
}

/* Those that are near each other, and those that differ far from the end. */
static void addresses_of_ipv6_have_macs_of_their_own(void)
{
	enum { NEAR = 4096, ALL = 2 * NEAR };
	static uint8_t macs[ALL][MAC_SIZE];
	struct endpoint endpoint = { .owner = "c" };

	CHECK_INT(0, ip_parse("fd00:96::5", &endpoint.v6, &err));
	for (unsigned i = 0; i < ALL; i++) {
		const size_t at = i < NEAR ? IP_BYTES - 2 : IP_BYTES / 2;

		endpoint.v6.bytes[at] = (uint8_t)(i >> 8);
		endpoint.v6.bytes[at + 1] = (uint8_t)i;
		endpoint_name_mac(&endpoint);
		memcpy(macs[i], endpoint.mac, MAC_SIZE);
	}
	qsort(macs, ALL, MAC_SIZE, by_mac);
	for (unsigned i = 1; i < ALL; i++)
		CHECK(memcmp(macs[i - 1], macs[i], MAC_SIZE) != 0);
}

static void files(void)
{
	static const char text[] =
		"owner c\nstate /run/coffer/c\nnetwork n\ninterface eth0\nmac 02:04:0a:01:02:03\n"
		"kind veth\naddress 10.1.2.3\naddress fd00::3\nport 8080-8082:80-82/tcp\nport 127.0.0.1:53:53/udp\n"
		"port [fd00::1]:1:1/sctp\nrate in=8000bit,out=2000000bit\norder 2\n";
	static const char *const bad[] = {
		"",
		"owner c\n",
		"owner c\nstate x\n",
		"owner ../c\n",
		"owner c\nstate /x\nnetwork n\ninterface eth0\n",
		"owner c\nstate /x\nnetwork n\ninterface eth0\naddress 10.0.0.1\nport 1\n",
		"owner c\nstate /x\nnetwork n\ninterface eth0\nmac 02:04:0a:01:02:03\naddress 10.0.0.1\nrate fast\n",
		"owner c\nstate /x\nnetwork n\ninterface eth0\nmac 02:04:0a:01:02:03\naddress 10.0.0.1\norder x\n",
		"owner c\nstate /x\nnetwork n\ninterface a/b\naddress 10.0.0.1\n",
		"owner c\nstate /x\nnetwork n\ninterface a\nmac 02:04:0a:01:02:03\nkind a/b\naddress 10.0.0.1\n",
	};
	auto_endpoint struct endpoint endpoint = { .ports = NULL };
	auto_free char *again = NULL;

	CHECK_INT(0, endpoint_parse(text, strlen(text), &endpoint, &err));
	CHECK_INT(5, endpoint.n_ports);
	CHECK(link_name_valid(endpoint.host));
	again = endpoint_format(&endpoint);
	CHECK_STR(text, again);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct endpoint ignored;

		CHECK(endpoint_parse(bad[i], strlen(bad[i]), &ignored, &err) < 0);
	}
}

static void ports_of_each_family(void)
{
	static const struct {
		const char *v4, *v6, *kept;
	} cases[] = {
		{ "10.0.0.1/24", NULL, "port 0.0.0.0:80-81:80-81/tcp\nport 0.0.0.0:1:1/tcp\n" },
		{ NULL, "fd00::1/64", "port [::]:80-81:80-81/tcp\nport [::]:2:2/tcp\n" },
		{ "10.0.0.1/24", "fd00::1/64",
		  "port 0.0.0.0:80-81:80-81/tcp\nport 0.0.0.0:1:1/tcp\nport [::]:80-81:80-81/tcp\nport "
		  "[::]:2:2/tcp\n" },
	};
	auto_free struct nft_port *ports = NULL;
	size_t count = 0;

	CHECK_INT(0, port_parse("80-81:80-81", &ports, &count, &err));
	CHECK_INT(0, port_parse("0.0.0.0:1:1", &ports, &count, &err));
	CHECK_INT(0, port_parse("[::]:2:2", &ports, &count, &err));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_endpoint struct endpoint endpoint = { .owner = "c" };
		auto_free char *text = NULL;
		struct network network = { .name = "n" };

		CHECK(!cases[i].v4 || ip_network_parse(cases[i].v4, &network.v4, &err) == 0);
		CHECK(!cases[i].v6 || ip_network_parse(cases[i].v6, &network.v6, &err) == 0);
		endpoint_publish(&endpoint, &network, ports, count);
		text = endpoint_format(&endpoint);
		CHECK(strstr(text, cases[i].kept));
	}
}

static const struct test tests[] = { TEST(owners),
				     TEST(names_are_always_the_same),
				     TEST(macs_follow_addresses),
				     TEST(addresses_of_ipv6_have_macs_of_their_own),
				     TEST(files),
				     TEST(ports_of_each_family) };
TEST_MAIN(tests)
