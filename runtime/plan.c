/*
 * plan.c - config and host become a plan: namespaces, ids, cgroup, mounts. Pure; see plan.h.
 */
#include "plan.h"

#include <errno.h>
#include <linux/bpf.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>

#include "base/str.h"
#include "base/syscalls.h"
#include "cgroup_manager.h"

/* ---- namespaces ---- */

static bool is_new(const struct plan *plan, enum ns_type type)
{
	return plan->config->namespaces[type].present && !plan->config->namespaces[type].path;
}

static void plan_namespaces(struct plan *plan)
{
	/* These two cannot be part of clone3: init makes them itself. */
	const uint64_t later = CLONE_NEWCGROUP | CLONE_NEWTIME;

	for (enum ns_type type = 0; type < NS_TYPE_MAX; type++) {
		plan->joined[type] = plan->config->namespaces[type].path;
		if (is_new(plan, type))
			plan->clone_flags |= ns_info(type)->flag & ~later;
	}
	plan->new_user_ns = is_new(plan, NS_USER);
	plan->new_time_ns = is_new(plan, NS_TIME);
	plan->new_cgroup_ns = is_new(plan, NS_CGROUP);
	plan->own_pid_ns = is_new(plan, NS_PID);
	plan->own_mount_ns = is_new(plan, NS_MOUNT);
	plan->enter = plan->joined[NS_USER] != NULL;
	plan->proc_before_clone = plan->new_user_ns && plan->joined[NS_PID];
	plan->id_maps = plan->config->id_maps;
}

/* A caller without privilege gets a user namespace of its own: no other namespace could be made. */
static void plan_rootless(struct plan *plan, const struct host *host)
{
	if (host->privileged || plan->new_user_ns || plan->enter)
		return;
	plan->new_user_ns = true;
	plan->clone_flags |= CLONE_NEWUSER;
	if (!plan->id_maps.n_uids)
		plan->id_maps = host->caller_maps;
}

/* ---- cgroup ---- */

static int plan_limits(struct plan *plan, const struct host *host, struct error *err)
{
	const struct config *config = plan->config;
	int r = limits_plan(config->arena, &config->limits, &plan->limits, err);
	bool wanted;

	if (r < 0)
		return r;
	/* A user without a delegated cgroup runs without one, unless it is asked for. */
	wanted = host->privileged || host->delegated || host->systemd_cgroup || config->cgroups_path ||
		 plan->limits.n_writes;
	if (host->cgroup.root_fd >= 0 && wanted)
		return cgroup_manager_path(host, config->arena, config->cgroups_path, plan->id, &plan->cgroup_path,
					   err);
	if (plan->limits.n_writes)
		return refuse(err, "linux.resources: this host has no cgroup v2 mount that could enforce limits");
	return 0;
}

/* ---- devices ---- */

enum { MAKE = BPF_DEVCG_ACC_MKNOD, USE = BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE };

static const struct device_rule always_allowed[] = {
	{ true, 'c', -1, -1, MAKE },                           /* mknod of any node: opening it is what counts */
	{ true, 'b', -1, -1, MAKE }, { true, 'c', 1, 3, USE }, /* null */
	{ true, 'c', 1, 5, USE },                              /* zero */
	{ true, 'c', 1, 7, USE },                              /* full */
	{ true, 'c', 1, 8, USE },                              /* random */
	{ true, 'c', 1, 9, USE },                              /* urandom */
	{ true, 'c', 5, 0, USE },                              /* tty */
	{ true, 'c', 5, 1, USE },                              /* console */
	{ true, 'c', 5, 2, USE },                              /* ptmx */
	{ true, 'c', 136, -1, USE },                           /* pts */
};

/*
 * Rules of the config first, then the default devices, since the last match wins: peers keep the defaults open whatever
 * the config says. No rules: no program, all is allowed. A caller that may not make nodes may not load BPF either.
 */
static void plan_device_rules(struct plan *plan, const struct host *host)
{
	const struct config *config = plan->config;
	size_t defaults = ARRAY_SIZE(always_allowed);

	if (config->n_device_rules == 0 || !plan->cgroup_path || !host->privileged || !host->initial_user_ns)
		return;
	plan->n_device_rules = config->n_device_rules + defaults;
	plan->device_rules = arena_array(config->arena, plan->n_device_rules, sizeof(struct device_rule));
	memcpy(plan->device_rules, config->device_rules, config->n_device_rules * sizeof(struct device_rule));
	memcpy(plan->device_rules + config->n_device_rules, always_allowed, sizeof(always_allowed));
}

/* ---- mounts ---- */

static void make_bind(struct mount *mount, const char *source, bool recursive)
{
	mount->bind = true;
	mount->recursive_bind = recursive;
	mount->type = NULL;
	mount->source = source;
	mount->n_data = 0;
}

/*
 * What a namespace does not own cannot be mounted anew from inside: procfs of the host's pid namespace and sysfs of the
 * host's network namespace are bound then, and cgroup2 without a cgroup namespace would show the host's whole tree, so
 * the container's own cgroup is bound in its place.
 */
static void rewrite_mount(struct plan *plan, const struct host *host, struct mount *mount)
{
	const struct config *config = plan->config;

	if (mount->bind || !mount->type)
		return;
	if (str_eq(mount->type, "proc") && plan->new_user_ns && !config->namespaces[NS_PID].present)
		make_bind(mount, "/proc", true);
	else if (str_eq(mount->type, "sysfs") && plan->new_user_ns && !is_new(plan, NS_NETWORK))
		make_bind(mount, "/sys", true);
	else if ((str_eq(mount->type, "cgroup") || str_eq(mount->type, "cgroup2")) &&
		 !config->namespaces[NS_CGROUP].present && host->cgroup.root_fd >= 0)
		make_bind(mount,
			  arena_printf(config->arena, "%s%s", host->cgroup.mount_point,
				       plan->cgroup_path ? plan->cgroup_path : host->cgroup.own_path),
			  false);
}

