/* test_forwarding.c - what a host hears of routers before and after it forwards. */
#include "net/forwarding.h"

#include "tests/unit/net_ns.h"

static struct error err;

static const char advice[] = "cd /proc/sys/net/ipv6/conf; cat heard/accept_ra deaf/accept_ra routes/accept_ra "
			     "default/accept_ra all/forwarding; cat /proc/sys/net/ipv4/ip_forward";

static int turned_on(void)
{
	(void)printed_in(-1, "for i in heard deaf routes; do ip link add $i type bridge; done;"
			     "cd /proc/sys/net/ipv6/conf; echo 1 >heard/accept_ra; echo 0 >deaf/accept_ra;"
			     "echo 1 >routes/forwarding; echo 0 >/proc/sys/net/ipv4/ip_forward");
	EXPECT(forwarding_enable(true, false, &err) == 0);
	EXPECT(strcmp(printed_in(-1, advice), "1\n0\n1\n1\n0\n1\n") == 0);
	EXPECT(forwarding_enable(false, true, &err) == 0);
	EXPECT(strcmp(printed_in(-1, advice), "2\n0\n1\n2\n1\n1\n") == 0);
	return 0;
}

/* Who has turned it on before has said what is to be heard. */
static int on_already(void)
{
	(void)printed_in(-1, "echo 1 >/proc/sys/net/ipv6/conf/all/forwarding;"
			     "for i in heard deaf routes; do ip link add $i type bridge; done;"
			     "cd /proc/sys/net/ipv6/conf; echo 0 >deaf/accept_ra; echo 0 >heard/forwarding");
	EXPECT(forwarding_enable(true, true, &err) == 0);
	EXPECT(strcmp(printed_in(-1, advice), "1\n0\n1\n1\n1\n1\n") == 0);
	return 0;
}

static void advice_is_heard_on(void)
{
	in_net_ns(turned_on);
}

static void a_router_stays_as_it_is(void)
{
	in_net_ns(on_already);
}

static const struct test tests[] = { TEST(advice_is_heard_on), TEST(a_router_stays_as_it_is) };
TEST_MAIN(tests)
