/*
 * container_exec.c - the verb exec: a further process inside a running container.
 *
 * state and saved config -> process object -> cgroup and namespaces opened by the container's init -> clone inside them
 * -> terminal, rlimits -> go -> pid file -> wait. The pid file appears only once execve has succeeded: engines take its
 * existence for the success.
 */
#include "container.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "affinity.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/proc.h"
#include "base/str.h"
#include "cap_warnings.h"
#include "clone_init.h"
#include "container_open.h"
#include "exe_seal.h"
#include "exec_init.h"
#include "exec_process.h"
#include "host.h"
#include "oom.h"
#include "fault.h"
#include "pid_file.h"
#include "preserved_fds.h"
#include "seccomp_dir.h"
#include "supervise.h"
#include "sync.h"
#include "tty.h"

enum { ENDING_MS = 1000 };

struct exec {
	const struct runtime *runtime;
	const struct exec_options *options;
	struct open_container container;
	struct config *config;
	struct config_process *process;
	struct process_start start;
	struct seccomp_filter filter;
	struct cgroup *cgroup;
	struct clone_request request;
	int init_pidfd; /* of the container's init */
	int namespaces; /* CLONE_NEW* that the new process joins by itself */
	int sync, child_sync;
	int seal; /* mount of the sealed binary, closed last: exe_seal.h */
	int pidfd, master;
	pid_t pid;
};

static void exec_close(struct exec *exec)
{
	for (enum ns_type type = 0; type < NS_TYPE_MAX; type++)
		cleanup_fd(&exec->request.joined[type]);
	cgroup_close(exec->cgroup);
	seccomp_filter_free(&exec->filter);
	config_free(exec->config);
	container_close(&exec->container);
	cleanup_fd(&exec->init_pidfd);
	cleanup_fd(&exec->sync);
	cleanup_fd(&exec->child_sync);
	cleanup_fd(&exec->seal);
	cleanup_fd(&exec->pidfd);
	cleanup_fd(&exec->master);
}

#define auto_exec __attribute__((cleanup(exec_close)))

/* ---- what to run, where ---- */

static int check_status(struct exec *exec, struct error *err)
{
	enum container_status status = STATUS_STOPPED;
	int r = container_open(exec->runtime, exec->options->id, CONTAINER_UNLOCKED, &exec->container, err);

	if (r == 0)
		r = container_status(&exec->container, &status, err);
	if (r < 0)
		return r;
	if (status == STATUS_RUNNING || status == STATUS_CREATED)
		return 0;
	if (status == STATUS_PAUSED && exec->options->ignore_paused)
		return 0;
	if (status == STATUS_PAUSED && oom_policy_exists(exec->container.dir.fd) &&
	    oom_is_frozen(exec->runtime->root, exec->options->id))
		return refuse(err,
			      "cannot exec in container `%s`: it is frozen at its memory limit; raise the limit, kill "
			      "processes of it (coffer oom), or use --ignore-paused to wait",
			      exec->options->id);
	if (status == STATUS_PAUSED)
		return refuse(err, "cannot exec in paused container `%s`; resume it, or use --ignore-paused",
			      exec->options->id);
	return refuse_as(err, ESRCH, "cannot exec in container `%s`: container not running: it is %s",
			 exec->options->id, status_name(status));
}

/* As it was saved. The container is not locked: a delete may be quicker. */
static int load_config(struct exec *exec, struct error *err)
{
	const struct state_dir *dir = &exec->container.dir;
	auto_free char *text = NULL;
	size_t length;
	int r = fd_read_file(dir->fd, "config.json", CONFIG_SIZE_MAX, &text, &length, err);

	if (r == -ENOENT)
		return refuse_as(err, ESRCH,
				 "cannot exec in container `%s`: container not running: it has just been deleted",
				 dir->id);
	return r < 0 ? r : config_load_text(dir->path, text, length, &exec->config, err);
}

static int make_process(struct exec *exec, struct error *err)
{
	int r = load_config(exec, err);

	if (r == 0)
		r = exec_process_make(exec->config->arena, exec->config, exec->options, &exec->process, err);
	if (r < 0)
		return r;
	exec->start.process = exec->process;
	exec->start.no_huge_pages = oom_policy_exists(exec->container.dir.fd);
	cap_warnings(exec->process, exec->config->namespaces[NS_USER].present);
	if (exec->process->terminal && exec->options->detach && !exec->options->console_socket)
		return refuse(err, "--tty: a detached process needs --console-socket for its terminal");
	return 0;
}

static int compile_seccomp(struct exec *exec, struct error *err)
{
	auto_fd int cache = -1;
	int r;

	if (!exec->config->has_seccomp)
		return 0;
	cache = seccomp_dir_open(exec->runtime->root);
	r = seccomp_compile(&exec->config->seccomp, cache, &exec->filter, err);
	exec->start.filter = &exec->filter;
	return r;
}

