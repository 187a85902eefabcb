/*
 * retry.h - whether a request is made again, and after what pause: doubling, half of it random, or what the server
 * says.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "source.h"

struct retry {
	unsigned left;     /* how often it may still be made */
	unsigned pause_ms; /* the next pause, at most; doubles */
};

/* Is this a failure that passes? result: of http_send(); status: when that is 0. nobody: nobody there counts too, since
   somebody was. */
bool retry_helps(int result, int status, bool nobody);

/* Milliseconds for the next pause. random: any number. */
uint64_t retry_pause(const struct retry *retry, uint64_t retry_after_s, uint32_t random);

/* Sleeps and counts down. -EAGAIN, and *err as it was: none is left. -EBUSY: the server asks for a longer pause than
   anybody waits for. -ECANCELED: progress said so; it is asked with `bytes` while this sleeps; may be NULL. */
int retry_wait(struct retry *retry, uint64_t retry_after_s, const struct fetch_progress *progress, uint64_t bytes,
	       struct error *err);
