/*
 * hooks.c - runs the hooks of a stage, one after the other; see hooks.h.
 *
 * A hook: state JSON into a memfd (a stdin that never blocks and may be opened again as /dev/stdin) -> fork -> its own
 * process group, default signals, the given environment and nothing else -> execve -> poll on pidfd, output and
 * deadline -> waitid. Output is shown only in the error of a hook that failed.
 */
#include "hooks.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <linux/memfd.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/syscalls.h"
#include "child.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

/* The tail that is kept of a hook's output: no more fits into an error text beside path and reason. */
enum { TAIL_SIZE = 320, DRAIN_MAX = 64 * 1024, EXEC_FAILED = 127, MS_PER_S = 1000 };

static const char *const stage_names[] = {
	[HOOK_PRESTART] = "prestart",
	[HOOK_CREATE_RUNTIME] = "createRuntime",
	[HOOK_CREATE_CONTAINER] = "createContainer",
	[HOOK_START_CONTAINER] = "startContainer",
	[HOOK_POSTSTART] = "poststart",
	[HOOK_POSTSTOP] = "poststop",
};
static_assert(ARRAY_SIZE(stage_names) == HOOK_STAGE_MAX, "a name for each stage");

const char *hook_stage_name(enum hook_stage stage)
{
	return stage_names[stage];
}

/* What the child gets; all are above stdio. */
struct hook_fds {
	int input, output, report;
};

/* The runtime's side of a running hook. */
struct hook_run {
	pid_t pid;
	int pidfd;
	int output;           /* read end of stdout and stderr, -1 once it is closed */
	char tail[TAIL_SIZE]; /* the last bytes of the output */
	size_t used;
};

static void cleanup_run(const struct hook_run *run)
{
	cleanup_fd(&run->pidfd);
	cleanup_fd(&run->output);
}

static int make_input(const char *state_json)
{
	auto_fd int fd = memfd_create("coffer-state", MFD_CLOEXEC | MFD_NOEXEC_SEAL);
	int r;

	if (fd < 0 && errno == EINVAL) /* before Linux 6.3 */
		fd = memfd_create("coffer-state", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = fd_write_all(fd, state_json, strlen(state_json));
	if (r < 0)
		return r;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	return fd_above_stdio(take_fd(&fd));
}

static int make_pipe(int *ret_read, int *ret_write)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	*ret_read = fd_above_stdio(ends[0]);
	*ret_write = fd_above_stdio(ends[1]);
	return *ret_read < 0 || *ret_write < 0 ? -EMFILE : 0;
}