/* ---- namespaces and cgroup ---- */

static bool same_user_ns(pid_t pid)
{
	char path[64];
	struct stat own;
	struct stat other;

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
	return stat("/proc/self/ns/user", &own) == 0 && stat(path, &other) == 0 && own.st_ino == other.st_ino;
}

static int open_ns(struct exec *exec, enum ns_type type, struct error *err)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/%s", exec->container.state.pid, ns_info(type)->proc);
	exec->request.joined[type] = ns_open(type, path, err);
	return exec->request.joined[type] < 0 ? exec->request.joined[type] : 0;
}

static int check_alive(const struct exec *exec, struct error *err)
{
	if (state_alive(&exec->container.state))
		return 0;
	return refuse_as(err, ESRCH, "cannot exec in container `%s`: container not running: it has just ended",
			 exec->options->id);
}

/* What a pid namespace says whose init is ending, and not a zombie yet: ENOMEM (pid_namespaces(7)). */
static void await_end(const struct exec *exec)
{
	struct pollfd init = { .fd = exec->init_pidfd, .events = POLLIN };

	(void)poll(&init, 1, ENDING_MS);
}

/* The pid namespace is a matter of clone, a user namespace of the enterer; the rest is one setns of the pidfd. */
static int open_namespaces(struct exec *exec, struct error *err)
{
	const pid_t init = exec->container.state.pid;
	int r;

	exec->init_pidfd = state_pidfd(&exec->container.state, err);
	if (exec->init_pidfd < 0)
		return exec->init_pidfd;
	for (enum ns_type type = 0; type < NS_TYPE_MAX; type++)
		if (exec->config->namespaces[type].present && type != NS_USER && type != NS_PID)
			exec->namespaces |= (int)ns_info(type)->flag;
	exec->namespaces |= CLONE_NEWNS;
	exec->request.no_return = !host_in_initial_user_ns();
	r = exec->config->namespaces[NS_PID].present ? open_ns(exec, NS_PID, err) : 0;
	if (r == 0 && !same_user_ns(init))
		r = open_ns(exec, NS_USER, err);
	/* The files were opened by pid: was it still that process? */
	return r == 0 ? check_alive(exec, err) : r;
}

static int open_cgroup(struct exec *exec, struct error *err)
{
	const char *sub = exec->options->cgroup;
	auto_free char *path = NULL;
	int r;

	if (!exec->container.state.cgroup_path)
		return sub ? refuse(err, "--cgroup: container `%s` has no cgroup", exec->options->id) : 0;
	if (!sub) {
		r = container_open_cgroup(&exec->container, &exec->cgroup, err);
	} else {
		path = xasprintf("%s/%s", exec->container.state.cgroup_path, sub + strspn(sub, "/"));
		r = cgroup_host_probe(&exec->container.host, err);
		if (r == 0)
			r = cgroup_open(&exec->container.host, path, &exec->cgroup, err);
	}
	exec->request.cgroup = exec->cgroup;
	return r < 0 && sub ? context(err, "--cgroup") : r;
}

/*
 * A container that manages its own cgroup (systemd does) has moved its processes to children, and then the container's
 * cgroup takes none any more: go where init is.
 */
static int use_cgroup_of_init(struct exec *exec, struct error *err)
{
	char file[64];
	char text[2 * PATH_MAX]; /* v1 lines come first, on a hybrid host */
	const char *path;
	ssize_t length;

	(void)snprintf(file, sizeof(file), "/proc/%d/cgroup", exec->container.state.pid);
	length = fd_read_small(AT_FDCWD, file, text, sizeof(text));
	if (length < 0)
		return fail(err, (int)-length, "read %s", file);
	path = strstr(text, "0::/");
	if (!path)
		return refuse(err, "%s has no cgroup v2 line", file);
	exec->request.cgroup = NULL;
	cgroup_close(take_ptr(exec->cgroup));
	if (cgroup_open(&exec->container.host, path + strlen("0::"), &exec->cgroup, err) < 0)
		return -err->code;
	exec->request.cgroup = exec->cgroup;
	return 0;
}

/* ---- the clone ---- */

static pid_t clone_once(struct exec *exec, struct error *err)
{
	struct exec_init init = {
		.sync = exec->child_sync,
		.pidfd = exec->init_pidfd,
		.namespaces = exec->namespaces,
		.user_ns = exec->request.joined[NS_USER] >= 0,
		.id = exec->options->id,
		.new_keyring = !exec->container.state.no_new_keyring,
		.arena = exec->config->arena,
		.personality = exec->config->personality,
		.start = exec->start,
	};
	pid_t pid = clone_init(&exec->request, &exec->pidfd, err);

	if (pid == 0) {
		(void)close(exec->sync);
		exec_init_main(&init);
	}
	return pid;
}

