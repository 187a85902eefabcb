/*
 * test_process_exec.c - the last steps before execve, seen by the program that was executed: user, groups,
 * capabilities, no_new_privs, seccomp, scheduler, fds, streams, working directory; and the errors of each step. The
 * program is a shell that exits with 0 when what it finds is what it should be.
 */
#include "runtime/process.h"

#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "tests/unit/mount_ns.h"

static const char *environment[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "MARK=here", NULL };

/* Executes `sh -c script` with the process's other members; returns only on failure. */
static int run_script(struct config_process *process, struct process_start *start, const char *script,
		      struct error *err)
{
	static const char *args[4] = { "sh", "-c" };

	args[2] = script;
	process->args = args;
	process->env = environment;
	if (!process->cwd)
		process->cwd = "/";
	start->process = process;
	start->executable = "/bin/sh";
	start->env = environment;
	return process_exec(start, err);
}

struct job {
	struct config_process process;
	struct process_start start;
	int (*prepare)(void);
	const char *script;
};

static int run_job(const void *argument)
{
	struct job job = *(const struct job *)argument;
	struct error err = { 0 };

	EXPECT(!job.prepare || job.prepare() == 0);
	(void)run_script(&job.process, &job.start, job.script, &err);
	fprintf(stderr, "# %s\n", err.text);
	return __LINE__;
}

static void expect_script(struct job job)
{
	if (geteuid() != 0)
		TEST_SKIP("needs root");
	CHECK_INT(0, in_child(run_job, &job));
}

#define STATUS(field, value) "grep -qE '^" field ":[[:space:]]+" value "$' /proc/self/status || exit 1; "
#define NO_CAPABILITIES                                                                                                \
	STATUS("CapEff", "0+")                                                                                         \
	STATUS("CapPrm", "0+") STATUS("CapInh", "0+") STATUS("CapBnd", "0+") STATUS("CapAmb", "0+")

/* ---- what the program has ---- */

/* As set-up leaves it. */
static int open_umask(void)
{
	(void)umask(0);
	return 0;
}

static void nothing_is_given_by_default(void)
{
	expect_script((struct job){
		.prepare = open_umask,
		.script = NO_CAPABILITIES STATUS("NoNewPrivs", "0") STATUS("Seccomp", "0") STATUS(
			"Uid", "0[[:space:]]+0[[:space:]]+0[[:space:]]+0")
			STATUS("Groups",
			       "[[:space:]]*") "test \"$(umask)\" = 0022 && test \"$PWD\" = / && test \"$MARK\" = here",
	});
}

static void user_and_groups(void)
{
	static uint32_t gids[] = { 7, 4000 };

	expect_script((struct job){
		.process.user = { .uid = 1000,
				  .gid = 1001,
				  .additional_gids = gids,
				  .n_additional_gids = 2,
				  .umask = { 077, true } },
		.script = NO_CAPABILITIES "test \"$(id -u):$(id -g)\" = 1000:1001 && test \"$(umask)\" = 0077 && "
					  "test \"$(id -G)\" = '1001 7 4000'",
	});
}

static void capabilities(void)
{
	const uint64_t kill = 1ULL << CAP_KILL;
	const uint64_t both = kill | 1ULL << CAP_CHOWN;

	if (geteuid() == 0 && (cap_own_permitted() & both) != both)
		TEST_SKIP("CAP_KILL and CAP_CHOWN are not there to be given");
	expect_script((struct job){
		.process.user = { .uid = 1000, .gid = 1000 },
		.process.has_capabilities = true,
		.process.capabilities = { .bounding = both,
					  .permitted = both,
					  .effective = both,
					  .inheritable = kill,
					  .ambient = kill },
		.script = STATUS("CapBnd", "0*21") STATUS("CapPrm", "0*20") STATUS("CapEff", "0*20")
			STATUS("CapInh", "0*20") STATUS("CapAmb", "0*20") "true",
	});
}

