/* dns_server.c - see dns_server.h. */
#include "dns_server.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/str.h"
#include "dns_forward.h"
#include "dns_served.h"
#include "dns_tcp.h"

enum { IDLE_MS = 3000, SETTLE_MS = 1000, BACKLOG = 16, CHILDREN_MAX = 64, CHILDREN_OF_ONE = 8, LOAD_TRIES = 5 };

/* Of one network: UDP and TCP, at its IPv4 and IPv6 gateway. */
enum { UDP4, UDP6, TCP4, TCP6, SOCKETS };

struct dns_listener {
	struct dns_listener *next;
	struct dns_network network;
	uint64_t place; /* its mark */
	int fds[SOCKETS];
};

struct dns_child {
	pid_t pid;
	struct ip_address source;
};

struct dns_server {
	const struct net_store *store;
	int epoll, control, lock, changes;
	bool stale, gone; /* the table; the store */
	int64_t sweep_at; /* when sockets go that no network needs any more, by clock_ms(); 0: nothing has changed */
	unsigned n_children;
	struct dns_child children[CHILDREN_MAX]; /* one for each connection of TCP */
	struct dns_names names;
	struct dns_listener *listeners;
	struct dns_forwarder forwarder;
};

/* What epoll has for each: the address of the fd, or one of the forwarder's own. */
static bool is_listener(const struct dns_server *server, const void *data, struct dns_listener **ret, int *ret_socket)
{
	for (struct dns_listener *at = server->listeners; at; at = at->next)
		for (int i = 0; i < SOCKETS; i++)
			if (data == &at->fds[i]) {
				*ret = at;
				*ret_socket = i;
				return true;
			}
	return false;
}

/* ---- the table of names ---- */

static void changed(struct dns_server *server)
{
	server->stale = true;
	if (server->sweep_at == 0)
		server->sweep_at = clock_ms() + SETTLE_MS;
}

/* All that is there to be told of is in the queue by the time that whoever changed it goes on. */
static void notice_changes(struct dns_server *server)
{
	_Alignas(struct inotify_event) char notes[4096];
	ssize_t length;

	while ((length = read(server->changes, notes, sizeof(notes))) > 0)
		for (ssize_t at = 0; at < length;) {
			const struct inotify_event *note = (const void *)(notes + at);

			changed(server);
			server->gone = server->gone || (note->mask & IN_IGNORED);
			at += (ssize_t)sizeof(*note) + note->len;
		}
}

/* Once: while the table is known to be stale, those who change more of it do not pay for waking this process. */
static int watch_changes(struct dns_server *server, int how, struct error *err)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLONESHOT, .data.ptr = &server->changes };

	return epoll_ctl(server->epoll, how, server->changes, &event) < 0 ? fail(err, errno, "epoll") : 0;
}

static void refresh(struct dns_server *server)
{
	struct error ignored;

	notice_changes(server);
	if (!server->stale)
		return;
	for (int i = 0; server->stale && i < LOAD_TRIES; i++)
		server->stale = dns_names_load(server->store, &server->names, &ignored) < 0;
	if (!server->stale)
		(void)watch_changes(server, EPOLL_CTL_MOD, &ignored);
}

/* ---- listening ---- */

static void listener_free(struct dns_server *server, struct dns_listener *listener)
{
	struct dns_listener **slot = &server->listeners;

	while (*slot != listener)
		slot = &(*slot)->next;
	*slot = listener->next;
	dns_served_mark(server->lock, listener->place, false);
	for (int i = 0; i < SOCKETS; i++) {
		if (listener->fds[i] < 0)
			continue;
		dns_forward_forget(&server->forwarder, listener->fds[i]);
		(void)epoll_ctl(server->epoll, EPOLL_CTL_DEL, listener->fds[i], NULL);
		(void)close(listener->fds[i]);
	}
	free(listener);
}

static int listen_at(const struct dns_server *server, const struct network *network, int type,
		     const struct ip_address *address, int *slot, struct error *err)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = slot };
	const int on = 1;
	char text[IP_TEXT_SIZE];
	socklen_t length;
	const struct sockaddr_storage at = ip_socket_address(address, DNS_PORT, &length);

	if (!ip_is_set(address))
		return 0;
	*slot = socket(address->family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*slot < 0)
		return fail(err, errno, "a socket for names");
	(void)setsockopt(*slot, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (setsockopt(*slot, SOL_SOCKET, SO_BINDTODEVICE, network->bridge, (socklen_t)strlen(network->bridge)) < 0 ||
	    bind(*slot, (const struct sockaddr *)&at, length) < 0 ||
	    (type == SOCK_STREAM && listen(*slot, BACKLOG) < 0) ||
	    epoll_ctl(server->epoll, EPOLL_CTL_ADD, *slot, &event) < 0)
		return fail(err, errno, "names: listen at port %d of %s%s", DNS_PORT, ip_text(address, text),
			    errno == EADDRINUSE ? " (another server has it at all addresses; a network made with "
						  "--no-names does without)"
						: "");
	return 0;
}

