/* test_network_plan.c - what --network, -p and the addresses of a command line mean. */
#include "base/cleanup.h"
#include "runtime/network.h"
#include "tests/unit/test.h"

static struct error err;

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void without_words_it_is_the_default(void)
{
	auto_arena struct arena *arena = arena_new();
	const struct network_words words = { .ports = WORDS("8080:80", "1-2:3-4/udp") };
	struct network_plan plan;

	CHECK_INT(0, network_plan_make(arena, &words, &plan, &err));
	CHECK_INT(NETWORK_MODE_NAMED, plan.mode);
	CHECK_INT(1, plan.n_joins);
	CHECK_STR("bridge", plan.joins[0].name);
	CHECK_INT(3, plan.n_ports);
	CHECK_INT(4, plan.ports[2].port);
}

static void several_with_settings(void)
{
	auto_arena struct arena *arena = arena_new();
	const struct network_words words = {
		.networks = WORDS("one:ip=10.1.0.5,alias=x,mac=02:00:00:00:00:01,alias=y.z", "two:ip=fd00::5"),
		.ip6 = "fd01::1"
	};
	struct network_plan plan;
	char text[IP_TEXT_SIZE];

	CHECK_INT(0, network_plan_make(arena, &words, &plan, &err));
	CHECK_INT(2, plan.n_joins);
	CHECK_STR("one", plan.joins[0].name);
	CHECK_STR("10.1.0.5", ip_text(&plan.joins[0].v4, text));
	CHECK_STR("fd01::1", ip_text(&plan.joins[0].v6, text));
	CHECK_STR("x y.z", plan.joins[0].aliases);
	CHECK(plan.joins[0].has_mac && !plan.joins[1].has_mac);
	CHECK_STR("fd00::5", ip_text(&plan.joins[1].v6, text));
}

static void other_modes(void)
{
	static const struct {
		const char *word;
		enum network_mode mode;
		const char *container, *path;
	} cases[] = {
		{ "none", NETWORK_MODE_NONE, NULL, NULL },
		{ "host", NETWORK_MODE_HOST, NULL, NULL },
		{ "container:abc", NETWORK_MODE_PATH, "abc", NULL },
		{ "ns:/run/netns/x", NETWORK_MODE_PATH, NULL, "/run/netns/x" },
	};
	auto_arena struct arena *arena = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct network_words words = { .networks = WORDS(cases[i].word) };
		const struct network_words with_port = { .networks = WORDS(cases[i].word), .ports = WORDS("1:1") };
		struct network_plan plan;

		CHECK_INT(0, network_plan_make(arena, &words, &plan, &err));
		CHECK_INT(cases[i].mode, plan.mode);
		CHECK(!cases[i].container == !plan.container && !cases[i].path == !plan.path);
		CHECK(network_plan_make(arena, &with_port, &plan, &err) < 0);
		CHECK_CONTAINS("need a network of the container's own", err.text);
	}
}

static void rates(void)
{
	auto_arena struct arena *arena = arena_new();
	const struct network_words words = { .networks = WORDS("one", "two"), .rate = "in=1mbit" };
	const struct network_words bad = { .networks = WORDS("one"), .rate = "fast" };
	const struct network_words pasta = { .networks = WORDS("pasta"), .rate = "1mbit" };
	struct network_plan plan;

	CHECK_INT(0, network_plan_make(arena, &words, &plan, &err));
	CHECK_INT(1000000, (int)plan.rate.in);
	CHECK_INT(0, (int)plan.rate.out);
	CHECK(network_plan_make(arena, &bad, &plan, &err) < 0);
	CHECK_CONTAINS("--net-rate fast", err.text);
	CHECK(network_plan_make(arena, &pasta, &plan, &err) < 0);
	CHECK_CONTAINS("not --network pasta", err.text);
}

static void pasta_has_ports_but_no_addresses(void)
{
	auto_arena struct arena *arena = arena_new();
	const struct network_words words = { .networks = WORDS("pasta"), .ports = WORDS("8080:80") };
	const struct network_words with_address = { .networks = WORDS("pasta"), .ip = "10.0.0.1" };
	struct network_plan plan;

	CHECK_INT(0, network_plan_make(arena, &words, &plan, &err));
	CHECK_INT(NETWORK_MODE_PASTA, plan.mode);
	CHECK_INT(1, plan.n_ports);
	CHECK(network_plan_make(arena, &with_address, &plan, &err) < 0);
	CHECK_CONTAINS("has the host's addresses", err.text);
}

static void what_is_refused(void)
{
	auto_arena struct arena *arena = arena_new();
	const struct network_words bad[] = {
		{ .networks = WORDS("a b") },
		{ .networks = WORDS("") },
		{ .networks = WORDS("one", "one") },
		{ .networks = WORDS("one", "none") },
		{ .networks = WORDS("host", "one") },
		{ .networks = WORDS("ns:relative") },
		{ .networks = WORDS("one:") },
		{ .networks = WORDS("one:alias=a b") },
		{ .networks = WORDS("none"), .aliases = WORDS("x") },
		{ .networks = WORDS("one:ip=1.2.3") },
		{ .networks = WORDS("one:mac=01:00:00:00:00:00") },
		{ .ip = "fd00::1" },
		{ .ip6 = "10.0.0.1" },
		{ .mac = "x" },
		{ .ports = WORDS("80") },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct network_plan plan;

		CHECK(network_plan_make(arena, &bad[i], &plan, &err) < 0);
	}
}

static const struct test tests[] = {
	TEST(without_words_it_is_the_default),  TEST(several_with_settings), TEST(other_modes), TEST(rates),
	TEST(pasta_has_ports_but_no_addresses), TEST(what_is_refused)
};
TEST_MAIN(tests)
