/* test_firewall.c - which of the host's firewalls drop what they do not know. */
#include "net/firewall.h"

#include <linux/netlink.h>

#include "tests/unit/net_ns.h"

static struct error err;

static int find(struct firewalls *found)
{
	auto_fd int fd = -1;

	EXPECT(netlink_open(NETLINK_NETFILTER, &fd, &err) == 0);
	EXPECT(firewalls_find(fd, found, &err) == 0);
	return 0;
}

static int others(void)
{
	static const char *const expected[] = { "ip filter: forward", "ip6 six: input", "inet firewalld: forward" };
	struct firewalls found;

	EXPECT(find(&found) == 0);
	EXPECT(found.count == 0);
	(void)printed_in(-1, "nft -f - <<'END'\n"
			     "table inet coffer { chain f { type filter hook forward priority 0; policy drop; }; }\n"
			     "table ip filter { chain plain { }\n"
			     "chain i { type filter hook input priority 0; policy accept; }\n"
			     "chain f { type filter hook forward priority 0; policy drop; }\n"
			     "chain g { type filter hook forward priority 1; policy drop; }\n"
			     "chain o { type filter hook output priority 0; policy drop; }; }\n"
			     "table ip6 six { chain i { type filter hook input priority 0; policy drop; }; }\n"
			     "table arp six { chain i { type filter hook input priority 0; policy drop; }; }\n"
			     "table inet firewalld { chain f { type filter hook forward priority 0; }; }\n"
			     "END\n");
	EXPECT(find(&found) == 0);
	EXPECT(found.count == ARRAY_SIZE(expected));
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		size_t at = 0;

		while (at < found.count && strcmp(found.texts[at], expected[i]) != 0)
			at++;
		EXPECT(at < found.count);
	}
	return 0;
}

static void those_that_drop_are_found(void)
{
	in_net_ns(others);
}

static const struct test tests[] = { TEST(those_that_drop_are_found) };
TEST_MAIN(tests)