static int listen_for(struct dns_server *server, const struct network *network, struct error *err)
{
	const struct {
		int type;
		const struct ip_address *address;
	} sockets[SOCKETS] = {
		[UDP4] = { SOCK_DGRAM, &network->v4.address },
		[UDP6] = { SOCK_DGRAM, &network->v6.address },
		[TCP4] = { SOCK_STREAM, &network->v4.address },
		[TCP6] = { SOCK_STREAM, &network->v6.address },
	};
	struct dns_listener *listener = xcalloc(1, sizeof(*listener));
	int r = 0;

	(void)snprintf(listener->network.name, sizeof(listener->network.name), "%s", network->name);
	listener->network.internal = network->internal;
	listener->place = dns_served_place(network);
	listener->next = server->listeners;
	server->listeners = listener;
	for (int i = 0; i < SOCKETS; i++)
		listener->fds[i] = -1;
	for (int i = 0; r == 0 && i < SOCKETS; i++)
		r = listen_at(server, network, sockets[i].type, sockets[i].address, &listener->fds[i], err);
	if (r < 0)
		listener_free(server, listener);
	else
		dns_served_mark(server->lock, listener->place, true);
	return r;
}

/* Those that are there stay, unless the bridge or the network is another one by now. One without names gets none. */
static int ensure(struct dns_server *server, const char *name, struct error *err)
{
	struct dns_listener *listener = server->listeners;
	struct network network;
	int r = net_store_load_network(server->store, name, &network, err);

	while (listener && !str_eq(listener->network.name, name))
		listener = listener->next;
	if (r < 0)
		return r;
	if (listener && !network.no_names && listener->place == dns_served_place(&network))
		return 0;
	if (listener)
		listener_free(server, listener);
	return network.no_names ? 0 : listen_for(server, &network, err);
}

/* A server before this one may have been killed: containers of any network may be there, and nobody asks for theirs
   any more. What cannot be listened at now is told to who asks for it. */
static void take_over(struct dns_server *server)
{
	auto_names char **networks = NULL;
	struct error ignored;

	refresh(server);
	if (net_store_networks(server->store, &networks, &ignored) < 0)
		return;
	for (char **name = networks; *name; name++)
		if (dns_names_on(&server->names, *name))
			(void)ensure(server, *name, &ignored);
}

/* The marks first: who saw one before has left a record, which is read now; who comes later asks. */
static void close_unused(struct dns_server *server)
{
	for (const struct dns_listener *at = server->listeners; at; at = at->next)
		dns_served_mark(server->lock, at->place, dns_names_on(&server->names, at->network.name));
	refresh(server);
	for (struct dns_listener *at = server->listeners, *after; at; at = after) {
		after = at->next;
		if (server->stale || dns_names_on(&server->names, at->network.name))
			dns_served_mark(server->lock, at->place, true);
		else
			listener_free(server, at);
	}
}

static void sweep(struct dns_server *server)
{
	server->sweep_at = 0;
	refresh(server);
	if (!server->stale)
		close_unused(server);
	if (server->stale)
		changed(server);
}

/* Only root reaches this socket, so it may be waited for, a little. */
static void serve_control(struct dns_server *server)
{
	const struct timeval wait = { .tv_sec = 1 };
	auto_fd int client = accept4(server->control, NULL, NULL, SOCK_CLOEXEC);
	char name[NETWORK_NAME_SIZE] = "";
	struct error err = { .text = "" };
	ssize_t got;

	if (client < 0)
		return;
	(void)setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	got = recv(client, name, sizeof(name) - 1, 0);
	if (got > 0 && ensure(server, name, &err) == 0)
		err.text[0] = '\0';
	(void)send(client, err.text, strlen(err.text) + 1, MSG_NOSIGNAL);
}

/* ---- questions ---- */

static void serve_udp(struct dns_server *server, const struct dns_listener *listener, int socket)
{
	struct dns_client client = { .socket = socket };
	socklen_t length = sizeof(client.address);
	uint8_t query[DNS_QUERY_MAX + 1];
	uint8_t out[DNS_QUERY_MAX];
	struct dns_question question;
	size_t answer = 0;
	ssize_t got = recvfrom(socket, query, sizeof(query), MSG_DONTWAIT, (struct sockaddr *)&client.address, &length);

	if (got < 0)
		return;
	client.source = dns_address_of(&client.address);
	refresh(server);
	switch (dns_reply(&server->names, &listener->network, &client.source, query, (size_t)got, &question, out,
			  DNS_UDP_MIN, &answer)) {
	case DNS_REPLY:
		(void)sendto(socket, out, answer, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&client.address,
			     length);
		return;
	case DNS_FORWARD:
		dns_forward(&server->forwarder, &client, &question, query, (size_t)got);
		return;
	case DNS_DROP:
		return;
	}
}

