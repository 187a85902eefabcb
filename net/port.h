/* port.h - published ports as text: what -p takes, and how they are shown. */
#pragma once

#include <stddef.h>

#include "nft.h"

enum { PORT_TEXT_SIZE = 128, PORTS_MAX = 4096, PORTS_OF_RECORD_MAX = 2 * PORTS_MAX };

/* "[HOSTIP:]HOST:CONTAINER[/tcp|udp|sctp]", each a port or a range of the same length, IPv6 in brackets; 0.0.0.0 and
   [::] are all addresses of their family. Appends to *ports, which the caller frees. [::1] is refused: the kernel
   routes nothing from there to another interface. */
int port_parse(const char *text, struct nft_port **ports, size_t *count, struct error *err);

/* Whether one packet could be meant by both: the same port and protocol, at the same address or, for one, at all. */
bool ports_overlap(const struct nft_port *a, const struct nft_port *b);

/* No two of them overlap, and they are not too many. */
int ports_check(const struct nft_port *ports, size_t count, struct error *err);

/* "80/tcp -> 127.0.0.1:8080" to buffer[PORT_TEXT_SIZE], which is returned. */
const char *port_text(const struct nft_port *port, char *buffer);

const char *port_protocol(uint8_t protocol);
int port_protocol_parse(const char *text, uint8_t *ret, struct error *err);
