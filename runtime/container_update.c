/* container_update.c - new limits on the cgroup of a container that is created, running or paused. */
#include "container.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "container_open.h"
#include "oom.h"

enum { NUMBER_SIZE = 32 };

static bool sets_memory(const struct cgroup_limits *limits)
{
	for (size_t i = 0; i < limits->n_unified; i++)
		if (str_eq(limits->unified[i].file, "memory.max"))
			return true;
	return limits->memory_limit.set;
}

/* Read at once: the watcher writes the file too, when a limit was touched a moment ago. 0: no number. */
static uint64_t memory_max(const struct cgroup *cgroup)
{
	char text[NUMBER_SIZE];
	uint64_t bytes = 0;

	if (fd_read_small(cgroup_fd(cgroup), "memory.max", text, sizeof(text)) > 0)
		(void)str_to_u64(text, INT64_MAX, &bytes);
	return bytes;
}

int container_update(const struct runtime *runtime, const char *id, const struct cgroup_limits *limits, bool force,
		     struct error *err)
{
	auto_open_container struct open_container container = CONTAINER_NOT_OPEN;
	auto_cgroup struct cgroup *cgroup = NULL;
	int r = container_open(runtime, id, CONTAINER_LOCKED, &container, err);

	if (r < 0)
		return r;
	if (!state_alive(&container.state))
		return refuse_as(err, ESRCH, "cannot update container `%s`: container not running", id);
	r = container_open_cgroup(&container, &cgroup, err);
	if (r == 0)
		r = limits_update(&container.host, cgroup, limits, force, err);
	/* An engine's update is then also what raises the limit of a container that is frozen at it. */
	if (r == 0 && sets_memory(limits) && oom_policy_exists(container.dir.fd))
		r = oom_limit_changed(runtime->root, id, memory_max(cgroup), err);
	return r < 0 ? context(err, "cannot update container `%s`", id) : 0;
}
