/* ip.c - see ip.h. */
#include "ip.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

enum { IPV4_SIZE = 4, BYTE_BITS = 8, COUNT_BITS_MAX = 32, OFFSET_BYTES = 5 };

size_t ip_size(int family)
{
	return family == AF_INET ? IPV4_SIZE : IP_BYTES;
}

unsigned ip_bits(int family)
{
	return (unsigned)ip_size(family) * BYTE_BITS;
}

bool ip_is_set(const struct ip_address *address)
{
	return address->family != 0;
}

bool ip_equal(const struct ip_address *a, const struct ip_address *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool ip_is_loopback(const struct ip_address *address)
{
	static const uint8_t v6[IP_BYTES] = { [IP_BYTES - 1] = 1 };

	if (address->family == AF_INET)
		return address->bytes[0] == 127;
	return address->family == AF_INET6 && memcmp(address->bytes, v6, sizeof(v6)) == 0;
}

bool ip_is_link_local(const struct ip_address *address)
{
	enum { FIRST = 0xfe, SECOND = 0x80, SECOND_MASK = 0xc0 };

	return address->family == AF_INET6 && address->bytes[0] == FIRST && (address->bytes[1] & SECOND_MASK) == SECOND;
}

bool ip_is_group(const struct ip_address *address)
{
	enum { FIRST_V4 = 224, FIRST_V6 = 255 };

	return address->bytes[0] >= (address->family == AF_INET ? FIRST_V4 : FIRST_V6);
}

bool ip_is_any(const struct ip_address *address)
{
	static const uint8_t none[IP_BYTES];

	return ip_is_set(address) && memcmp(address->bytes, none, sizeof(none)) == 0;
}

struct sockaddr_storage ip_socket_address(const struct ip_address *address, uint16_t port, socklen_t *ret_size)
{
	struct sockaddr_storage storage = { .ss_family = (sa_family_t)address->family };
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

	if (address->family == AF_INET) {
		memcpy(&v4.sin_addr, address->bytes, sizeof(v4.sin_addr));
		memcpy(&storage, &v4, sizeof(v4));
		*ret_size = sizeof(v4);
	} else {
		memcpy(&v6.sin6_addr, address->bytes, sizeof(v6.sin6_addr));
		memcpy(&storage, &v6, sizeof(v6));
		*ret_size = sizeof(v6);
	}
	return storage;
}

int ip_parse(const char *text, struct ip_address *ret, struct error *err)
{
	struct ip_address address = { .family = strchr(text, ':') ? AF_INET6 : AF_INET };

	if (inet_pton(address.family, text, address.bytes) != 1)
		return refuse(err, "\"%.64s\" is not an IP address", text);
	*ret = address;
	return 0;
}

int ip_network_parse(const char *text, struct ip_network *ret, struct error *err)
{
	char address[IP_TEXT_SIZE];
	const char *slash = strchr(text, '/');
	struct ip_network network;
	uint64_t prefix;

	if (!slash || (size_t)(slash - text) >= sizeof(address))
		return refuse(err, "\"%.64s\" is not a network: 10.1.2.0/24 is one", text);
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = '\0';
	if (ip_parse(address, &network.address, err) < 0)
		return -err->code;
	if (str_to_u64(slash + 1, ip_bits(network.address.family), &prefix) < 0)
		return refuse(err, "\"%.64s\": the prefix is not a number up to %u", text,
			      ip_bits(network.address.family));
	network.prefix = (unsigned)prefix;
	*ret = network;
	return 0;
}

const char *ip_text(const struct ip_address *address, char *buffer)
{
	if (!ip_is_set(address) || !inet_ntop(address->family, address->bytes, buffer, IP_TEXT_SIZE))
		buffer[0] = '\0';
	return buffer;
}

const char *ip_network_text(const struct ip_network *network, char *buffer)
{
	size_t length = strlen(ip_text(&network->address, buffer));

	if (length > 0)
		(void)snprintf(buffer + length, IP_TEXT_SIZE - length, "/%u", network->prefix);
	return buffer;
}

static uint8_t mask_byte(unsigned prefix, size_t index)
{
	unsigned before = (unsigned)index * BYTE_BITS;

	if (prefix <= before)
		return 0;
	if (prefix - before >= BYTE_BITS)
		return UINT8_MAX;
	return (uint8_t)(UINT8_MAX << (BYTE_BITS - (prefix - before)));
}

struct ip_network ip_network_of(const struct ip_network *network)
{
	struct ip_network base = *network;

	for (size_t i = 0; i < ip_size(base.address.family); i++)
		base.address.bytes[i] &= mask_byte(base.prefix, i);
	return base;
}

static struct ip_range range_of(const struct ip_network *network)
{
	struct ip_range range = { .first = ip_network_of(network).address, .last = network->address };

	for (size_t i = 0; i < ip_size(range.last.family); i++)
		range.last.bytes[i] |= (uint8_t)~mask_byte(network->prefix, i);
	return range;
}

int ip_range_parse(const char *text, struct ip_range *ret, struct error *err)
{
	const char *dash = strchr(text, '-');
	struct ip_network network = { 0 };
	struct ip_range range = { 0 };
	char first[IP_TEXT_SIZE];

	if (strchr(text, '/')) {
		if (ip_network_parse(text, &network, err) < 0)
			return -err->code;
		*ret = range_of(&network);
		return 0;
	}
	(void)snprintf(first, sizeof(first), "%.*s", (int)(dash ? dash - text : IP_TEXT_SIZE), text);
	if (ip_parse(first, &range.first, err) < 0 || ip_parse(dash ? dash + 1 : text, &range.last, err) < 0)
		return -err->code;
	if (range.first.family != range.last.family ||
	    memcmp(range.first.bytes, range.last.bytes, sizeof(range.first.bytes)) > 0)
		return refuse(err, "\"%.64s\": not a first and a last address", text);
	*ret = range;
	return 0;
}

const char *ip_range_text(const struct ip_range *range, char *buffer)
{
	char first[IP_TEXT_SIZE];
	char last[IP_TEXT_SIZE];
	const bool one = ip_equal(&range->first, &range->last);

	(void)snprintf(buffer, IP_RANGE_TEXT_SIZE, "%s%s%s", ip_text(&range->first, first), one ? "" : "-",
		       one ? "" : ip_text(&range->last, last));
	return buffer;
}

bool ip_range_has(const struct ip_range *range, const struct ip_address *address)
{
	return address->family == range->first.family &&
	       memcmp(address->bytes, range->first.bytes, sizeof(address->bytes)) >= 0 &&
	       memcmp(address->bytes, range->last.bytes, sizeof(address->bytes)) <= 0;
}

bool ip_network_has(const struct ip_network *network, const struct ip_address *address)
{
	if (network->address.family != address->family)
		return false;
	for (size_t i = 0; i < ip_size(address->family); i++)
		if ((network->address.bytes[i] ^ address->bytes[i]) & mask_byte(network->prefix, i))
			return false;
	return true;
}

bool ip_network_overlap(const struct ip_network *a, const struct ip_network *b)
{
	return a->prefix < b->prefix ? ip_network_has(a, &b->address) : ip_network_has(b, &a->address);
}

struct ip_address ip_at(const struct ip_network *network, uint64_t offset)
{
	struct ip_address address = ip_network_of(network).address;
	uint64_t carry = offset;

	for (size_t i = ip_size(address.family); i-- > 0 && carry > 0;) {
		carry += address.bytes[i];
		address.bytes[i] = (uint8_t)carry;
		carry >>= BYTE_BITS;
	}
	return address;
}

uint64_t ip_offset(const struct ip_network *network, const struct ip_address *address)
{
	const size_t size = ip_size(address->family);
	uint64_t offset = 0;

	for (size_t i = size > OFFSET_BYTES ? size - OFFSET_BYTES : 0; i < size; i++)
		offset = offset << BYTE_BITS | (address->bytes[i] & (uint8_t)~mask_byte(network->prefix, i));
	return offset;
}

uint64_t ip_count(const struct ip_network *network)
{
	const unsigned bits = ip_bits(network->address.family) - network->prefix;

	return 1ULL << (bits < COUNT_BITS_MAX ? bits : COUNT_BITS_MAX);
}

uint64_t ip_hash_bytes(const void *data, size_t size, uint64_t seed)
{
	const uint64_t basis = 0xcbf29ce484222325ULL; /* NOLINT(readability-magic-numbers): FNV-1a's own */
	const uint64_t prime = 0x100000001b3ULL;      /* NOLINT(readability-magic-numbers): and this one */
	const uint8_t *bytes = data;
	uint64_t hash = basis ^ seed;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * prime;
	return hash;
}

uint64_t ip_hash(const char *text, uint64_t seed)
{
	return ip_hash_bytes(text, strlen(text), seed);
}
