/*
 * tree.c - paths and directories of the v2 hierarchy; see tree.h.
 *
 * The walk is depth first with a heap stack of names still to visit. Going down opens the name, going up opens "..",
 * so that a tree a thousand levels deep needs neither a thousand fds nor a deep stack. Names are read in full when a
 * directory is entered: a position in a kernfs directory is a name hash, and two names chosen to collide would make
 * reading on from a position go round in circles.
 */
#include "tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/str.h"
#include "base/syscalls.h"
#include "cgroup.h"

enum { DIRECTORY = O_RDONLY | O_DIRECTORY | O_CLOEXEC, LISTING_SIZE = 16 * 1024 };

struct pending {
	char *name;
	size_t depth; /* of the directory that has the name */
	bool leaving;
};

struct walk {
	int fd;
	size_t depth;
	struct pending *stack;
	size_t count, capacity;
};

struct cgroup *tree_new(int fd, const char *path)
{
	struct cgroup *cgroup = xcalloc(1, sizeof(*cgroup));

	cgroup->fd = fd;
	cgroup->path = xstrdup(path);
	return cgroup;
}

static const char *component_fault(const char *name, size_t length)
{
	if (length == 0)
		return "an empty component";
	if (length == 1 && name[0] == '.')
		return "a component \".\"";
	if (length == 2 && name[0] == '.' && name[1] == '.')
		return "a component \"..\"";
	if (length > NAME_MAX)
		return "a component longer than 255 bytes";
	if (memchr(name, '\n', length))
		return "a newline"; /* the kernel refuses it too: it would forge lines of /proc/PID/cgroup */
	return NULL;
}

int tree_check_path(const char *path, struct error *err)
{
	const char *name = path + 1;

	if (path[0] != '/')
		return refuse(err, "cgroup path \"%.200s\" is not absolute", path);
	if (strlen(path) >= PATH_MAX)
		return refuse(err, "cgroup path \"%.200s...\" is longer than %d bytes", path, PATH_MAX - 1);
	if (path[1] == '\0')
		return 0;
	for (;;) {
		size_t length = strcspn(name, "/");
		const char *fault = component_fault(name, length);

		if (fault)
			return refuse(err, "cgroup path \"%.200s\" has %s", path, fault);
		if (name[length] == '\0')
			return 0;
		name += length + 1;
	}
}

int tree_check_target(const struct cgroup_host *host, const char *path, struct error *err)
{
	if (host->root_fd < 0)
		return fail(err, ENOTSUP,
			    "cgroup %.200s: this host has no cgroup v2 mount "
			    "(mount -t cgroup2 none /sys/fs/cgroup)",
			    path);
	if (tree_check_path(path, err) < 0)
		return -err->code;
	if (path[1] == '\0')
		return refuse(err, "cgroup path \"/\" is the root cgroup, which cannot be a container's");
	return 0;
}

const char *tree_relative(const char *path)
{
	return path[1] ? path + 1 : ".";
}

int tree_open(int root_fd, const char *path, int flags)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned)(flags | O_DIRECTORY | O_CLOEXEC),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
	};
	long fd = syscall(SYS_openat2, root_fd, tree_relative(path), &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

static void push(struct walk *walk, char *name, size_t depth, bool leaving)
{
	if (walk->count == walk->capacity) {
		walk->capacity = walk->capacity ? 2 * walk->capacity : 16;
		walk->stack = xreallocarray(walk->stack, walk->capacity, sizeof(*walk->stack));
	}
	walk->stack[walk->count++] = (struct pending){ .name = name, .depth = depth, .leaving = leaving };
}

static int push_children(struct walk *walk)
{
	_Alignas(struct dirent) char listing[LISTING_SIZE];

	for (;;) {
		ssize_t got = sys_getdents64(walk->fd, listing, sizeof(listing));

		if (got == 0 || (got < 0 && errno == ENOENT))
			return 0;
		if (got < 0)
			return -errno;
		for (ssize_t at = 0; at < got;) {
			const struct dirent *entry = (const void *)(listing + at);

			if (entry->d_type == DT_DIR && !str_eq(entry->d_name, ".") && !str_eq(entry->d_name, ".."))
				push(walk, xstrdup(entry->d_name), walk->depth, false);
			at += entry->d_reclen;
		}
	}
}

static int move_to(struct walk *walk, const char *name)
{
	int fd = openat(walk->fd, name, DIRECTORY | O_NOFOLLOW);

	if (fd < 0)
		return -errno;
	(void)close(walk->fd);
	walk->fd = fd;
	return 0;
}

static int enter_here(struct walk *walk, const struct tree_visitor *visitor)
{
	int r = visitor->enter ? visitor->enter(walk->fd, walk->depth, visitor->data) : 0;

	return r < 0 ? r : push_children(walk);
}

/* One turn: the top of the stack, from the directory that has it. */
static int step(struct walk *walk, const struct tree_visitor *visitor)
{
	struct pending next = walk->stack[--walk->count];
	auto_free char *name = next.name;
	int r;

	while (walk->depth > next.depth) {
		r = move_to(walk, "..");
		if (r < 0)
			return r;
		walk->depth--;
	}
	if (next.leaving)
		return visitor->leave(walk->fd, name, visitor->data);
	r = move_to(walk, name);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	if (visitor->leave)
		push(walk, take_ptr(name), walk->depth, true);
	walk->depth++;
	return enter_here(walk, visitor);
}

int tree_walk(int top_fd, const struct tree_visitor *visitor)
{
	struct walk walk = { .fd = openat(top_fd, ".", DIRECTORY) };
	int r;

	if (walk.fd < 0)
		return -errno;
	r = enter_here(&walk, visitor);
	while (r >= 0 && walk.count > 0)
		r = step(&walk, visitor);
	while (walk.count > 0)
		free(walk.stack[--walk.count].name);
	free(walk.stack);
	(void)close(walk.fd);
	return r < 0 ? r : 0;
}
