/* test_netns.c - settings are made in the namespace that is entered, and the way back leads home. */
#include "net/netns.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "tests/unit/net_ns.h"

static struct error err;

static int there_and_back(void)
{
	auto_fd int other = net_ns_new();
	auto_fd int there = -1;
	auto_fd int fd = -1;
	struct stat of_socket;
	struct stat of_home;
	int home = -1;

	EXPECT(other >= 0);
	EXPECT(netns_set("ipv4/ip_forward", "0", false, &err) == 0);
	EXPECT((fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0)) >= 0);
	EXPECT(netns_enter(other, -1, &home, &err) == 0);
	EXPECT(netns_of_socket(fd, &there, &err) == 0); /* the socket's, not the present one */
	EXPECT(fstat(there, &of_socket) == 0 && fstat(home, &of_home) == 0 && of_socket.st_ino == of_home.st_ino);
	EXPECT(netns_set("ipv4/ip_forward", "1", false, &err) == 0);
	EXPECT(netns_set_interface(4, "lo", "rp_filter", "2", &err) == 0);
	netns_leave(home);
	EXPECT(prints(-1, "cat /proc/sys/net/ipv4/ip_forward", "0\n"));
	EXPECT(prints(other, "cat /proc/sys/net/ipv4/ip_forward", "1\n"));
	EXPECT(prints(other, "cat /proc/sys/net/ipv4/conf/lo/rp_filter", "2\n"));
	return 0;
}

static int missing(void)
{
	EXPECT(netns_set("ipv9/none", "1", true, &err) == 0);
	EXPECT(netns_set("ipv9/none", "1", false, &err) == -ENOENT);
	EXPECT(netns_enter(STDIN_FILENO, -1, &(int){ -1 }, &err) < 0);
	return 0;
}

static void settings(void)
{
	in_net_ns(there_and_back);
}

static void what_is_missing(void)
{
	in_net_ns(missing);
}

static const struct test tests[] = { TEST(settings), TEST(what_is_missing) };
TEST_MAIN(tests)
