/*
 * credentials_helper.c - see credentials_helper.h. By posix_spawn(3), since other threads are at work: server name into
 * a pipe -> the helper with default signals -> its answer out of a pipe until end of file or the deadline -> waitpid.
 */
#include "credentials_helper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/str.h"
#include "base/utf8.h"

enum { ANSWER_MAX = 64 * 1024, DEADLINE_S = 60, MS_PER_S = 1000, DEPTH_MAX = 4, SPAWN_FAILED = 127 };

#define NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

struct helper {
	pid_t pid;
	int output;
	char answer[ANSWER_MAX + 1];
	size_t length;
};

static void cleanup_helper(struct helper *const *helper)
{
	cleanup_fd(&(*helper)->output);
	free(*helper);
}

#define auto_helper auto_cleanup(cleanup_helper)

/* With the pipes at stdin and stdout, and no signal blocked or ignored. */
static int spawn(const char *program, int input, int output, pid_t *ret)
{
	char *const argv[] = { (char *)(uintptr_t)program, (char *)(uintptr_t) "get", NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	int r;

	(void)sigemptyset(&none);
	(void)sigfillset(&all);
	if (posix_spawn_file_actions_init(&actions) != 0 || posix_spawnattr_init(&attributes) != 0)
		abort();
	(void)posix_spawnattr_setsigmask(&attributes, &none);
	(void)posix_spawnattr_setsigdefault(&attributes, &all);
	(void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	(void)posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
	(void)posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	r = posix_spawnp(ret, program, &actions, &attributes, argv, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	(void)posix_spawnattr_destroy(&attributes);
	return -r;
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

static int start(struct helper *helper, const char *program, const char *server)
{
	auto_fd int input_read = -1;
	auto_fd int input_write = -1;
	auto_fd int output_write = -1;
	int r = make_pipe(&input_read, &input_write);

	if (r == 0)
		r = make_pipe(&helper->output, &output_write);
	if (r == 0) /* it fits into the pipe, so nobody has to read yet */
		r = fd_write_all(input_write, server, strlen(server));
	return r < 0 ? r : spawn(program, input_read, output_write, &helper->pid);
}

/* 0 at the end of file, -ETIMEDOUT, -EFBIG or -errno. */
static int read_answer(struct helper *helper)
{
	int64_t deadline = clock_ms() + (int64_t)DEADLINE_S * MS_PER_S;

	for (;;) {
		struct pollfd output = { .fd = helper->output, .events = POLLIN };
		int64_t left = deadline - clock_ms();
		int ready = left > 0 ? poll(&output, 1, (int)left) : 0;
		ssize_t got;

		if (ready == 0)
			return -ETIMEDOUT;
		if (ready < 0 && errno != EINTR)
			return -errno;
		if (ready < 0)
			continue;
		got = read(helper->output, helper->answer + helper->length, ANSWER_MAX - helper->length);
		if (got < 0 && errno != EINTR)
			return -errno;
		if (got == 0)
			return helper->length < ANSWER_MAX ? 0 : -EFBIG;
		helper->length += got > 0 ? (size_t)got : 0;
	}
}

/* Its exit status as a shell sees it. */
static int reap(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int decode(const struct helper *helper, const char *program, struct credentials *ret, struct error *err)
{
	static const struct json_limits limits = { .size = ANSWER_MAX, .depth = DEPTH_MAX };
	struct answer {
		const char *user, *secret;
	} answer = { 0 };
	static const struct json_field fields[] = {
		{ "Username", JSON_AS_STRING, offsetof(struct answer, user), .required = true },
		{ "Secret", JSON_AS_STRING, offsetof(struct answer, secret), .required = true },
		{ 0 },
	};
	auto_arena struct arena *arena = arena_new();
	struct json *root;
	int r = json_parse(arena, program, helper->answer, helper->length, &limits, &root, err);

	if (r < 0)
		return r;
	r = json_decode(arena, root, fields, &answer, err);
	if (r < 0)
		return context(err, "answer of %s", program);
	if (str_eq(answer.user, "<token>")) {
		ret->identity_token = xstrdup(answer.secret);
		return 0;
	}
	ret->user = xstrdup(answer.user);
	ret->password = xstrdup(answer.secret);
	return 0;
}

static int check_end(struct helper *helper, int status, const char *program, struct error *err)
{
	char said[200]; /* NOLINT(readability-magic-numbers): what an error text has room for */

	if (status == 0)
		return 0;
	helper->answer[helper->length] = '\0';
	if (strstr(helper->answer, "credentials not found"))
		return -ENOENT;
	(void)snprintf(said, sizeof(said), "%s", helper->answer);
	said[strcspn(said, "\n")] = '\0';
	utf8_one_line(said);
	return refuse_as(err, EACCES, "%s: exit status %d%s%s", program, status, *said ? ": " : "", said);
}

int credentials_ask_helper(const char *name, const char *server, struct credentials *ret, struct error *err)
{
	auto_free char *program = xasprintf("docker-credential-%s", name);
	auto_helper struct helper *helper = xcalloc(1, sizeof(*helper));
	int r, status;

	helper->output = -1;
	if (*name == '\0' || name[strspn(name, NAME_CHARACTERS)])
		return refuse(err, "credential helper \"%.60s\": a name of letters, digits, \".\", \"_\" and \"-\"",
			      name);
	r = start(helper, program, server);
	if (r < 0)
		return fail(err, -r, "run %s", program);
	r = read_answer(helper);
	if (r < 0)
		(void)kill(helper->pid, SIGKILL);
	status = reap(helper->pid);
	if (r < 0)
		return fail(err, -r, "answer of %s", program);
	r = check_end(helper, status, program, err);
	if (r == 0)
		r = decode(helper, program, ret, err);
	return r == -ENOENT ? 0 : r;
}
