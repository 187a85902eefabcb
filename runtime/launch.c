/*
 * launch.c - the parent's straight line: an array of steps, run in order, undone together on failure.
 *
 * Before the clone everything that init can inherit ready-made is made here, where it costs the container's memory
 * limit nothing: the detached mounts, the compiled seccomp filter, the sealed binary. state.json is written before the
 * cgroup exists and again when init is ready, so that whoever kills this process at any moment leaves a directory from
 * which `delete --force` finds the rest; init itself goes when the socket closes before SYNC_RECORDED.
 */
#include "launch.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/proc.h"
#include "cap_warnings.h"
#include "cgroup_manager.h"
#include "clone_init.h"
#include "exe_seal.h"
#include "extra_limits.h"
#include "fault.h"
#include "hooks.h"
#include "init.h"
#include "launch_sync.h"
#include "network.h"
#include "own_bundle.h"
#include "pid_file.h"
#include "preserved_fds.h"
#include "seccomp_dir.h"
#include "start_gate.h"
#include "sync.h"
#include "validate.h"

/* ---- before anything is made ---- */

static int check_preserved_fds(struct launch *launch, struct error *err)
{
	return preserved_fds_check(launch->options->preserve_fds, &launch->start, err);
}

static int load_config(struct launch *launch, struct error *err)
{
	const struct create_options *options = launch->options;
	int r = container_id_validate(options->id, err);

	if (r == 0 && options->config_text)
		r = config_load_text(options->bundle, options->config_text, options->config_length, &launch->config,
				     err);
	else if (r == 0)
		r = config_load(options->bundle ? options->bundle : ".", options->config_file, &launch->config, err);
	if (r == 0)
		r = config_validate(launch->config, err);
	if (r == 0)
		r = extra_limits_add(launch->config->arena, launch->config->annotations, launch->config->n_annotations,
				     options->limits, &launch->config->limits, err);
	if (r == 0)
		r = oom_policy_make(launch->config->arena, &options->oom, launch->config->annotations,
				    launch->config->n_annotations, &launch->config->limits, &launch->oom, err);
	launch->start.no_huge_pages = launch->oom.mode == OOM_FREEZE;
	return r;
}

/* Who will hold the terminal's master? Decided before anything is made. */
static int check_console(struct launch *launch, struct error *err)
{
	const struct create_options *options = launch->options;
	const struct config_process *process = launch->config->process;
	bool terminal = process && process->terminal;

	if (terminal && !options->console_socket && (launch->gate || options->detach))
		return refuse(err, "process.terminal: a container in the background needs --console-socket for its "
				   "terminal");
	if (!terminal && options->console_socket)
		return refuse(err, "--console-socket: process.terminal is not set in the config");
	return 0;
}

static int make_plan(struct launch *launch, struct error *err)
{
	int r = host_probe(launch->runtime, launch->config->arena, &launch->host, err);

	if (r == 0)
		r = plan_make(launch->config, &launch->host, launch->options, launch->gate, &launch->plan, err);
	launch->start.process = launch->plan.process;
	if (r == 0 && launch->plan.process)
		cap_warnings(launch->plan.process, launch->plan.new_user_ns || launch->plan.enter);
	return r;
}

/* ---- what the host gets to see ---- */

static int reserve_id(struct launch *launch, struct error *err)
{
	int r = state_dir_reserve(launch->runtime->root, launch->options->id, &launch->dir, err);

	if (r == 0) {
		r = state_dir_lock(&launch->dir, err);
		/* A `delete` was faster: the id may be another create's by now, whose directory this must not undo. */
		if (r < 0)
			state_dir_close(&launch->dir);
	}
	return r;
}

/* Before it is recorded: `delete` kills what is in a recorded cgroup. */
static int check_cgroup(struct launch *launch, struct error *err)
{
	return launch->plan.cgroup_path ? cgroup_manager_check_unused(&launch->host, launch->plan.cgroup_path, err) : 0;
}

