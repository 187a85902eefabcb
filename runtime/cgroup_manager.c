/* cgroup_manager.c - see cgroup_manager.h. */
#include "cgroup_manager.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "cgroups/systemd.h"

/* ---- the path ---- */

/* An ordinary user's systemd cannot move init out of a cgroup that is not below its own, and neither can the user. */
static int check_reach(const struct host *host, struct error *err)
{
	const char *manager = host->systemd_cgroup;

	if (!host->systemd_of_user || str_starts(host->cgroup.own_path, manager))
		return 0;
	return refuse(err,
		      "--systemd-cgroup: this process is in cgroup %.200s and not below %.200s, which this user's "
		      "systemd manages: start it by `systemd-run --user --scope coffer ...`",
		      host->cgroup.own_path, manager);
}

static int scope_path(const struct host *host, struct arena *arena, const char *name, const char *id,
		      const char **ret_path, struct error *err)
{
	const char *slice = host->systemd_of_user ? "user.slice" : "system.slice";
	auto_free char *path = NULL;
	int r = systemd_container_path(host->systemd_cgroup, name, id, slice, &path, err);

	if (r < 0)
		return context(err, name && *name ? "linux.cgroupsPath" : "--systemd-cgroup");
	*ret_path = arena_strdup(arena, path);
	return check_reach(host, err);
}

int cgroup_manager_path(const struct host *host, struct arena *arena, const char *cgroups_path, const char *id,
			const char **ret_path, struct error *err)
{
	const char *own = host->cgroup.own_path;
	const char *slash = strrchr(own, '/');
	int parent = slash && slash != own ? (int)(slash - own) : 0;

	if (host->systemd_cgroup)
		return scope_path(host, arena, cgroups_path, id, ret_path, err);
	if (cgroups_path && cgroups_path[0] == '/')
		*ret_path = arena_strdup(arena, cgroups_path);
	else /* Beside the caller's, not in it: a cgroup with processes cannot give controllers to children. */
		*ret_path =
			arena_printf(arena, "%.*s/%s", parent, own, cgroups_path && *cgroups_path ? cgroups_path : id);
	return 0;
}

/* ---- the cgroup ---- */

int cgroup_manager_check_unused(const struct host *host, const char *path, struct error *err)
{
	auto_free char *scope = host->systemd_cgroup ? systemd_scope_path(path) : NULL;

	return cgroup_check_unused(&host->cgroup, scope ? scope : path, err);
}

int cgroup_manager_make(struct host *host, const char *path, const char *id, const struct limit_plan *limits,
			struct cgroup **ret_cgroup, pid_t *ret_holder, struct error *err)
{
	/* Closed here, since systemd keeps all that it has to tell for who does not read it. */
	auto_systemd struct systemd *systemd = take_ptr(host->systemd);
	struct scope_weights weights;
	int r = 0;

	if (systemd) {
		weights = scope_weights_of(limits, false);
		r = systemd_start_scope(systemd, &host->cgroup, path, id, &weights, ret_holder, err);
	}
	return r < 0 ? r : cgroup_create(&host->cgroup, path, limits->controllers, ret_cgroup, err);
}

int cgroup_manager_set_weights(enum cgroup_manager manager, const char *path, const struct scope_weights *weights,
			       struct error *err)
{
	auto_arena struct arena *arena = NULL;
	const char *socket;
	int r;

	if (manager != CGROUP_MANAGER_SYSTEMD || !scope_weights_any(weights))
		return 0;
	arena = arena_new();
	r = host_systemd_socket(arena, &socket, err);
	return r < 0 ? r : systemd_set_weights(socket, path, weights, err);
}

int cgroup_manager_remove(enum cgroup_manager manager, const struct cgroup_host *host, const char *path,
			  struct error *err)
{
	auto_arena struct arena *arena = NULL;
	const char *socket;
	int r = cgroup_remove(host, path, err);

	if (r < 0 || manager != CGROUP_MANAGER_SYSTEMD)
		return r;
	arena = arena_new();
	r = host_systemd_socket(arena, &socket, err);
	if (r == 0)
		return systemd_stop_scope(socket, host, path, err);
	return systemd_scope_ends(host, path) ? 0 : context(err, "the scope of cgroup %s", path);
}
