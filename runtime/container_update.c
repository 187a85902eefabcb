/* container_update.c - new limits on the cgroup of a container that is created, running or paused. */
#include "container.h"

#include <errno.h>

#include "base/cleanup.h"
#include "cgroup_manager.h"
#include "container_open.h"
#include "oom.h"

int container_update(const struct runtime *runtime, const char *id, const struct cgroup_limits *limits, bool force,
		     struct error *err)
{
	auto_open_container struct open_container container = CONTAINER_NOT_OPEN;
	auto_cgroup struct cgroup *cgroup = NULL;
	struct scope_weights weights;
	uint64_t limit = 0; /* as given: what is in the file by then may be the watcher's */
	int r = container_open(runtime, id, CONTAINER_LOCKED, &container, err);

	if (r < 0)
		return r;
	if (!state_alive(&container.state))
		return refuse_as(err, ESRCH, "cannot update container `%s`: container not running", id);
	r = container_open_cgroup(&container, &cgroup, err);
	if (r == 0 && oom_policy_exists(container.dir.fd))
		r = oom_policy_update(limits, &limit, err);
	if (r == 0)
		r = limits_update(&container.host, cgroup, limits, force, &weights, err);
	/* An engine's update is then also what raises the limit of a container that is frozen at it. */
	if (r == 0 && limit)
		r = oom_limit_changed(runtime->root, id, limit, err);
	if (r == 0)
		r = cgroup_manager_set_weights(container.state.cgroup_manager, container.state.cgroup_path, &weights,
					       err);
	return r < 0 ? context(err, "cannot update container `%s`", id) : 0;
}
