/*
 * dns_reply.h - what a container is told: its neighbours by name, a refusal, or that others have to be asked. Pure; all
 * of it comes from a packet of the container's and the table of names.
 */
#pragma once

#include "dns_message.h"
#include "dns_names.h"

enum dns_reply { DNS_DROP, DNS_REPLY, DNS_FORWARD };

struct dns_network {
	char name[NETWORK_NAME_SIZE];
	bool internal; /* nobody outside is asked */
};

/* REPLY: *ret_size bytes of `out` (at least DNS_UDP_MIN) are the answer. FORWARD: *ret_question is what to ask. */
enum dns_reply dns_reply(const struct dns_names *names, const struct dns_network *network,
			 const struct ip_address *source, const void *query, size_t size,
			 struct dns_question *ret_question, uint8_t *out, size_t room, size_t *ret_size);

/* "I could not find out", to the question of `query`. */
size_t dns_reply_failure(const void *query, const struct dns_question *question, uint8_t *out, size_t room);

/* One line of a resolv.conf: false if it is about something else than a name server. An IPv6 zone is left out; what is
   no address is none. */
bool dns_server_in_line(const char *line, struct ip_address *ret);

/* The name servers of a resolv.conf, at most `room`. */
size_t dns_servers(const char *resolv_conf, struct ip_address *ret_servers, size_t room);
