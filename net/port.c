/* port.c - see port.h. */
#include "port.h"

#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"

enum { PORT_MAX = 65535 };

static const struct {
	const char *name;
	uint8_t protocol;
} protocols[] = { { "tcp", IPPROTO_TCP }, { "udp", IPPROTO_UDP }, { "sctp", IPPROTO_SCTP } };

const char *port_protocol(uint8_t protocol)
{
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
		if (protocols[i].protocol == protocol)
			return protocols[i].name;
	return "?";
}

int port_protocol_parse(const char *text, uint8_t *ret, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
		if (!str_eq(text, protocols[i].name))
			continue;
		*ret = protocols[i].protocol;
		return 0;
	}
	return refuse(err, "\"%.16s\" is not tcp, udp or sctp", text);
}

struct range {
	uint64_t first, last;
};

static int parse_range(char *text, struct range *ret, struct error *err)
{
	char *dash = strchr(text, '-');

	if (dash)
		*dash++ = '\0';
	if (str_to_u64(text, PORT_MAX, &ret->first) < 0 || str_to_u64(dash ? dash : text, PORT_MAX, &ret->last) < 0 ||
	    ret->first == 0 || ret->last < ret->first)
		return refuse(err, "not a port or a range of ports");
	return 0;
}

static int parse_host(char *text, struct ip_address *ret, struct error *err)
{
	const size_t length = strlen(text);

	if (length > 1 && text[0] == '[' && text[length - 1] == ']') {
		text[length - 1] = '\0';
		text++;
	} else if (strchr(text, ':')) {
		return refuse(err, "an IPv6 address is written in brackets");
	}
	if (ip_parse(text, ret, err) < 0)
		return -err->code;
	if (ret->family == AF_INET6 && ip_is_loopback(ret))
		return refuse(err, "a port cannot be published at ::1, from where IPv6 routes nothing to a container: "
				   "use 127.0.0.1");
	return 0;
}

/* Cuts the text at its last colon, and returns what is behind. */
static char *behind_colon(char *text)
{
	char *colon = strrchr(text, ':');

	if (!colon)
		return NULL;
	*colon = '\0';
	return colon + 1;
}

static int parse_whole(char *text, struct nft_port *port, struct range *from, struct range *into, struct error *err)
{
	char *protocol = strchr(text, '/');
	char *container;
	char *host;

	if (protocol) {
		*protocol++ = '\0';
		if (port_protocol_parse(protocol, &port->protocol, err) < 0)
			return -err->code;
	}
	container = behind_colon(text);
	if (!container)
		return refuse(err, "not [HOSTIP:]HOST:CONTAINER[/PROTOCOL]");
	host = behind_colon(text);
	if (host && parse_host(text, &port->host, err) < 0)
		return -err->code;
	if (parse_range(host ? host : text, from, err) < 0 || parse_range(container, into, err) < 0)
		return -err->code;
	return from->last - from->first == into->last - into->first ? 0 : refuse(err, "ranges of different lengths");
}

int port_parse(const char *text, struct nft_port **ports, size_t *count, struct error *err)
{
	struct nft_port port = { .protocol = IPPROTO_TCP };
	auto_free char *copy = xstrdup(text);
	struct range from = { 0 };
	struct range into = { 0 };
	size_t more;

	if (parse_whole(copy, &port, &from, &into, err) < 0)
		return context(err, "publish %.96s", text);
	more = (size_t)(from.last - from.first + 1);
	if (*count + more > PORTS_OF_RECORD_MAX)
		return refuse(err, "publish %.96s: more than %d ports", text, PORTS_MAX);
	*ports = xreallocarray(*ports, *count + more, sizeof(**ports));
	for (size_t i = 0; i < more; i++) {
		port.host_port = (uint16_t)(from.first + i);
		port.port = (uint16_t)(into.first + i);
		(*ports)[(*count)++] = port;
	}
	return 0;
}

bool ports_overlap(const struct nft_port *a, const struct nft_port *b)
{
	return a->protocol == b->protocol && a->host_port == b->host_port &&
	       (nft_port_is_in(a, b->host.family) || nft_port_is_in(b, a->host.family)) &&
	       (nft_port_anywhere(a) || nft_port_anywhere(b) || ip_equal(&a->host, &b->host));
}

int ports_check(const struct nft_port *ports, size_t count, struct error *err)
{
	uint8_t seen[(PORT_MAX + 1) / CHAR_BIT] = { 0 };
	char one[PORT_TEXT_SIZE];
	char other[PORT_TEXT_SIZE];

	if (count > PORTS_MAX)
		return refuse(err, "more than %d ports are to be published", PORTS_MAX);
	for (size_t i = 0; i < count; i++) {
		uint8_t *byte = &seen[ports[i].host_port / CHAR_BIT];
		const uint8_t bit = (uint8_t)(1U << (ports[i].host_port % CHAR_BIT));

		for (size_t j = 0; (*byte & bit) && j < i; j++)
			if (ports_overlap(&ports[i], &ports[j]))
				return refuse(err, "port %u/%s is published twice: %s and %s", ports[i].host_port,
					      port_protocol(ports[i].protocol), port_text(&ports[j], one),
					      port_text(&ports[i], other));
		*byte |= bit;
	}
	return 0;
}

const char *port_text(const struct nft_port *port, char *buffer)
{
	char address[IP_TEXT_SIZE] = "0.0.0.0";
	const bool v6 = port->host.family == AF_INET6;

	if (ip_is_set(&port->host))
		(void)ip_text(&port->host, address);
	(void)snprintf(buffer, PORT_TEXT_SIZE, "%u/%s -> %s%s%s:%u", port->port, port_protocol(port->protocol),
		       v6 ? "[" : "", address, v6 ? "]" : "", port->host_port);
	return buffer;
}
