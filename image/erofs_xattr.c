/* erofs_xattr.c - extended attributes of a node, inline; see erofs.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "erofs_tree.h"

enum { NAME_MAX_BYTES = 255, ENTRY_HEADER = 4, ALIGNMENT = 4 };

/* EROFS_XATTR_INDEX_*; the two of ACLs are whole names. */
static const struct {
	const char *prefix;
	uint8_t index;
	bool whole;
} prefixes[] = {
	{ "user.", 1, false },
	{ "system.posix_acl_access", 2, true },
	{ "system.posix_acl_default", 3, true },
	{ "trusted.", 4, false },
	{ "security.", 6, false },
};

static int split(const char *name, uint8_t *ret_index, const char **ret_rest)
{
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		if (prefixes[i].whole ? !str_eq(name, prefixes[i].prefix) : !str_starts(name, prefixes[i].prefix))
			continue;
		*ret_index = prefixes[i].index;
		*ret_rest = name + strlen(prefixes[i].prefix);
		return strlen(*ret_rest) <= NAME_MAX_BYTES ? 0 : -ENAMETOOLONG;
	}
	return -EOPNOTSUPP;
}

static size_t entry_size(size_t name_length, size_t size)
{
	return (ENTRY_HEADER + name_length + size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static struct erofs_xattr *find(const struct erofs_node *node, uint8_t index, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < node->n_xattrs; i++) {
		struct erofs_xattr *xattr = &node->xattrs[i];

		if (xattr->index == index && xattr->name_length == length && memcmp(xattr->bytes, name, length) == 0)
			return xattr;
	}
	return NULL;
}

bool erofs_has_xattr(const struct erofs_node *node, const char *name)
{
	const char *rest;
	uint8_t index;

	return split(name, &index, &rest) == 0 && find(node, index, rest);
}

void erofs_clear_xattrs(struct erofs_node *node)
{
	for (size_t i = 0; i < node->n_xattrs; i++)
		free(node->xattrs[i].bytes);
	node->n_xattrs = 0;
	node->xattrs_size = 0;
}

/* The entry of this name, or a new one at the end. */
static struct erofs_xattr *slot_of(struct erofs_node *node, uint8_t index, const char *name)
{
	struct erofs_xattr *found = find(node, index, name);

	if (found)
		return found;
	node->xattrs = xreallocarray(node->xattrs, node->n_xattrs + 1, sizeof(*node->xattrs));
	node->xattrs[node->n_xattrs] = (struct erofs_xattr){ .index = index, .name_length = (uint8_t)strlen(name) };
	return &node->xattrs[node->n_xattrs++];
}

int erofs_set_xattr(struct erofs_node *node, const char *name, const void *value, size_t size, struct error *err)
{
	struct erofs_xattr *xattr;
	const char *rest;
	uint8_t index;
	int r = split(name, &index, &rest);

	if (r < 0)
		return fail(err, -r, "extended attribute %.255s", name);
	if (size > UINT16_MAX ||
	    node->xattrs_size + EROFS_XATTR_HEADER + entry_size(strlen(rest), size) > EROFS_XATTRS_MAX)
		return fail(err, E2BIG, "extended attribute %.255s", name);
	if (!node->xattrs_size)
		node->xattrs_size = EROFS_XATTR_HEADER;
	xattr = slot_of(node, index, rest);
	if (xattr->bytes)
		node->xattrs_size -= entry_size(xattr->name_length, xattr->size);
	free(xattr->bytes);
	xattr->size = (uint16_t)size;
	xattr->bytes = xcalloc(1, xattr->name_length + size + 1);
	memcpy(xattr->bytes, rest, xattr->name_length);
	if (size)
		memcpy(xattr->bytes + xattr->name_length, value, size);
	node->xattrs_size += entry_size(xattr->name_length, size);
	return 0;
}
