/* test_network.c - definitions of networks: names, limits, and their file. */
#include "net/network.h"

#include "base/cleanup.h"
#include "tests/unit/test.h"

static struct error err;

static void names(void)
{
	static const char *const good[] = { "a", "net-1", "a_b.c", "0" };
	static const char *const bad[] = {
		"",    "-a",        ".a",    "a/b",
		"a b", "none",      "host",  "pasta",
		"ns",  "container", "a.tmp", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		CHECK(network_name_valid(good[i]));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK(!network_name_valid(bad[i]));
}

static void bridges(void)
{
	struct network network = { .name = "bridge" };
	struct network other = { .name = "a-long-name-of-a-network" };
	struct network third = { .name = "short" };

	network_name_bridge(&network);
	CHECK_STR("coffer0", network.bridge);
	network_name_bridge(&other);
	CHECK(link_name_valid(other.bridge) && strlen(other.bridge) == 15);
	network_name_bridge(&third);
	CHECK_STR("co-short", third.bridge);
	CHECK(memcmp(third.mac, other.mac, MAC_SIZE) != 0 && (third.mac[0] & 3) == 2);
}

static int parse(const char *text)
{
	struct network network;

	return network_parse(text, strlen(text), &network, &err);
}

static void files(void)
{
	static const char text[] = "name n\nbridge co-n\nmac 02:01:02:03:04:05\ngateway 10.1.0.1/24\n"
				   "gateway fd00::1/64\nrange 10.1.0.64/26\nrange fd00::100/120\n"
				   "reserve 10.1.0.64-10.1.0.71\nreserve fd00::101\n"
				   "vxlan 7\nunderlay 192.0.2.1\npeer 192.0.2.2\npeer 192.0.2.3\nmtu 1400\nflag "
				   "internal\nflag open\nflag spoof\n";
	auto_free char *again = NULL;
	struct network network;

	CHECK_INT(0, network_parse(text, strlen(text), &network, &err));
	CHECK(network.internal && network.open && network.may_spoof && network.mtu == 1400);
	again = network_format(&network);
	CHECK_STR(text, again);
}

static void on_a_parent(void)
{
	static const char *const texts[] = {
		"name n\ndriver macvlan\nparent eth0\nmode vepa\nvlan 12\ngateway 10.1.0.1/24\nflag no-names\n",
		"name n\ndriver ipvlan\nparent eth0.5\nmode l3s\ngateway 10.1.0.1/24\nmtu 1400\nflag no-names\n",
		"name n\ndriver host-device\nparent eth0\ngateway fd00::1/64\nflag internal\nflag no-names\n",
		"name n\nbridge b\nmac 02:01:02:03:04:05\nvlan 4094\ngateway 10.1.0.1/24\n",
	};
	struct network network;
	char name[IFNAMSIZ];

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		auto_free char *again = NULL;

		CHECK_INT(0, network_parse(texts[i], strlen(texts[i]), &network, &err));
		again = network_format(&network);
		CHECK_STR(texts[i], again);
		CHECK(network_routed_by_host(&network) == (i == 1) && network_for_one(&network) == (i == 2));
	}
	CHECK_INT(0, network_parse(texts[0], strlen(texts[0]), &network, &err));
	CHECK(link_name_valid(network_parent_name(&network, name)) && strncmp(name, "cl", 2) == 0);
	network.vlan = 0;
	CHECK_STR("eth0", network_parent_name(&network, name));
}

static void what_cannot_work(void)
{
	static const char *const bad[] = {
		"",
		"name n\n",
		"name n\nbridge b\n",
		"name ../n\nbridge b\ngateway 10.0.0.1/24\n",
		"name n\nbridge a/b\ngateway 10.0.0.1/24\n",
		"name n\nbridge b\ngateway 10.0.0.0/24\n",
		"name n\nbridge b\ngateway 10.0.0.255/24\n",
		"name n\nbridge b\ngateway 10.0.0.1/31\n",
		"name n\nbridge b\ngateway 10.0.0.1/7\n",
		"name n\nbridge b\ngateway fd00::1/121\n",
		"name n\nbridge b\ngateway 127.0.0.1/24\n",
		"name n\nbridge b\ngateway 10.0.0.1/24\nmtu 1279\n",
		"name n\nbridge b\ngateway 10.0.0.1/24\nmtu 65536\n",
		"name n\nbridge b\ngateway 10.0.0.1/24\nflag x\n",
		"name n\nbridge b\ngateway 10.0.0.1/24\nfoo x\n",
		"name n\nbridge b\nmac 01:00:00:00:00:00\n",
		"name n\nbridge b\ngateway 10.0.0.1/24\nrange 10.0.1.0/26\n",
		"name n\nbridge b\ngateway 10.0.0.1/24\nrange 10.0.0.0/23\n",
		"name n\nbridge b\ngateway 10.0.0.1/24\nrange fd00::/64\n",
		"name n\nbridge b\ngateway 10.0.0.1/24\nreserve 10.0.1.7\n",
		"name n\nbridge b\ngateway 10.0.0.1/24\nreserve 10.0.0.250-10.0.1.7\n",
		"name n\nbridge b\ngateway 10.0.0.1/24\nreserve fd00::1\n",
		"name n\nbridge b\ngateway 10.0.0.1/24\nvlan 4095\n",
		"name n\nbridge b\ngateway 10.0.0.1/24\nmode bridge\n",
		"name n\nbridge b\ngateway 10.0.0.1/24\nparent eth0\n",
		"name n\ndriver vlan\nparent eth0\ngateway 10.0.0.1/24\nflag no-names\n",
		"name n\ndriver macvlan\nparent eth0\ngateway 10.0.0.1/24\nflag no-names\n",
		"name n\ndriver macvlan\nmode bridge\ngateway 10.0.0.1/24\nflag no-names\n",
		"name n\ndriver macvlan\nparent eth0\nmode l2\ngateway 10.0.0.1/24\nflag no-names\n",
		"name n\ndriver macvlan\nparent eth0\nmode bridge\ngateway 10.0.0.1/24\n",
		"name n\ndriver macvlan\nparent eth0\nmode bridge\nbridge b\ngateway 10.0.0.1/24\nflag no-names\n",
		"name n\ndriver macvlan\nparent eth0\nmode bridge\ngateway 10.0.0.1/24\nflag no-names\nflag open\n",
		"name n\ndriver host-device\nparent eth0\nvlan 5\ngateway 10.0.0.1/24\nflag no-names\n",
		"name n\nbridge b\ngateway 10.0.0.1/24\npeer 192.0.2.1\n",
		"name n\nbridge b\ngateway 10.0.0.1/24\nvxlan 7\n",
		"name n\nbridge b\ngateway 10.0.0.1/24\nvxlan 16777216\n",
		"name n\nbridge b\ngateway 10.0.0.1/24\nvxlan 7\nunderlay 192.0.2.1\npeer fd00::1\n",
	};

	CHECK_INT(0, parse("name n\nbridge b\nmac 02:00:00:00:00:01\ngateway 10.0.0.1/24\n"));
	CHECK(parse("name n\nbridge b\ngateway 10.0.0.1/24\n") < 0);
	CHECK_STR("the record has no MAC", err.text);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK(parse(bad[i]) < 0);
}

static const struct test tests[] = { TEST(names), TEST(bridges), TEST(files), TEST(on_a_parent),
				     TEST(what_cannot_work) };
TEST_MAIN(tests)
