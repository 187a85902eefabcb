/*
 * fake_runtime.h - the container API, replaced in a test program: each function notes how it was called and returns
 * what the test has set. What runs before and after it - options, exit codes, texts, the log - is the real thing, in a
 * child process, so that the log sink and the standard streams of the test are left alone. Include it in one file a
 * program.
 */
#pragma once

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "base/str.h"
#include "cli/command.h"
#include "runtime/container.h"
#include "../test.h"

/* What the fake does. Set before run_cli(), reset by it. */
static struct {
	struct error error; /* code not 0: every call fails with it */
	int exit;
	struct container_info *infos;
	size_t n_infos;
	const pid_t *pids;
	size_t n_pids;
	struct cgroup_stats stats;
	struct oom_record record;
	struct oom_victims victims;
} fake;

static int fake_calls = -1;

struct outcome {
	int exit;
	char out[16384], err[8192], calls[4096];
};

__attribute__((format(printf, 1, 2))) static int note(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)vdprintf(fake_calls, fmt, args);
	va_end(args);
	return 0;
}

static void note_text(const char *name, const char *value)
{
	if (value)
		(void)note(" %s=%s", name, value);
}

static void note_flag(const char *name, bool value)
{
	if (value)
		(void)note(" %s", name);
}

static void note_list(const char *name, const char *const *list)
{
	for (; list && *list; list++)
		(void)note(" %s=%s", name, *list);
}

static void note_i64(const char *name, struct opt_i64 value)
{
	if (value.set)
		(void)note(" %s=%lld", name, (long long)value.value);
}

static void note_u64(const char *name, struct opt_u64 value)
{
	if (value.set)
		(void)note(" %s=%llu", name, (unsigned long long)value.value);
}

static int end_call(struct error *err)
{
	(void)note("\n");
	if (!fake.error.code)
		return 0;
	*err = fake.error;
	return -err->code;
}

static void note_runtime(const char *verb, const struct runtime *runtime)
{
	static const char *const tristates[] = { [AUTO] = "auto", [YES] = "yes", [NO] = "no" };

	(void)note("%s root=%s", verb, runtime->root);
	note_flag("root-given", runtime->root_given);
	(void)note(" manager=%u rootless=%s", runtime->cgroup_manager, tristates[runtime->rootless]);
}

static void note_create(const char *verb, const struct runtime *runtime, const struct create_options *options)
{
	note_runtime(verb, runtime);
	note_text("id", options->id);
	note_text("bundle", options->bundle);
	note_text("config", options->config_file);
	note_text("pid-file", options->pid_file);
	note_text("console", options->console_socket);
	(void)note(" fds=%u", options->preserve_fds);
	note_flag("no-pivot", options->no_pivot);
	note_flag("no-new-keyring", options->no_new_keyring);
	note_flag("detach", options->detach);
	note_flag("keep", options->keep);
	note_flag("no-subreaper", options->no_subreaper);
}

const char *container_default_root(struct arena *arena)
{
	return arena_strdup(arena, "/default");
}

int container_create(const struct runtime *runtime, const struct create_options *options, struct error *err)
{
	note_create("create", runtime, options);
	return end_call(err);
}

int container_run(const struct runtime *runtime, const struct create_options *options, int *ret_exit, struct error *err)
{
	note_create("run", runtime, options);
	*ret_exit = fake.exit;
	return end_call(err);
}

int container_root_users(const struct runtime *runtime, const char *rootfs, struct overlay *overlay,
			 struct root_users **ret_users, struct error *err)
{
	(void)runtime;
	(void)overlay;
	(void)ret_users;
	return fail(err, ENOSYS, "root users of %s", rootfs);
}

int container_exec(const struct runtime *runtime, const struct exec_options *options, int *ret_exit, struct error *err)
{
	note_runtime("exec", runtime);
	note_text("id", options->id);
	note_text("process", options->process_file);
	note_list("arg", options->args);
	note_list("env", options->env);
	note_list("cap", options->caps);
	note_list("gid", options->additional_gids);
	note_text("user", options->user);
	note_text("cwd", options->cwd);
	note_text("cgroup", options->cgroup);
	note_text("pid-file", options->pid_file);
	note_text("console", options->console_socket);
	note_text("apparmor", options->apparmor);
	note_text("label", options->process_label);
	(void)note(" fds=%u", options->preserve_fds);
	note_flag("tty", options->tty);
	note_flag("detach", options->detach);
	note_flag("no-new-privs", options->no_new_privs);
	note_flag("ignore-paused", options->ignore_paused);
	*ret_exit = fake.exit;
	return end_call(err);
}

static int simple_call(const char *verb, const struct runtime *runtime, const char *id, struct error *err)
{
	note_runtime(verb, runtime);
	note_text("id", id);
	return end_call(err);
}

int container_start(const struct runtime *runtime, const char *id, struct error *err)
{
	return simple_call("start", runtime, id, err);
}

int container_pause(const struct runtime *runtime, const char *id, struct error *err)
{
	return simple_call("pause", runtime, id, err);
}

int container_resume(const struct runtime *runtime, const char *id, struct error *err)
{
	return simple_call("resume", runtime, id, err);
}

int container_kill(const struct runtime *runtime, const char *id, int signal, bool all, struct error *err)
{
	(void)note("%d%s ", signal, all ? " all" : "");
	return simple_call("kill", runtime, id, err);
}

int container_delete(const struct runtime *runtime, const char *id, bool force, struct error *err)
{
	(void)note("%s", force ? "force " : "");
	return simple_call("delete", runtime, id, err);
}

