/* What the name server marks is seen by others, is of one network only, and is gone with the server. */
#include "net/dns_served.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "tests/unit/net_ns.h"

static struct error err;

static int open_again(int file)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static void marks(void)
{
	const uint64_t last = UINT64_C(0x7fffffffffffffff);
	auto_fd int file = memfd_create("names.lock", MFD_CLOEXEC);
	auto_fd int other = open_again(file);

	CHECK(other >= 0);
	CHECK(!dns_served(other, 7));
	dns_served_mark(file, 7, true);
	dns_served_mark(file, 7, true);
	dns_served_mark(file, last - 1, true);
	dns_served_mark(file, 0, true); /* of no bridge */
	CHECK(dns_served(other, 7) && dns_served(other, last - 1));
	CHECK(!dns_served(other, 0) && !dns_served(other, 6) && !dns_served(other, 8));
	dns_served_mark(file, 7, false);
	CHECK(!dns_served(other, 7) && dns_served(other, last - 1));
	(void)close(file);
	file = -1;
	CHECK(!dns_served(other, last - 1));
}

static int all_differ(void)
{
	struct network network = { .name = "a", .bridge = "lo" };
	struct network others[] = { network, network, network, network };
	const uint64_t place = dns_served_place(&network);

	others[0].name[0] = 'b';
	others[1].internal = true;
	EXPECT(ip_network_parse("10.0.0.1/24", &others[2].v4, &err) == 0);
	EXPECT(ip_network_parse("fd00::1/64", &others[3].v6, &err) == 0);
	EXPECT(place > 0 && dns_served_place(&network) == place);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		EXPECT(dns_served_place(&others[i]) > 0 && dns_served_place(&others[i]) != place);
	EXPECT(unshare(CLONE_NEWNET) == 0 && dns_served_place(&network) != place);
	(void)snprintf(network.bridge, sizeof(network.bridge), "none");
	EXPECT(dns_served_place(&network) == 0);
	return 0;
}

static void places(void)
{
	in_net_ns(all_differ);
}

static const struct test tests[] = { TEST(marks), TEST(places) };
TEST_MAIN(tests)