/* The config may ask for what the runtime does not have: that is left out, not refused. */
static int drop_kill(void)
{
	const uint64_t rest = cap_own_permitted() & ~(1ULL << CAP_KILL);
	const struct cap_sets sets = { .bounding = rest, .permitted = rest, .effective = rest };
	struct error err;

	return caps_apply(&sets, &err);
}

static void capabilities_that_are_not_there(void)
{
	const uint64_t both = 1ULL << CAP_KILL | 1ULL << CAP_CHOWN;

	expect_script((struct job){
		.prepare = drop_kill,
		.process.has_capabilities = true,
		.process.capabilities = { .bounding = both, .permitted = both, .effective = both },
		.script = STATUS("CapBnd", "0*1") STATUS("CapPrm", "0*1") STATUS("CapEff", "0*1") "true",
	});
}

static void no_new_privs(void)
{
	expect_script((struct job){
		.process.no_new_privileges = true,
		.process.user = { .uid = 1000, .gid = 1000 },
		.script = STATUS("NoNewPrivs", "1") "true",
	});
}

/* ---- seccomp ---- */

/* uname(2) answers 77, all else is allowed. */
static struct seccomp_filter compile_filter(void)
{
	const char *names[] = { "uname" };
	struct seccomp_rule rule = { .names = names, .n_names = 1, .action = SCMP_ACT_ERRNO(77) };
	const struct seccomp_profile profile = { .default_action = SCMP_ACT_ALLOW, .rules = &rule, .n_rules = 1 };
	struct seccomp_filter filter = { 0 };
	struct error err;

	CHECK_INT(0, seccomp_compile(&profile, -1, &filter, &err));
	return filter;
}

/* Root without no_new_privs: loaded while the capability is there. A user with it: loaded as the user. */
static void seccomp_filters(void)
{
	struct seccomp_filter filter = compile_filter();
	const char *script = STATUS("Seccomp", "2") "uname -r && exit 1; true";

	expect_script((struct job){
		.start.filter = &filter, .process.user = { .uid = 1000, .gid = 1000 }, .script = script });
	expect_script((struct job){ .start.filter = &filter,
				    .process.user = { .uid = 1000, .gid = 1000 },
				    .process.no_new_privileges = true,
				    .script = script });
	seccomp_filter_free(&filter);
}

/* ---- scheduler ---- */

static void scheduler(void)
{
	expect_script((struct job){
		.process.scheduler = { .set = true, .policy = SCHED_BATCH, .nice = 5 },
		.process.io_priority = { 3 << 13, true },
		/* proc_pid_stat(5): policy is field 41, nice is field 19. */
		.script = "set -- $(cat /proc/self/stat) && test \"${41}\" = 3 && test \"${19}\" = 5 && "
			  "test \"$(ionice -p $$)\" = idle",
	});
}

/* ---- fds and streams ---- */

static int open_some_fds(void)
{
	for (int fd = 3; fd < 8; fd++)
		EXPECT(dup2(STDERR_FILENO, fd) == fd);
	return 0;
}

static void surplus_fds_are_closed(void)
{
	expect_script((struct job){
		.prepare = open_some_fds,
		.script =
			"for fd in 3 4 5 6 7; do test ! -e /proc/self/fd/$fd || exit 1; done; test -e /proc/self/fd/2",
	});
	expect_script((struct job){
		.prepare = open_some_fds,
		.start.preserve_fds = 2,
		.script = "test -e /proc/self/fd/3 -a -e /proc/self/fd/4 && "
			  "for fd in 5 6 7; do test ! -e /proc/self/fd/$fd || exit 1; done",
	});
}

static int streams_of_root(void)
{
	int ends[2];
	int file = memfd_create("stdout", MFD_CLOEXEC);
	int null = open("/dev/null", O_RDWR);

	EXPECT(pipe(ends) == 0 && fchown(file, 4, 4) == 0 && fchmod(file, 0600) == 0);
	EXPECT(dup2(ends[0], STDIN_FILENO) == 0 && dup2(file, STDOUT_FILENO) == 1 && dup2(null, STDERR_FILENO) == 2);
	return 0;
}

