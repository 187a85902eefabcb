/* dns_tcp.h - questions over TCP, which are rare: a process each connection, that ends soon. */
#pragma once

#include "dns_reply.h"

/* In a child of the responder: answers what comes by `client` until it is closed or half a minute is over. All other
   files are closed: what the responder closes is to be closed then, and its lock is free when it ends. */
_Noreturn void dns_tcp_serve(int client, const struct dns_names *names, const struct dns_network *network,
			     const struct ip_address *source);
