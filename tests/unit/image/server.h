/*
 * server.h - a web server on loopback that gives answers from a list, one a connection, and keeps what it was asked.
 * Who speaks TLS to it is hung up on, which costs no answer.
 */
#pragma once

#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "tests/unit/test.h"

struct server {
	const char *const *answers; /* NULL-terminated; "\n" is sent as "\r\n" up to the first empty line */
	int listener;
	unsigned port;
	pthread_t thread;
	char requests[256 * 1024]; /* all of them, one after the other */
	size_t length;
};

/* One request with its body, to the end of server->requests. False: there is none, or TLS. */
__attribute__((unused)) static bool server_read(struct server *server, int fd)
{
	size_t begin = server->length;
	char *end = NULL;

	while (server->length + 1 < sizeof(server->requests)) {
		ssize_t got = read(fd, server->requests + server->length, 1);
		const char *length;

		if (got <= 0 || (server->length == begin && server->requests[begin] == 0x16))
			return false;
		server->length++;
		server->requests[server->length] = '\0';
		end = strstr(server->requests + begin, "\r\n\r\n");
		if (!end)
			continue;
		length = strstr(server->requests + begin, "Content-Length: ");
		if (!length || strlen(end + 4) == strtoul(length + strlen("Content-Length: "), NULL, 10))
			return true;
	}
	return false;
}

__attribute__((unused)) static void server_write(int fd, const char *answer)
{
	const char *body = strstr(answer, "\n\n");

	for (; *answer; answer++) {
		if (*answer == '\n' && answer <= body + 1)
			(void)fd_write_all(fd, "\r", 1);
		if (fd_write_all(fd, answer, 1) < 0)
			return;
	}
}

__attribute__((unused)) static void *server_run(void *server_)
{
	struct server *server = server_;

	while (*server->answers) {
		int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0)
			break;
		if (server_read(server, fd))
			server_write(fd, *server->answers++);
		else
			server->requests[server->length] = '\0';
		(void)close(fd);
	}
	return NULL;
}

__attribute__((unused)) static struct server *server_start(const char *const *answers)
{
	struct server *server = calloc(1, sizeof(*server));
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);

	CHECK(server != NULL);
	server->answers = answers;
	server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(bind(server->listener, (struct sockaddr *)&address, size) == 0 && listen(server->listener, 8) == 0);
	CHECK_INT(0, getsockname(server->listener, (struct sockaddr *)&address, &size));
	server->port = ntohs(address.sin_port);
	CHECK_INT(0, pthread_create(&server->thread, NULL, server_run, server));
	return server;
}

/* Joins it, whether all answers were asked for or not. */
__attribute__((unused)) static void server_stop(struct server *server)
{
	(void)shutdown(server->listener, SHUT_RDWR);
	(void)pthread_join(server->thread, NULL);
	(void)close(server->listener);
}