static int clone_process(struct exec *exec, struct error *err)
{
	int r = sync_pair(&exec->sync, &exec->child_sync, err);

	if (r == 0)
		r = affinity_apply(exec->process->cpu_affinity_initial, "process.execCPUAffinity.initial", err);
	if (r < 0)
		return r;
	if (prctl(PR_SET_DUMPABLE, 0) < 0)
		return fail(err, errno, "PR_SET_DUMPABLE");
	exec->pid = clone_once(exec, err);
	if (exec->pid == -EBUSY && exec->cgroup && !exec->options->cgroup && use_cgroup_of_init(exec, err) == 0)
		exec->pid = clone_once(exec, err);
	if (exec->pid < 0)
		return exec->pid;
	(void)close(take_fd(&exec->child_sync));
	fault_point("exec-cloned");
	return 0;
}

/* ---- beside the process ---- */

static int take_console(struct exec *exec, struct error *err)
{
	int r = sync_expect(exec->sync, SYNC_CONSOLE, &exec->master, err);

	if (r < 0)
		return r;
	if (exec->master < 0)
		return refuse(err, "the process sent a console record without a terminal");
	if (!exec->options->console_socket) {
		tty_copy_size(exec->master); /* before the program runs: it may look at once */
		return 0;
	}
	r = tty_send_console(exec->options->console_socket, exec->master, err);
	(void)close(take_fd(&exec->master));
	return r;
}

static int let_go(struct exec *exec, struct error *err)
{
	const struct config_process *process = exec->process;
	int r = process->terminal ? take_console(exec, err) : 0;

	if (r == 0)
		r = sync_expect(exec->sync, SYNC_READY, NULL, err);
	fault_point("exec-ready");
	/* A `delete` kills what is in the cgroup once more after init's end; what comes later must not stay. */
	if (r == 0)
		r = check_alive(exec, err);
	if (r == 0)
		r = rlimits_apply(exec->pid, process->rlimits, process->n_rlimits, err);
	if (r == 0 && process->oom_score_adj.set)
		r = oom_score_adj_write(exec->pid, (int)process->oom_score_adj.value, err);
	if (r == 0)
		r = sync_send(exec->sync, SYNC_RECORDED, -1, err);
	if (r == 0)
		r = sync_expect(exec->sync, SYNC_END, NULL, err);
	fault_point("exec-running");
	if (r == 0 && exec->options->pid_file)
		r = pid_file_write(exec->options->pid_file, exec->pid, err);
	return r;
}

static int start_process(struct exec *exec, struct error *err)
{
	int r = check_status(exec, err);

	if (r == 0)
		r = make_process(exec, err);
	if (r == 0)
		r = compile_seccomp(exec, err);
	if (r == 0)
		r = open_namespaces(exec, err);
	if (r == 0)
		r = open_cgroup(exec, err);
	if (r == 0 && geteuid() == 0)
		r = exe_seal(&exec->seal, err);
	if (r < 0)
		return r;
	r = clone_process(exec, err);
	if (r == 0)
		r = let_go(exec, err);
	if (r < 0 && exec->pidfd >= 0) {
		(void)proc_pidfd_send(exec->pidfd, SIGKILL);
		(void)proc_wait_pidfd(exec->pidfd);
	}
	/* If the container ended meanwhile, that is why. */
	if (r == -ENOMEM && exec->init_pidfd >= 0)
		await_end(exec);
	if (r < 0)
		(void)check_alive(exec, err);
	return r < 0 ? -err->code : 0;
}

int container_exec(const struct runtime *runtime, const struct exec_options *options, int *ret_exit, struct error *err)
{
	auto_exec struct exec exec = {
		.runtime = runtime,
		.options = options,
		.container = CONTAINER_NOT_OPEN,
		.init_pidfd = -1,
		.sync = -1,
		.child_sync = -1,
		.seal = -1,
		.pidfd = -1,
		.master = -1,
	};
	auto_supervise struct supervise supervise = SUPERVISE_NONE;
	int r;

	for (enum ns_type type = 0; type < NS_TYPE_MAX; type++)
		exec.request.joined[type] = -1;
	*ret_exit = 0;
	r = preserved_fds_check(options->preserve_fds, &exec.start, err);
	if (r == 0 && !options->detach)
		r = supervise_prepare(&supervise, err);
	if (r == 0)
		r = start_process(&exec, err);
	if (r < 0 || options->detach)
		return r;
	return supervise_wait(&supervise, exec.pid, exec.pidfd, exec.master, ret_exit, err);
}
