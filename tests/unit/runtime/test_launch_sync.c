/*
 * test_launch_sync.c - the parent's half of the conversation, with a child that plays init: hooks run on request, the
 * console is taken, errors and deaths are told in words, and records out of place are refused.
 */
#include "runtime/launch_sync.h"

#include <errno.h>
#include <sys/prctl.h>

#include "base/fd.h"
#include "base/proc.h"
#include "base/str.h"
#include "runtime/sync.h"
#include "tests/unit/child.h"
#include "tests/unit/temporary.h"
#include "tests/unit/test.h"

/* The launch as launch_sync() finds it, with a child that runs `init` on the other end. */
static void play(struct launch *launch, struct config *config, void (*init)(int socket))
{
	static const struct create_options options = { .id = "x" };
	struct error err;
	pid_t pid;

	*launch = (struct launch)LAUNCH_EMPTY;
	*config = (struct config){ .arena = arena_new(), .oci_version = "1.3.0" };
	launch->config = config;
	launch->options = &options;
	launch->state = (struct state){ .id = "x", .bundle = "/b", .rootfs = "/b/rootfs", .created = "then" };
	CHECK_INT(0, sync_pair(&launch->sync, &launch->init_sync, &err));
	(void)fflush(stdout);
	pid = proc_clone(0, -1, &launch->pidfd);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)close(launch->sync);
		init(launch->init_sync);
		_exit(3);
	}
	CHECK(pid > 0);
	(void)close(launch->init_sync);
	launch->init_sync = -1;
}

/* Not launch_close(): the config is on the stack. */
static void end(struct launch *launch)
{
	(void)proc_pidfd_send(launch->pidfd, SIGKILL);
	(void)proc_wait_pidfd(launch->pidfd);
	(void)close(launch->pidfd);
	(void)close(launch->sync);
	if (launch->master >= 0)
		(void)close(launch->master);
	arena_free(launch->config->arena);
}

static void send_now(int socket, enum sync_type type, int fd)
{
	struct error err;

	if (sync_send(socket, type, fd, &err) < 0)
		_exit(99);
}

/* Whatever comes after must not end this process before the parent has read. */
static void wait_for_the_end(void)
{
	for (;;)
		(void)pause();
}

/* ---- the usual ---- */

static void ready_at_once(int socket)
{
	send_now(socket, SYNC_READY, -1);
	wait_for_the_end();
}

static void ready(void)
{
	struct launch launch;
	struct config config;
	struct error err;

	play(&launch, &config, ready_at_once);
	CHECK_INT(0, launch_sync(&launch, &err));
	CHECK(!launch.owes_poststop && launch.master == -1);
	end(&launch);
}

static void asks_for_hooks(int socket)
{
	struct error err;

	send_now(socket, SYNC_HOOKS, -1);
	if (sync_expect(socket, SYNC_HOOKS_DONE, NULL, &err) == 0)
		send_now(socket, SYNC_READY, -1);
	wait_for_the_end();
}

/* prestart, then createRuntime; the state on their stdin says "creating". */
static void hooks_in_their_order(void)
{
	const char *directory = temporary_directory();
	char script[2][256];
	const char *args[2][4] = { { "sh", "-c", script[0], NULL }, { "sh", "-c", script[1], NULL } };
	struct hook hooks[2] = { { .path = "/bin/sh", .args = args[0] }, { .path = "/bin/sh", .args = args[1] } };
	struct launch launch;
	struct config config;
	struct error err = { 0 };
	char path[80];
	char text[1024];

	(void)snprintf(path, sizeof(path), "%.60s/out", directory);
	(void)snprintf(script[0], sizeof(script[0]), "echo prestart >>%s; cat >>%s", path, path);
	(void)snprintf(script[1], sizeof(script[1]), "echo createRuntime >>%s; cat >>%s", path, path);
	play(&launch, &config, asks_for_hooks);
	config.hooks[HOOK_PRESTART] = (struct hook_list){ &hooks[0], 1 };
	config.hooks[HOOK_CREATE_RUNTIME] = (struct hook_list){ &hooks[1], 1 };
	if (launch_sync(&launch, &err) < 0)
		test_stop(TEST_FAILED, "%s", err.text);
	/* From the first hook on, poststop hooks are owed. */
	CHECK(launch.owes_poststop);
	end(&launch);
	CHECK(fd_read_small(AT_FDCWD, path, text, sizeof(text)) > 0);
	CHECK(str_starts(text, "prestart\n"));
	CHECK_CONTAINS("createRuntime\n", text);
	CHECK_CONTAINS("\"creating\"", text);
	CHECK_CONTAINS("\"x\"", text);
}