static int record_intent(struct launch *launch, struct error *err)
{
	const struct config *config = launch->config;
	int r;

	launch->state = (struct state){
		.id = launch->dir.id,
		.bundle = config->bundle,
		.rootfs = launch->plan.rootfs.path,
		.cgroup_path = launch->plan.cgroup_path,
		.cgroup_manager = launch->runtime->cgroup_manager,
		.created = state_timestamp(config->arena),
		.owner = launch->host.uid,
		.own_pid_ns = launch->plan.own_pid_ns,
		.no_new_keyring = launch->options->no_new_keyring,
		.own_bundle = launch->options->own_bundle,
	};
	r = state_write(&launch->dir, &launch->state, err);
	if (r < 0)
		return r;
	return fd_write_atomic(launch->dir.fd, "config.json", config->text, config->length, 0600, err);
}

static int make_cgroup(struct launch *launch, struct error *err)
{
	const struct plan *plan = &launch->plan;
	int r;

	if (!plan->cgroup_path)
		return 0;
	r = cgroup_manager_make(&launch->host, plan->cgroup_path, launch->dir.id, &plan->limits, &launch->cgroup,
				&launch->scope_holder, err);
	if (r < 0)
		return r;
	cgroup_enable_available(&launch->host.cgroup, launch->cgroup);
	r = limits_apply(&launch->host.cgroup, launch->cgroup, &plan->limits, err);
	if (r == 0 && plan->n_device_rules)
		r = devices_apply(launch->cgroup, plan->device_rules, plan->n_device_rules, err);
	if (r == 0 && plan->delegate)
		r = cgroup_delegate(launch->cgroup, plan->delegate_uid, plan->delegate_gid, err);
	return r;
}

/* Before anything runs in it that could reach the limit. */
static int watch_memory(struct launch *launch, struct error *err)
{
	int r;

	if (launch->oom.mode != OOM_FREEZE)
		return 0;
	if (!launch->cgroup)
		return refuse(err, "oom freeze: the container has no cgroup");
	r = oom_policy_write(&launch->dir, &launch->oom, err);
	return r < 0 ? r : oom_watch(launch->runtime->root, launch->dir.id, err);
}

/* ---- what init inherits ---- */

static int open_root(struct launch *launch, struct error *err)
{
	const struct overlay *overlay = launch->options->overlay;
	int r;

	if (!launch->plan.own_mount_ns)
		return 0;
	/* An ordinary user cannot clone mounts out here: init opens them in its own user namespace. */
	if (!launch->host.privileged)
		return 0;
	r = rootfs_open(&launch->plan.rootfs, launch->config->bundle, &launch->plan.id_maps, false, &launch->fds, err);
	/* A throw-away overlay on a kernel that takes attached layers only: init makes it. */
	return r == -EOPNOTSUPP && overlay && overlay->scratch ? 0 : r;
}

static int seal(struct launch *launch, struct error *err)
{
	return launch->plan.seal_exe ? exe_seal(&launch->seal, err) : 0;
}

static int compile_seccomp(struct launch *launch, struct error *err)
{
	auto_fd int cache = -1;
	int r;

	if (!launch->config->has_seccomp)
		return 0;
	cache = seccomp_dir_open(launch->runtime->root);
	r = seccomp_compile(&launch->config->seccomp, cache, &launch->filter, err);
	launch->start.filter = &launch->filter;
	return r;
}

static int open_sockets(struct launch *launch, struct error *err)
{
	int r = sync_pair(&launch->sync, &launch->init_sync, err);

	if (r == 0 && launch->gate) {
		launch->gate_socket = start_gate_socket(err);
		r = launch->gate_socket < 0 ? launch->gate_socket : 0;
	}
	return r;
}

/* ---- the clone ---- */

static int open_joined(const struct plan *plan, struct clone_request *request, struct error *err)
{
	for (enum ns_type type = 0; type < NS_TYPE_MAX; type++) {
		if (!plan->joined[type])
			continue;
		request->joined[type] = ns_open(type, plan->joined[type], err);
		if (request->joined[type] < 0)
			return context(err, "linux.namespaces: %s", ns_info(type)->name);
	}
	return 0;
}

static int request_clone(struct launch *launch, struct clone_request *request, struct error *err)
{
	struct init init = {
		.plan = &launch->plan,
		.fds = &launch->fds,
		.state = &launch->state,
		.sync = launch->init_sync,
		.gate = launch->gate_socket,
		.joined = request->joined,
		.lock = launch->dir.fd,
		.start = launch->start,
		.peer = -1,
		.connection = -1,
	};
	pid_t pid;

	if (launch->plan.proc_before_clone) {
		launch->fds.proc = clone_proc_fs(request->joined[NS_PID], err);
		if (launch->fds.proc < 0)
			return launch->fds.proc;
	}
	/* Not dumpable from its first moment on, if /proc need not be open to an ordinary user's own runtime. */
	if (launch->host.privileged && prctl(PR_SET_DUMPABLE, 0) < 0)
		return fail(err, errno, "PR_SET_DUMPABLE");
	pid = clone_init(request, &launch->pidfd, err);
	if (pid == 0) {
		(void)close(launch->sync);
		init_main(&init);
	}
	if (pid < 0)
		return (int)pid;
	launch->state.pid = pid;
	(void)close(take_fd(&launch->init_sync));
	return 0;
}