static int enter_hook(const struct hook *hook, const struct hook_fds *fds)
{
	const char *const path_only[] = { hook->path, NULL };
	const char *const no_env[] = { NULL };
	const char *const *args = hook->args ? hook->args : path_only;
	const char *const *env = hook->env ? hook->env : no_env;
	struct error ignored;

	if (child_signals(&ignored) < 0 || setpgid(0, 0) < 0)
		return errno;
	if (dup2(fds->input, STDIN_FILENO) < 0 || dup2(fds->output, STDOUT_FILENO) < 0 ||
	    dup2(fds->output, STDERR_FILENO) < 0)
		return errno;
	if (sys_close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		return errno;
	(void)execve(hook->path, (char *const *)(uintptr_t)args, (char *const *)(uintptr_t)env);
	return errno;
}

/* Reads why execve failed; the end of file of the close-on-exec pipe says that it did not. */
static int read_report(int report)
{
	int failure = 0;
	ssize_t got;

	do
		got = read(report, &failure, sizeof(failure));
	while (got < 0 && errno == EINTR);
	return got == (ssize_t)sizeof(failure) ? failure : 0;
}

static int reap(const struct hook_run *run, siginfo_t *ret_info)
{
	while (waitid(P_PIDFD, (id_t)run->pidfd, ret_info, WEXITED) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

/* 0 and a running hook, or -errno. */
static int spawn(const struct hook *hook, const char *state_json, struct hook_run *run)
{
	auto_fd int input = make_input(state_json);
	auto_fd int output = -1;
	auto_fd int report_in = -1;
	auto_fd int report_out = -1;
	siginfo_t ignored;
	int r;

	if (input < 0)
		return input;
	r = make_pipe(&run->output, &output);
	if (r == 0)
		r = make_pipe(&report_in, &report_out);
	if (r == 0 && fcntl(run->output, F_SETFL, O_NONBLOCK) < 0)
		r = -errno;
	if (r < 0)
		return r;
	run->pid = proc_clone(0, -1, &run->pidfd);
	if (run->pid == 0) {
		const struct hook_fds fds = { .input = input, .output = output, .report = report_out };
		const int failure = enter_hook(hook, &fds);

		(void)fd_write_all(fds.report, &failure, sizeof(failure));
		_exit(EXEC_FAILED);
	}
	if (run->pid < 0)
		return run->pid;
	(void)close(take_fd(&report_out));
	r = read_report(report_in);
	if (r > 0)
		(void)reap(run, &ignored);
	return -r;
}

static void keep_tail(struct hook_run *run, const char *data, size_t size)
{
	size_t drop;

	if (size > TAIL_SIZE) {
		data += size - TAIL_SIZE;
		size = TAIL_SIZE;
	}
	drop = run->used + size > TAIL_SIZE ? run->used + size - TAIL_SIZE : 0;
	memmove(run->tail, run->tail + drop, run->used - drop);
	run->used -= drop;
	memcpy(run->tail + run->used, data, size);
	run->used += size;
}

/* Reads what is there, at most DRAIN_MAX: a background process of the hook may write for ever. */
static void read_output(struct hook_run *run)
{
	char data[4096];

	for (size_t total = 0; run->output >= 0 && total < DRAIN_MAX;) {
		ssize_t got = read(run->output, data, sizeof(data));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN)
			return;
		if (got <= 0) {
			(void)close(take_fd(&run->output));
			return;
		}
		keep_tail(run, data, (size_t)got);
		total += (size_t)got;
	}
}

/* Milliseconds left for poll(2): -1 without a deadline, 0 once it has passed. */
static int time_left(int64_t deadline)
{
	int64_t left = deadline - clock_ms();

	if (deadline == INT64_MAX)
		return -1;
	if (left <= 0)
		return 0;
	return left > INT_MAX ? INT_MAX : (int)left;
}

static int64_t make_deadline(int64_t timeout_s)
{
	int64_t ms;

	if (timeout_s <= 0 || __builtin_mul_overflow(timeout_s, MS_PER_S, &ms) ||
	    __builtin_add_overflow(ms, clock_ms(), &ms))
		return INT64_MAX;
	return ms;
}

/* Waits for the hook's end or the deadline: 0, -ETIMEDOUT or -errno. The process is not reaped. */
static int watch(struct hook_run *run, int64_t deadline)
{
	for (;;) {
		struct pollfd fds[] = {
			{ .fd = run->pidfd, .events = POLLIN },
			{ .fd = run->output, .events = POLLIN },
		};
		const int wait_ms = time_left(deadline);
		const int ready = poll(fds, ARRAY_SIZE(fds), wait_ms);

		if (ready < 0 && errno != EINTR)
			return -errno;
		if (ready > 0 && fds[1].revents)
			read_output(run);
		if (ready > 0 && fds[0].revents)
			return 0;
		if (wait_ms == 0)
			return -ETIMEDOUT;
	}
}

/* The tail as one printable line in `line` (TAIL_SIZE + 3 bytes), ": " in front; empty without output. */
static void tail_to_line(const struct hook_run *run, char *line)
{
	size_t used = 0;
	bool gap = false;

	for (size_t i = 0; i < run->used; i++) {
		const unsigned char c = (unsigned char)run->tail[i];

		if (c <= ' ' || c == 0x7f) {
			gap = used > 0;
			continue;
		}
		if (used == 0) {
			line[used++] = ':';
			line[used++] = ' ';
		} else if (gap) {
			line[used++] = ' ';
		}
		gap = false;
		line[used++] = (char)c;
	}
	line[used] = '\0';
}

static int check_end(struct hook_run *run, const siginfo_t *info, struct error *err)
{
	char line[TAIL_SIZE + 3];

	if (info->si_code == CLD_EXITED && info->si_status == 0)
		return 0;
	read_output(run);
	tail_to_line(run, line);
	if (info->si_code == CLD_EXITED)
		return refuse(err, "exit status %d%s", info->si_status, line);
	return refuse(err, "killed by signal %d%s", info->si_status, line);
}

static int kill_late(struct hook_run *run, int64_t timeout_s, struct error *err)
{
	char line[TAIL_SIZE + 3];
	siginfo_t ignored;

	(void)kill(-run->pid, SIGKILL);
	(void)proc_pidfd_send(run->pidfd, SIGKILL);
	(void)reap(run, &ignored);
	read_output(run);
	tail_to_line(run, line);
	return refuse_as(err, ETIMEDOUT, "killed after its timeout of %lld s%s", (long long)timeout_s, line);
}

static int run_one(const struct hook *hook, const char *state_json, struct error *err)
{
	auto_cleanup(cleanup_run) struct hook_run run = { .pidfd = -1, .output = -1 };
	const int64_t deadline = make_deadline(hook->timeout_s);
	siginfo_t info = { 0 };
	int r = spawn(hook, state_json, &run);

	if (r < 0)
		return fail(err, -r, "cannot run");
	r = watch(&run, deadline);
	if (r == -ETIMEDOUT)
		return kill_late(&run, hook->timeout_s, err);
	if (r == 0)
		r = reap(&run, &info);
	if (r < 0)
		return fail(err, -r, "wait for its end");
	return check_end(&run, &info, err);
}

static int run_named(enum hook_stage stage, const struct hook_list *hooks, size_t index, const char *state_json,
		     struct error *err)
{
	const struct hook *hook = &hooks->items[index];
	int r = run_one(hook, state_json, err);

	return r < 0 ? context(err, "hooks.%s[%zu]: %.128s", hook_stage_name(stage), index, hook->path) : 0;
}

int hooks_run(enum hook_stage stage, const struct hook_list *hooks, const char *state_json, struct error *err)
{
	for (size_t i = 0; i < hooks->count; i++) {
		int r = run_named(stage, hooks, i, state_json, err);

		if (r < 0)
			return r;
	}
	return 0;
}

void hooks_run_all(const struct hook_list *hooks, const char *state_json)
{
	struct error err;

	for (size_t i = 0; i < hooks->count; i++)
		if (run_named(HOOK_POSTSTOP, hooks, i, state_json, &err) < 0)
			log_message(LOG_LEVEL_WARNING, "%s", err.text);
}
