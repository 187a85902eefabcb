/*
 * erofs.c - the bytes of an EROFS image: data, then directories, then inodes, then the superblock; see erofs.h.
 */
#include <endian.h>
#include <errno.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "erofs_tree.h"

enum { SUPER_OFFSET = 1024, BUFFER_SIZE = 1 << 20, COMPAT_MTIME = 1 << 1 };
enum { EXTENDED = 1, FLAT_PLAIN = 0 << 1, FLAT_INLINE = 2 << 1 }; /* i_format */

struct disk_super {
	uint32_t magic, checksum, compat;
	uint8_t block_bits, extension_slots;
	uint16_t root_nid;
	uint64_t inodes, build_time;
	uint32_t build_time_ns, blocks, meta_block, xattr_block;
	uint8_t uuid[16], volume_name[16]; /* NOLINT(readability-magic-numbers): the format */
	uint32_t incompat;
	uint8_t rest[44]; /* NOLINT(readability-magic-numbers): what other features use */
};

struct disk_inode {
	uint16_t format, xattr_count, mode, reserved;
	uint64_t size;
	uint32_t place; /* first block, or device number */
	uint32_t number, uid, gid;
	uint64_t mtime;
	uint32_t mtime_ns, links;
	uint8_t reserved2[16]; /* NOLINT(readability-magic-numbers): the format */
};

struct disk_entry {
	uint64_t nid;
	uint16_t name_offset;
	uint8_t type, reserved;
} __attribute__((packed));

_Static_assert(sizeof(struct disk_super) == 128, "erofs_super_block");
_Static_assert(sizeof(struct disk_inode) == EROFS_INODE_SIZE, "erofs_inode_extended");
_Static_assert(sizeof(struct disk_entry) == sizeof(uint64_t) + sizeof(uint32_t), "erofs_dirent");

static int write_at(const struct erofs *erofs, const void *data, size_t size, uint64_t offset, struct error *err)
{
	const char *from = data;

	while (size) {
		ssize_t put = pwrite(erofs->fd, from, size, (off_t)offset);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return fail(err, errno, "write the image of a layer");
		from += put;
		size -= (size_t)put;
		offset += (uint64_t)put;
	}
	return 0;
}

static uint64_t blocks_of(uint64_t size)
{
	return (size + EROFS_BLOCK - 1) / EROFS_BLOCK;
}

static int grow(struct erofs *erofs, struct erofs_node *node, uint64_t size, struct error *err)
{
	if (erofs->writing != node && node->size)
		return fail(err, EBUSY, "data of a file that was ended");
	if (erofs->writing != node)
		node->block = erofs->blocks;
	erofs->writing = node;
	if (size > UINT64_MAX / 2 - node->size || node->block + blocks_of(node->size + size) > UINT32_MAX)
		return fail(err, EFBIG, "the image of a layer");
	return 0;
}

static uint64_t end_of(const struct erofs_node *node)
{
	return (uint64_t)node->block * EROFS_BLOCK + node->size;
}

static void grown(struct erofs *erofs, struct erofs_node *node, uint64_t size)
{
	node->size += size;
	erofs->blocks = (uint32_t)(node->block + blocks_of(node->size));
}

int erofs_write(struct erofs *erofs, struct erofs_node *node, const void *data, size_t size, struct error *err)
{
	int r = size ? grow(erofs, node, size, err) : 0;

	if (r == 0)
		r = write_at(erofs, data, size, end_of(node), err);
	if (r == 0 && size)
		grown(erofs, node, size);
	return r;
}

int erofs_write_hole(struct erofs *erofs, struct erofs_node *node, uint64_t size, struct error *err)
{
	int r = size ? grow(erofs, node, size, err) : 0;

	if (r == 0 && size)
		grown(erofs, node, size);
	return r;
}

/* Where inodes will be: each in the next slot, but an inline target never over the end of a block. */
static void place(struct erofs_node *node, uint64_t *next)
{
	size_t head = EROFS_INODE_SIZE + node->xattrs_size;
	size_t tail = node->target ? (size_t)node->size : 0;

	if (tail && *next % EROFS_BLOCK + head + tail > EROFS_BLOCK && head + tail <= EROFS_BLOCK)
		*next = blocks_of(*next) * EROFS_BLOCK;
	node->inline_target = tail && (*next + head) % EROFS_BLOCK + tail <= EROFS_BLOCK;
	node->nid = *next / EROFS_SLOT;
	*next += head + (node->inline_target ? tail : 0);
	*next = (*next + EROFS_SLOT - 1) / EROFS_SLOT * EROFS_SLOT;
}

static uint64_t place_all(struct erofs *erofs)
{
	uint64_t next = EROFS_SLOT; /* not 0: readdir(3) takes an entry of that number for none */

	for (struct erofs_node *node = erofs->first; node; node = node->next)
		if (node->links)
			place(node, &next);
	return next;
}

struct listing {
	const char *name;
	const struct erofs_node *node;
};

struct list {
	struct listing *items;
	size_t count, capacity;
};

