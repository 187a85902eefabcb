/*
 * fuzz_erofs.c - any entries as a layer in one EROFS image (layer_erofs.c), under small limits; what was written is
 * read as the kernel would, every number checked. The entries are made of the input here, not read from a tar
 * (fuzz_tar.c does that): of few words, so that names meet, and without a checksum that most inputs would fail at.
 */
#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "image/layer_sink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ENTRIES = 200, DEPTH = 20, TREE = 1 << 17, TEXT_SIZE = 128, WORDS_MAX = 8, PIECE = 3000 };
enum {
	BLOCK = 4096,
	SLOT = 32,
	SUPER = 1024,
	SUPER_SIZE = 128,
	INODE = 64,
	DIRENT = 12,
	XATTR_HEADER = 12,
	NEST = 600
};

struct input {
	const uint8_t *data;
	size_t left;
};

static void require(int condition)
{
	if (!condition)
		abort();
}

static uint8_t next_byte(struct input *input)
{
	if (input->left == 0)
		return 0;
	input->left--;
	return *input->data++;
}

static const char *next_text(struct input *input, char *buffer)
{
	static const char *const words[] = { "a", "b", "c", "/", "/", ".", "..", ".wh.", ".wh..wh..opq", "/a/b", "a/" };
	size_t used = 0;

	for (size_t left = next_byte(input) % (WORDS_MAX + 1); left > 0; left--) {
		const char *word = words[next_byte(input) % ARRAY_SIZE(words)];

		memcpy(buffer + used, word, strlen(word));
		used += strlen(word);
	}
	buffer[used] = '\0';
	return buffer;
}

/* ---- what is written ---- */

static int put_data(struct layer_sink *sink, const struct tar_entry *entry, uint8_t bits, struct error *err)
{
	static const char bytes[PIECE];
	int r = 0;

	for (uint64_t at = bits; r == 0 && at < entry->size; at += PIECE + bits * (uint64_t)BLOCK / 2)
		r = sink->ops->data(sink, at, bytes, entry->size - at < PIECE ? entry->size - at : PIECE, err);
	return r < 0 ? r : sink->ops->end(sink, err);
}

static int put_entry(struct layer_sink *sink, struct input *input, uint64_t number, struct error *err)
{
	static const char *const names[] = {
		"user.a", "trusted.overlay.opaque", "trusted.b", "security.capability", "system.posix_acl_access", "c"
	};
	static const char value[UINT8_MAX * 16];
	const uint8_t kind = next_byte(input), bits = next_byte(input), count = next_byte(input);
	char name[TEXT_SIZE], link[TEXT_SIZE];
	const struct tar_xattr xattrs[] = { { names[bits % ARRAY_SIZE(names)], value, count * 16U },
					    { names[kind % ARRAY_SIZE(names)], value, bits } };
	struct tar_entry entry = {
		.number = number,
		.kind = kind % TAR_KIND_MAX,
		.mode = bits * 16,
		.major = bits / 2,
		.minor = bits % 2,
		.xattrs = xattrs,
		.n_xattrs = bits % 3,
	};
	struct layer_paths paths = { 0 };
	struct layer_entry parsed;
	int r;

	entry.name = next_text(input, name);
	entry.link = entry.kind == TAR_HARDLINK || entry.kind == TAR_SYMLINK ? next_text(input, link) : "";
	entry.size = entry.kind == TAR_FILE ? count * (uint64_t)count : 0;
	if (layer_entry_parse(&entry, DEPTH, &paths, &parsed, err) < 0) {
		layer_paths_free(&paths);
		return 0;
	}
	r = sink->ops->entry(sink, &parsed, err);
	if (r == 0 && parsed.mark == LAYER_PLAIN && entry.kind == TAR_FILE)
		r = put_data(sink, &entry, bits, err);
	layer_paths_free(&paths);
	return r;
}

/* ---- what is read ---- */

struct image {
	int fd;
	uint64_t size, inodes_at, inodes, names; /* names: how many there are at most */
};

static void read_at(const struct image *image, void *buffer, size_t size, uint64_t offset)
{
	require(offset <= image->size && size <= image->size - offset);
	require(pread(image->fd, buffer, size, (off_t)offset) == (ssize_t)size);
}

static uint64_t number_at(const unsigned char *bytes, size_t size)
{
	uint64_t number = 0;

	memcpy(&number, bytes, size);
	return le64toh(number);
}

/* Entries up to the very end of their area. */
static void check_xattrs(const struct image *image, uint64_t offset, uint64_t size)
{
	unsigned char head[4];
	uint64_t at = XATTR_HEADER;

	while (at < size) {
		read_at(image, head, sizeof(head), offset + at);
		at += (sizeof(head) + head[0] + number_at(head + 2, 2) + 3) / 4 * 4;
	}
	require(at == size || size == 0);
}

static void check_inode(struct image *image, uint64_t nid, uint64_t parent, unsigned type, unsigned nest);

