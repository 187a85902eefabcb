/*
 * init.c - the container's first process, from clone to execve: one array of steps, run in order.
 *
 * It starts inside all new namespaces but cgroup and time, inside its cgroup, with the parent's memory and fds. What a
 * step does not need it leaves out by itself. A failing step is reported with its name over the socket (sync.h), after
 * the gate also to `start`, and ends the process. No logging, no stdio, no exit(3) here.
 */
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "child.h"
#include "fault.h"
#include "hooks.h"
#include "labels.h"
#include "namespaces/proc_fs.h"
#include "start_gate.h"
#include "sync.h"
#include "tty.h"

/* ---- namespaces ---- */

static int take_on_ids(struct init *init, struct error *err)
{
	int r;

	(void)close(init->lock);
	if (!init->plan->new_user_ns && !init->plan->enter)
		return 0;
	r = init->plan->new_user_ns ? sync_expect(init->sync, SYNC_IDS_MAPPED, NULL, err) : 0;
	if (r < 0)
		return r;
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return fail(err, errno, "become root of the user namespace (does linux.uidMappings map 0?)");
	return 0;
}

/*
 * Both only in here: clone3 would root a new cgroup namespace at the parent's cgroup, and from within a joined one it
 * cannot reach a cgroup outside of that (nsdelegate in cgroup-v2.rst).
 */
static int enter_cgroup_namespace(struct init *init, struct error *err)
{
	if (init->joined[NS_CGROUP] >= 0)
		return ns_join(NS_CGROUP, init->joined[NS_CGROUP], err);
	if (init->plan->new_cgroup_ns && unshare(CLONE_NEWCGROUP) < 0)
		return fail(err, errno, "new cgroup namespace");
	return 0;
}

/*
 * The offsets can be written only before a process is in the namespace: execve(2) enters it. time_namespaces(7). Before
 * the ids change: files in /proc of a process that is not dumpable belong to the runtime's root, whose uid this still
 * is.
 */
static int unshare_time(struct init *init, struct error *err)
{
	const struct config *config = init->plan->config;
	char text[128];
	int r;

	if (!init->plan->new_time_ns)
		return 0;
	if (unshare(CLONE_NEWTIME) < 0)
		return fail(err, errno, "new time namespace");
	if (!config->monotonic.set && !config->boottime.set)
		return 0;
	(void)snprintf(text, sizeof(text), "monotonic %lld %u\nboottime %lld %u\n",
		       (long long)config->monotonic.seconds, config->monotonic.nanoseconds,
		       (long long)config->boottime.seconds, config->boottime.nanoseconds);
	r = fd_write_existing(AT_FDCWD, "/proc/self/timens_offsets", text);
	return r < 0 ? fail(err, -r, "linux.timeOffsets") : 0;
}

static int find_labels(struct init *init, struct error *err)
{
	return labels_open(&init->start, err);
}

static int default_signals(struct init *init, struct error *err)
{
	(void)init;
	return child_signals(err);
}

/* Nobody else in a shared pid namespace may look into a process that still holds host fds (CVE-2016-9962). */
static int hide(struct init *init, struct error *err)
{
	(void)init;
	return prctl(PR_SET_DUMPABLE, 0) < 0 ? fail(err, errno, "PR_SET_DUMPABLE") : 0;
}

static int new_session(struct init *init, struct error *err)
{
	return child_session(init->plan->id, init->plan->new_keyring, err);
}

static int join_mount_namespace(struct init *init, struct error *err)
{
	return init->joined[NS_MOUNT] >= 0 ? ns_join(NS_MOUNT, init->joined[NS_MOUNT], err) : 0;
}

static int raise_loopback(struct init *init, struct error *err)
{
	struct ifreq request = { .ifr_name = "lo" };
	auto_fd int fd = -1;

	if (!(init->plan->clone_flags & CLONE_NEWNET))
		return 0;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	request.ifr_flags = IFF_UP;
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		return fail(err, errno, "bring up lo");
	return 0;
}

static int set_names(struct init *init, struct error *err)
{
	const struct config *config = init->plan->config;

	if (config->hostname && sethostname(config->hostname, strlen(config->hostname)) < 0)
		return fail(err, errno, "hostname");
	if (config->domainname && setdomainname(config->domainname, strlen(config->domainname)) < 0)
		return fail(err, errno, "domainname");
	return 0;
}

static int set_sysctls(struct init *init, struct error *err)
{
	const struct config *config = init->plan->config;
	auto_fd int proc = -1;

	if (config->n_sysctls == 0)
		return 0;
	proc = proc_fs_open(err);
	return proc < 0 ? proc : sysctl_apply(proc, config->sysctls, config->n_sysctls, err);
}

static int set_personality(struct init *init, struct error *err)
{
	return child_personality(&init->plan->config->personality, err);
}

/* ---- root file system ---- */

static int attach_root(struct init *init, struct error *err)
{
	const struct plan *plan = init->plan;
	int r = 0;

	if (!plan->own_mount_ns)
		return 0;
	/* What the runtime could not open outside: an ordinary user's sources, a throw-away overlay on old kernels. */
	if (init->fds->root < 0)
		r = rootfs_open(&plan->rootfs, plan->config->bundle, &plan->id_maps, true, init->fds, err);
	return r == 0 ? rootfs_attach(&plan->rootfs, init->fds, err) : r;
}

static int mount_all(struct init *init, struct error *err)
{
	return init->plan->own_mount_ns ? rootfs_mount_all(&init->plan->rootfs, init->fds, err) : 0;
}

static int make_devices(struct init *init, struct error *err)
{
	return init->plan->own_mount_ns ? rootfs_make_devices(&init->plan->rootfs, init->fds, err) : 0;
}