static int clone_container(struct launch *launch, struct error *err)
{
	struct clone_request request = {
		.flags = launch->plan.clone_flags,
		.no_return = !launch->host.initial_user_ns,
		.cgroup = launch->cgroup,
	};
	int r;

	for (enum ns_type type = 0; type < NS_TYPE_MAX; type++)
		request.joined[type] = -1;
	r = open_joined(&launch->plan, &request, err);
	if (r == 0)
		r = request_clone(launch, &request, err);
	for (enum ns_type type = 0; type < NS_TYPE_MAX; type++)
		cleanup_fd(&request.joined[type]);
	if (r == 0)
		systemd_let_go(&launch->host.cgroup, launch->plan.cgroup_path, &launch->scope_holder);
	return r;
}

/* ---- beside init ---- */

static int join(struct launch *launch, struct error *err)
{
	return network_join(launch->runtime, launch->dir.id, launch->state.pid, launch->options->network, err);
}

static bool is_on_pasta(const struct launch *launch)
{
	return launch->plan.new_user_ns && launch->options->network &&
	       launch->options->network->mode == NETWORK_MODE_PASTA;
}

/* pasta looks into /proc/PID/ns, which is closed to the user as soon as init goes on. */
static int map_ids(struct launch *launch, struct error *err)
{
	int r;

	if (!launch->plan.new_user_ns)
		return 0;
	r = idmap_write(launch->state.pid, &launch->plan.id_maps, err);
	if (r == 0 && is_on_pasta(launch))
		r = join(launch, err);
	return r == 0 ? sync_send(launch->sync, SYNC_IDS_MAPPED, -1, err) : r;
}

static int adjust_oom_score(struct launch *launch, struct error *err)
{
	const struct config_process *process = launch->plan.process;

	if (!process || !process->oom_score_adj.set)
		return 0;
	return oom_score_adj_write(launch->state.pid, (int)process->oom_score_adj.value, err);
}

/* Before the hooks, which may look for the interfaces. */
static int join_networks(struct launch *launch, struct error *err)
{
	return launch->options->network && !is_on_pasta(launch) ? join(launch, err) : 0;
}

static int bring_devices(struct launch *launch, struct error *err)
{
	return network_bring_devices(launch->state.pid, launch->config, err);
}

static int set_rlimits(struct launch *launch, struct error *err)
{
	const struct config_process *process = launch->plan.process;

	return process ? rlimits_apply(launch->state.pid, process->rlimits, process->n_rlimits, err) : 0;
}

static int record_created(struct launch *launch, struct error *err)
{
	int r = launch->gate ? start_gate_publish(&launch->dir, launch->gate_socket, err) : 0;

	launch->state.start_time = proc_start_time(launch->state.pid);
	if (r == 0)
		r = state_write(&launch->dir, &launch->state, err);
	if (r == 0)
		launch->owes_poststop = true;
	return r;
}

static int write_pid_file(struct launch *launch, struct error *err)
{
	int r;

	if (!launch->options->pid_file)
		return 0;
	r = pid_file_write(launch->options->pid_file, launch->state.pid, err);
	launch->wrote_pid_file = r == 0;
	return r;
}

static int let_go(struct launch *launch, struct error *err)
{
	int r = sync_send(launch->sync, SYNC_RECORDED, -1, err);

	/* create is done; run stays until execve has closed the socket, or an error comes. */
	if (r == 0 && !launch->gate)
		r = sync_expect(launch->sync, SYNC_END, NULL, err);
	cleanup_fd(&launch->seal);
	launch->seal = -1;
	/* init has attached them: from now on they are the container's alone. */
	rootfs_close(&launch->fds);
	return r;
}