static void check_name(struct image *image, const char *name, const unsigned char *dirent, const uint64_t above[2],
		       unsigned nest)
{
	const uint64_t nid = number_at(dirent, sizeof(nid));

	require(*name && !strchr(name, '/') && image->names-- > 0);
	if (strcmp(name, ".") == 0)
		require(nid == above[0]);
	else if (strcmp(name, "..") == 0)
		require(nid == above[1]);
	else
		check_inode(image, nid, above[0], dirent[10], nest + 1);
}

/* above: the directory and its parent. Names ascend over all blocks: the kernel searches by halves. */
static void check_listing(struct image *image, uint64_t offset, uint64_t size, const uint64_t above[2], unsigned nest)
{
	char last[NAME_MAX + 1] = "";

	require(size > 0 && nest < NEST);
	for (uint64_t at = 0; at < size; at += BLOCK) {
		unsigned char block[BLOCK + 1] = { 0 };
		size_t used = size - at < BLOCK ? size - at : BLOCK, count;

		read_at(image, block, used, offset + at);
		count = number_at(block + 8, 2) / DIRENT;
		require(count > 0 && count * DIRENT == number_at(block + 8, 2) && count * DIRENT < used);
		for (size_t i = 0; i < count; i++) {
			size_t begin = number_at(block + i * DIRENT + 8, 2);
			size_t end = i + 1 < count ? number_at(block + (i + 1) * DIRENT + 8, 2) : used;
			char name[NAME_MAX + 1] = "";

			require(begin < end && end <= used && end - begin <= NAME_MAX);
			memcpy(name, block + begin, end - begin);
			require(i + 1 == count || strlen(name) == end - begin);
			require(strcmp(last, name) < 0);
			memcpy(last, name, sizeof(last));
			check_name(image, name, block + i * DIRENT, above, nest);
		}
	}
}

/* type: as its directory says, 0 for the top. */
static void check_inode(struct image *image, uint64_t nid, uint64_t parent, unsigned type, unsigned nest)
{
	static const mode_t types[] = { 0, S_IFREG, S_IFDIR, S_IFCHR, S_IFBLK, S_IFIFO, S_IFSOCK, S_IFLNK };
	const uint64_t offset = image->inodes_at + nid * SLOT;
	unsigned char inode[INODE];
	uint64_t xattrs, size, data;
	mode_t mode;

	read_at(image, inode, sizeof(inode), offset);
	mode = (mode_t)number_at(inode + 4, 2);
	size = number_at(inode + 8, 8);
	xattrs = number_at(inode + 2, 2);
	xattrs = xattrs ? XATTR_HEADER + 4 * (xattrs - 1) : 0;
	require(inode[0] % 2 == 1 && type < ARRAY_SIZE(types) && (type == 0 || types[type] == (mode & S_IFMT)));
	require(number_at(inode + 44, 4) > 0 && number_at(inode + 20, 4) > 0);
	check_xattrs(image, offset + INODE, xattrs);
	data = inode[0] / 2 ? offset + INODE + xattrs : number_at(inode + 16, 4) * BLOCK;
	if (S_ISDIR(mode))
		check_listing(image, data, size, (const uint64_t[]){ nid, parent }, nest);
	else if (size > 0)
		require((S_ISREG(mode) || S_ISLNK(mode)) && data < image->size && size <= image->size - data);
	require(inode[0] / 2 == 0 || data / BLOCK == (data + size - 1) / BLOCK);
}

static void check_image(int fd)
{
	struct image image = { .fd = fd };
	unsigned char super[SUPER_SIZE];
	struct stat st;

	require(fstat(fd, &st) == 0);
	image.size = (uint64_t)st.st_size;
	read_at(&image, super, sizeof(super), SUPER);
	require(number_at(super, 4) == 0xe0f5e1e2 && super[12] == 12 && number_at(super + 36, 4) * BLOCK == image.size);
	image.inodes = number_at(super + 16, 8);
	image.inodes_at = number_at(super + 40, 4) * BLOCK;
	image.names = 3 * image.inodes + ENTRIES; /* each directory is named thrice; each hard link has an entry */
	check_inode(&image, number_at(super + 14, 2), number_at(super + 14, 2), 0, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct layer_limits limits = { .tree = TREE };
	struct layer_options options = { .form = LAYER_IMAGE, .limits = &limits };
	struct input input = { data, size };
	struct layer_result result = { 0 };
	struct layer_sink *sink;
	struct error err;
	int fd = memfd_create("image", MFD_CLOEXEC);
	int r = 0;

	require(fd >= 0);
	options.user_xattrs = next_byte(&input) % 2;
	sink = layer_erofs_open(fd, &options);
	for (uint64_t number = 1; r == 0 && input.left > 0 && number <= ENTRIES; number++)
		r = put_entry(sink, &input, number, &err);
	if (r == 0)
		r = sink->ops->finish(sink, &result, &err);
	if (r == 0)
		check_image(fd);
	else
		require(r == -err.code && err.code > 0 && memchr(err.text, '\0', sizeof(err.text)));
	layer_sink_close(sink);
	(void)close(fd);
	return 0;
}
