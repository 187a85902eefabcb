/* layer_xattr.c - see layer_xattr.h. */
#include "layer_xattr.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "base/cleanup.h"
#include "base/str.h"

enum { PATH_SIZE = 320, LIST_MAX = 64 * 1024 };

static const char capability[] = "security.capability";

const char *layer_xattr_overlay_prefix(bool user_xattrs)
{
	return user_xattrs ? "user.overlay." : "trusted.overlay.";
}

const char *layer_xattr_opaque(bool user_xattrs)
{
	return user_xattrs ? "user.overlay.opaque" : "trusted.overlay.opaque";
}

bool layer_xattr_is_machines(const char *name)
{
	static const char *const names[] = { "security.selinux", "security.SMACK64", "security.evm", "security.ima",
					     "system.nfs4_acl" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_eq(name, names[i]))
			return true;
	return false;
}

const char *layer_xattr_stored_name(const char *name, const struct layer_xattr_rules *rules, char *buffer)
{
	const char *prefix = layer_xattr_overlay_prefix(rules->user_xattrs);

	if (layer_xattr_is_machines(name))
		return NULL;
	if (!str_starts(name, prefix))
		return name;
	if (!rules->overlay)
		return NULL;
	(void)snprintf(buffer, LAYER_XATTR_NAME_SIZE, "%soverlay.%s", prefix, name + strlen(prefix));
	return buffer;
}

static int set_one(int fd, int parent_fd, const char *name, const char *attribute, const struct tar_xattr *xattr)
{
	char path[PATH_SIZE];

	if (fd >= 0)
		return fsetxattr(fd, attribute, xattr->value, xattr->size, 0) < 0 ? -errno : 0;
	/* The last component is not followed; the one before is our own fd. */
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", parent_fd, name);
	return lsetxattr(path, attribute, xattr->value, xattr->size, 0) < 0 ? -errno : 0;
}

int layer_xattr_set(int fd, int parent_fd, const char *name, const struct tar_entry *entry,
		    const struct layer_xattr_rules *rules, uint64_t *skipped, struct error *err)
{
	for (size_t i = 0; i < entry->n_xattrs; i++) {
		char buffer[LAYER_XATTR_NAME_SIZE], shown[TAR_SHOWN_MAX];
		const struct tar_xattr *xattr = &entry->xattrs[i];
		const char *attribute = layer_xattr_stored_name(xattr->name, rules, buffer);
		int r = attribute ? set_one(fd, parent_fd, name, attribute, xattr) : 0;

		if (r == 0)
			continue;
		if ((r != -EOPNOTSUPP && r != -EPERM) || str_eq(attribute, capability))
			return fail(err, -r, "set the attribute %s", tar_shown(xattr->name, shown));
		++*skipped;
	}
	return 0;
}

static bool entry_has(const struct tar_entry *entry, const char *attribute, const struct layer_xattr_rules *rules)
{
	for (size_t i = 0; i < entry->n_xattrs; i++) {
		char buffer[LAYER_XATTR_NAME_SIZE];
		const char *name = layer_xattr_stored_name(entry->xattrs[i].name, rules, buffer);

		if (str_eq(name, attribute))
			return true;
	}
	return false;
}

int layer_xattr_clear(int fd, const struct tar_entry *entry, const struct layer_xattr_rules *rules, struct error *err)
{
	auto_free char *list = xcalloc(1, LIST_MAX);
	ssize_t size = flistxattr(fd, list, LIST_MAX);

	if (size < 0)
		return errno == EOPNOTSUPP ? 0 : fail(err, errno, "list attributes");
	for (const char *name = list; name < list + size; name += strlen(name) + 1) {
		if (layer_xattr_is_machines(name) || entry_has(entry, name, rules) ||
		    str_eq(name, layer_xattr_opaque(rules->user_xattrs)))
			continue;
		if (fremovexattr(fd, name) < 0 && errno != ENODATA && errno != EPERM && errno != EOPNOTSUPP)
			return fail(err, errno, "remove the attribute %s", name);
	}
	return 0;
}
