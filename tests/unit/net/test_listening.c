/* test_listening.c - who listens where a port is to be published, by address, family and protocol; who is nobody. */
#include "net/listening.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "net/port.h"
#include "tests/unit/net/store_at.h"
#include "tests/unit/net_ns.h"

static struct error err;

/* A socket that is bound, and listens where that is a word; -1 on failure. */
static int listener(int family, int type, const char *address, uint16_t port, int only6)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	const bool is4 = family == AF_INET;
	auto_fd int fd = socket(family, type | SOCK_CLOEXEC, 0);

	if (inet_pton(family, address, is4 ? (void *)&v4.sin_addr : (void *)&v6.sin6_addr) != 1 ||
	    (!is4 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only6, sizeof(only6)) < 0) ||
	    bind(fd, is4 ? (const struct sockaddr *)&v4 : (const struct sockaddr *)&v6, is4 ? sizeof(v4) : sizeof(v6)) <
		    0 ||
	    (type == SOCK_STREAM && listen(fd, 1) < 0))
		return -1;
	return take_fd(&fd);
}

static int check(const struct net_store *store, const char *gateway, const char *publish)
{
	auto_free struct nft_port *ports = NULL;
	struct network network = { .kind = NETWORK_BRIDGE };
	size_t count = 0;
	int r = ip_network_parse(gateway, strchr(gateway, ':') ? &network.v6 : &network.v4, &err);

	if (r == 0)
		r = port_parse(publish, &ports, &count, &err);
	return r < 0 ? r : listening_check(store, &network, ports, count, &err);
}

static int tcp_and_udp(void)
{
	static const struct {
		int family, type, only6;
		const char *address, *gateway, *publish;
		int expected;
	} cases[] = {
		{ AF_INET, SOCK_STREAM, 0, "0.0.0.0", "10.0.0.1/24", "8080:80", -EADDRINUSE },
		{ AF_INET, SOCK_STREAM, 0, "0.0.0.0", "10.0.0.1/24", "8070-8090:70-90", -EADDRINUSE },
		{ AF_INET, SOCK_STREAM, 0, "0.0.0.0", "10.0.0.1/24", "8079-8081:70-72", -EADDRINUSE },
		{ AF_INET, SOCK_STREAM, 0, "0.0.0.0", "10.0.0.1/24", "8081:80", 0 },
		{ AF_INET, SOCK_STREAM, 0, "0.0.0.0", "10.0.0.1/24", "8081-8181:81-181", 0 },
		{ AF_INET, SOCK_STREAM, 0, "0.0.0.0", "10.0.0.1/24", "8080:80/udp", 0 },
		{ AF_INET, SOCK_STREAM, 0, "0.0.0.0", "10.0.0.1/24", "127.0.0.1:8080:80", -EADDRINUSE },
		{ AF_INET, SOCK_STREAM, 0, "0.0.0.0", "fd00::1/64", "8080:80", 0 },
		{ AF_INET, SOCK_STREAM, 0, "127.0.0.2", "10.0.0.1/24", "8080:80", -EADDRINUSE },
		{ AF_INET, SOCK_STREAM, 0, "127.0.0.2", "10.0.0.1/24", "127.0.0.2:8080:80", -EADDRINUSE },
		{ AF_INET, SOCK_STREAM, 0, "127.0.0.2", "10.0.0.1/24", "127.0.0.1:8080:80", 0 },
		{ AF_INET6, SOCK_STREAM, 0, "::", "10.0.0.1/24", "8080:80", -EADDRINUSE },
		{ AF_INET6, SOCK_STREAM, 0, "::", "fd00::1/64", "8080:80", -EADDRINUSE },
		{ AF_INET6, SOCK_STREAM, 1, "::", "10.0.0.1/24", "8080:80", 0 },
		{ AF_INET6, SOCK_STREAM, 1, "::", "10.0.0.1/24", "0.0.0.0:8080:80", 0 },
		{ AF_INET6, SOCK_STREAM, 1, "::", "fd00::1/64", "[::]:8080:80", -EADDRINUSE },
		{ AF_INET, SOCK_STREAM, 0, "127.0.0.2", "10.0.0.1/24", "0.0.0.0:8080:80", -EADDRINUSE },
		{ AF_INET6, SOCK_STREAM, 0, "::ffff:127.0.0.1", "10.0.0.1/24", "8080:80", -EADDRINUSE },
		{ AF_INET6, SOCK_STREAM, 0, "::ffff:127.0.0.1", "fd00::1/64", "8080:80", 0 },
		{ AF_INET, SOCK_DGRAM, 0, "0.0.0.0", "10.0.0.1/24", "8080:80/udp", -EADDRINUSE },
		{ AF_INET, SOCK_DGRAM, 0, "0.0.0.0", "10.0.0.1/24", "8080:80", 0 },
		{ AF_INET6, SOCK_DGRAM, 0, "::1", "fd00::1/64", "8080:80/udp", -EADDRINUSE },
	};
	struct net_store none = NET_STORE_CLOSED;

	EXPECT(prints(-1, "ip link set lo up; echo done", "done"));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_fd int fd = listener(cases[i].family, cases[i].type, cases[i].address, 8080, cases[i].only6);
		int got;

		EXPECT(fd >= 0);
		got = check(&none, cases[i].gateway, cases[i].publish);
		if (got != cases[i].expected)
			(void)printf("# %s, published %s on %s: %d\n", cases[i].address, cases[i].publish,
				     cases[i].gateway, got);
		EXPECT(got == cases[i].expected);
		EXPECT(got == 0 || strstr(err.text, "port 8080/"));
	}
	return 0;
}

/* A server that has gone, and connections that go on: neither listens. */
static int not_listening(void)
{
	struct net_store none = NET_STORE_CLOSED;
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(8080) };
	auto_fd int server = -1;
	auto_fd int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	auto_fd int accepted = -1;

	EXPECT(prints(-1, "ip link set lo up; echo done", "done"));
	server = listener(AF_INET, SOCK_STREAM, "127.0.0.1", 8080, 0);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	EXPECT(connect(client, (const struct sockaddr *)&to, sizeof(to)) == 0);
	accepted = accept(server, NULL, NULL);
	EXPECT(accepted >= 0 && check(&none, "10.0.0.1/24", "8080:80") == -EADDRINUSE);
	cleanup_fd(&server);
	server = -1;
	EXPECT(check(&none, "10.0.0.1/24", "8080:80") == 0);
	return 0;
}

static void who_listens(void)
{
	in_net_ns(tcp_and_udp);
}

static void who_does_not(void)
{
	in_net_ns(not_listening);
}

static const struct test tests[] = { TEST(who_listens), TEST(who_does_not) };
TEST_MAIN(tests)