static const struct {
	const char *name;
	int (*run)(struct launch *launch, struct error *err);
} steps[] = {
	{ "preserved-fds", check_preserved_fds },
	{ "config", load_config },
	{ "console", check_console },
	{ "plan", make_plan },
	{ "reserve", reserve_id },
	{ "cgroup-unused", check_cgroup },
	{ "record", record_intent },
	{ "cgroup", make_cgroup },
	{ "oom", watch_memory },
	{ "root", open_root },
	{ "seccomp", compile_seccomp },
	{ "sockets", open_sockets },
	{ "seal", seal },
	{ "clone", clone_container },
	{ "map-ids", map_ids },
	{ "oom-score", adjust_oom_score },
	{ "network", join_networks },
	{ "net-devices", bring_devices },
	{ "sync", launch_sync },
	{ "rlimits", set_rlimits },
	{ "created", record_created },
	{ "pid-file", write_pid_file },
	{ "go", let_go },
};

int launch_run(struct launch *launch, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		int r;

		fault_point(steps[i].name);
		r = steps[i].run(launch, err);
		if (r < 0) {
			launch_drop_pid_file(launch);
			launch_remove(launch);
			return -err->code;
		}
	}
	return 0;
}

static const char *state_json(const struct launch *launch, enum container_status status)
{
	const struct config *config = launch->config;

	return state_to_json(config->arena, &launch->state, status, config->oci_version, config->annotations,
			     config->n_annotations, false);
}

int launch_hooks(const struct launch *launch, enum hook_stage stage, enum container_status status, struct error *err)
{
	const struct hook_list *hooks = &launch->config->hooks[stage];

	return hooks->count ? hooks_run(stage, hooks, state_json(launch, status), err) : 0;
}

static void run_poststop(const struct launch *launch)
{
	const struct hook_list *hooks = launch->owes_poststop ? &launch->config->hooks[HOOK_POSTSTOP] : NULL;

	if (hooks && hooks->count)
		hooks_run_all(hooks, state_json(launch, STATUS_STOPPED));
}

void launch_drop_pid_file(const struct launch *launch)
{
	if (launch->wrote_pid_file)
		(void)unlink(launch->options->pid_file);
}

enum { END_TIMEOUT_MS = 10 * 1000 };

static void remove_cgroup(struct launch *launch)
{
	struct error err;

	if (!launch->cgroup && !launch->scope_holder)
		return;
	systemd_let_go(&launch->host.cgroup, launch->plan.cgroup_path, &launch->scope_holder);
	if (cgroup_manager_remove(launch->state.cgroup_manager, &launch->host.cgroup, launch->plan.cgroup_path, &err) <
	    0)
		log_message(LOG_LEVEL_WARNING, "%s", err.text);
}

void launch_remove(struct launch *launch)
{
	struct error err;

	if (launch->pidfd >= 0) {
		(void)proc_pidfd_send(launch->pidfd, SIGKILL);
		(void)proc_wait_pidfd(launch->pidfd);
	}
	if (launch->cgroup &&
	    (cgroup_kill(launch->cgroup, &err) < 0 || cgroup_wait_empty(launch->cgroup, END_TIMEOUT_MS, &err) < 0))
		log_message(LOG_LEVEL_WARNING, "%s", err.text);
	if (launch->dir.fd >= 0 && network_leave(launch->runtime, launch->dir.id, &err) < 0)
		log_message(LOG_LEVEL_WARNING, "%s", err.text);
	remove_cgroup(launch);
	run_poststop(launch);
	if (launch->dir.fd >= 0 && launch->state.own_bundle && own_bundle_remove(launch->state.bundle, &err) < 0)
		log_message(LOG_LEVEL_WARNING, "%s", err.text);
	if (launch->dir.fd >= 0 && state_dir_remove(&launch->dir, &err) < 0)
		log_message(LOG_LEVEL_WARNING, "%s", err.text);
}

void launch_close(struct launch *launch)
{
	cgroup_close(launch->cgroup);
	host_close(&launch->host);
	state_dir_close(&launch->dir);
	rootfs_close(&launch->fds);
	seccomp_filter_free(&launch->filter);
	cleanup_fd(&launch->sync);
	cleanup_fd(&launch->init_sync);
	cleanup_fd(&launch->gate_socket);
	cleanup_fd(&launch->seal);
	cleanup_fd(&launch->pidfd);
	cleanup_fd(&launch->master);
	config_free(launch->config);
}