int container_update(const struct runtime *runtime, const char *id, const struct cgroup_limits *limits, bool force,
		     struct error *err)
{
	note_runtime("update", runtime);
	note_text("id", id);
	note_i64("memory", limits->memory_limit);
	note_i64("reservation", limits->memory_reservation);
	note_i64("swap", limits->memory_swap);
	note_i64("kernel", limits->memory_kernel);
	note_i64("kernel-tcp", limits->memory_kernel_tcp);
	note_u64("shares", limits->cpu_shares);
	note_i64("quota", limits->cpu_quota);
	note_u64("period", limits->cpu_period);
	note_u64("burst", limits->cpu_burst);
	note_i64("rt-runtime", limits->cpu_realtime_runtime);
	note_u64("rt-period", limits->cpu_realtime_period);
	note_i64("idle", limits->cpu_idle);
	note_text("cpus", limits->cpus);
	note_text("mems", limits->mems);
	note_i64("pids", limits->pids_limit);
	note_u64("io-weight", limits->io_weight);
	for (size_t i = 0; i < limits->n_unified; i++)
		note_text(limits->unified[i].file, limits->unified[i].value);
	note_flag("force", force);
	return end_call(err);
}

int container_stats(const struct runtime *runtime, const char *id, struct cgroup_stats *ret_stats, struct error *err)
{
	*ret_stats = fake.stats;
	return simple_call("stats", runtime, id, err);
}

void container_oom_record(const struct runtime *runtime, const char *id, struct oom_record *ret_record)
{
	(void)runtime;
	(void)id;
	*ret_record = fake.record;
}

void container_oom_victims(const struct runtime *runtime, const char *id, uint64_t kills, struct arena *arena,
			   struct oom_victims *ret_victims)
{
	(void)runtime;
	(void)id;
	(void)arena;
	*ret_victims = kills ? fake.victims : (struct oom_victims){ 0 };
}

int container_pids(const struct runtime *runtime, const char *id, pid_t **ret_pids, size_t *ret_count,
		   struct error *err)
{
	int r = simple_call("pids", runtime, id, err);

	if (r < 0)
		return r;
	*ret_pids = xcalloc(fake.n_pids + 1, sizeof(**ret_pids));
	for (size_t i = 0; i < fake.n_pids; i++)
		(*ret_pids)[i] = fake.pids[i];
	*ret_count = fake.n_pids;
	return 0;
}

int container_state(const struct runtime *runtime, struct arena *arena, const char *id, struct container_info *ret_info,
		    struct error *err)
{
	int r = simple_call("state", runtime, id, err);

	(void)arena;
	if (r == 0)
		*ret_info = fake.infos[0];
	return r;
}

int container_list(const struct runtime *runtime, struct arena *arena, struct container_info **ret_infos,
		   size_t *ret_count, struct error *err)
{
	int r = simple_call("list", runtime, NULL, err);

	(void)arena;
	if (r == 0) {
		*ret_infos = fake.infos;
		*ret_count = fake.n_infos;
	}
	return r;
}

static void take_output(int fd, char *text, size_t size)
{
	ssize_t length = pread(fd, text, size - 1, 0);

	text[length > 0 ? length : 0] = '\0';
	(void)close(fd);
}

static int memory_file(void)
{
	int fd = memfd_create("output", MFD_CLOEXEC);

	CHECK(fd >= 0);
	return fd;
}

/* One command line in a child, with `in` (or nothing) as its stdin. */
__attribute__((unused)) static struct outcome run_cli_with(const char *in, const char *const *argv)
{
	struct outcome outcome = { 0 };
	int input = memory_file();
	int out = memory_file();
	int err = memory_file();
	pid_t pid;

	fake_calls = memory_file();
	CHECK(!in || pwrite(input, in, strlen(in), 0) == (ssize_t)strlen(in));
	(void)fflush(stdout);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		(void)dup2(input, STDIN_FILENO);
		(void)dup2(out, STDOUT_FILENO);
		(void)dup2(err, STDERR_FILENO);
		_exit(command_run(argv));
	}
	outcome.exit = proc_wait(pid);
	(void)close(input);
	take_output(out, outcome.out, sizeof(outcome.out));
	take_output(err, outcome.err, sizeof(outcome.err));
	take_output(fake_calls, outcome.calls, sizeof(outcome.calls));
	memset(&fake, 0, sizeof(fake));
	return outcome;
}

#define RUN(...)        run_cli_with(NULL, (const char *const[]){ __VA_ARGS__, NULL })
#define RUN_IN(in, ...) run_cli_with(in, (const char *const[]){ __VA_ARGS__, NULL })

/* The command line reached the runtime as `calls`, and nothing was printed. */
__attribute__((unused)) static void check_call(const char *calls, struct outcome outcome)
{
	CHECK_STR("", outcome.err);
	CHECK_STR("", outcome.out);
	CHECK_STR(calls, outcome.calls);
	CHECK_INT(0, outcome.exit);
}

/* It did not reach the runtime: one line on stderr, exit code 1. */
__attribute__((unused)) static void check_usage(const char *text, struct outcome outcome)
{
	char line[640];

	(void)snprintf(line, sizeof(line), "coffer: error: %s\n", text);
	CHECK_STR(line, outcome.err);
	CHECK_STR("", outcome.out);
	CHECK_STR("", outcome.calls);
	CHECK_INT(1, outcome.exit);
}

#define CALL(verb) verb " root=/default manager=0 rootless=auto"
