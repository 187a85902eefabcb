/*
 * ps.c - `coffer ps`: the processes of a container. The JSON form is the bare pids; the table is what ps(1) prints
 * for the whole machine, cut down to the rows whose PID column holds one of them, since ps(1) has no other way to keep
 * to a list of pids under every option of its own.
 */
#include "ps.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "base/str.h"
#include "print.h"
#include "verb.h"

enum ps_format { FORMAT_TABLE, FORMAT_JSON };

enum { OUTPUT_MAX = 64 * 1024 * 1024, OUTPUT_STEP = 64 * 1024, PID_TEXT = 12, NO_COLUMN = -1 };

struct ps_options {
	unsigned format;
};

static const char *const formats[] = { [FORMAT_TABLE] = "table", [FORMAT_JSON] = "json", NULL };

static const struct cli_option options[] = {
	CHOICE_ROW(struct ps_options, format, formats, "format", 'f', "FORMAT", "table (default) or json"),
	END_ROW,
};

/* The word number `column` of a line, and its length; NULL if there are fewer. */
static const char *word_at(const char *line, int column, size_t *ret_length)
{
	static const char blank[] = " \t";

	for (line += strspn(line, blank); *line; line += strspn(line, blank)) {
		*ret_length = strcspn(line, blank);
		if (column-- == 0)
			return line;
		line += *ret_length;
	}
	return NULL;
}

static int pid_column(const char *header)
{
	size_t length;
	const char *word;

	for (int column = 0; (word = word_at(header, column, &length)); column++) {
		if (length == strlen("PID") && strncmp(word, "PID", length) == 0)
			return column;
	}
	return NO_COLUMN;
}

static bool has_pid(const char *line, int column, const pid_t *pids, size_t n_pids)
{
	char text[PID_TEXT];
	uint64_t pid;
	size_t length;
	const char *word = word_at(line, column, &length);

	if (!word || length >= sizeof(text))
		return false;
	memcpy(text, word, length);
	text[length] = '\0';
	if (str_to_u64(text, INT32_MAX, &pid) < 0)
		return false;
	for (size_t i = 0; i < n_pids; i++) {
		if ((uint64_t)pids[i] == pid)
			return true;
	}
	return false;
}

int ps_filter(struct arena *arena, char *output, const pid_t *pids, size_t n_pids, char **ret_text, struct error *err)
{
	char *kept = arena_alloc(arena, strlen(output) + 2);
	char *out = kept;
	char *rest = output;
	const char *line = strsep(&rest, "\n");
	int column = pid_column(line);

	if (column == NO_COLUMN)
		return refuse(err, "ps: no PID column in what ps(1) printed: add pid to its output format");
	out = stpcpy(stpcpy(out, line), "\n");
	while ((line = strsep(&rest, "\n"))) {
		if (has_pid(line, column, pids, n_pids))
			out = stpcpy(stpcpy(out, line), "\n");
	}
	*ret_text = kept;
	return 0;
}

/* Everything up to end of file, NUL-terminated; the caller frees. */
static int read_all(int fd, char **ret_text, struct error *err)
{
	auto_free char *text = NULL;
	size_t used = 0;
	ssize_t n;

	do {
		if (used > OUTPUT_MAX)
			return refuse(err, "ps: ps(1) printed more than %d bytes", OUTPUT_MAX);
		text = xreallocarray(text, used + OUTPUT_STEP + 1, 1);
		n = read(fd, text + used, OUTPUT_STEP);
		if (n < 0 && errno != EINTR)
			return fail(err, errno, "ps: read from ps(1)");
		used += n > 0 ? (size_t)n : 0;
	} while (n != 0);
	text[used] = '\0';
	*ret_text = take_ptr(text);
	return 0;
}

/* Starts ps(1) from PATH with its stdout in `out`. */
static int spawn_ps(const char *const *argv, int out, pid_t *ret_pid, struct error *err)
{
	posix_spawn_file_actions_t actions;
	int r = posix_spawn_file_actions_init(&actions);

	if (r == 0) {
		r = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
		if (r == 0)
			r = posix_spawnp(ret_pid, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environ);
		(void)posix_spawn_file_actions_destroy(&actions);
	}
	if (r == ENOENT)
		return fail(err, 0, "ps: ps(1) is not installed (package procps); --format json needs none");
	return r ? fail(err, r, "ps: run ps(1)") : 0;
}

/* `arguments` of the user, "-ef" if there are none. */
static int run_ps(struct arena *arena, const char *const *arguments, char **ret_output, struct error *err)
{
	static const char *const usual[] = { "-ef", NULL };
	size_t count = str_list_length(arguments);
	const char **argv = arena_array(arena, count + 3, sizeof(*argv));
	int ends[2];
	pid_t pid;
	int status;
	int r;

	argv[0] = "ps";
	memcpy(argv + 1, count ? arguments : usual, (count ? count : 1) * sizeof(*argv));
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail(err, errno, "ps: pipe");
	auto_fd int in = ends[0];
	r = spawn_ps(argv, ends[1], &pid, err);
	(void)close(ends[1]);
	if (r < 0)
		return r;
	r = read_all(in, ret_output, err);
	if (r < 0) {
		(void)close(take_fd(&in)); /* ps(1) ends by SIGPIPE */
		(void)proc_wait(pid);
		return r;
	}
	status = proc_wait(pid);
	if (status < 0)
		return fail(err, -status, "ps: wait for ps(1)");
	return status ? refuse(err, "ps: ps(1) failed with status %d", status) : 0;
}

static int print_json(struct arena *arena, const pid_t *pids, size_t count, struct error *err)
{
	char *text = arena_array(arena, count + 1, PID_TEXT);
	char *out = stpcpy(text, "[");

	for (size_t i = 0; i < count; i++)
		out += sprintf(out, "%s%d", i ? "," : "", pids[i]);
	(void)stpcpy(out, "]");
	return print_text(text, err);
}

static int run(const struct invocation *in, int *ret_exit, struct error *err)
{
	const struct ps_options *ps = in->options;
	const char *const *arguments = in->arguments + 1;
	auto_free pid_t *pids = NULL;
	auto_free char *output = NULL;
	char *kept = NULL;
	size_t count = 0;
	int r;

	(void)ret_exit;
	r = container_pids(in->runtime, in->arguments[0], &pids, &count, err);
	if (r < 0)
		return r;
	if (ps->format == FORMAT_JSON)
		return print_json(in->arena, pids, count, err);
	if (*arguments && str_eq(*arguments, "--"))
		arguments++;
	r = run_ps(in->arena, arguments, &output, err);
	if (r == 0)
		r = ps_filter(in->arena, output, pids, count, &kept, err);
	return r < 0 ? r : print_text(kept, err);
}

const struct verb verb_ps = {
	.name = "ps",
	.group = GROUP_LOOK,
	.summary = "list the processes of a container",
	.arguments = "ID [PS-OPTION...]",
	.min_arguments = 1,
	.max_arguments = ANY_NUMBER,
	.order = OPTIONS_FIRST,
	.options = options,
	.options_size = sizeof(struct ps_options),
	.run = run,
};
