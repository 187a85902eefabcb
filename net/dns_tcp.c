/* dns_tcp.c - see dns_tcp.h. */
#include "dns_tcp.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/syscalls.h"
#include "dns_forward.h"

enum { LIFE_S = 30, WAIT_S = 5, LENGTH_SIZE = 2, BYTE_BITS = 8, ONLY_FD = STDERR_FILENO + 1 };

static bool read_all(int fd, void *data, size_t size)
{
	return recv(fd, data, size, MSG_WAITALL) == (ssize_t)size;
}

/* A message and its length before it; 0: none, or one that is too long. */
static size_t read_message(int fd, uint8_t *data, size_t room)
{
	uint8_t length[LENGTH_SIZE];
	size_t size;

	if (!read_all(fd, length, sizeof(length)))
		return 0;
	size = (size_t)length[0] << BYTE_BITS | length[1];
	return size >= DNS_HEADER_SIZE && size <= room && read_all(fd, data, size) ? size : 0;
}

static bool write_message(int fd, const uint8_t *data, size_t size)
{
	const uint8_t length[LENGTH_SIZE] = { (uint8_t)(size >> BYTE_BITS), (uint8_t)size };

	return send(fd, length, sizeof(length), MSG_NOSIGNAL | MSG_MORE) == (ssize_t)sizeof(length) &&
	       send(fd, data, size, MSG_NOSIGNAL) == (ssize_t)size;
}

static void limit(int fd)
{
	const struct timeval wait = { .tv_sec = WAIT_S };

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
}

/* The bytes of the answer, or 0. */
static size_t ask(const struct ip_address *server, const uint8_t *query, size_t size,
		  const struct dns_question *question, uint8_t *out)
{
	socklen_t length;
	const struct sockaddr_storage address = ip_socket_address(server, DNS_PORT, &length);
	auto_fd int fd = socket(server->family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t got;

	if (fd < 0)
		return 0;
	limit(fd);
	if (connect(fd, (const struct sockaddr *)&address, length) < 0 || !write_message(fd, query, size))
		return 0;
	got = read_message(fd, out, DNS_MESSAGE_MAX);
	return got > 0 && dns_answers(out, got, query, question) ? got : 0;
}

static size_t ask_others(uint8_t *query, size_t size, const struct dns_question *question, uint8_t *out)
{
	struct ip_address servers[DNS_SERVERS_MAX];
	const size_t count = dns_host_servers(servers);
	size_t got = 0;

	if (getrandom(query, sizeof(uint16_t), 0) != (ssize_t)sizeof(uint16_t))
		return 0;
	for (size_t i = 0; got == 0 && i < count; i++)
		got = ask(&servers[i], query, size, question, out);
	if (got == 0)
		return dns_reply_failure(query, question, out, DNS_MESSAGE_MAX);
	out[0] = (uint8_t)(question->id >> BYTE_BITS);
	out[1] = (uint8_t)question->id;
	return got;
}

_Noreturn void dns_tcp_serve(int client, const struct dns_names *names, const struct dns_network *network,
			     const struct ip_address *source)
{
	uint8_t *out = xreallocarray(NULL, DNS_MESSAGE_MAX, 1); /* until the process ends */
	uint8_t query[DNS_QUERY_MAX];
	size_t size;

	(void)dup2(client, ONLY_FD);
	(void)sys_close_range(ONLY_FD + 1, ~0U, 0);
	(void)alarm(LIFE_S);
	limit(ONLY_FD);
	while ((size = read_message(ONLY_FD, query, sizeof(query))) > 0) {
		struct dns_question question;
		size_t length = 0;
		const enum dns_reply reply =
			dns_reply(names, network, source, query, size, &question, out, DNS_MESSAGE_MAX, &length);

		if (reply == DNS_FORWARD)
			length = ask_others(query, size, &question, out);
		if (length == 0 || !write_message(ONLY_FD, out, length))
			break;
	}
	_exit(EXIT_SUCCESS);
}