/* /proc/self/fd/1 can be opened again by the user that the program runs as; /dev/null stays root's. */
static void streams_are_the_users(void)
{
	struct stat before;
	struct stat after;

	CHECK_INT(0, stat("/dev/null", &before));
	expect_script((struct job){
		.prepare = streams_of_root,
		.process.user = { .uid = 1000, .gid = 1000 },
		.script = "test \"$(stat -L -c %u /proc/self/fd/0)\" = 1000 && echo x >/proc/self/fd/1",
	});
	CHECK(stat("/dev/null", &after) == 0 && before.st_uid == after.st_uid);
}

/* ---- the working directory ---- */

static int directory_of_the_user(void)
{
	EXPECT(mount_ns_enter() == 0);
	EXPECT(mkdir("/tmp/mine", 0700) == 0 && chown("/tmp/mine", 1000, 1000) == 0);
	return 0;
}

/* One that only the user may enter, who need not be the runtime's root, and one that only that root may. */
static int drop_override(void)
{
	const uint64_t rest = cap_own_permitted() & ~(1ULL << CAP_DAC_OVERRIDE | 1ULL << CAP_DAC_READ_SEARCH);
	const struct cap_sets sets = { .bounding = rest, .permitted = rest, .effective = rest };
	struct error err;

	EXPECT(directory_of_the_user() == 0);
	return caps_apply(&sets, &err);
}

static int locked_directory(void)
{
	EXPECT(mount_ns_enter() == 0);
	return mkdir("/tmp/locked", 0700);
}

static void working_directory(void)
{
	expect_script((struct job){
		.prepare = directory_of_the_user,
		.process = { .cwd = "/tmp/mine", .user = { .uid = 1000, .gid = 1000 } },
		.script = "test \"$(pwd -P)\" = /tmp/mine && : >file",
	});
	expect_script((struct job){
		.prepare = drop_override,
		.process = { .cwd = "/tmp/mine", .user = { .uid = 1000, .gid = 1000 } },
		.script = ": >file",
	});
	expect_script((struct job){
		.prepare = locked_directory,
		.process = { .cwd = "/tmp/locked", .user = { .uid = 1000, .gid = 1000 } },
		.script = "test \"$(readlink /proc/self/cwd)\" = /tmp/locked && ! ls . 2>/dev/null",
	});
}

/* ---- failures ---- */

struct failure {
	struct job job;
	int code;
	const char *text;
};

static int expect_failure(const void *argument)
{
	const struct failure *failure = argument;
	struct job job = failure->job;
	struct error err = { 0 };
	int r;

	EXPECT(!job.prepare || job.prepare() == 0);
	r = run_script(&job.process, &job.start, "exit 0", &err);
	if (r != -failure->code || !strstr(err.text, failure->text))
		fprintf(stderr, "# %d %s\n", r, err.text);
	EXPECT(r == -failure->code && strstr(err.text, failure->text));
	return 0;
}

/* The runtime's root may enter it no more than the user. */
static int closed_directory(void)
{
	EXPECT(drop_override() == 0);
	EXPECT(mkdir("/tmp/closed", 0) == 0);
	return 0;
}

static const struct failure failures[] = {
	{ { .process.cwd = "/nonexistent" }, ENOENT, "process.cwd: /nonexistent: No such file" },
	{ { .process.cwd = "/etc/passwd" }, ENOTDIR, "process.cwd: /etc/passwd: Not a directory" },
	{ { .prepare = closed_directory, .process = { .cwd = "/tmp/closed", .user = { .uid = 1000, .gid = 1000 } } },
	  EACCES,
	  "process.cwd: /tmp/closed: Permission denied" },
	{ { .process.user.uid = UINT32_MAX }, EINVAL, "user and capabilities: " },
	{ { .process.scheduler = { .set = true, .policy = 77 } }, EINVAL, "scheduler: process.scheduler: Invalid" },
	{ { .process.io_priority = { 7 << 13, true } }, EINVAL, "scheduler: process.ioPriority: Invalid argument" },
};

