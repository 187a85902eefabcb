/*
 * process_find.c - what to execute and with which environment; see process.h. Runs inside the container's root, where
 * every file is hostile: the passwd file is opened as a regular file only, and read up to a bound.
 */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "base/str.h"

enum { PASSWD_MAX = 1024 * 1024, EXTRA_VARIABLES = 3 };

static const char default_path[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

static const char *variable(const char **env, const char *name)
{
	size_t length = strlen(name);

	for (; env && *env; env++)
		if (strncmp(*env, name, length) == 0 && (*env)[length] == '=')
			return *env + length + 1;
	return NULL;
}

/* 0, -ENOENT, -EACCES (no x bit, a directory) ... */
static int check_executable(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	return access(path, X_OK) < 0 ? -errno : 0;
}

int process_exec_failed(const char *name, int errnum, struct error *err)
{
	static const struct {
		int errnum;
		const char *words;
	} known[] = {
		{ ENOENT, "no such file or directory" },
		{ ENOTDIR, "not a directory" },
		{ EISDIR, "is a directory" },
		{ EACCES, "permission denied" },
		{ EPERM, "operation not permitted" },
		{ ENOEXEC, "exec format error" },
		{ ELOOP, "too many levels of symbolic links" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (known[i].errnum == errnum)
			return refuse_as(err, errnum, "exec: \"%s\": %s", name, known[i].words);
	return fail(err, errnum, "exec: \"%s\"", name);
}

/* A relative directory in PATH is relative to the working directory, which is entered only at the end. */
static int check_candidate(const struct process_start *start, struct arena *arena, const char *candidate)
{
	const char *cwd = start->process->cwd;

	return check_executable(candidate[0] == '/' ? candidate : arena_printf(arena, "%s/%s", cwd, candidate));
}

static int search_path(struct process_start *start, struct arena *arena, const char *path)
{
	const char *name = start->process->args[0];
	int result = -ENOENT;

	for (;;) {
		size_t length = strcspn(path, ":");
		const char *candidate =
			arena_printf(arena, "%.*s/%s", length ? (int)length : 1, length ? path : ".", name);
		int r = check_candidate(start, arena, candidate);

		if (r == 0) {
			start->executable = candidate;
			return 0;
		}
		if (r == -EACCES)
			result = r;
		if (path[length] == '\0')
			return result;
		path += length + 1;
	}
}

static int find_executable(struct process_start *start, struct arena *arena, struct error *err)
{
	const char *name = start->process->args[0];
	const char *path = variable(start->process->env, "PATH");
	int r;

	if (strchr(name, '/')) {
		/* A relative name is relative to the working directory, which is entered only at the end. */
		start->executable = name;
		r = name[0] == '/' ? check_executable(name) : 0;
	} else {
		r = search_path(start, arena, path ? path : default_path);
	}
	if (r == 0)
		return 0;
	if (r == -ENOENT && !strchr(name, '/'))
		return refuse_as(err, ENOENT, "exec: \"%s\": executable file not found in $PATH", name);
	return process_exec_failed(name, -r, err);
}

/* passwd(5) */
enum { PASSWD_UID = 2, PASSWD_HOME = 5, PASSWD_FIELDS };

/* The home directory of the first line of passwd that is about `uid`. */
static const char *home_in(struct arena *arena, char *text, uint32_t uid)
{
	char *rest = text;
	const char *line;

	while ((line = strsep(&rest, "\n")) != NULL) {
		const char *field[PASSWD_FIELDS] = { line };
		uint64_t number;
		int count = 1;

		for (char *c = (char *)(uintptr_t)line; *c; c++) {
			if (*c != ':')
				continue;
			*c = '\0';
			if (count < PASSWD_FIELDS)
				field[count] = c + 1;
			count++;
		}
		if (count >= PASSWD_FIELDS && str_to_u64(field[PASSWD_UID], UINT32_MAX, &number) == 0 &&
		    number == uid && field[PASSWD_HOME][0] == '/')
			return arena_strdup(arena, field[PASSWD_HOME]);
	}
	return NULL;
}

static const char *home_of(struct arena *arena, uint32_t uid)
{
	auto_fd int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_fd int fd = root < 0 ? -1 : path_open_flags(root, "/etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	auto_free char *text = NULL;
	struct stat st;
	const char *home;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > PASSWD_MAX)
		return "/";
	text = xcalloc(1, (size_t)st.st_size + 1);
	if (read(fd, text, (size_t)st.st_size) < 0)
		return "/";
	home = home_in(arena, text, uid);
	return home ? home : "/";
}

static bool is_about_listen_fds(const char *variable)
{
	return str_starts(variable, "LISTEN_FDS=") || str_starts(variable, "LISTEN_PID=");
}

static void complete_environment(struct process_start *start, struct arena *arena)
{
	const char **env = start->process->env;
	size_t count = str_list_length(env);
	const char **full = arena_array(arena, count + EXTRA_VARIABLES + 1, sizeof(*full));
	size_t used = 0;

	for (size_t i = 0; i < count; i++)
		if (!start->listen_fds || !is_about_listen_fds(env[i]))
			full[used++] = env[i];
	if (!variable(env, "HOME"))
		full[used++] = arena_printf(arena, "HOME=%s", home_of(arena, start->process->user.uid));
	/* The container's process is the one that the fds are for, whatever its pid in there. */
	if (start->listen_fds) {
		full[used++] = arena_printf(arena, "LISTEN_FDS=%u", start->listen_fds);
		full[used++] = arena_printf(arena, "LISTEN_PID=%d", getpid());
	}
	start->env = full;
}

int process_find(struct process_start *start, struct arena *arena, struct error *err)
{
	complete_environment(start, arena);
	return find_executable(start, arena, err);
}
