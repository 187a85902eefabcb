/* test_port.c - what -p takes. */
#include "net/port.h"

#include <netinet/in.h>

#include "base/cleanup.h"
#include "tests/unit/test.h"

static struct error err;
static char text[PORT_TEXT_SIZE];

static void good(void)
{
	static const struct {
		const char *written, *shown;
		size_t count;
	} cases[] = {
		{ "8080:80", "80/tcp -> 0.0.0.0:8080", 1 },
		{ "8080:80/udp", "80/udp -> 0.0.0.0:8080", 1 },
		{ "1-3:65533-65535/sctp", "65533/sctp -> 0.0.0.0:1", 3 },
		{ "127.0.0.1:8080:80", "80/tcp -> 127.0.0.1:8080", 1 },
		{ "0.0.0.0:8080:80", "80/tcp -> 0.0.0.0:8080", 1 },
		{ "[fd00::1]:8080:80", "80/tcp -> [fd00::1]:8080", 1 },
		{ "[::]:8080:80", "80/tcp -> [::]:8080", 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_free struct nft_port *ports = NULL;
		size_t count = 0;

		CHECK_INT(0, port_parse(cases[i].written, &ports, &count, &err));
		CHECK_INT(cases[i].count, count);
		CHECK_STR(cases[i].shown, port_text(&ports[0], text));
	}
}

static void bad(void)
{
	static const char *const cases[] = {
		"",
		"80",
		":80",
		"80:",
		"0:80",
		"80:0",
		"65536:1",
		"1:65536",
		"3-1:3-1",
		"1-2:1",
		"1:1/icmp",
		"1:1/",
		"a:b",
		"-1:1",
		"1.2.3:1:1",
		"[::1]:1:1",
		"[fd00::1:1:1",
		"::1:80:80:80",
		"1:1/tcp/udp",
		"1 :1",
		"1-:1-",
		"1-65535:1-65535",
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_free struct nft_port *ports = NULL;
		size_t count = 0;

		if (port_parse(cases[i], &ports, &count, &err) == 0)
			printf("# %s\n", cases[i]);
		CHECK_INT(0, count);
	}
}

static void several_are_collected(void)
{
	auto_free struct nft_port *ports = NULL;
	size_t count = 0;

	CHECK_INT(0, port_parse("10-11:20-21", &ports, &count, &err));
	CHECK_INT(0, port_parse("30:40/udp", &ports, &count, &err));
	CHECK_INT(3, count);
	CHECK_INT(21, ports[1].port);
	CHECK_INT(IPPROTO_UDP, ports[2].protocol);
}

static int check(const char *one, const char *other)
{
	auto_free struct nft_port *ports = NULL;
	size_t count = 0;

	CHECK_INT(0, port_parse(one, &ports, &count, &err));
	CHECK_INT(0, port_parse(other, &ports, &count, &err));
	return ports_check(ports, count, &err);
}

static void none_twice(void)
{
	static const char *const clash[][2] = {
		{ "8080:80", "8080:81" },
		{ "8080:80", "8080:80" },
		{ "8080:80", "192.0.2.1:8080:80" },
		{ "[fd00::1]:8080:80", "8080:80" },
		{ "192.0.2.1:8080:80", "192.0.2.1:8080:81" },
		{ "0.0.0.0:8080:80", "192.0.2.1:8080:80" },
		{ "0.0.0.0:8080:80", "8080:80" },
		{ "[::]:8080:80", "[fd00::1]:8080:80" },
		{ "8080-8090:80-90/udp", "8070-8080:70-80/udp" },
	};
	static const char *const fine[][2] = {
		{ "8080:80", "8081:80" },
		{ "8080:80", "8080:80/udp" },
		{ "192.0.2.1:8080:80", "192.0.2.2:8080:80" },
		{ "192.0.2.1:8080:80", "[fd00::1]:8080:80" },
		{ "0.0.0.0:8080:80", "[::]:8080:80" },
		{ "0.0.0.0:8080:80", "[fd00::1]:8080:80" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(clash); i++)
		CHECK(check(clash[i][0], clash[i][1]) < 0 && check(clash[i][1], clash[i][0]) < 0);
	for (size_t i = 0; i < ARRAY_SIZE(fine); i++)
		CHECK(check(fine[i][0], fine[i][1]) == 0 && check(fine[i][1], fine[i][0]) == 0);
	CHECK(check("8080:80", "8080:81") < 0);
	CHECK_STR("port 8080/tcp is published twice: 80/tcp -> 0.0.0.0:8080 and 81/tcp -> 0.0.0.0:8080", err.text);
}

static const struct test tests[] = { TEST(good), TEST(bad), TEST(several_are_collected), TEST(none_twice) };
TEST_MAIN(tests)
