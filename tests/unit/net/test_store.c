/* test_store.c - the files of networks and endpoints. */
#include "net/store.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "tests/unit/temporary.h"

static struct error err;

static struct network a_network(const char *name)
{
	struct network network = { .bridge = "b0", .mac = { 2, 0, 0, 0, 0, 1 } };

	(void)snprintf(network.name, sizeof(network.name), "%s", name);
	CHECK_INT(0, ip_network_parse("10.0.0.1/24", &network.v4, &err));
	return network;
}

static void networks(void)
{
	auto_free char *config = xstrdup(temporary_directory());
	auto_net_store struct net_store store = NET_STORE_CLOSED;
	struct network one = a_network("one");
	struct network two = a_network("two");
	struct network read;

	CHECK_INT(0, net_store_open(config, temporary_directory(), &store, &err));
	CHECK_INT(-ENOENT, net_store_load_network(&store, "one", &read, &err));
	CHECK_STR("network `one` does not exist", err.text);
	CHECK_INT(-EINVAL, net_store_load_network(&store, "../one", &read, &err));
	CHECK_INT(0, net_store_save_network(&store, &two, &err));
	CHECK_INT(0, net_store_save_network(&store, &one, &err));
	CHECK_INT(0, net_store_load_network(&store, "one", &read, &err));
	CHECK_STR("one", read.name);
	{
		auto_names char **names = NULL;

		CHECK_INT(0, net_store_networks(&store, &names, &err));
		CHECK_STR("one", names[0]);
		CHECK_STR("two", names[1]);
		CHECK(!names[2]);
	}
	temporary_write(store.config_fd, "three", "name one\n", 9);
	CHECK_INT(-EUCLEAN, net_store_load_network(&store, "three", &read, &err));
	CHECK_CONTAINS("network three: ", err.text);
	CHECK_INT(0, net_store_remove_network(&store, "one", &err));
	CHECK_INT(0, net_store_remove_network(&store, "one", &err));
	CHECK_INT(-ENOENT, net_store_load_network(&store, "one", &read, &err));
}

static int count_network(const struct network *network, void *context, struct error *error)
{
	(void)network;
	(void)error;
	++*(int *)context;
	return 0;
}

static void what_is_broken_is_left_out(void)
{
	auto_free char *config = xstrdup(temporary_directory());
	auto_net_store struct net_store store = NET_STORE_CLOSED;
	struct network one = a_network("one");
	int seen = 0;

	CHECK_INT(0, net_store_open(config, temporary_directory(), &store, &err));
	CHECK_INT(0, net_store_save_network(&store, &one, &err));
	temporary_write(store.config_fd, "empty", "", 0);
	temporary_write(store.config_fd, "other", "name one\n", 9);
	CHECK_INT(0, net_store_each_network(&store, count_network, &seen, &err));
	CHECK_INT(0, net_store_each_network(&store, count_network, &seen, &err));
	CHECK_INT(2, seen);
	CHECK(*store.broken && (*store.broken)->next && !(*store.broken)->next->next);
	CHECK_CONTAINS("/empty", (*store.broken)->file);
	CHECK_STR("network empty: the file is empty", (*store.broken)->why);
	CHECK_CONTAINS("/other", (*store.broken)->next->file);
}

static int count(const struct endpoint *endpoint, void *context, struct error *error)
{
	(void)endpoint;
	(void)error;
	++*(int *)context;
	return 0;
}

static void endpoints(void)
{
	auto_free char *config = xstrdup(temporary_directory());
	auto_net_store struct net_store store = NET_STORE_CLOSED;
	auto_endpoint struct endpoint read = { .ports = NULL };
	struct endpoint endpoint = {
		.owner = "c", .state = "/x", .network = "n", .interface = "eth0", .mac = { 2, 0, 0, 0, 0, 1 }
	};
	int seen = 0;

	CHECK_INT(0, ip_parse("10.0.0.2", &endpoint.v4, &err));
	CHECK_INT(0, net_store_open(config, temporary_directory(), &store, &err));
	CHECK_INT(-ENOENT, net_store_load_endpoint(&store, "c", "n", &read, &err));
	CHECK_STR("container `c` is not on network `n`", err.text);
	CHECK_INT(0, net_store_save_endpoint(&store, &endpoint, &err));
	CHECK_INT(0, net_store_load_endpoint(&store, "c", "n", &read, &err));
	CHECK(ip_equal(&read.v4, &endpoint.v4));
	(void)snprintf(endpoint.network, sizeof(endpoint.network), "m");
	CHECK_INT(0, net_store_save_endpoint(&store, &endpoint, &err));
	CHECK_INT(0, net_store_each_endpoint(&store, count, &seen, &err));
	CHECK_INT(2, seen);
	CHECK_INT(0, net_store_remove_endpoint(&store, &endpoint, &err));
	CHECK_INT(0, net_store_remove_endpoint(&store, &endpoint, &err));
	(void)snprintf(endpoint.network, sizeof(endpoint.network), "n");
	CHECK_INT(0, net_store_remove_endpoint(&store, &endpoint, &err));
	CHECK(faccessat(store.run_fd, "endpoints/c", F_OK, 0) < 0);
}

static void directories_are_ours_alone(void)
{
	auto_free char *config = xstrdup(temporary_directory());
	auto_free char *run = xasprintf("%s/a/b/c", config);
	struct net_store store = NET_STORE_CLOSED;
	struct stat st;

	CHECK_INT(0, net_store_open(config, run, &store, &err));
	CHECK_INT(0, stat(run, &st));
	CHECK_INT(0700, st.st_mode & 07777);
	net_store_close(&store);
	CHECK_INT(0, chmod(run, 0777));
	CHECK_INT(-EINVAL, net_store_open(config, run, &store, &err));
	CHECK_CONTAINS("others may write to it", err.text);
}

static void one_at_a_time(void)
{
	auto_free char *config = xstrdup(temporary_directory());
	auto_free char *run = xstrdup(temporary_directory());
	struct net_store store = NET_STORE_CLOSED;
	struct net_store second = NET_STORE_CLOSED;
	int status;
	pid_t pid;

	CHECK_INT(0, net_store_open(config, run, &store, &err));
	pid = fork();
	if (pid == 0) {
		net_store_close(&store); /* the copy of the lock's fd */
		_exit(net_store_open(config, run, &second, &err) < 0);
	}
	(void)usleep(50000);
	CHECK_INT(0, waitpid(pid, &status, WNOHANG));
	net_store_close(&store);
	CHECK_INT(pid, waitpid(pid, &status, 0));
	CHECK_INT(0, status);
}

static const struct test tests[] = { TEST(networks), TEST(what_is_broken_is_left_out), TEST(endpoints),
				     TEST(directories_are_ours_alone), TEST(one_at_a_time) };
TEST_MAIN(tests)
