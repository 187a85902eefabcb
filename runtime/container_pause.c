/*
 * container_pause.c - pause and resume: cgroup.freeze of the container's cgroup, with a bounded wait. A freeze that
 * does not finish is taken back, so that a container is never left half frozen.
 */
#include "container.h"

#include "base/cleanup.h"
#include "container_open.h"

#include <errno.h>

enum { FREEZE_TIMEOUT_MS = 10 * 1000 };

/* expected: the wanted statuses, as bits, and in words. */
static int check_status(const struct open_container *container, const char *verb, unsigned wanted, const char *expected,
			struct error *err)
{
	enum container_status status;
	int r = container_status(container, &status, err);

	if (r < 0)
		return r;
	if (wanted & 1U << status)
		return 0;
	if (status == STATUS_STOPPED)
		return refuse_as(err, ESRCH, "cannot %s container `%s`: container not running", verb,
				 container->dir.id);
	return refuse(err, "cannot %s container `%s`: it is %s, not %s", verb, container->dir.id, status_name(status),
		      expected);
}

int container_pause(const struct runtime *runtime, const char *id, struct error *err)
{
	auto_open_container struct open_container container = CONTAINER_NOT_OPEN;
	auto_cgroup struct cgroup *cgroup = NULL;
	struct error ignored;
	int r = container_open(runtime, id, CONTAINER_LOCKED, &container, err);

	if (r == 0)
		r = check_status(&container, "pause", 1U << STATUS_CREATED | 1U << STATUS_RUNNING, "created or running",
				 err);
	if (r == 0)
		r = container_open_cgroup(&container, &cgroup, err);
	if (r < 0)
		return r;
	r = cgroup_freeze(cgroup, true, FREEZE_TIMEOUT_MS, err);
	if (r < 0)
		(void)cgroup_freeze(cgroup, false, FREEZE_TIMEOUT_MS, &ignored);
	return r < 0 ? context(err, "cannot pause container `%s`", id) : 0;
}

int container_resume(const struct runtime *runtime, const char *id, struct error *err)
{
	auto_open_container struct open_container container = CONTAINER_NOT_OPEN;
	auto_cgroup struct cgroup *cgroup = NULL;
	int r = container_open(runtime, id, CONTAINER_LOCKED, &container, err);

	if (r == 0)
		r = check_status(&container, "resume", 1U << STATUS_PAUSED, "paused", err);
	if (r == 0)
		r = container_open_cgroup(&container, &cgroup, err);
	if (r < 0)
		return r;
	r = cgroup_freeze(cgroup, false, FREEZE_TIMEOUT_MS, err);
	return r < 0 ? context(err, "cannot resume container `%s`", id) : 0;
}
