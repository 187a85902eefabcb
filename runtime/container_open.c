/* container_open.c - see container_open.h. */
#include "container_open.h"

#include <errno.h>

int container_open(const struct runtime *runtime, const char *id, enum container_lock lock,
		   struct open_container *ret_container, struct error *err)
{
	int r = state_dir_open(runtime->root, id, &ret_container->dir, err);

	if (r < 0)
		return r;
	if (lock == CONTAINER_LOCKED) {
		r = state_dir_lock(&ret_container->dir, err);
		if (r < 0)
			return r;
	}
	ret_container->arena = arena_in(&ret_container->room);
	return container_reread(ret_container, err);
}

void container_close(struct open_container *container)
{
	if (container->host.root_fd >= 0)
		cgroup_host_close(&container->host);
	container->host.root_fd = -1;
	arena_free(take_ptr(container->arena));
	state_dir_close(&container->dir);
}

int container_reread(struct open_container *container, struct error *err)
{
	return state_read(&container->dir, container->arena, &container->state, err);
}

int container_status(const struct open_container *container, enum container_status *ret_status, struct error *err)
{
	return state_status(&container->dir, &container->state, ret_status, err);
}

int container_open_cgroup(struct open_container *container, struct cgroup **ret_cgroup, struct error *err)
{
	if (!container->state.cgroup_path)
		return refuse(err, "container `%s` has no cgroup", container->dir.id);
	if (container->host.root_fd < 0) {
		int r = cgroup_host_probe(&container->host, err);

		if (r < 0) {
			container->host.root_fd = -1;
			return r;
		}
	}
	return cgroup_open(&container->host, container->state.cgroup_path, ret_cgroup, err);
}
