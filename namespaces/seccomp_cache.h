/*
 * seccomp_cache.h - compiled filters kept as files; used by seccomp.c only.
 *
 * The key is all bytes that decide what the compiler makes. A file's name is a hash of them, and the file holds them in
 * full: a hit compares them, so two keys that hash alike can never get each other's filter.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/siphash.h"

enum { SECCOMP_CACHE_NAME_LENGTH = 32, SECCOMP_CACHE_FILES_MAX = 64 };

struct seccomp_cache_key {
	char name[SECCOMP_CACHE_NAME_LENGTH + 1];
	struct hash128 hash;
	unsigned char *bytes; /* heap */
	size_t length, capacity;
};

/* A key starts zeroed and grows by what is put; sealing gives it its name and hash. */
void seccomp_cache_key_put(struct seccomp_cache_key *key, const void *data, size_t size);
void seccomp_cache_key_seal(struct seccomp_cache_key *key);
void seccomp_cache_key_free(struct seccomp_cache_key *key);

/* True and a heap array of *ret_count instructions if dir_fd has a file of this key that is whole and is trusted: a
   regular file of root or of the caller that nobody else may write. */
bool seccomp_cache_load(int dir_fd, const struct seccomp_cache_key *key, void **ret_code, uint16_t *ret_count);

/* Best effort: a directory that cannot be written costs only time at the next start. Drops the oldest files above
   SECCOMP_CACHE_FILES_MAX. */
void seccomp_cache_store(int dir_fd, const struct seccomp_cache_key *key, const void *code, uint16_t count);