static void list_name(struct list *list, const char *name, const struct erofs_node *node)
{
	if (list->count == list->capacity) {
		list->capacity = list->capacity ? 2 * list->capacity : 64; /* NOLINT(readability-magic-numbers) */
		list->items = xreallocarray(list->items, list->capacity, sizeof(*list->items));
	}
	list->items[list->count++] = (struct listing){ .name = name, .node = node };
}

static void list_entry(const char *name, struct erofs_node *node, void *context)
{
	list_name(context, name, node);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct listing *)a)->name, ((const struct listing *)b)->name);
}

/* The file types of directory entries are those of readdir(3) in another order. */
static uint8_t type_of(mode_t mode)
{
	static const mode_t types[] = { 0, S_IFREG, S_IFDIR, S_IFCHR, S_IFBLK, S_IFIFO, S_IFSOCK, S_IFLNK };
	uint8_t type = ARRAY_SIZE(types) - 1;

	while (type > 0 && types[type] != (mode & S_IFMT))
		type--;
	return type;
}

/* How many of the names from `first` on fit in one block. */
static size_t fitting(const struct list *list, size_t first)
{
	size_t used = 0;
	size_t count = 0;

	for (; first + count < list->count; count++) {
		used += sizeof(struct disk_entry) + strlen(list->items[first + count].name);
		if (used > EROFS_BLOCK)
			break;
	}
	return count;
}

/* Fills a zeroed block; returns how much of it is used. */
static size_t fill_block(const struct listing *items, size_t count, unsigned char *block)
{
	size_t name_at = count * sizeof(struct disk_entry);

	for (size_t i = 0; i < count; i++) {
		size_t length = strlen(items[i].name);
		struct disk_entry entry = {
			.nid = htole64(items[i].node->nid),
			.name_offset = htole16((uint16_t)name_at),
			.type = type_of(items[i].node->attributes.mode),
		};

		memcpy(block + i * sizeof(entry), &entry, sizeof(entry));
		memcpy(block + name_at, items[i].name, length);
		name_at += length;
	}
	return name_at;
}

static int write_listing(struct erofs *erofs, struct erofs_node *directory, const struct list *list, struct error *err)
{
	directory->block = erofs->blocks;
	directory->size = 0;
	for (size_t first = 0; first < list->count;) {
		unsigned char block[EROFS_BLOCK] = { 0 };
		size_t count = fitting(list, first);
		size_t used = fill_block(list->items + first, count, block);
		int r;

		first += count;
		if (erofs->blocks == UINT32_MAX)
			return fail(err, EFBIG, "the image of a layer");
		r = write_at(erofs, block, sizeof(block), (uint64_t)erofs->blocks * EROFS_BLOCK, err);
		if (r < 0)
			return r;
		directory->size += first < list->count ? EROFS_BLOCK : used;
		erofs->blocks++;
	}
	return 0;
}

/* "." and ".." stand where strcmp(3) puts them: the kernel searches by halves. */
static int write_directory(struct erofs *erofs, struct erofs_node *directory, struct error *err)
{
	struct list list = { 0 };
	int r;

	erofs_each(directory, list_entry, &list);
	list_name(&list, ".", directory);
	list_name(&list, "..", directory->parent);
	qsort(list.items, list.count, sizeof(*list.items), by_name);
	r = write_listing(erofs, directory, &list, err);
	free(list.items);
	return r;
}

/* Linux' new_encode_dev(). */
static uint32_t device_number(unsigned major, unsigned minor)
{
	return (minor & 0xffU) | (major << 8) | ((minor & ~0xffU) << 12); /* NOLINT(readability-magic-numbers) */
}

static struct disk_inode inode_of(const struct erofs_node *node)
{
	const struct erofs_attributes *attributes = &node->attributes;
	bool device = S_ISCHR(attributes->mode) || S_ISBLK(attributes->mode);
	size_t xattrs = node->xattrs_size;

	return (struct disk_inode){
		.format = htole16(EXTENDED | (node->inline_target ? FLAT_INLINE : FLAT_PLAIN)),
		.xattr_count = htole16((uint16_t)(xattrs ? 1 + (xattrs - EROFS_XATTR_HEADER) / 4 : 0)),
		.mode = htole16((uint16_t)attributes->mode),
		.size = htole64(node->size),
		.place = htole32(device ? device_number(attributes->major, attributes->minor) : node->block),
		.number = htole32(node->number),
		.uid = htole32(attributes->uid),
		.gid = htole32(attributes->gid),
		.mtime = htole64((uint64_t)attributes->mtime),
		.mtime_ns = htole32(attributes->mtime_ns),
		.links = htole32(node->links),
	};
}

/* The inodes on their way to the file. */
struct inodes {
	struct erofs *erofs;
	uint64_t offset; /* of the buffer's start in the image */
	size_t used;
	unsigned char *buffer;
};

