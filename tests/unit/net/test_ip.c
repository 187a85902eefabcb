/* test_ip.c - addresses and networks of both families. */
#include "net/ip.h"

#include <netdb.h>

#include "base/cleanup.h"
#include "tests/unit/test.h"

static struct error err;
static char text[IP_TEXT_SIZE];

static struct ip_network network(const char *written)
{
	struct ip_network ret = { 0 };

	CHECK_INT(0, ip_network_parse(written, &ret, &err));
	return ret;
}

static struct ip_address address(const char *written)
{
	struct ip_address ret = { 0 };

	CHECK_INT(0, ip_parse(written, &ret, &err));
	return ret;
}

static void texts(void)
{
	static const char *const wrong[] = {
		"", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "::g", "1.2.3.4/24", " 1.2.3.4"
	};
	static const char *const wrong_networks[] = { "",       "/",   "10.0.0.0",    "10.0.0.0/33", "10.0.0.0/-1",
						      "::/129", "x/8", "10.0.0.0/8 ", "10.0.0.0/" };
	struct ip_address none = { 0 };
	struct ip_address ignored;
	struct ip_network no_network;
	const struct ip_network long_one = network("fd00:1::1/64");

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		CHECK(ip_parse(wrong[i], &ignored, &err) < 0);
	for (size_t i = 0; i < ARRAY_SIZE(wrong_networks); i++)
		CHECK(ip_network_parse(wrong_networks[i], &no_network, &err) < 0);
	CHECK_STR("", ip_text(&none, text));
	CHECK_STR("fd00:1::1/64", ip_network_text(&long_one, text));
}

static void kinds(void)
{
	struct ip_address v4 = address("127.3.2.1");
	struct ip_address v6 = address("::1");
	struct ip_address local = address("febf::1");
	struct ip_address any = address("::");
	struct ip_address none = { 0 };

	CHECK(ip_is_loopback(&v4) && ip_is_loopback(&v6) && !ip_is_loopback(&any) && !ip_is_loopback(&none));
	CHECK(ip_is_link_local(&local) && !ip_is_link_local(&v6) && !ip_is_link_local(&v4));
	CHECK(ip_is_any(&any) && !ip_is_any(&v6) && !ip_is_any(&none));
	CHECK(ip_equal(&v4, &v4) && !ip_equal(&v4, &v6));
}

static const char *socket_text(const char *written)
{
	static char number[2 * IP_TEXT_SIZE];
	const struct ip_address at = address(written);
	struct sockaddr_storage storage;
	char service[16];
	socklen_t length;

	storage = ip_socket_address(&at, 53, &length);
	CHECK_INT(0, getnameinfo((const struct sockaddr *)&storage, length, number, sizeof(number), service,
				 sizeof(service), NI_NUMERICHOST | NI_NUMERICSERV));
	CHECK_STR("53", service);
	return number;
}

static void for_sockets(void)
{
	CHECK_STR("10.1.2.3", socket_text("10.1.2.3"));
	CHECK_STR("fd00::1", socket_text("fd00::1"));
}

static void sums(void)
{
	const struct ip_network v4 = network("10.1.2.3/22");
	const struct ip_network v6 = network("fd00::ff:ffff/64");
	struct ip_address at = ip_at(&v4, 0);

	CHECK_STR("10.1.0.0", ip_text(&at, text));
	at = ip_at(&v4, 1023);
	CHECK_STR("10.1.3.255", ip_text(&at, text));
	CHECK_INT(1023, ip_offset(&v4, &at));
	CHECK_INT(1024, ip_count(&v4));
	at = ip_at(&v6, 0x12345);
	CHECK_STR("fd00::1:2345", ip_text(&at, text));
	CHECK_INT(0x12345, ip_offset(&v6, &at));
	CHECK_INT(1LL << 32, ip_count(&v6));
}

static void sets(void)
{
	const struct ip_network wide = network("10.0.0.0/8");
	const struct ip_network narrow = network("10.3.0.0/30");
	const struct ip_network other = network("11.0.0.0/8");
	const struct ip_network all = network("0.0.0.0/0");
	const struct ip_network v6 = network("::/0");
	const struct ip_address in = address("10.3.0.3");
	const struct ip_address out = address("10.3.0.4");

	CHECK(ip_network_has(&narrow, &in) && !ip_network_has(&narrow, &out));
	CHECK(ip_network_overlap(&wide, &narrow) && ip_network_overlap(&narrow, &wide));
	CHECK(!ip_network_overlap(&wide, &other) && ip_network_overlap(&all, &other) && !ip_network_overlap(&v6, &all));
}

static void ranges(void)
{
	static const struct {
		const char *written, *text;
	} good[] = {
		{ "10.0.0.9", "10.0.0.9" },
		{ "10.0.0.5-10.0.0.9", "10.0.0.5-10.0.0.9" },
		{ "10.0.0.18/28", "10.0.0.16-10.0.0.31" },
		{ "10.0.0.18/32", "10.0.0.18" },
		{ "fd00::1-fd00::ffff", "fd00::1-fd00::ffff" },
		{ "fd00::/64", "fd00::-fd00::ffff:ffff:ffff:ffff" },
	};
	static const char *const bad[] = { "",
					   "-",
					   "10.0.0.9-",
					   "-10.0.0.9",
					   "10.0.0.9-10.0.0.5",
					   "10.0.0.9-fd00::1",
					   "10.0.0.0/33",
					   "10.0.0.1-10.0.0.0/24",
					   "10.0.0.1-10.0.0.2-10.0.0.3" };
	const struct ip_address in = address("10.0.0.9");
	const struct ip_address out = address("10.0.0.10");
	char buffer[IP_RANGE_TEXT_SIZE];
	struct ip_range range;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		CHECK_INT(0, ip_range_parse(good[i].written, &range, &err));
		CHECK_STR(good[i].text, ip_range_text(&range, buffer));
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK(ip_range_parse(bad[i], &range, &err) < 0);
	CHECK_INT(0, ip_range_parse("10.0.0.5-10.0.0.9", &range, &err));
	CHECK(ip_range_has(&range, &in) && !ip_range_has(&range, &out));
}

static void hash_is_fnv(void)
{
	CHECK(ip_hash("", 0) == 0xcbf29ce484222325ULL);
	CHECK(ip_hash("a", 0) == 0xaf63dc4c8601ec8cULL); /* published test vector of FNV-1a */
	CHECK(ip_hash("a", 1) != ip_hash("a", 0));
}

static const struct test tests[] = { TEST(texts), TEST(kinds),  TEST(for_sockets), TEST(sums),
				     TEST(sets),  TEST(ranges), TEST(hash_is_fnv) };
TEST_MAIN(tests)
