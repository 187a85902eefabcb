/* test_lease.c - addresses are given once, in a circle, and come back. */
#include "net/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "tests/unit/temporary.h"

static struct error err;
static const struct ip_address none;

static struct network small_network(void)
{
	struct network network = { .name = "n", .bridge = "b0", .mac = { 2, 0, 0, 0, 0, 1 } };

	CHECK_INT(0, ip_network_parse("10.0.0.1/29", &network.v4, &err));
	return network;
}

static void open_fresh(struct net_store *store)
{
	auto_free char *config = xstrdup(temporary_directory());

	CHECK_INT(0, net_store_open(config, temporary_directory(), store, &err));
}

static const char *lease(const struct net_store *store, const char *owner, const char *wanted)
{
	static char text[IP_TEXT_SIZE];
	const struct network network = small_network();
	struct ip_address want = none;
	struct ip_address got;

	if (wanted)
		CHECK_INT(0, ip_parse(wanted, &want, &err));
	if (net_store_lease(store, &network, &network.v4, &want, owner, &got, &err) < 0)
		return err.text;
	return ip_text(&got, text);
}

static void put_record(const struct net_store *store, const char *owner)
{
	struct endpoint endpoint = {
		.state = "/nowhere", .network = "n", .interface = "eth0", .mac = { 2, 0, 0, 0, 0, 1 }
	};

	(void)snprintf(endpoint.owner, sizeof(endpoint.owner), "%s", owner);
	CHECK_INT(0, ip_parse("10.0.0.2", &endpoint.v4, &err));
	CHECK_INT(0, net_store_save_endpoint(store, &endpoint, &err));
}

/* The rest of the network is given to who asks for it. */
static void from_a_range(void)
{
	auto_net_store struct net_store store = NET_STORE_CLOSED;
	struct network network = small_network();
	struct ip_address address;
	char text[IP_TEXT_SIZE];

	open_fresh(&store);
	put_record(&store, "a");
	CHECK_INT(0, ip_network_parse("10.0.0.4/31", &network.range4, &err));
	for (int i = 0; i < 2; i++)
		CHECK_INT(0, net_store_lease(&store, &network, &network.v4, &none, "a", &address, &err));
	CHECK_STR("10.0.0.4", ip_text(&address, text));
	CHECK_INT(-ENOSPC, net_store_lease(&store, &network, &network.v4, &none, "a", &address, &err));
	CHECK_STR("10.0.0.2", lease(&store, "b", "10.0.0.2"));
}

/* Who does not ask is not given them; one larger than can be counted is stepped over at once. */
static void reserved_ones(void)
{
	auto_net_store struct net_store store = NET_STORE_CLOSED;
	struct network network = small_network();
	struct ip_address address;
	char text[IP_TEXT_SIZE];

	open_fresh(&store);
	put_record(&store, "a");
	CHECK_INT(0, network_reserve(&network, "10.0.0.0-10.0.0.3", &err));
	CHECK_INT(0, network_reserve(&network, "10.0.0.5", &err));
	CHECK_INT(0, net_store_lease(&store, &network, &network.v4, &none, "a", &address, &err));
	CHECK_STR("10.0.0.4", ip_text(&address, text));
	CHECK_INT(0, net_store_lease(&store, &network, &network.v4, &none, "a", &address, &err));
	CHECK_STR("10.0.0.6", ip_text(&address, text));
	CHECK_INT(-ENOSPC, net_store_lease(&store, &network, &network.v4, &none, "a", &address, &err));
	CHECK_STR("10.0.0.5", lease(&store, "b", "10.0.0.5"));

	CHECK_INT(0, ip_network_parse("fd00::1/64", &network.v6, &err));
	CHECK_INT(0, network_reserve(&network, "fd00::-fd00::ffff:fff0", &err));
	CHECK_INT(0, net_store_lease(&store, &network, &network.v6, &none, "a", &address, &err));
	CHECK_STR("fd00::ffff:fff1", ip_text(&address, text));
	CHECK_INT(0, network_reserve(&network, "fd00::/65", &err));
	CHECK_INT(-ENOSPC, net_store_lease(&store, &network, &network.v6, &none, "a", &address, &err));
}

/* A network that is removed and made again begins anew. */
static void a_removed_network_leaves_nothing(void)
{
	auto_net_store struct net_store store = NET_STORE_CLOSED;
	struct network network = small_network();
	struct ip_address address;

	open_fresh(&store);
	put_record(&store, "a");
	CHECK_STR("10.0.0.2", lease(&store, "a", NULL));
	CHECK_INT(0, ip_network_parse("fd00::1/64", &network.v6, &err));
	CHECK_INT(0, net_store_lease(&store, &network, &network.v6, &none, "a", &address, &err));
	CHECK(faccessat(store.run_fd, "last/n.4", F_OK, AT_SYMLINK_NOFOLLOW) == 0);
	CHECK(faccessat(store.run_fd, "last/n.6", F_OK, AT_SYMLINK_NOFOLLOW) == 0);
	CHECK_INT(0, net_store_release(&store, "n", &address, &err));
	CHECK_INT(0, ip_parse("10.0.0.2", &address, &err));
	CHECK_INT(0, net_store_release(&store, "n", &address, &err));
	CHECK(net_store_unused(&store, "n"));
	CHECK_INT(0, net_store_remove_network(&store, "n", &err));
	CHECK(unlinkat(store.run_fd, "last", AT_REMOVEDIR) == 0);
}

