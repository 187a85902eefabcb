/*
 * seccomp_cache.c - see seccomp_cache.h. A file is: struct header, the bytes of the key, the BPF instructions. All
 * numbers are in native order and width: the files never travel.
 * Loading is open, fstat, one readv and close; everything that does not fit means "not there".
 */
#include "seccomp_cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/bpf_common.h>
#include <linux/filter.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"

enum {
	FORMAT_VERSION = 1,
	KEY_CAPACITY = 16 * 1024,
	INSTRUCTION = sizeof(struct sock_filter),
	SCAN_MAX = 4096,
};

struct header {
	char magic[8];
	uint32_t version;
	uint32_t key_length;
	uint32_t count;
	uint32_t zero;
	struct hash128 checksum; /* of the instructions, keyed with the key's hash */
};

static const char magic[8] = "cofferSF";

/* Fixed and public: the hash spreads names, what keeps wrong filters out is the comparison. */
static const struct hash128 name_seed = { UINT64_C(0x636f666665722d73), UINT64_C(0x6563636f6d702d31) };

void seccomp_cache_key_put(struct seccomp_cache_key *key, const void *data, size_t size)
{
	while (size > key->capacity - key->length) {
		key->capacity = key->capacity ? 2 * key->capacity : KEY_CAPACITY;
		key->bytes = xreallocarray(key->bytes, key->capacity, 1);
	}
	if (size > 0)
		memcpy(key->bytes + key->length, data, size);
	key->length += size;
}

void seccomp_cache_key_seal(struct seccomp_cache_key *key)
{
	key->hash = siphash128(name_seed, key->bytes, key->length);
	(void)snprintf(key->name, sizeof(key->name), "%016" PRIx64 "%016" PRIx64, key->hash.low, key->hash.high);
}

void seccomp_cache_key_free(struct seccomp_cache_key *key)
{
	free(key->bytes);
	*key = (struct seccomp_cache_key){ 0 };
}

static struct header make_header(const struct seccomp_cache_key *key, const void *code, uint16_t count)
{
	struct header header = {
		.version = FORMAT_VERSION,
		.key_length = (uint32_t)key->length,
		.count = count,
		.checksum = siphash128(key->hash, code, (size_t)count * INSTRUCTION),
	};

	memcpy(header.magic, magic, sizeof(magic));
	return header;
}

static bool is_trusted(const struct stat *st)
{
	return S_ISREG(st->st_mode) && !(st->st_mode & (S_IWGRP | S_IWOTH)) &&
	       (st->st_uid == 0 || st->st_uid == geteuid());
}

/* Number of instructions that a file of this size has room for beside its header and key; 0 if that cannot be. */
static uint16_t count_in(off_t file_size, size_t key_length)
{
	uint64_t other = sizeof(struct header) + key_length;
	uint64_t size = (uint64_t)file_size;

	if (size <= other || (size - other) % INSTRUCTION != 0 || (size - other) / INSTRUCTION > BPF_MAXINSNS)
		return 0;
	return (uint16_t)((size - other) / INSTRUCTION);
}

bool seccomp_cache_load(int dir_fd, const struct seccomp_cache_key *key, void **ret_code, uint16_t *ret_count)
{
	auto_fd int fd = openat(dir_fd, key->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	auto_free unsigned char *bytes = NULL;
	auto_free void *code = NULL;
	struct header header;
	struct header wanted;
	struct stat st;
	uint16_t count;

	if (fd < 0 || fstat(fd, &st) < 0 || !is_trusted(&st))
		return false;
	count = count_in(st.st_size, key->length);
	if (count == 0)
		return false;
	bytes = xcalloc(1, key->length);
	code = xcalloc(count, INSTRUCTION);
	struct iovec parts[] = {
		{ &header, sizeof(header) },
		{ bytes, key->length },
		{ code, (size_t)count * INSTRUCTION },
	};

	if (readv(fd, parts, ARRAY_SIZE(parts)) != st.st_size || memcmp(bytes, key->bytes, key->length) != 0)
		return false;
	wanted = make_header(key, code, count);
	if (memcmp(&header, &wanted, sizeof(header)) != 0)
		return false;
	*ret_code = take_ptr(code);
	*ret_count = count;
	return true;
}

struct entry {
	char name[NAME_MAX + 1];
	struct timespec written;
};

static int by_age(const void *a, const void *b)
{
	const struct timespec *x = &((const struct entry *)a)->written;
	const struct timespec *y = &((const struct entry *)b)->written;

	if (x->tv_sec != y->tv_sec)
		return x->tv_sec < y->tv_sec ? -1 : 1;
	return (x->tv_nsec > y->tv_nsec) - (x->tv_nsec < y->tv_nsec);
}

/* Also true for the temporary file of a writer that died, so that those are counted and go as well. */
static bool is_ours(const char *name)
{
	return strspn(name, "0123456789abcdef") == SECCOMP_CACHE_NAME_LENGTH;
}

static size_t list_entries(DIR *dir, struct entry *entries, size_t max)
{
	const struct dirent *item;
	size_t count = 0;

	while (count < max && (item = readdir(dir)) != NULL) {
		struct stat st;

		if (!is_ours(item->d_name) || fstatat(dirfd(dir), item->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		(void)snprintf(entries[count].name, sizeof(entries[count].name), "%s", item->d_name);
		entries[count++].written = st.st_mtim;
	}
	return count;
}

static void drop_oldest(int dir_fd)
{
	auto_dir DIR *dir = NULL;
	auto_free struct entry *entries = NULL;
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t count;

	if (fd < 0)
		return;
	dir = fdopendir(fd);
	if (!dir) {
		(void)close(fd);
		return;
	}
	entries = xcalloc(SCAN_MAX, sizeof(*entries));
	count = list_entries(dir, entries, SCAN_MAX);
	if (count <= SECCOMP_CACHE_FILES_MAX)
		return;
	qsort(entries, count, sizeof(*entries), by_age);
	for (size_t i = 0; i < count - SECCOMP_CACHE_FILES_MAX; i++)
		(void)unlinkat(dir_fd, entries[i].name, 0);
}

void seccomp_cache_store(int dir_fd, const struct seccomp_cache_key *key, const void *code, uint16_t count)
{
	struct header header = make_header(key, code, count);
	size_t code_size = (size_t)count * INSTRUCTION;
	size_t size = sizeof(header) + key->length + code_size;
	auto_free unsigned char *file = xcalloc(1, size);
	struct error ignored;

	memcpy(file, &header, sizeof(header));
	memcpy(file + sizeof(header), key->bytes, key->length);
	memcpy(file + sizeof(header) + key->length, code, code_size);
	if (fd_write_atomic(dir_fd, key->name, file, size, S_IRUSR | S_IWUSR, &ignored) == 0)
		drop_oldest(dir_fd);
}
