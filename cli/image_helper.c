/* image_helper.c - see image_helper.h. */
#include "image_helper.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "base/str.h"
#include "image/store.h"
#include "runtime/caller_userns.h"

#define HELPER "coffer-image"

enum { OUTPUT_MAX = 64 * 1024, EXIT_NO_EXEC = 127 };

/* "<directory of this program>/coffer-image"; false if that cannot be told. */
static bool beside_us(char path[static PATH_MAX])
{
	ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - sizeof(HELPER));
	char *slash;

	if (length <= 0)
		return false;
	path[length] = '\0';
	slash = strrchr(path, '/');
	if (!slash)
		return false;
	(void)stpcpy(slash + 1, HELPER);
	return access(path, X_OK) == 0;
}

/* argv in the arena: the helper's path, then the arguments. */
static char **helper_argv(struct arena *arena, const char *const *arguments)
{
	size_t count = str_list_length(arguments);
	char **argv = arena_array(arena, count + 2, sizeof(*argv));
	const char *given = getenv("COFFER_IMAGE");
	char path[PATH_MAX];

	if (given && *given)
		argv[0] = arena_strdup(arena, given);
	else
		argv[0] = arena_strdup(arena, beside_us(path) ? path : COFFER_LIBEXEC "/" HELPER);
	for (size_t i = 0; i < count; i++)
		argv[i + 1] = arena_strdup(arena, arguments[i]);
	return argv;
}

static int cannot_run(const char *path, int errnum, struct error *err)
{
	return fail(err, errnum, "run %s, the program for images (looked for beside this program, then in %s)", path,
		    COFFER_LIBEXEC);
}

/* An ordinary user's store has files of all the ids that the user may have: the helper is root of a user namespace of
   them. Which store it is has to be said before, since root has another. */
static int prepare(struct error *err)
{
	auto_arena struct arena *arena = arena_new();

	if (geteuid() == 0)
		return 0;
	if (setenv("COFFER_STORE", store_default_path(arena), 1) < 0)
		return fail(err, errno, "setenv");
	return caller_userns_enter(err);
}

int image_helper_exec(const char *const *arguments, struct error *err)
{
	auto_arena struct arena *arena = arena_new();
	char **argv = helper_argv(arena, arguments);
	int r = prepare(err);

	if (r < 0)
		return r;
	(void)execve(argv[0], argv, environ);
	return cannot_run(argv[0], errno, err);
}

/* In the child: ends in execve, or with the reason in `report`, which execve closes. */
static void become_helper(char **argv, int output, int report)
{
	struct error err = { 0 };

	if (prepare(&err) == 0) {
		if (dup2(output, STDOUT_FILENO) == STDOUT_FILENO)
			(void)execve(argv[0], argv, environ);
		(void)cannot_run(argv[0], errno, &err);
	}
	(void)!write(report, &err, sizeof(err));
	_exit(EXIT_NO_EXEC);
}

/* What it wrote; what is more than OUTPUT_MAX is read and dropped, so that it never blocks. */
static const char *read_output(struct arena *arena, int fd)
{
	auto_free char *text = xcalloc(1, OUTPUT_MAX + 1);
	char rest[BUFSIZ];
	size_t used = 0;

	for (;;) {
		bool full = used == OUTPUT_MAX;
		ssize_t got = full ? read(fd, rest, sizeof(rest)) : read(fd, text + used, OUTPUT_MAX - used);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		used += full ? 0 : (size_t)got;
	}
	while (used > 0 && text[used - 1] == '\n')
		used--;
	return arena_strndup(arena, text, used);
}

int image_helper_run(struct arena *arena, const char *const *arguments, const char **ret_output, struct error *err)
{
	char **argv = helper_argv(arena, arguments);
	int output[2];
	int report[2];
	struct error failure = { 0 };
	int status;
	pid_t pid;

	if (pipe2(output, O_CLOEXEC) < 0)
		return fail(err, errno, "make a pipe");
	auto_fd int output_in = output[0];
	auto_fd int output_out = output[1];
	if (pipe2(report, O_CLOEXEC) < 0)
		return fail(err, errno, "make a pipe");
	auto_fd int report_in = report[0];
	auto_fd int report_out = report[1];
	pid = proc_clone(0, -1, NULL);
	if (pid == 0)
		become_helper(argv, output_out, report_out);
	if (pid < 0)
		return fail(err, -pid, "start %s", argv[0]);
	(void)close(take_fd(&output_out));
	(void)close(take_fd(&report_out));
	*ret_output = read_output(arena, output_in);
	(void)!read(report_in, &failure, sizeof(failure));
	status = proc_wait(pid);
	if (failure.code) {
		*err = failure;
		return -failure.code;
	}
	return status == 0 ? 0 : refuse_as(err, EIO, "coffer-image failed: exit status %d", status);
}

int image_helper_pull(struct arena *arena, const char *store_path, const char *ref, const char **ret_id,
		      struct error *err)
{
	const char *const loud[] = { "--store", store_path, "pull", "--", ref, NULL };
	const char *const quiet[] = { "--store", store_path, "pull", "--quiet", "--", ref, NULL };

	/* Standard error is the container's too: there are bars for people, and nothing for files and pipes. */
	return image_helper_run(arena, isatty(STDERR_FILENO) ? loud : quiet, ret_id, err);
}
