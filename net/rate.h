/*
 * rate.h - limits of what a container's interface carries, kept on the host's side of it, where the container's own
 * rights do not reach. What it receives waits in a token bucket at the host's end (tbf). What it sends arrives there:
 * it is led through an interface of its own (ifb) that has such a bucket, since a policer, which only drops, leaves TCP
 * far below the limit.
 */
#pragma once

#include <net/if.h>
#include <stdbool.h>

#include "netlink.h"

enum { RATE_TEXT_SIZE = 64 };

/* Bits a second, from 8000 to 10^11; 0: no limit. */
struct net_rate {
	uint64_t in, out; /* what the container receives, and sends */
};

bool rate_is_set(const struct net_rate *rate);

/* "10mbit": either way; "in=10mbit,out=2mbit", or one of them. Units are bit, kbit, mbit and gbit, powers of 1000. */
int rate_parse(const char *text, struct net_rate *ret, struct error *err);

/* What rate_parse() reads, to buffer[RATE_TEXT_SIZE], which is returned. */
const char *rate_text(const struct net_rate *rate, char *buffer);

/* The interface that what a container sends goes through, by the host's end of the container's: to buffer[IFNAMSIZ],
   which is returned. */
const char *rate_interface(const char *host, char *buffer);

/* Limits the interface whose end on the host is `host`, up or down; whatever is there of it already is taken over. */
int rate_apply(int route, const char *host, const struct net_rate *rate, struct error *err);
