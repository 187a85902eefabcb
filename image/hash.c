/* hash.c - see hash.h. */
#include "hash.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/str.h"

enum { READ_SIZE = 256 * 1024 };

struct hash {
	EVP_MD_CTX *context;
	enum digest_algorithm algorithm;
};

/* A failure inside libcrypto here is a failed allocation or a library without SHA-2. */
static void must(int ok)
{
	if (ok != 1)
		abort();
}

struct hash *hash_new(enum digest_algorithm algorithm)
{
	struct hash *hash = xcalloc(1, sizeof(*hash));

	hash->algorithm = algorithm;
	hash->context = EVP_MD_CTX_new();
	must(hash->context != NULL);
	must(EVP_DigestInit_ex(hash->context, algorithm == DIGEST_SHA512 ? EVP_sha512() : EVP_sha256(), NULL));
	return hash;
}

void hash_free(struct hash *hash)
{
	if (!hash)
		return;
	EVP_MD_CTX_free(hash->context);
	free(hash);
}

void hash_update(struct hash *hash, const void *data, size_t size)
{
	must(EVP_DigestUpdate(hash->context, data, size));
}

void hash_finish(struct hash *hash, struct digest *ret)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned length = 0;

	must(EVP_DigestFinal_ex(hash->context, bytes, &length));
	*ret = (struct digest){ .algorithm = hash->algorithm };
	for (size_t i = 0; i < length && 2 * i < DIGEST_HEX_MAX; i++) {
		ret->hex[2 * i] = digits[bytes[i] / 16];
		ret->hex[2 * i + 1] = digits[bytes[i] % 16];
	}
}

int hash_file(int fd, enum digest_algorithm algorithm, struct digest *ret, struct error *err)
{
	auto_hash struct hash *hash = hash_new(algorithm);
	auto_free char *buffer = xcalloc(1, READ_SIZE);
	off_t at = 0;

	for (;;) {
		ssize_t got = pread(fd, buffer, READ_SIZE, at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail(err, errno, "read");
		if (got == 0)
			break;
		hash_update(hash, buffer, (size_t)got);
		at += got;
	}
	hash_finish(hash, ret);
	return 0;
}

void hash_bytes(const void *data, size_t size, enum digest_algorithm algorithm, struct digest *ret)
{
	auto_hash struct hash *hash = hash_new(algorithm);

	hash_update(hash, data, size);
	hash_finish(hash, ret);
}
