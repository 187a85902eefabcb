/* dns_forward.c - see dns_forward.h. */
#include "dns_forward.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/str.h"

enum {
	PENDING_MAX = 512,
	PENDING_OF_ONE = 64,
	ANSWER_MS = 2000,
	ROUNDS = 2,
	ANSWER_MAX = DNS_MESSAGE_MAX,
	FILE_MAX = 65536
};

struct dns_pending {
	struct dns_pending *next;
	struct dns_client client;
	struct dns_question question;
	struct ip_address servers[DNS_SERVERS_MAX];
	size_t n_servers, attempt;
	int fd;
	int64_t due; /* monotonic, ms */
	size_t size;
	uint8_t query[]; /* with the id that is asked with */
};

struct ip_address dns_address_of(const struct sockaddr_storage *address)
{
	struct ip_address ip = { .family = address->ss_family };
	const bool v4 = ip.family == AF_INET;
	const size_t at = v4 ? offsetof(struct sockaddr_in, sin_addr) : offsetof(struct sockaddr_in6, sin6_addr);

	memcpy(ip.bytes, (const uint8_t *)address + at, ip_size(ip.family));
	return ip;
}

size_t dns_host_servers(struct ip_address ret_servers[DNS_SERVERS_MAX])
{
	auto_free char *text = NULL;
	struct error ignored;

	if (fd_read_file(AT_FDCWD, "/etc/resolv.conf", FILE_MAX, &text, NULL, &ignored) < 0)
		return 0;
	return dns_servers(text, ret_servers, DNS_SERVERS_MAX);
}

static void answer(const struct dns_client *client, const void *data, size_t size)
{
	const socklen_t length =
		client->address.ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);

	(void)sendto(client->socket, data, size, MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)&client->address,
		     length);
}

static void give_up(const struct dns_client *client, const struct dns_question *question, const void *query)
{
	uint8_t out[DNS_QUERY_MAX];
	size_t length = dns_reply_failure(query, question, out, sizeof(out));

	answer(client, out, length);
}

/* epoll forgets a closed socket by itself only when no other process has it, and a child for TCP may. */
static void hang_up(const struct dns_forwarder *forwarder, struct dns_pending *pending)
{
	if (pending->fd < 0)
		return;
	(void)epoll_ctl(forwarder->epoll, EPOLL_CTL_DEL, pending->fd, NULL);
	(void)close(take_fd(&pending->fd));
}

static void forget(struct dns_forwarder *forwarder, struct dns_pending *pending)
{
	struct dns_pending **slot = &forwarder->first;

	while (*slot != pending)
		slot = &(*slot)->next;
	*slot = pending->next;
	hang_up(forwarder, pending);
	free(pending);
}

/* By a new socket each time; false: this server cannot be asked. */
static bool ask(const struct dns_forwarder *forwarder, struct dns_pending *pending)
{
	const struct ip_address *server = &pending->servers[pending->attempt++ % pending->n_servers];
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = pending };
	socklen_t length;
	const struct sockaddr_storage address = ip_socket_address(server, DNS_PORT, &length);

	hang_up(forwarder, pending);
	pending->due = clock_ms() + ANSWER_MS;
	pending->fd = socket(server->family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return pending->fd >= 0 &&
	       getrandom(pending->query, sizeof(uint16_t), GRND_NONBLOCK) == (ssize_t)sizeof(uint16_t) &&
	       connect(pending->fd, (const struct sockaddr *)&address, length) == 0 &&
	       epoll_ctl(forwarder->epoll, EPOLL_CTL_ADD, pending->fd, &event) == 0 &&
	       send(pending->fd, pending->query, pending->size, MSG_NOSIGNAL) == (ssize_t)pending->size;
}

static bool ask_next(const struct dns_forwarder *forwarder, struct dns_pending *pending)
{
	while (pending->attempt < ROUNDS * pending->n_servers)
		if (ask(forwarder, pending))
			return true;
	return false;
}

static bool has_room(const struct dns_forwarder *forwarder, const struct ip_address *source)
{
	size_t all = 0;
	size_t own = 0;

	for (const struct dns_pending *at = forwarder->first; at; at = at->next) {
		all++;
		own += ip_equal(&at->client.source, source);
	}
	return all < PENDING_MAX && own < PENDING_OF_ONE;
}

void dns_forward(struct dns_forwarder *forwarder, const struct dns_client *client, const struct dns_question *question,
		 const void *query, size_t size)
{
	struct dns_pending *pending;

	if (!has_room(forwarder, &client->source))
		return;
	pending = xcalloc(1, sizeof(*pending) + size);
	pending->client = *client;
	pending->question = *question;
	pending->size = size;
	pending->fd = -1;
	pending->n_servers = dns_host_servers(pending->servers);
	memcpy(pending->query, query, size);
	pending->next = forwarder->first;
	forwarder->first = pending;
	if (ask_next(forwarder, pending))
		return;
	give_up(client, question, query);
	forget(forwarder, pending);
}

void dns_forward_answer(struct dns_forwarder *forwarder, struct dns_pending *pending)
{
	uint8_t data[ANSWER_MAX];
	const ssize_t got = recv(pending->fd, data, sizeof(data), MSG_DONTWAIT);

	/* Nobody listens there: the next one. What is not the answer is not looked at any further. */
	if (got < 0 && errno != EAGAIN && errno != EINTR)
		pending->due = 0;
	if (got < DNS_HEADER_SIZE || !dns_answers(data, (size_t)got, pending->query, &pending->question))
		return;
	data[0] = (uint8_t)(pending->question.id >> 8); /* NOLINT(readability-magic-numbers): the high byte */
	data[1] = (uint8_t)pending->question.id;
	answer(&pending->client, data, (size_t)got);
	forget(forwarder, pending);
}

int dns_forward_tick(struct dns_forwarder *forwarder)
{
	const int64_t now = clock_ms();
	int64_t next = -1;

	for (struct dns_pending *at = forwarder->first, *after; at; at = after) {
		after = at->next;
		if (at->due <= now && !ask_next(forwarder, at)) {
			give_up(&at->client, &at->question, at->query);
			forget(forwarder, at);
			continue;
		}
		if (next < 0 || at->due - now < next)
			next = at->due - now > 0 ? at->due - now : 0;
	}
	return (int)next;
}

void dns_forward_forget(struct dns_forwarder *forwarder, int socket)
{
	for (struct dns_pending *at = forwarder->first, *after; at; at = after) {
		after = at->next;
		if (socket < 0 || at->client.socket == socket)
			forget(forwarder, at);
	}
}
