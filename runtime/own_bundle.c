/* own_bundle.c - see own_bundle.h. */
#include "own_bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/tree.h"
#include "userns_child.h"

struct target {
	int parent;
	const char *name;
};

static int remove_target(const void *argument, struct error *err)
{
	const struct target *target = argument;

	return tree_remove(target->parent, target->name, err);
}

int own_bundle_remove(const char *path, struct error *err)
{
	const char *slash = strrchr(path, '/');
	auto_free char *parent = xasprintf("%.*s", (int)(slash - path), path);
	auto_fd int fd = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	const struct target target = { .parent = fd, .name = slash + 1 };
	int r;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return fail(err, errno, "open %s", parent);
	r = tree_remove(fd, target.name, err);
	if ((r == -EACCES || r == -EPERM) && geteuid() != 0)
		r = userns_child_run(remove_target, &target, err);
	return r < 0 ? context(err, "%s", parent) : 0;
}
