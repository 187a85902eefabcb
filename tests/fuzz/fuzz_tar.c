/*
 * fuzz_tar.c - any bytes as a tar archive, under small limits: what an entry says must be within them, its data within
 * its size, and names must be fit for texts. The first byte is the size of the pieces.
 */
#include <stdlib.h>
#include <string.h>

#include "image/layer_entry.h"
#include "image/tar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PATH = 300, DEPTH = 20 };

static const struct tar_limits limits = {
	.bytes = 1 << 24,
	.entries = 200,
	.path = PATH,
	.header = 1 << 16,
	.xattrs = 1 << 10,
};

struct input {
	const uint8_t *data;
	size_t left, piece;
};

static int next(void *context, const void **ret, size_t *ret_size, struct error *err)
{
	struct input *input = context;

	(void)err;
	*ret = input->data;
	*ret_size = input->left < input->piece ? input->left : input->piece;
	input->data += *ret_size;
	input->left -= *ret_size;
	return *ret_size > 0;
}

static void require(int condition)
{
	if (!condition)
		abort();
}

static void check_error(const struct error *err, int r)
{
	require(r == -err->code && err->code > 0 && memchr(err->text, '\0', sizeof(err->text)));
}

/* A clean path has no way up, no empty component, and no slash at either end. */
static void check_path(const char *path)
{
	require(path[0] != '/' && !strstr(path, "//") && strcmp(path, "..") != 0 && strncmp(path, "../", 3) != 0);
	require(!strstr(path, "/../") && !(*path && path[strlen(path) - 1] == '/'));
}

static void check_entry(const struct tar_entry *entry)
{
	struct layer_paths paths = { 0 };
	struct layer_entry parsed;
	struct error err;
	uint64_t xattrs = 0;
	int r;

	require(*entry->name && strlen(entry->name) <= PATH && strlen(entry->link) <= PATH);
	require(entry->kind < TAR_KIND_MAX && entry->mode <= 07777 && entry->uid != (uid_t)-1 &&
		entry->gid != (gid_t)-1);
	require(entry->mtime.tv_nsec >= 0 && entry->mtime.tv_nsec < 1000000000);
	for (size_t i = 0; i < entry->n_xattrs; i++)
		xattrs += strlen(entry->xattrs[i].name) + entry->xattrs[i].size;
	require(xattrs <= limits.xattrs && entry->size <= limits.bytes);
	r = layer_entry_parse(entry, DEPTH, &paths, &parsed, &err);
	if (r < 0) {
		check_error(&err, r);
	} else {
		check_path(parsed.path);
		check_path(parsed.dir);
		require(!strchr(parsed.name, '/') && strcmp(parsed.name, "..") != 0 && strcmp(parsed.name, ".") != 0);
		if (entry->kind == TAR_HARDLINK && parsed.mark == LAYER_PLAIN)
			check_path(parsed.link_dir);
	}
	layer_paths_free(&paths);
}

static int read_data(struct tar *tar, const struct tar_entry *entry, struct error *err)
{
	const void *piece;
	size_t size;
	uint64_t offset, at = 0;
	volatile uint8_t sum = 0;
	int r;

	while ((r = tar_data(tar, &piece, &size, &offset, err)) > 0) {
		require(size > 0 && offset >= at && offset + size <= entry->size && entry->kind == TAR_FILE);
		at = offset + size;
		for (size_t i = 0; i < size; i++)
			sum = (uint8_t)(sum + ((const uint8_t *)piece)[i]);
	}
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { .data = data + 1, .left = size - 1, .piece = 1 };
	const struct tar_source source = { .next = next, .context = &input };
	struct tar *tar;
	struct tar_entry entry;
	char shown[TAR_SHOWN_MAX];
	struct error err;
	int r;

	if (size == 0)
		return 0;
	input.piece = data[0] ? data[0] * (size_t)7 : size;
	tar = tar_open(&source, &limits);
	while ((r = tar_next(tar, &entry, &err)) > 0) {
		check_entry(&entry);
		r = entry.number % 3 ? read_data(tar, &entry, &err) : 0; /* each third is skipped */
		if (r < 0)
			break;
	}
	if (r < 0)
		check_error(&err, r);
	else
		require(tar_drain(tar, &err) == 0 && input.left == 0);
	require(strlen(tar_shown(tar_name(tar), shown)) < sizeof(shown));
	tar_close(tar);
	return 0;
}