static void hook_that_fails(void)
{
	const char *args[] = { "sh", "-c", "exit 4", NULL };
	struct hook hook = { .path = "/bin/sh", .args = args };
	struct launch launch;
	struct config config;
	struct error err;

	play(&launch, &config, asks_for_hooks);
	config.hooks[HOOK_CREATE_RUNTIME] = (struct hook_list){ &hook, 1 };
	CHECK(launch_sync(&launch, &err) < 0);
	CHECK_CONTAINS("createRuntime", err.text);
	CHECK_CONTAINS("exit status 4", err.text);
	CHECK(launch.owes_poststop);
	end(&launch);
}

/* ---- the console ---- */

static void sends_console(int socket)
{
	send_now(socket, SYNC_CONSOLE, STDERR_FILENO);
	send_now(socket, SYNC_READY, -1);
	wait_for_the_end();
}

static void console_is_kept(void)
{
	struct launch launch;
	struct config config;
	struct error err;

	play(&launch, &config, sends_console);
	CHECK_INT(0, launch_sync(&launch, &err));
	CHECK(launch.master >= 0);
	end(&launch);
}

static void sends_console_without_fd(int socket)
{
	send_now(socket, SYNC_CONSOLE, -1);
	wait_for_the_end();
}

static void console_without_a_terminal(void)
{
	struct launch launch;
	struct config config;
	struct error err;

	play(&launch, &config, sends_console_without_fd);
	CHECK_INT(-EINVAL, launch_sync(&launch, &err));
	CHECK_STR("the container's process sent a console record without a terminal", err.text);
	end(&launch);
}

/* ---- failures ---- */

static void sends_error(int socket)
{
	const struct error error = { .code = ENOENT, .text = "exec: \"x\": no such file or directory" };

	sync_send_error(socket, &error);
}

static void errors_of_init(void)
{
	struct launch launch;
	struct config config;
	struct error err;

	play(&launch, &config, sends_error);
	CHECK_INT(-ENOENT, launch_sync(&launch, &err));
	CHECK_INT(ENOENT, err.code);
	CHECK_STR("exec: \"x\": no such file or directory", err.text);
	end(&launch);
}

static void exits(int socket)
{
	(void)socket;
}

static void is_killed(int socket)
{
	(void)socket;
	(void)kill(getpid(), SIGKILL);
}

static void deaths(void)
{
	struct launch launch;
	struct config config;
	struct error err;

	play(&launch, &config, exits);
	CHECK(launch_sync(&launch, &err) < 0);
	CHECK_STR("the container's first process ended with status 3 while it set up", err.text);
	end(&launch);
	play(&launch, &config, is_killed);
	CHECK(launch_sync(&launch, &err) < 0);
	CHECK_STR("the container's first process was killed by signal 9 (Killed) while it set up", err.text);
	end(&launch);
}

static void sends_start(int socket)
{
	send_now(socket, SYNC_START, STDERR_FILENO);
	wait_for_the_end();
}

/* Also an fd that came with it is not kept. */
static void records_out_of_place(void)
{
	struct launch launch;
	struct config config;
	struct error err;
	int next;
	int after;

	play(&launch, &config, sends_start);
	next = dup(STDERR_FILENO);
	(void)close(next);
	CHECK_INT(-EINVAL, launch_sync(&launch, &err));
	CHECK_CONTAINS("the container's process sent an unexpected ", err.text);
	after = dup(STDERR_FILENO);
	(void)close(after);
	CHECK_INT(next, after);
	end(&launch);
}

static const struct test tests[] = {
	TEST(ready),           TEST(hooks_in_their_order),       TEST(hook_that_fails),
	TEST(console_is_kept), TEST(console_without_a_terminal), TEST(errors_of_init),
	TEST(deaths),          TEST(records_out_of_place),
};
TEST_MAIN(tests)
