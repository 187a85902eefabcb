/*
 * mount.c - the life of one mount: source tree or new file system, detached; attributes; attached by fd. See mount.h.
 */
#include "mount.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/syscalls.h"

/* The kernel gives the reason of a refused option as lines in the fs context: "e tmpfs: Bad value for 'size'". */
static void append_fs_log(int context_fd, struct error *err)
{
	char line[256];
	ssize_t got = read(context_fd, line, sizeof(line) - 1);
	size_t used = strlen(err->text);

	if (got <= 2)
		return;
	while (got > 0 && line[got - 1] == '\n')
		got--;
	line[got] = '\0';
	(void)snprintf(err->text + used, sizeof(err->text) - used, " (%s)", line + 2);
}

static int set_string(int context_fd, const char *key, const char *value)
{
	return sys_fsconfig(context_fd, FSCONFIG_SET_STRING, key, value, 0) < 0 ? -errno : 0;
}

static int set_flag(int context_fd, const char *key)
{
	return sys_fsconfig(context_fd, FSCONFIG_SET_FLAG, key, NULL, 0) < 0 ? -errno : 0;
}

/* "key=value" or "key". */
static int set_data(int context_fd, const char *word)
{
	const char *equals = strchr(word, '=');
	char key[64];
	size_t length;

	if (!equals)
		return set_flag(context_fd, word);
	length = (size_t)(equals - word);
	if (length >= sizeof(key))
		return -EINVAL;
	memcpy(key, word, length);
	key[length] = '\0';
	return set_string(context_fd, key, equals + 1);
}

static int set_super_flags(int context_fd, const struct mount *mount)
{
	const struct {
		bool on;
		const char *name;
	} flags[] = {
		{ mount->super_read_only, "ro" },
		{ mount->sync, "sync" },
		{ mount->dirsync, "dirsync" },
		{ mount->lazytime, "lazytime" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		int r = flags[i].on ? set_flag(context_fd, flags[i].name) : 0;

		if (r < 0)
			return r;
	}
	return 0;
}

/* The others are labelled by policy, file by file, as with peers. */
static bool takes_context(const char *type)
{
	static const char *const by_policy[] = { "proc", "sysfs", "cgroup2", "mqueue" };

	for (size_t i = 0; i < ARRAY_SIZE(by_policy); i++)
		if (str_eq(type, by_policy[i]))
			return false;
	return true;
}

static int configure(int context_fd, const struct mount *mount, const char *type, const char *label, struct error *err)
{
	int r = set_string(context_fd, "source", mount->source ? mount->source : type);

	if (r == 0)
		r = set_super_flags(context_fd, mount);
	if (r < 0)
		return fail(err, -r, "mount %s: source or flags of file system %s", mount->destination, type);
	for (size_t i = 0; i < mount->n_data; i++) {
		r = set_data(context_fd, mount->data[i]);
		if (r < 0)
			return fail(err, -r, "mount %s: option \"%s\" of file system %s", mount->destination,
				    mount->data[i], type);
	}
	if (label && takes_context(type)) {
		r = set_string(context_fd, "context", label);
		if (r < 0)
			return fail(err, -r, "mount %s: linux.mountLabel: SELinux context \"%s\"", mount->destination,
				    label);
	}
	if (sys_fsconfig(context_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return fail(err, errno, "mount %s: create file system %s", mount->destination, type);
	return 0;
}

int mount_make_fs(const struct mount *mount, const char *label, struct error *err)
{
	const char *type = str_eq(mount->type, "cgroup") ? "cgroup2" : mount->type;
	auto_fd int context_fd = sys_fsopen(type, FSOPEN_CLOEXEC);
	int fd;
	int r;

	if (context_fd < 0)
		return fail(err, errno, "mount %s: file system %s", mount->destination, type);
	r = configure(context_fd, mount, type, label, err);
	if (r < 0) {
		append_fs_log(context_fd, err);
		return r;
	}
	/* Nothing to clear in a new mount; of the access-time field attr_clear has all bits, whatever attr_set has. */
	fd = sys_fsmount(context_fd, FSMOUNT_CLOEXEC, (unsigned)mount->attr_set);
	if (fd < 0)
		return fail(err, errno, "mount %s: fsmount %s", mount->destination, type);
	return fd;
}

int mount_open_source(const struct mount *mount, const char *base_dir, struct error *err)
{
	unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;
	auto_fd int base = -1;
	int fd;

	if (mount->recursive_bind)
		flags |= AT_RECURSIVE;
	if (mount->source_nofollow || mount->copy_symlink)
		flags |= AT_SYMLINK_NOFOLLOW;
	if (mount->source[0] != '/') {
		base = open(base_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (base < 0)
			return fail(err, errno, "open %s", base_dir);
	}
	fd = sys_open_tree(base >= 0 ? base : AT_FDCWD, mount->source, flags);
	if (fd < 0)
		return fail(err, errno, "mount %s: bind source %s", mount->destination, mount->source);
	return fd;
}

static int set_attr(int mount_fd, const struct mount_attr *attr, bool recursive)
{
	unsigned flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);

	if (!attr->attr_set && !attr->attr_clr && !attr->propagation)
		return 0;
	return sys_mount_setattr(mount_fd, "", flags, attr) < 0 ? -errno : 0;
}

/* Changing any atime attribute needs the whole atime field cleared first: mount_setattr(2). */
static uint64_t with_atime_mask(uint64_t set, uint64_t clear)
{
	return ((set | clear) & MOUNT_ATTR__ATIME) ? clear | MOUNT_ATTR__ATIME : clear;
}

int mount_set_attributes(const struct mount *mount, int mount_fd, int userns_fd, struct error *err)
{
	struct mount_attr idmap = {
		.attr_set = userns_fd >= 0 ? MOUNT_ATTR_IDMAP : 0,
		.userns_fd = userns_fd >= 0 ? (uint64_t)(unsigned)userns_fd : 0,
	};
	struct mount_attr recursive = {
		.attr_set = mount->recursive_set,
		.attr_clr = with_atime_mask(mount->recursive_set, mount->recursive_clear),
	};
	struct mount_attr single = {
		.attr_set = mount->attr_set,
		.attr_clr = with_atime_mask(mount->attr_set, mount->attr_clear),
	};
	struct mount_attr propagation = { .propagation = mount->propagation & ~(uint64_t)MS_REC };
	int r;

	/* An atime value of 0 (relatime) is "set" by clearing only: attr_set may have no bits outside attr_clr then. */
	single.attr_clr &= ~(single.attr_set & ~(uint64_t)MOUNT_ATTR__ATIME);
	recursive.attr_clr &= ~(recursive.attr_set & ~(uint64_t)MOUNT_ATTR__ATIME);
	r = set_attr(mount_fd, &idmap, mount->idmap == MOUNT_IDMAP_RECURSIVE);
	if (r < 0)
		return fail(err, -r, "mount %s: id-mapping of %s (does its file system support idmapped mounts?)",
			    mount->destination, mount->source ? mount->source : "its tree");
	r = set_attr(mount_fd, &single, false);
	if (r == 0)
		r = set_attr(mount_fd, &recursive, true);
	if (r < 0)
		return fail(err, -r, "mount %s: attributes", mount->destination);
	r = set_attr(mount_fd, &propagation, (mount->propagation & MS_REC) != 0);
	if (r < 0)
		return fail(err, -r, "mount %s: propagation", mount->destination);
	return 0;
}

int mount_attach(int mount_fd, int target_fd, struct error *err)
{
	if (sys_move_mount(mount_fd, "", target_fd, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return fail(err, errno, "attach mount");
	return 0;
}
