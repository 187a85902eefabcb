/*
 * process_exec.c - the steps from a set-up container to its program, in order; see process.h.
 */
#include "process.h"

#include <errno.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/path.h"
#include "base/str.h"
#include "oom.h"

enum { NULL_MAJOR = 1, NULL_MINOR = 3, IOPRIO_WHO_PROCESS = 1 };

static int mark_fds(const struct process_start *start, struct error *err)
{
	if (syscall(SYS_close_range, 3 + start->preserve_fds, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		return fail(err, errno, "close_range");
	return 0;
}

/* sched_setattr(2); the C library has neither the call nor the struct before 2.41. */
struct scheduler_attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

static int set_scheduler(const struct process_start *start, struct error *err)
{
	const struct config_scheduler *scheduler = &start->process->scheduler;
	struct scheduler_attr attr = {
		.size = sizeof(attr),
		.policy = scheduler->policy,
		.flags = scheduler->flags,
		.nice = scheduler->nice,
		.priority = (uint32_t)scheduler->priority,
		.runtime = scheduler->runtime_ns,
		.deadline = scheduler->deadline_ns,
		.period = scheduler->period_ns,
	};

	if (scheduler->set && syscall(SYS_sched_setattr, 0, &attr, 0) < 0)
		return fail(err, errno, "process.scheduler");
	if (start->process->io_priority.set &&
	    syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, (int)start->process->io_priority.value) < 0)
		return fail(err, errno, "process.ioPriority");
	return 0;
}

/* Streams that the container's user could not reopen through /proc/self/fd are given to it, as peers do. */
static int own_streams(const struct process_start *start, struct error *err)
{
	struct stat st;

	(void)err;
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO && start->process->user.uid != 0; fd++) {
		if (fstat(fd, &st) < 0 || st.st_uid == start->process->user.uid ||
		    path_is_device(fd, NULL_MAJOR, NULL_MINOR))
			continue;
		/* A read-only file system or another owner's pipe: not the container's affair. */
		(void)fchown(fd, start->process->user.uid, (gid_t)-1);
	}
	return 0;
}

static struct cap_sets wanted_capabilities(const struct process_start *start)
{
	struct cap_sets sets = start->process->capabilities;

	/* An absent object gives none; what the runtime itself does not have cannot be given. */
	(void)cap_sets_limit(&sets, cap_own_permitted());
	return sets;
}

static int drop_bounding(const struct process_start *start, struct error *err)
{
	struct cap_sets sets = wanted_capabilities(start);

	return caps_apply_bounding(&sets, err);
}

static int load_filter(const struct process_start *start, struct error *err)
{
	return start->filter ? seccomp_filter_load(start->filter, err) : 0;
}

/* Without no_new_privs the filter needs CAP_SYS_ADMIN, so it has to come before the user and capability changes. */
static int load_filter_early(const struct process_start *start, struct error *err)
{
	return start->process->no_new_privileges ? 0 : load_filter(start, err);
}

static int load_filter_late(const struct process_start *start, struct error *err)
{
	return start->process->no_new_privileges ? load_filter(start, err) : 0;
}

static int become_user(const struct process_start *start, struct error *err)
{
	struct cap_sets sets = wanted_capabilities(start);

	/* Set-up ran with umask 0. */
	(void)umask(DEFAULT_UMASK);
	if (user_apply(&start->process->user, true, err) < 0)
		return -err->code;
	return caps_apply(&sets, err);
}

static int cannot_enter(const struct process_start *start, struct error *err)
{
	return fail(err, errno, "process.cwd: %s", start->process->cwd);
}

/* A working directory outside of the root can only come from a leaked fd (CVE-2024-21626); the kernel shows it as
   "(unreachable)". */
static int check_directory(const struct process_start *start, struct error *err)
{
	char path[4096];

	if (syscall(SYS_getcwd, path, sizeof(path)) < 0)
		return cannot_enter(start, err);
	if (path[0] != '/')
		return refuse(err, "process.cwd: %s is outside of the root file system", start->process->cwd);
	return 0;
}

/* Either may enter the working directory, as with peers: an image's closed directory the one, a user's on FUSE or NFS
   the other. */
static int become_user_in_directory(const struct process_start *start, struct error *err)
{
	bool entered = chdir(start->process->cwd) == 0;

	if (!entered && errno != EACCES)
		return cannot_enter(start, err);
	if (become_user(start, err) < 0)
		return context(err, "user and capabilities");
	if (!entered && chdir(start->process->cwd) < 0)
		return cannot_enter(start, err);
	return check_directory(start, err);
}

static int set_no_new_privs(const struct process_start *start, struct error *err)
{
	if (start->process->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return fail(err, errno, "no_new_privs");
	return 0;
}

static int set_huge_pages(const struct process_start *start, struct error *err)
{
	return start->no_huge_pages ? oom_no_huge_pages(err) : 0;
}

static int execute(const struct process_start *start, struct error *err)
{
	/* execve(2) takes non-const arrays by history and does not change them. */
	(void)execve(start->executable, (char *const *)(uintptr_t)start->process->args,
		     (char *const *)(uintptr_t)start->env);
	return process_exec_failed(start->process->args[0], errno, err);
}

static const struct {
	const char *name;
	int (*run)(const struct process_start *start, struct error *err);
} steps[] = {
	{ "file descriptors", mark_fds },   { "scheduler", set_scheduler },
	{ "huge pages", set_huge_pages },   { "standard streams", own_streams },
	{ "bounding set", drop_bounding },  { "seccomp", load_filter_early },
	{ NULL, become_user_in_directory }, { "no_new_privs", set_no_new_privs },
	{ "seccomp", load_filter_late },    { NULL, execute },
};

int process_exec(const struct process_start *start, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		int r = steps[i].run(start, err);

		if (r < 0)
			return steps[i].name ? context(err, "%s", steps[i].name) : r;
	}
	return 0;
}
