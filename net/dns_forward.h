/*
 * dns_forward.h - questions that others have to answer: each by a socket of its own, connected, so with a random port,
 * and with a random id; an answer counts when id and question are those that were sent. The servers are the host's, of
 * /etc/resolv.conf as it is at the moment.
 */
#pragma once

#include <sys/socket.h>

#include "dns_reply.h"

enum { DNS_SERVERS_MAX = 3, DNS_PORT = 53 };

struct dns_pending;

struct dns_forwarder {
	struct dns_pending *first;
	int epoll; /* its events' data is the address of the forwarder's own struct dns_pending */
};

struct dns_client {
	int socket; /* to answer by; borrowed */
	struct sockaddr_storage address;
	struct ip_address source;
};

/* Too many, or nobody to ask: the client is told so, or nothing at all. */
void dns_forward(struct dns_forwarder *forwarder, const struct dns_client *client, const struct dns_question *question,
		 const void *query, size_t size);

/* An event of this one: its answer goes to the client. */
void dns_forward_answer(struct dns_forwarder *forwarder, struct dns_pending *pending);

/* Asks the next server, or gives up, where it is time. How long until the next one is due, in ms; -1: none waits. */
int dns_forward_tick(struct dns_forwarder *forwarder);

/* Forgets those whose answers would go by this socket; -1: all. */
void dns_forward_forget(struct dns_forwarder *forwarder, int socket);

struct ip_address dns_address_of(const struct sockaddr_storage *address);

/* The host's servers now. */
size_t dns_host_servers(struct ip_address ret_servers[DNS_SERVERS_MAX]);