static void in_a_circle(void)
{
	auto_net_store struct net_store store = NET_STORE_CLOSED;
	const struct network network = small_network();
	struct ip_address address;

	open_fresh(&store);
	put_record(&store, "a");
	CHECK_STR("10.0.0.2", lease(&store, "a", NULL)); /* .1 is the gateway's */
	CHECK_STR("10.0.0.3", lease(&store, "a", NULL));
	CHECK_INT(0, ip_parse("10.0.0.2", &address, &err));
	CHECK_INT(0, net_store_release(&store, "n", &address, &err));
	CHECK_INT(0, net_store_release(&store, "n", &address, &err));
	CHECK_STR("10.0.0.4", lease(&store, "a", NULL)); /* not the one just given back */
	CHECK_STR("10.0.0.5", lease(&store, "a", NULL));
	CHECK_STR("10.0.0.6", lease(&store, "a", NULL));
	CHECK_STR("10.0.0.2", lease(&store, "a", NULL)); /* .7 is for broadcast */
	CHECK_STR("network n has no free address", lease(&store, "a", NULL));
	CHECK(!net_store_unused(&store, "n"));
	for (uint64_t i = 2; i < 7; i++) {
		address = ip_at(&network.v4, i);
		CHECK_INT(0, net_store_release(&store, "n", &address, &err));
	}
	CHECK(net_store_unused(&store, "n"));
	CHECK(net_store_unused(&store, "n"));
}

static void wanted_ones(void)
{
	auto_net_store struct net_store store = NET_STORE_CLOSED;

	open_fresh(&store);
	put_record(&store, "a");
	CHECK_STR("10.0.0.4", lease(&store, "a", "10.0.0.4"));
	CHECK_STR("network n: the address 10.0.0.4 is another container's", lease(&store, "b", "10.0.0.4"));
	CHECK_STR("network n has no address 10.0.0.1 for a container", lease(&store, "b", "10.0.0.1"));
	CHECK_STR("network n has no address 10.0.0.0 for a container", lease(&store, "b", "10.0.0.0"));
	CHECK_STR("network n has no address 10.0.0.7 for a container", lease(&store, "b", "10.0.0.7"));
	CHECK_STR("network n has no address 10.0.0.8 for a container", lease(&store, "b", "10.0.0.8"));
	CHECK_STR("network n has no address fd00::1 for a container", lease(&store, "b", "fd00::1"));
}

static void without_a_record_it_is_nobodys(void)
{
	auto_net_store struct net_store store = NET_STORE_CLOSED;
	const struct network network = small_network();

	open_fresh(&store);
	CHECK_INT(0, net_store_save_network(&store, &network, &err));
	CHECK_STR("10.0.0.4", lease(&store, "killed", "10.0.0.4"));
	CHECK_STR("10.0.0.4", lease(&store, "b", "10.0.0.4"));
	put_record(&store, "kept");
	CHECK_STR("10.0.0.5", lease(&store, "kept", "10.0.0.5"));
	CHECK_INT(0, net_store_sweep(&store, &err));
	CHECK(!net_store_unused(&store, "n"));
	CHECK_STR("10.0.0.4", lease(&store, "c", "10.0.0.4"));
	CHECK_STR("network n: the address 10.0.0.5 is another container's", lease(&store, "c", "10.0.0.5"));
}

/* What was killed between making a file and its rename; an owner's name may end as such a file's does. */
static void unfinished_files_are_removed(void)
{
	auto_net_store struct net_store store = NET_STORE_CLOSED;
	const struct network network = small_network();

	open_fresh(&store);
	CHECK_INT(0, net_store_save_network(&store, &network, &err));
	put_record(&store, "kept");
	put_record(&store, "kept.1.tmp");
	temporary_write(store.config_fd, "n.123.tmp", "half", 4);
	temporary_write(store.run_fd, "endpoints/kept/n.123.tmp", "half", 4);
	CHECK_INT(0, mkdirat(store.run_fd, "endpoints/killed", 0700));
	temporary_write(store.run_fd, "endpoints/killed/n.123.tmp", "half", 4);
	CHECK_INT(0, net_store_sweep(&store, &err));
	CHECK(faccessat(store.config_fd, "n.123.tmp", F_OK, 0) < 0);
	CHECK(faccessat(store.run_fd, "endpoints/kept/n.123.tmp", F_OK, 0) < 0);
	CHECK(faccessat(store.run_fd, "endpoints/killed", F_OK, 0) < 0);
	CHECK_INT(0, faccessat(store.config_fd, "n", F_OK, 0));
	CHECK_INT(0, faccessat(store.run_fd, "endpoints/kept/n", F_OK, 0));
	CHECK_INT(0, faccessat(store.run_fd, "endpoints/kept.1.tmp/n", F_OK, 0));
}

static const struct test tests[] = { TEST(a_removed_network_leaves_nothing),
				     TEST(in_a_circle),
				     TEST(from_a_range),
				     TEST(reserved_ones),
				     TEST(wanted_ones),
				     TEST(without_a_record_it_is_nobodys),
				     TEST(unfinished_files_are_removed) };
TEST_MAIN(tests)