/* Nobody's connections keep those of others out. */
static bool has_room(const struct dns_server *server, const struct ip_address *source)
{
	unsigned own = 0;

	for (unsigned i = 0; i < server->n_children; i++)
		own += ip_equal(&server->children[i].source, source);
	return server->n_children < CHILDREN_MAX && own < CHILDREN_OF_ONE;
}

static void serve_tcp(struct dns_server *server, const struct dns_listener *listener, int socket)
{
	struct sockaddr_storage address = { 0 };
	socklen_t length = sizeof(address);
	auto_fd int client = accept4(socket, (struct sockaddr *)&address, &length, SOCK_CLOEXEC);
	struct ip_address source;
	pid_t pid;

	if (client < 0)
		return;
	source = dns_address_of(&address);
	refresh(server);
	if (!has_room(server, &source) || !dns_names_has(&server->names, listener->network.name, &source))
		return;
	pid = fork();
	if (pid == 0)
		dns_tcp_serve(client, &server->names, &listener->network, &source);
	if (pid > 0)
		server->children[server->n_children++] = (struct dns_child){ .pid = pid, .source = source };
}

static void reap(struct dns_server *server)
{
	pid_t pid;

	while (server->n_children > 0 && (pid = waitpid(-1, NULL, WNOHANG)) > 0)
		for (unsigned i = 0; i < server->n_children; i++)
			if (server->children[i].pid == pid)
				server->children[i] = server->children[--server->n_children];
}

/* ---- the loop ---- */

static void handle(struct dns_server *server, const struct epoll_event *event)
{
	struct dns_listener *listener;
	int socket;

	if (event->data.ptr == &server->control)
		serve_control(server);
	else if (event->data.ptr == &server->changes)
		notice_changes(server);
	else if (!is_listener(server, event->data.ptr, &listener, &socket))
		dns_forward_answer(&server->forwarder, event->data.ptr);
	else if (socket == UDP4 || socket == UDP6)
		serve_udp(server, listener, listener->fds[socket]);
	else
		serve_tcp(server, listener, listener->fds[socket]);
}

static int time_to_wait(const struct dns_server *server, int due)
{
	int wait = server->listeners ? -1 : IDLE_MS;

	if (server->sweep_at > 0 || server->n_children > 0)
		wait = SETTLE_MS;
	return due >= 0 && (wait < 0 || due < wait) ? due : wait;
}

/* One event at a time: what one closes another may be about. */
static void loop(struct dns_server *server)
{
	while (!server->gone) {
		struct epoll_event event;
		const int wait = time_to_wait(server, dns_forward_tick(&server->forwarder));
		const int count = epoll_wait(server->epoll, &event, 1, wait);

		if (count < 0 && errno != EINTR)
			return;
		if (count > 0)
			handle(server, &event);
		reap(server);
		if (count == 0 && server->sweep_at == 0 && !server->listeners && server->n_children == 0)
			return;
		if (server->sweep_at > 0 && clock_ms() >= server->sweep_at)
			sweep(server);
	}
}

static int watch(struct dns_server *server, int *fd, struct error *err)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = fd };

	return epoll_ctl(server->epoll, EPOLL_CTL_ADD, *fd, &event) < 0 ? fail(err, errno, "epoll") : 0;
}

int dns_server_run(const struct net_store *store, int control, int lock, struct error *err)
{
	struct dns_server server = { .store = store, .control = control, .lock = lock };
	auto_fd int epoll = epoll_create1(EPOLL_CLOEXEC);
	auto_fd int changes = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	char path[64];
	int r;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d/lock", store->run_fd);
	if (epoll < 0 || changes < 0 || inotify_add_watch(changes, path, IN_ATTRIB | IN_DELETE_SELF) < 0)
		return fail(err, errno, "watch the store of networks");
	server.epoll = server.forwarder.epoll = epoll;
	server.changes = changes;
	changed(&server);
	(void)signal(SIGPIPE, SIG_IGN);
	r = watch(&server, &server.control, err);
	if (r == 0)
		r = watch_changes(&server, EPOLL_CTL_ADD, err);
	if (r == 0) {
		take_over(&server);
		loop(&server);
	}
	while (server.listeners)
		listener_free(&server, server.listeners);
	dns_forward_forget(&server.forwarder, -1);
	dns_names_done(&server.names);
	return r;
}
