/*
 * erofs.h - an EROFS image of a tree, written in one pass: the data of files as it comes, each file from a block of its
 * own, then directories, then inodes; the superblock last, so that a half-written image is none. Uncompressed, extended
 * inodes, xattrs inline (linux/Documentation/filesystems/erofs.rst and the kernel's fs/erofs/erofs_fs.h).
 *
 * A tree of nodes is kept in memory, some 150 bytes and the name of each; no data.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/error.h"

struct erofs;
struct erofs_node;

struct erofs_attributes {
	mode_t mode; /* type and permissions */
	uint32_t uid, gid;
	int64_t mtime; /* seconds */
	uint32_t mtime_ns;
	unsigned major, minor; /* devices */
};

/* fd: writable, empty, seekable; stays the caller's. The root is a directory of mode 0755 owned by 0:0. */
struct erofs *erofs_new(int fd);
void erofs_free(struct erofs *erofs); /* NULL-safe */

struct erofs_node *erofs_root(struct erofs *erofs);

/* The child of a directory by this name, or NULL. */
struct erofs_node *erofs_find(const struct erofs_node *directory, const char *name);

/* A new child; there must be none of this name. Memory that is out aborts. */
struct erofs_node *erofs_add(struct erofs *erofs, struct erofs_node *directory, const char *name,
			     const struct erofs_attributes *attributes);

/* Another name of `target`, which is no directory. -EMLINK at 2^32 names. */
int erofs_link(struct erofs *erofs, struct erofs_node *directory, const char *name, struct erofs_node *target,
	       struct error *err);

/* Takes the name away; with a directory all below it. Data that was written for it stays in the file, unused. */
void erofs_remove(struct erofs *erofs, struct erofs_node *directory, const char *name);

const struct erofs_attributes *erofs_attributes(const struct erofs_node *node);
void erofs_set_attributes(struct erofs_node *node, const struct erofs_attributes *attributes); /* same file type */

/* NULL for what is no symbolic link. */
const char *erofs_target(const struct erofs_node *node);

/* The directory that a directory is in; the root is in itself. */
struct erofs_node *erofs_parent(const struct erofs_node *directory);

/* How many directories lead to it; the root: 0. */
unsigned erofs_depth(const struct erofs_node *directory);

/* False once its last name was removed. */
bool erofs_is_named(const struct erofs_node *node);

/* Calls back for each name of a directory in the order of strcmp(3); the directory must not change meanwhile. */
typedef void erofs_visit(const char *name, struct erofs_node *node, void *context);
void erofs_each(const struct erofs_node *directory, erofs_visit *visit, void *context);

bool erofs_has_xattr(const struct erofs_node *node, const char *name);
void erofs_clear_xattrs(struct erofs_node *node);

/* Adds or replaces "user.x", "trusted.x", "security.x" or a POSIX ACL; -EOPNOTSUPP for other names, -E2BIG when all
   of a node's do not fit (256 KiB). */
int erofs_set_xattr(struct erofs_node *node, const char *name, const void *value, size_t size, struct error *err);

/* The target of a symbolic link; at most 4095 bytes: -ENAMETOOLONG. */
int erofs_set_target(struct erofs_node *node, const char *target, struct error *err);

/* Appends to a regular file. One file at a time: writing to another ends the one before for good (-EBUSY after). */
int erofs_write(struct erofs *erofs, struct erofs_node *node, const void *data, size_t size, struct error *err);

/* Appends zeros without writing them: the image file is sparse there. */
int erofs_write_hole(struct erofs *erofs, struct erofs_node *node, uint64_t size, struct error *err);

/* Writes directories, inodes and the superblock; then only erofs_free(). The caller makes it durable. */
int erofs_finish(struct erofs *erofs, struct error *err);

DEFINE_AUTO(erofs, struct erofs, erofs_free)
#define auto_erofs auto_cleanup(cleanup_erofs)
