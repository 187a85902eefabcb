/*
 * freeze.c - stops and continues all of a cgroup. cgroup.freeze only asks; tasks park when they next leave the kernel,
 * and cgroup.events tells when all have (cgroup-v2.rst, "cgroup.freeze").
 */
#include <errno.h>

#include "base/fd.h"
#include "cgroup.h"
#include "events.h"
#include "tree.h"

static int timed_out(const struct cgroup *cgroup, bool frozen, int timeout_ms, struct error *err)
{
	if (frozen)
		return fail(err, ETIMEDOUT,
			    "cgroup %.200s is not frozen after %d ms: some task does not leave the kernel",
			    cgroup->path, timeout_ms);
	return fail(err, ETIMEDOUT, "cgroup %.200s is still frozen after %d ms: is an ancestor frozen?", cgroup->path,
		    timeout_ms);
}

int cgroup_freeze(const struct cgroup *cgroup, bool frozen, int timeout_ms, struct error *err)
{
	int r = fd_write_existing(cgroup->fd, "cgroup.freeze", frozen ? "1" : "0");

	if (r < 0)
		return fail(err, -r, "%s cgroup %.200s", frozen ? "freeze" : "thaw", cgroup->path);
	r = events_wait(cgroup->fd, EVENT_FROZEN, frozen, timeout_ms);
	if (r == -ETIMEDOUT)
		return timed_out(cgroup, frozen, timeout_ms, err);
	return r < 0 ? fail(err, -r, "read cgroup.events of cgroup %.200s", cgroup->path) : 0;
}

int cgroup_is_frozen(const struct cgroup *cgroup, bool *ret_frozen, struct error *err)
{
	int r = events_read(cgroup->fd, EVENT_FROZEN);

	if (r < 0 && r != -ENOENT && r != -ENODEV)
		return fail(err, -r, "read cgroup.events of cgroup %.200s", cgroup->path);
	*ret_frozen = r > 0;
	return 0;
}

int cgroup_wait_empty(const struct cgroup *cgroup, int timeout_ms, struct error *err)
{
	int r = events_wait(cgroup->fd, EVENT_POPULATED, false, timeout_ms);

	/* Removed meanwhile: emptier than that it cannot be. */
	if (r == 0 || r == -ENODEV || r == -ENOENT)
		return 0;
	if (r == -ETIMEDOUT)
		return fail(err, ETIMEDOUT, "cgroup %.200s still has processes after %d ms", cgroup->path, timeout_ms);
	return fail(err, -r, "read cgroup.events of cgroup %.200s", cgroup->path);
}
