/* erofs_tree.h - private to erofs*.c: the nodes in memory. */
#pragma once

#include "erofs.h"

enum {
	EROFS_BLOCK_BITS = 12,
	EROFS_BLOCK = 1 << EROFS_BLOCK_BITS,
	EROFS_SLOT_BITS = 5, /* inodes begin at multiples of 32 bytes: their number is their place */
	EROFS_SLOT = 1 << EROFS_SLOT_BITS,
	EROFS_INODE_SIZE = 64,
	EROFS_XATTR_HEADER = 12,
	EROFS_XATTRS_MAX = EROFS_XATTR_HEADER + 4 * (UINT16_MAX - 1),
};

struct erofs_xattr {
	uint8_t index, name_length; /* index: the prefix, which is not in `name` */
	uint16_t size;
	unsigned char *bytes; /* name, then value */
};

struct erofs_node {
	struct erofs_attributes attributes;
	struct erofs_node *parent; /* directories */
	unsigned depth;            /* of directories */
	struct erofs_node *next;   /* all nodes of the image, in the order in which they are written */
	void *children;            /* directories: tsearch(3) of struct erofs_name */
	uint32_t links;
	uint32_t number; /* inode number as stat shows it, from 1 */
	uint64_t size;
	uint32_t block; /* first block of the data */
	uint64_t nid;   /* slot, once placed */
	bool inline_target;
	char *target; /* symbolic links */
	struct erofs_xattr *xattrs;
	size_t n_xattrs;
	size_t xattrs_size; /* as written: header included; 0: none */
};

struct erofs_name {
	struct erofs_node *node;
	char name[];
};

struct erofs {
	int fd;
	uint32_t blocks; /* blocks in use so far, the superblock's included */
	struct erofs_node *root;
	struct erofs_node *writing; /* the file whose data is being written */
	struct erofs_node *first, *last;
	uint32_t nodes;
};