static int put(struct inodes *inodes, const void *data, size_t size, struct error *err)
{
	const unsigned char *from = data;

	while (size) {
		size_t part = BUFFER_SIZE - inodes->used < size ? BUFFER_SIZE - inodes->used : size;
		int r = 0;

		memcpy(inodes->buffer + inodes->used, from, part);
		inodes->used += part;
		from += part;
		size -= part;
		if (inodes->used < BUFFER_SIZE)
			continue;
		r = write_at(inodes->erofs, inodes->buffer, inodes->used, inodes->offset, err);
		if (r < 0)
			return r;
		inodes->offset += inodes->used;
		inodes->used = 0;
	}
	return 0;
}

/* Zeros up to a place in the inode area. */
static int put_gap(struct inodes *inodes, uint64_t start, uint64_t wanted, struct error *err)
{
	static const unsigned char zeros[EROFS_BLOCK];
	uint64_t now = inodes->offset + inodes->used - start;

	while (now < wanted) {
		size_t part = wanted - now < sizeof(zeros) ? (size_t)(wanted - now) : sizeof(zeros);
		int r = put(inodes, zeros, part, err);

		if (r < 0)
			return r;
		now += part;
	}
	return 0;
}

static int put_xattrs(struct inodes *inodes, const struct erofs_node *node, struct error *err)
{
	static const unsigned char zeros[EROFS_XATTR_HEADER];
	int r = node->xattrs_size ? put(inodes, zeros, EROFS_XATTR_HEADER, err) : 0;

	for (size_t i = 0; i < node->n_xattrs && r == 0; i++) {
		const struct erofs_xattr *xattr = &node->xattrs[i];
		const uint16_t size = htole16(xattr->size);
		size_t length = xattr->name_length + (size_t)xattr->size;
		unsigned char head[4] = { xattr->name_length, xattr->index };

		memcpy(head + 2, &size, sizeof(size));
		r = put(inodes, head, sizeof(head), err);
		if (r == 0)
			r = put(inodes, xattr->bytes, length, err);
		if (r == 0)
			r = put(inodes, zeros, (4 - length % 4) % 4, err);
	}
	return r;
}

static int write_inodes(struct erofs *erofs, uint64_t start, struct error *err)
{
	auto_free unsigned char *buffer = xcalloc(1, BUFFER_SIZE);
	struct inodes inodes = { .erofs = erofs, .offset = start, .buffer = buffer };
	int r = 0;

	for (const struct erofs_node *node = erofs->first; node && r == 0; node = node->next) {
		struct disk_inode inode = inode_of(node);

		if (!node->links)
			continue;
		r = put_gap(&inodes, start, node->nid * EROFS_SLOT, err);
		if (r == 0)
			r = put(&inodes, &inode, sizeof(inode), err);
		if (r == 0)
			r = put_xattrs(&inodes, node, err);
		if (r == 0 && node->inline_target)
			r = put(&inodes, node->target, node->size, err);
	}
	if (r == 0)
		r = put_gap(&inodes, start, blocks_of(inodes.offset + inodes.used - start) * EROFS_BLOCK, err);
	return r < 0 ? r : write_at(erofs, buffer, inodes.used, inodes.offset, err);
}

static int write_super(const struct erofs *erofs, uint32_t meta_block, uint64_t inodes, struct error *err)
{
	struct disk_super super = {
		.magic = htole32(EROFS_SUPER_MAGIC_V1),
		.compat = htole32(COMPAT_MTIME),
		.block_bits = EROFS_BLOCK_BITS,
		.root_nid = htole16((uint16_t)erofs->root->nid),
		.inodes = htole64(inodes),
		.blocks = htole32(erofs->blocks),
		.meta_block = htole32(meta_block),
	};

	return write_at(erofs, &super, sizeof(super), SUPER_OFFSET, err);
}

/* Targets that did not fit beside their inode, and directories. */
static int write_listings(struct erofs *erofs, struct error *err)
{
	int r = 0;

	for (struct erofs_node *node = erofs->first; node && r == 0; node = node->next) {
		if (!node->links)
			continue;
		if (S_ISDIR(node->attributes.mode)) {
			r = write_directory(erofs, node, err);
		} else if (node->target && node->size && !node->inline_target) {
			node->block = erofs->blocks++;
			r = write_at(erofs, node->target, node->size, (uint64_t)node->block * EROFS_BLOCK, err);
		}
	}
	return r;
}

int erofs_finish(struct erofs *erofs, struct error *err)
{
	uint64_t size = place_all(erofs);
	uint64_t inodes = 0;
	uint32_t meta_block;
	int r = write_listings(erofs, err);

	if (r < 0)
		return r;
	meta_block = erofs->blocks;
	if (erofs->blocks + blocks_of(size) > UINT32_MAX)
		return fail(err, EFBIG, "the image of a layer");
	r = write_inodes(erofs, (uint64_t)meta_block * EROFS_BLOCK, err);
	erofs->blocks += (uint32_t)blocks_of(size);
	for (const struct erofs_node *node = erofs->first; node; node = node->next)
		inodes += node->links != 0;
	if (r == 0 && ftruncate(erofs->fd, (off_t)erofs->blocks * EROFS_BLOCK) < 0)
		r = fail(err, errno, "size of the image of a layer");
	return r < 0 ? r : write_super(erofs, meta_block, inodes, err);
}
