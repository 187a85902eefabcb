/*
 * siphash.h - SipHash-2-4 with a 128-bit result (Aumasson, Bernstein 2012 and its 128-bit extension): a small keyed
 * hash for file names and checksums of our own cache files. Not for untrusted collisions without a second check.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct hash128 {
	uint64_t low, high;
};

struct hash128 siphash128(struct hash128 key, const void *data, size_t size);
