/* test_hash.c - digests of known bytes: FIPS 180-4 examples, in pieces, from memory and from files. */
#include "image/hash.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "tests/unit/test.h"

#define ABC_256 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define ABC_512                                                                                                        \
	"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"                                             \
	"2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"

static void known_bytes(void)
{
	struct digest digest;

	hash_bytes("abc", 3, DIGEST_SHA256, &digest);
	CHECK_STR(ABC_256, digest.hex);
	hash_bytes("abc", 3, DIGEST_SHA512, &digest);
	CHECK_STR(ABC_512, digest.hex);
	CHECK_INT(DIGEST_SHA512, digest.algorithm);
}

static void pieces(void)
{
	auto_hash struct hash *hash = hash_new(DIGEST_SHA256);
	struct digest digest;

	hash_update(hash, "a", 1);
	hash_update(hash, "", 0);
	hash_update(hash, "bc", 2);
	hash_finish(hash, &digest);
	CHECK_STR(ABC_256, digest.hex);
}

static void files(void)
{
	auto_fd int fd = memfd_create("abc", MFD_CLOEXEC);
	struct digest digest;
	struct error err;

	CHECK_INT(3, write(fd, "abc", 3));
	CHECK_INT(0, hash_file(fd, DIGEST_SHA256, &digest, &err));
	CHECK_STR(ABC_256, digest.hex);
	CHECK_INT(3, lseek(fd, 0, SEEK_CUR));
	CHECK_INT(-EBADF, hash_file(-1, DIGEST_SHA256, &digest, &err));
}

static const struct test tests[] = {
	TEST(known_bytes),
	TEST(pieces),
	TEST(files),
};

TEST_MAIN(tests)
