/* test_device.c - interfaces go into another namespace with their addresses. */
#include "net/device.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "tests/unit/net_ns.h"

static struct error err;

static void names(void)
{
	static const char *const good[] = { "eth0", "net%d", "a%d" };
	static const char *const bad[] = {
		"", "%d", "%s", "a/%d", "a%dd", "a%d%d", "1234567890123456", "12345678901234567%d"
	};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		CHECK(device_name_valid(good[i]));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK(!device_name_valid(bad[i]));
}

static int moved(void)
{
	auto_fd int other = net_ns_new();

	(void)printed_in(-1,
			 "ip link add h0 mtu 1400 address 02:00:00:00:00:07 type veth peer name h1; ip link set h0 up;"
			 "ip link set h1 up; ip address add 10.7.0.2/24 dev h0;"
			 "ip address add 10.7.1.2/32 dev h0; ip address add fd07::2/64 dev h0 nodad;"
			 "ip address add 10.7.2.2/24 dev h0 scope link;"
			 "ip address add 10.7.3.2/24 dev h0 valid_lft 1000 preferred_lft 1000");
	EXPECT(device_move(other, "h9", NULL, &err) == -ENODEV);
	EXPECT(device_move(other, "lo", NULL, &err) == -EEXIST);
	EXPECT(device_move(other, "h0", "net%d", &err) == 0);
	EXPECT(!strstr(printed_in(-1, "ip link"), "h0:"));
	EXPECT(prints(other, "ip link show net0", "mtu 1400"));
	EXPECT(prints(other, "ip link show net0", ",UP"));
	EXPECT(prints(other, "ip link show net0", "02:00:00:00:00:07"));
	EXPECT(prints(other, "ip address show net0", "10.7.0.2/24 brd 10.7.0.255"));
	EXPECT(prints(other, "ip address show net0", "10.7.1.2/32 scope global"));
	EXPECT(prints(other, "ip address show net0", "fd07::2/64"));
	EXPECT(!strstr(printed_in(other, "ip address show net0"), "10.7.2.2"));
	EXPECT(!strstr(printed_in(other, "ip address show net0"), "10.7.3.2"));
	EXPECT(device_move(other, "h1", "net0", &err) == -EEXIST);
	EXPECT(strstr(err.text, "the container has an interface net0 already"));
	EXPECT(prints(-1, "ip link show h1", "h1@"));
	EXPECT(device_move(other, "h1", "net%d", &err) == 0);
	EXPECT(prints(other, "ip link show net1", "net1@net0"));
	return 0;
}

static void moved_as_it_was(void)
{
	in_net_ns(moved);
}

static const struct test tests[] = { TEST(names), TEST(moved_as_it_was) };
TEST_MAIN(tests)
