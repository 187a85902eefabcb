/* layer_pack_xattr.c - see layer_pack.h. */
#include "layer_pack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "layer_xattr.h"

enum { LIST_MAX = 64 * 1024, VALUE_MAX = 64 * 1024 }; /* the kernel's */

static ssize_t list(int fd, const char *path, char *names)
{
	return fd >= 0 ? flistxattr(fd, names, LIST_MAX) : llistxattr(path, names, LIST_MAX);
}

static ssize_t get(int fd, const char *path, const char *name, char *value)
{
	return fd >= 0 ? fgetxattr(fd, name, value, VALUE_MAX) : lgetxattr(path, name, value, VALUE_MAX);
}

/* The name in a layer; NULL: it is none of a layer's. */
static int layer_name(const char *name, bool user_xattrs, const char **ret_prefix, const char **ret, struct error *err)
{
	const char *prefix = layer_xattr_overlay_prefix(user_xattrs);
	const char *rest = name + strlen(prefix);

	*ret_prefix = "";
	*ret = name;
	if (layer_xattr_is_machines(name))
		*ret = NULL;
	if (!str_starts(name, prefix))
		return 0;
	*ret_prefix = prefix;
	*ret = str_starts(rest, "overlay.") ? rest + strlen("overlay.") : NULL;
	if (str_eq(rest, "redirect") || str_eq(rest, "metacopy"))
		return refuse(err, "overlayfs keeps a part of it in a lower layer (%s)", name);
	return 0;
}

static int add(struct layer_attributes *attributes, int fd, const char *path, const char *name, bool user_xattrs,
	       char *value, struct error *err)
{
	const char *prefix, *rest;
	int r = layer_name(name, user_xattrs, &prefix, &rest, err);
	ssize_t size;
	char *copy;

	if (r < 0 || !rest)
		return r;
	size = get(fd, path, name, value);
	if (size < 0)
		return fail(err, errno, "read the attribute %s", name);
	attributes->xattrs = xreallocarray(attributes->xattrs, attributes->count + 1, sizeof(*attributes->xattrs));
	copy = xcalloc(1, (size_t)size + 1);
	memcpy(copy, value, (size_t)size);
	attributes->xattrs[attributes->count++] =
		(struct tar_xattr){ xasprintf("%s%s", prefix, rest), copy, (size_t)size };
	return 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct tar_xattr *)a)->name, ((const struct tar_xattr *)b)->name);
}

int layer_attributes_read(int fd, const char *path, bool user_xattrs, struct layer_attributes *ret, struct error *err)
{
	auto_free char *names = xcalloc(1, LIST_MAX);
	auto_free char *value = NULL;
	ssize_t size = list(fd, path, names);
	int r = 0;

	if (size < 0)
		return errno == EOPNOTSUPP ? 0 : fail(err, errno, "list attributes");
	if (size > 0)
		value = xcalloc(1, VALUE_MAX);
	for (const char *name = names; r == 0 && name < names + size; name += strlen(name) + 1)
		r = add(ret, fd, path, name, user_xattrs, value, err);
	if (ret->count)
		qsort(ret->xattrs, ret->count, sizeof(*ret->xattrs), compare);
	return r;
}

void layer_attributes_free(struct layer_attributes *attributes)
{
	for (size_t i = 0; i < attributes->count; i++) {
		free((char *)attributes->xattrs[i].name);
		free((char *)attributes->xattrs[i].value);
	}
	free(attributes->xattrs);
	*attributes = (struct layer_attributes){ 0 };
}
