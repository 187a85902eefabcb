/*
 * delegate.c - gives a cgroup to a user: the directory, so that it can make children, and the files that the kernel
 * lists as safe to give away. All others (limits!) stay the runtime's. runtime-spec config-linux.md "Cgroup ownership".
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "cgroup.h"
#include "tree.h"

enum { DELEGATE_SIZE = 4096 };

/* What the spec names for kernels without /sys/kernel/cgroup/delegate (before 4.15). */
static const char fallback[] = "cgroup.procs\ncgroup.subtree_control\ncgroup.threads";

static int give_file(const struct cgroup *cgroup, const char *name, uid_t uid, gid_t gid, struct error *err)
{
	/* Listed, but not in every cgroup: memory.oom.group, say, without the memory controller. */
	if (fchownat(cgroup->fd, name, uid, gid, AT_SYMLINK_NOFOLLOW) == 0 || errno == ENOENT)
		return 0;
	return fail(err, errno, "give %s of cgroup %.200s to %u:%u", name, cgroup->path, uid, gid);
}

int cgroup_delegate(const struct cgroup *cgroup, uid_t uid, gid_t gid, struct error *err)
{
	char list[DELEGATE_SIZE];
	char *rest = NULL;
	int r = 0;

	if (fchown(cgroup->fd, uid, gid) < 0)
		return fail(err, errno, "give cgroup %.200s to %u:%u", cgroup->path, uid, gid);
	if (fd_read_small(AT_FDCWD, "/sys/kernel/cgroup/delegate", list, sizeof(list)) <= 0)
		memcpy(list, fallback, sizeof(fallback));
	for (char *name = strtok_r(list, "\n", &rest); r == 0 && name; name = strtok_r(NULL, "\n", &rest))
		r = strchr(name, '/') ? 0 : give_file(cgroup, name, uid, gid, err);
	return r;
}