/*
 * Root's usual devpts option names the group tty, which the user namespace that plan_rootless() makes need not have:
 * then terminals keep the group of who opens them. Elsewhere an unmapped group is the config's own mistake.
 */
static void drop_unmapped_gid(const struct plan *plan, struct mount *mount)
{
	const char **kept = arena_array(plan->config->arena, mount->n_data + 1, sizeof(*kept));
	size_t n_kept = 0;
	uint64_t gid;

	for (size_t i = 0; i < mount->n_data; i++) {
		const char *option = mount->data[i];
		bool unmapped = str_starts(option, "gid=") &&
				str_to_u64(option + strlen("gid="), UINT32_MAX, &gid) == 0 &&
				idmap_to_host(plan->id_maps.gids, plan->id_maps.n_gids, (uint32_t)gid) < 0;

		if (!unmapped)
			kept[n_kept++] = option;
	}
	mount->data = kept;
	mount->n_data = n_kept;
}

static void plan_rootfs(struct plan *plan, const struct host *host, const struct create_options *options)
{
	const struct config *config = plan->config;
	size_t bytes = config->rootfs.n_mounts * sizeof(struct mount);

	plan->rootfs = config->rootfs;
	/* Without SELinux a label of files has no meaning, and nobody is let in by leaving it out. */
	if (!host->selinux)
		plan->rootfs.mount_label = NULL;
	plan->rootfs.no_pivot = options->no_pivot;
	plan->rootfs.overlay = options->overlay;
	plan->rootfs.working_directory = plan->process ? plan->process->cwd : NULL;
	plan->rootfs.mounts = arena_alloc(config->arena, bytes);
	if (bytes)
		memcpy(plan->rootfs.mounts, config->rootfs.mounts, bytes);
	for (size_t i = 0; i < plan->rootfs.n_mounts; i++) {
		struct mount *mount = &plan->rootfs.mounts[i];

		rewrite_mount(plan, host, mount);
		if (plan->new_user_ns && !is_new(plan, NS_USER) && mount->type && str_eq(mount->type, "devpts"))
			drop_unmapped_gid(plan, mount);
	}
}

static bool is_writable_cgroup(const struct mount *mount)
{
	return !mount->bind && (str_eq(mount->type, "cgroup") || str_eq(mount->type, "cgroup2")) &&
	       str_eq(mount->source, "cgroup") && str_eq(mount->destination, "/sys/fs/cgroup") &&
	       !((mount->attr_set | mount->recursive_set) & MOUNT_ATTR_RDONLY);
}

/*
 * A container that owns both its user and its cgroup namespace manages its cgroup itself, as the user of its program,
 * if its cgroup mount is writable at all: config-linux.md "Cgroup ownership", cgroup-v2.rst "Delegation".
 */
static void plan_delegation(struct plan *plan)
{
	const struct user root = { 0 };
	const struct user *user = plan->process ? &plan->process->user : &root;
	int64_t uid = idmap_to_host(plan->id_maps.uids, plan->id_maps.n_uids, user->uid);
	int64_t gid = idmap_to_host(plan->id_maps.gids, plan->id_maps.n_gids, user->gid);
	bool writable = false;

	for (size_t i = 0; i < plan->rootfs.n_mounts; i++)
		writable = writable || is_writable_cgroup(&plan->rootfs.mounts[i]);
	plan->delegate =
		writable && plan->cgroup_path && plan->new_user_ns && plan->new_cgroup_ns && uid >= 0 && gid >= 0;
	plan->delegate_uid = plan->delegate ? (uid_t)uid : 0;
	plan->delegate_gid = plan->delegate ? (gid_t)gid : 0;
}

/* ---- labels ---- */

static int check_labels(const struct plan *plan, const struct host *host, struct error *err)
{
	const struct config_process *process = plan->process;

	if (process && process->apparmor_profile && !host->apparmor)
		return refuse(err,
			      "process.apparmorProfile: \"%s\" cannot be applied: AppArmor is not enabled on this "
			      "host; remove the profile from the config",
			      process->apparmor_profile);
	if (process && process->selinux_label && !host->selinux)
		return refuse(err,
			      "process.selinuxLabel: \"%s\" cannot be applied: SELinux is not enabled on this "
			      "host; remove the label from the config",
			      process->selinux_label);
	return 0;
}

int plan_make(const struct config *config, const struct host *host, const struct create_options *options, bool gate,
	      struct plan *ret_plan, struct error *err)
{
	struct plan plan = {
		.config = config,
		.process = config->process,
		.id = options->id,
		.preserve_fds = options->preserve_fds,
		.new_keyring = !options->no_new_keyring,
		.gate = gate,
	};
	int r;

	plan_namespaces(&plan);
	plan_rootless(&plan, host);
	r = plan_limits(&plan, host, err);
	if (r == 0)
		r = check_labels(&plan, host, err);
	if (r < 0)
		return r;
	plan_device_rules(&plan, host);
	plan_rootfs(&plan, host, options);
	plan_delegation(&plan);
	plan.seal_exe = host->privileged;
	*ret_plan = plan;
	return 0;
}