static void steps_that_fail(void)
{
	if (geteuid() != 0)
		TEST_SKIP("needs root");
	for (size_t i = 0; i < ARRAY_SIZE(failures); i++)
		if (in_child(expect_failure, &failures[i]) != 0)
			test_stop(TEST_FAILED, "row %zu: %s", i, failures[i].text);
}

/* A directory fd of the host that was left open leads out of the root: CVE-2024-21626. */
static int leaked_directory_body(void)
{
	static const char *args[] = { "sh", NULL };
	struct config_process process = { .args = args, .env = environment };
	struct process_start start = { .process = &process, .executable = "/bin/sh", .env = environment };
	char path[64];
	struct error err;
	int outside;

	EXPECT(mkdir("/tmp/outside", 0755) == 0 && mkdir("/tmp/root", 0755) == 0 && mkdir("/tmp/root/proc", 0755) == 0);
	outside = open("/tmp/outside", O_PATH | O_DIRECTORY);
	EXPECT(outside >= 0 && mount("proc", "/tmp/root/proc", "proc", 0, NULL) == 0);
	EXPECT(chroot("/tmp/root") == 0 && chdir("/") == 0);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", outside);
	process.cwd = path;
	EXPECT(process_exec(&start, &err) == -EINVAL);
	EXPECT(strstr(err.text, " is outside of the root file system"));
	return 0;
}

static void leaked_directory(void)
{
	in_mount_ns(leaked_directory_body);
}

static int programs_body(void)
{
	static const struct {
		const char *program;
		int code;
		const char *text;
	} rows[] = {
		{ "/tmp/missing", ENOENT, "exec: \"x\": no such file or directory" },
		{ "/tmp/garbage", ENOEXEC, "exec: \"x\": exec format error" },
		{ "/tmp/plain", EACCES, "exec: \"x\": permission denied" },
		{ "/tmp", EACCES, "exec: \"x\": permission denied" },
		{ "/tmp/plain/x", ENOTDIR, "exec: \"x\": not a directory" },
		{ "/tmp/no-interpreter", ENOENT, "exec: \"x\": no such file or directory" },
	};
	static const char *args[] = { "x", NULL };
	struct config_process process = { .args = args, .env = environment, .cwd = "/" };
	struct process_start start = { .process = &process, .env = environment };

	EXPECT(put_file("/tmp/garbage", "\177ELF and no more") && chmod("/tmp/garbage", 0755) == 0);
	EXPECT(put_file("/tmp/plain", "x") && put_file("/tmp/no-interpreter", "#!/nonexistent/sh\n"));
	EXPECT(chmod("/tmp/no-interpreter", 0755) == 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct error err = { 0 };

		start.executable = rows[i].program;
		EXPECT(process_exec(&start, &err) == -rows[i].code && err.code == rows[i].code);
		EXPECT(strcmp(err.text, rows[i].text) == 0);
	}
	return 0;
}

static void programs_that_do_not_run(void)
{
	in_mount_ns(programs_body);
}

static const struct test tests[] = {
	TEST(nothing_is_given_by_default),
	TEST(user_and_groups),
	TEST(capabilities),
	TEST(capabilities_that_are_not_there),
	TEST(no_new_privs),
	TEST(seccomp_filters),
	TEST(scheduler),
	TEST(surplus_fds_are_closed),
	TEST(streams_are_the_users),
	TEST(working_directory),
	TEST(steps_that_fail),
	TEST(leaked_directory),
	TEST(programs_that_do_not_run),
};
TEST_MAIN(tests)