static int open_terminal(struct init *init, struct error *err)
{
	const struct config_process *process = init->start.process;
	auto_fd int master = -1;
	int r;

	if (!process || !process->terminal)
		return 0;
	if (init->fds->devpts < 0)
		return refuse(err, "process.terminal: the config mounts no devpts (on /dev/pts) to open a terminal on");
	r = tty_open_pair(init->fds->devpts, (unsigned)process->console_height.value,
			  (unsigned)process->console_width.value, &master, &init->peer, err);
	if (r == 0 && init->plan->own_mount_ns)
		r = rootfs_bind_console(init->fds, init->peer, err);
	return r < 0 ? r : sync_send(init->sync, SYNC_CONSOLE, master, err);
}

/* ---- hooks ---- */

static int run_hooks(const struct init *init, enum hook_stage stage, enum container_status status, struct error *err)
{
	const struct config *config = init->plan->config;
	struct state state = *init->state;
	const char *json;
	mode_t before;
	int r;

	if (config->hooks[stage].count == 0)
		return 0;
	/* config.md: in the container's namespaces the pid is the one that the container sees. */
	state.pid = getpid();
	json = state_to_json(config->arena, &state, status, config->oci_version, config->annotations,
			     config->n_annotations, false);
	before = umask(DEFAULT_UMASK); /* of set-up: 0 */
	r = hooks_run(stage, &config->hooks[stage], json, err);
	(void)umask(before);
	return r;
}

static int creation_hooks(struct init *init, struct error *err)
{
	const struct hook_list *hooks = init->plan->config->hooks;
	int r = 0;

	/* Also for hooks in here alone: from now on the parent owes poststop hooks. */
	if (hooks[HOOK_PRESTART].count || hooks[HOOK_CREATE_RUNTIME].count || hooks[HOOK_CREATE_CONTAINER].count) {
		r = sync_send(init->sync, SYNC_HOOKS, -1, err);
		if (r == 0)
			r = sync_expect(init->sync, SYNC_HOOKS_DONE, NULL, err);
	}
	return r < 0 ? r : run_hooks(init, HOOK_CREATE_CONTAINER, STATUS_CREATING, err);
}

static int pivot(struct init *init, struct error *err)
{
	return init->plan->own_mount_ns ? rootfs_pivot(&init->plan->rootfs, init->fds, err) : 0;
}

static int protect(struct init *init, struct error *err)
{
	return init->plan->own_mount_ns ? rootfs_protect(&init->plan->rootfs, init->fds, err) : 0;
}

/* ---- start ---- */

static int find_program(struct init *init, struct error *err)
{
	if (!init->start.process)
		return 0;
	return process_find(&init->start, init->plan->config->arena, err);
}

/* Here, so that `create` says what is wrong with them. */
static int set_labels(struct init *init, struct error *err)
{
	return labels_set(&init->start, err);
}

static int take_terminal(struct init *init, struct error *err)
{
	if (init->peer < 0)
		return 0;
	return tty_make_stdio(init->peer, init->start.process->user.uid, err);
}

/* From SYNC_RECORDED on the container lives without the runtime; before, the end of its socket is the end of init. */
static int report_ready(struct init *init, struct error *err)
{
	int r = sync_send(init->sync, SYNC_READY, -1, err);

	return r < 0 ? r : sync_expect(init->sync, SYNC_RECORDED, NULL, err);
}

static int wait_for_start(struct init *init, struct error *err)
{
	if (!init->plan->gate)
		return 0;
	(void)close(init->sync);
	init->sync = -1;
	return start_gate_wait(init->gate, &init->connection, err);
}

static int start_hooks(struct init *init, struct error *err)
{
	return run_hooks(init, HOOK_START_CONTAINER, STATUS_CREATED, err);
}

static int become_program(struct init *init, struct error *err)
{
	if (!init->start.process)
		return refuse(err, "process: the config has none, so there is nothing to start");
	return process_exec(&init->start, err);
}

/* name: put in front of the error, if the error does not say it. */
#define STEP(name, function)                                                                                           \
	{                                                                                                              \
		name, #function, function                                                                              \
	}

static const struct {
	const char *name;
	const char *fault; /* fault.h */
	int (*run)(struct init *init, struct error *err);
} steps[] = {
	STEP("security labels", find_labels),
	STEP("time namespace", unshare_time),
	STEP("user namespace", take_on_ids),
	STEP("cgroup namespace", enter_cgroup_namespace),
	STEP(NULL, hide),
	STEP(NULL, default_signals),
	STEP("session", new_session),
	STEP("mount namespace", join_mount_namespace),
	STEP("network namespace", raise_loopback),
	STEP(NULL, set_names),
	STEP(NULL, set_sysctls),
	STEP(NULL, attach_root),
	STEP(NULL, mount_all),
	STEP(NULL, make_devices),
	STEP("terminal", open_terminal),
	STEP(NULL, creation_hooks),
	STEP(NULL, pivot),
	STEP(NULL, protect),
	STEP(NULL, set_personality),
	STEP(NULL, find_program),
	STEP(NULL, set_labels),
	STEP("terminal", take_terminal),
	STEP(NULL, report_ready),
	STEP("start", wait_for_start),
	STEP(NULL, start_hooks),
	STEP(NULL, become_program),
};

static int run_steps(struct init *init, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		int r;

		fault_point(steps[i].fault);
		r = steps[i].run(init, err);
		if (r < 0)
			return steps[i].name ? context(err, "%s", steps[i].name) : r;
	}
	return 0;
}

void init_main(struct init *init)
{
	struct error err = { 0 };

	(void)run_steps(init, &err);
	sync_send_error(init->connection >= 0 ? init->connection : init->sync, &err);
	_exit(EXIT_FAILURE);
}
