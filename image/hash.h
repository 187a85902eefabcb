/* hash.h - digests of bytes. hash.c is the only user of libcrypto. */
#pragma once

#include <stddef.h>

#include "base/cleanup.h"
#include "digest.h"

struct hash;

struct hash *hash_new(enum digest_algorithm algorithm); /* aborts when memory is out */
void hash_free(struct hash *hash);                      /* NULL-safe */
void hash_update(struct hash *hash, const void *data, size_t size);
void hash_finish(struct hash *hash, struct digest *ret); /* then only hash_free() */

/* All of fd from offset 0, without moving its offset. 0, or -errno with text. */
int hash_file(int fd, enum digest_algorithm algorithm, struct digest *ret, struct error *err);
void hash_bytes(const void *data, size_t size, enum digest_algorithm algorithm, struct digest *ret);

DEFINE_AUTO(hash, struct hash, hash_free)
#define auto_hash auto_cleanup(cleanup_hash)
