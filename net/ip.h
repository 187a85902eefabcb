/*
 * ip.h - addresses and networks of IPv4 and IPv6, as text and as numbers. An address of family 0 is none.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/error.h"

enum { IP_TEXT_SIZE = 64, IP_RANGE_TEXT_SIZE = 128, IP_BYTES = 16 };

struct ip_address {
	int family;              /* AF_INET, AF_INET6, or 0: none */
	uint8_t bytes[IP_BYTES]; /* network order, the rest zero */
};

struct ip_network {
	struct ip_address address; /* of a network: its first; of an interface: its own */
	unsigned prefix;
};

struct ip_range {
	struct ip_address first, last; /* of one family, first <= last */
};

size_t ip_size(int family);   /* bytes: 4 or 16 */
unsigned ip_bits(int family); /* 32 or 128 */
bool ip_is_set(const struct ip_address *address);
bool ip_equal(const struct ip_address *a, const struct ip_address *b);
bool ip_is_loopback(const struct ip_address *address);
bool ip_is_link_local(const struct ip_address *address); /* fe80::/10, which says nothing without an interface */
bool ip_is_any(const struct ip_address *address);        /* 0.0.0.0 or :: */
bool ip_is_group(const struct ip_address *address);      /* multicast, or reserved: from 224.0.0.0, ff00:: */

/* For bind(2) and connect(2); *ret_size is how much of it counts. */
struct sockaddr_storage ip_socket_address(const struct ip_address *address, uint16_t port, socklen_t *ret_size);

/* "10.0.0.1", "fd00::1". 0 or -EINVAL with text. */
int ip_parse(const char *text, struct ip_address *ret, struct error *err);

/* "10.0.0.0/24". The host bits are kept. */
int ip_network_parse(const char *text, struct ip_network *ret, struct error *err);

/* "10.0.0.9", "10.0.0.5-10.0.0.9" or "10.0.0.0/28". */
int ip_range_parse(const char *text, struct ip_range *ret, struct error *err);

/* To buffer[IP_RANGE_TEXT_SIZE], which is returned: one address, or the first and the last. */
const char *ip_range_text(const struct ip_range *range, char *buffer);
bool ip_range_has(const struct ip_range *range, const struct ip_address *address);

/* To buffer[IP_TEXT_SIZE], which is returned; "" for none. */
const char *ip_text(const struct ip_address *address, char *buffer);
const char *ip_network_text(const struct ip_network *network, char *buffer);

/* The network without host bits. */
struct ip_network ip_network_of(const struct ip_network *network);

bool ip_network_has(const struct ip_network *network, const struct ip_address *address);
bool ip_network_overlap(const struct ip_network *a, const struct ip_network *b);

/* The address `offset` behind the network's first, and back; how many there are, at most 2^32. */
struct ip_address ip_at(const struct ip_network *network, uint64_t offset);
uint64_t ip_offset(const struct ip_network *network, const struct ip_address *address);
uint64_t ip_count(const struct ip_network *network);

/* FNV-1a of a text: names of interfaces and addresses that are the same each time. */
uint64_t ip_hash(const char *text, uint64_t seed);
uint64_t ip_hash_bytes(const void *data, size_t size, uint64_t seed);
