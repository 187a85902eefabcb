/*
 * challenge.h - what a server that answers 401 wants: the WWW-Authenticate header (RFC 9110 section 11.6.1) with the
 * parameters of distribution's token authentication. From a registry: hostile.
 */
#pragma once

#include "base/arena.h"
#include "base/error.h"

enum challenge_scheme { CHALLENGE_BASIC, CHALLENGE_BEARER };

struct challenge {
	enum challenge_scheme scheme;
	const char *realm;           /* of a bearer: the address where tokens are had; never NULL then */
	const char *service, *scope; /* NULL: not given */
};

/* Several challenges in one header: bearer before basic, the first of its kind. Other schemes are passed over; if there
   is nothing else, the error lists them. -EPROTO: the header is malformed, or asks for what is not known. */
int challenge_parse(struct arena *arena, const char *header, struct challenge *ret, struct error *err);
