/* container_stats.c - the numbers of a container's cgroup. */
#include "container.h"

#include "base/cleanup.h"
#include "container_open.h"
#include "oom.h"

/* Both are higher while a container is looked at or stopped at its limit: told is what it has otherwise. */
static void tell_policy_limits(int state_dir_fd, struct cgroup_stats *stats)
{
	auto_arena struct arena *arena = arena_new();
	struct oom_policy policy;
	struct error ignored;

	if (oom_policy_read(state_dir_fd, arena, &policy, &ignored) < 0)
		return;
	stats->memory_max.value = policy.limit;
	stats->memory_high.value = policy.limit - policy.gap;
}

int container_stats(const struct runtime *runtime, const char *id, struct cgroup_stats *ret_stats, struct error *err)
{
	auto_open_container struct open_container container = CONTAINER_NOT_OPEN;
	auto_cgroup struct cgroup *cgroup = NULL;
	int r = container_open(runtime, id, CONTAINER_UNLOCKED, &container, err);

	if (r == 0)
		r = container_open_cgroup(&container, &cgroup, err);
	if (r == 0)
		r = cgroup_stats_read(cgroup, ret_stats, err);
	if (r == 0 && ret_stats->memory_max.set)
		tell_policy_limits(container.dir.fd, ret_stats);
	return r;
}

void container_oom_record(const struct runtime *runtime, const char *id, struct oom_record *ret_record)
{
	auto_open_container struct open_container container = CONTAINER_NOT_OPEN;
	auto_cgroup struct cgroup *cgroup = NULL;
	struct error ignored;

	*ret_record = (struct oom_record){ 0 };
	if (container_open(runtime, id, CONTAINER_UNLOCKED, &container, &ignored) == 0 &&
	    container_open_cgroup(&container, &cgroup, &ignored) == 0)
		(void)oom_record_read(cgroup, ret_record, &ignored);
}

void container_oom_victims(const struct runtime *runtime, const char *id, uint64_t kills, struct arena *arena,
			   struct oom_victims *ret_victims)
{
	auto_open_container struct open_container container = CONTAINER_NOT_OPEN;
	struct error ignored;

	*ret_victims = (struct oom_victims){ 0 };
	if (kills > 0 && container_open(runtime, id, CONTAINER_UNLOCKED, &container, &ignored) == 0 &&
	    container.state.cgroup_path)
		oom_log_victims(container.state.cgroup_path, container.state.start_time, kills, arena, ret_victims);
}
