/*
 * dns_names.h - which names there are on which network, and who may ask for them: a table made of the records of
 * endpoints, anew when the store says that something has changed.
 */
#pragma once

#include "store.h"

struct dns_name;

struct dns_names {
	struct dns_name *entries;
	size_t count, room;
};

void dns_names_done(struct dns_names *names);

/* One more, copied. */
void dns_names_add(struct dns_names *names, const struct endpoint *endpoint);

/* Reads all records; a container that leaves meanwhile is in it or not. */
int dns_names_load(const struct net_store *store, struct dns_names *names, struct error *err);

/* Is a container on this network? */
bool dns_names_on(const struct dns_names *names, const char *network);

/* Has a container this address on this network? */
bool dns_names_has(const struct dns_names *names, const char *network, const struct ip_address *address);

enum dns_found { DNS_FOUND_NOTHING, DNS_FOUND, DNS_FOUND_STRANGER };

/* The addresses of whoever has this name, its id or an alias, on a network that the container with the address `source`
   on `network` is on too; at most `size` of them to ret_addresses. STRANGER: nobody has that address there. */
enum dns_found dns_names_find(const struct dns_names *names, const char *network, const struct ip_address *source,
			      const char *name, struct ip_address *ret_addresses, size_t size, size_t *ret_count);
