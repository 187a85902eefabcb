/*
 * container_state.c - what `state`, `list` and `ps` show, and where the state root is by default.
 */
#include "container.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "container_open.h"
#include "shown_config.h"

const char *container_default_root(struct arena *arena)
{
	const char *runtime_dir = getenv("XDG_RUNTIME_DIR");

	/* Root of a user namespace (rootless Podman) cannot write to the host's /run: it is a user like others. */
	if (geteuid() == 0 && access("/run", W_OK) == 0)
		return "/run/coffer";
	if (runtime_dir && *runtime_dir == '/')
		return arena_printf(arena, "%s/coffer", runtime_dir);
	return arena_printf(arena, "/tmp/coffer-%u", geteuid());
}

static void fill_missing(struct container_info *info, const char *id)
{
	info->state.id = id;
	if (!info->state.bundle)
		info->state.bundle = "";
	if (!info->state.rootfs)
		info->state.rootfs = "";
	if (!info->state.created)
		info->state.created = "";
}

int container_state(const struct runtime *runtime, struct arena *arena, const char *id, struct container_info *ret_info,
		    struct error *err)
{
	auto_cleanup(state_dir_close) struct state_dir dir = { .fd = -1 };
	struct container_info info = { .oci_version = OCI_VERSION_UNKNOWN };
	int r = state_dir_open(runtime->root, id, &dir, err);

	if (r == 0)
		r = state_read(&dir, arena, &info.state, err);
	if (r == 0)
		r = state_status(&dir, &info.state, &info.status, err);
	if (r < 0)
		return r;
	shown_config_read(dir.fd, arena, &info);
	fill_missing(&info, arena_strdup(arena, id));
	if (info.status == STATUS_STOPPED)
		info.state.pid = 0;
	*ret_info = info;
	return 0;
}

static int check_root_exists(const struct runtime *runtime, struct error *err)
{
	struct stat st;

	if (runtime->root_given && stat(runtime->root, &st) < 0)
		return fail(err, errno, "state root %s", runtime->root);
	return 0;
}

int container_list(const struct runtime *runtime, struct arena *arena, struct container_info **ret_infos,
		   size_t *ret_count, struct error *err)
{
	struct container_info *infos;
	const char **ids;
	size_t n_ids;
	size_t count = 0;
	int r = check_root_exists(runtime, err);

	if (r == 0)
		r = state_list_ids(runtime->root, arena, &ids, &n_ids, err);
	if (r < 0)
		return r;
	infos = arena_array(arena, n_ids, sizeof(*infos));
	for (size_t i = 0; i < n_ids; i++) {
		struct error ignored;

		r = container_state(runtime, arena, ids[i], &infos[count], &ignored);
		if (r == -ENOENT) /* deleted since the directory was read */
			continue;
		if (r < 0) {
			infos[count] =
				(struct container_info){ .oci_version = OCI_VERSION_UNKNOWN, .status = STATUS_STOPPED };
			fill_missing(&infos[count], ids[i]);
		}
		count++;
	}
	*ret_infos = infos;
	*ret_count = count;
	return 0;
}

int container_pids(const struct runtime *runtime, const char *id, pid_t **ret_pids, size_t *ret_count,
		   struct error *err)
{
	auto_open_container struct open_container container = CONTAINER_NOT_OPEN;
	auto_cgroup struct cgroup *cgroup = NULL;
	bool alive;
	int r = container_open(runtime, id, CONTAINER_UNLOCKED, &container, err);

	if (r == 0 && container.state.cgroup_path) {
		r = container_open_cgroup(&container, &cgroup, err);
		if (r == 0)
			return cgroup_pids(cgroup, ret_pids, ret_count, err);
		r = r == -ENOENT ? 0 : r;
	}
	if (r < 0)
		return r;
	alive = state_alive(&container.state);
	*ret_pids = xcalloc(1, sizeof(**ret_pids));
	(*ret_pids)[0] = alive ? container.state.pid : 0;
	*ret_count = alive ? 1 : 0;
	return 0;
}
