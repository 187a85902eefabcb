/*
 * attach.c - moves a process into a cgroup, and says why the kernel would not have it there.
 */
#include "cgroup.h"

#include <errno.h>
#include <stdio.h>

#include "base/fd.h"
#include "base/str.h"
#include "tree.h"

enum { PID_TEXT_SIZE = 16, TYPE_SIZE = 64 };

/* EOPNOTSUPP has two causes, which cgroup.type tells apart. */
static int refuse_type(const struct cgroup *cgroup, struct error *err)
{
	char type[TYPE_SIZE] = "?";

	(void)fd_read_small(cgroup->fd, "cgroup.type", type, sizeof(type));
	if (str_eq(type, "domain invalid"))
		return fail(err, EOPNOTSUPP,
			    "cgroup %.200s is \"domain invalid\": an ancestor is threaded, so it "
			    "can only hold threads of a process that lives there",
			    cgroup->path);
	return fail(err, EOPNOTSUPP, "cgroup %.200s is \"%s\" and takes no process from outside its threaded subtree",
		    cgroup->path, type);
}

int cgroup_attach_failed(const struct cgroup *cgroup, int code, struct error *err)
{
	switch (code) {
	case EOPNOTSUPP:
		return refuse_type(cgroup, err);
	case EBUSY:
		return fail(err, code,
			    "cgroup %.200s passes controllers to its children (cgroup.subtree_control), so the "
			    "kernel lets no process live in it",
			    cgroup->path);
	case ENODEV:
	case ENOENT:
		return fail(err, code, "cgroup %.200s was removed", cgroup->path);
	case EACCES:
	case EPERM:
		return fail(err, code,
			    "cgroup %.200s, or the common ancestor with the cgroup that the process comes from, "
			    "is not this user's",
			    cgroup->path);
	default:
		return fail(err, code, "move a process to cgroup %.200s", cgroup->path);
	}
}

int cgroup_attach(const struct cgroup *cgroup, pid_t pid, struct error *err)
{
	char text[PID_TEXT_SIZE];
	int r;

	/* To the kernel, 0 means the writer itself and below 0 is no pid: neither is ever meant here. */
	if (pid <= 0)
		return refuse(err, "%d is no process to move to cgroup %.200s", pid, cgroup->path);
	(void)snprintf(text, sizeof(text), "%d", pid);
	r = fd_write_existing(cgroup->fd, "cgroup.procs", text);
	if (r == -ESRCH)
		return fail(err, ESRCH, "move process %d to cgroup %.200s", pid, cgroup->path);
	return r < 0 ? cgroup_attach_failed(cgroup, -r, err) : 0;
}
