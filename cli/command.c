/*
 * command.c - see command.h. In this order: global options, log target, verb, its options and argument count, the
 * verb's one call, and at the end the one error line.
 */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "base/utf8.h"
#include "globals.h"
#include "image_helper.h"
#include "help.h"
#include "print.h"
#include "runtime/container.h"

enum { EXIT_ERROR = 1, EXIT_CANNOT_RUN = 126, EXIT_NOT_FOUND = 127 };

int exit_code_for(const struct verb *verb, const struct error *error)
{
	static const struct {
		int32_t code;
		int exit;
	} program_errors[] = {
		{ ENOENT, EXIT_NOT_FOUND }, { ENOTDIR, EXIT_NOT_FOUND },  { EACCES, EXIT_CANNOT_RUN },
		{ EPERM, EXIT_CANNOT_RUN }, { ENOEXEC, EXIT_CANNOT_RUN }, { EISDIR, EXIT_CANNOT_RUN },
	};

	/* "exec: " is how the runtime marks that execve, or the search for the program, failed. */
	if (verb->runs_program && str_starts(error->text, "exec: ")) {
		for (size_t i = 0; i < ARRAY_SIZE(program_errors); i++) {
			if (program_errors[i].code == error->code)
				return program_errors[i].exit;
		}
	}
	return verb->failure_exit ? verb->failure_exit : EXIT_ERROR;
}

/* The log gets the line; a caller that reads only stderr gets it there too. */
static void report(const struct globals *globals, const struct error *error)
{
	char line[sizeof(error->text) + 32];
	int length;

	/* One error is one line: the helper program has written it. */
	if (str_eq(error->text, IMAGE_HELPER_SAID) && !(globals->log && *globals->log))
		return;
	log_message(LOG_LEVEL_ERROR, "%s", error->text);
	if (!globals->log || !*globals->log)
		return;
	length = snprintf(line, sizeof(line) - 1, "coffer: error: %s", error->text);
	utf8_one_line(line);
	line[length] = '\n';
	(void)fd_write_all(STDERR_FILENO, line, (size_t)length + 1);
}

/* Ends the text with where to read more; the text is cut rather than the pointer. */
static int usage(const struct verb *verb, struct error *err)
{
	char pointer[64];
	size_t length;
	size_t kept;

	(void)snprintf(pointer, sizeof(pointer), " (see: coffer %s%s--help)", verb ? verb->name : "", verb ? " " : "");
	length = strlen(pointer);
	kept = strnlen(err->text, sizeof(err->text) - 1 - length);
	memcpy(err->text + kept, pointer, length + 1);
	return -err->code;
}

static int open_log(const struct globals *globals, struct error *err)
{
	const struct log_options options = {
		.target = globals->log,
		.json = globals->log_format == LOG_JSON,
		.level = globals->debug ? LOG_LEVEL_DEBUG : (enum log_level)globals->log_level,
	};

	if (globals->log && (str_starts(globals->log, "journald:") || str_starts(globals->log, "syslog:")))
		return refuse(err, "--log: only a file can be logged to, not \"%s\"", globals->log);
	return log_open(&options, err);
}

/* "/a//b/./" to "/a/b": the same directory has one name, which records of networks hold. */
static void drop_empty_parts(char *path)
{
	char *to = path;

	for (const char *at = path; *at;) {
		const char *part = at + strspn(at, "/");
		const size_t length = strcspn(part, "/");

		at = part + length;
		if (length == 0 || (length == 1 && *part == '.'))
			continue;
		*to++ = '/';
		memmove(to, part, length);
		to += length;
	}
	if (to == path)
		*to++ = '/';
	*to = '\0';
}

/* Absolute, since the runtime may change its directory. */
static int resolve_root(struct arena *arena, const char **root, struct error *err)
{
	auto_free char *here = NULL;
	char *path;

	if (!**root)
		return refuse(err, "--root is empty");
	if (**root != '/')
		here = getcwd(NULL, 0);
	if (**root != '/' && !here)
		return fail(err, errno, "--root %s: current directory", *root);
	path = arena_printf(arena, "%s/%s", here ? here : "", *root);
	drop_empty_parts(path);
	*root = path;
	return 0;
}

static int fill_runtime(struct arena *arena, const struct globals *globals, const struct verb *verb,
			struct runtime *ret_runtime, struct error *err)
{
	struct runtime runtime = {
		.root = globals->root,
		.root_given = globals->root != NULL,
		.cgroup_manager =
			globals->systemd_cgroup ? CGROUP_MANAGER_SYSTEMD : (enum cgroup_manager)globals->cgroup_manager,
		.rootless = globals->rootless,
	};
	int r = 0;

	if (runtime.root)
		r = resolve_root(arena, &runtime.root, err);
	else if (!verb->stateless)
		runtime.root = container_default_root(arena);
	if (r == 0)
		*ret_runtime = runtime;
	return r;
}

static int run_verb(struct arena *arena, const struct globals *globals, const struct verb *verb,
		    const char *const *argv, int *ret_exit, struct error *err);

static int run_command_of(struct arena *arena, const struct globals *globals, const struct verb *verb,
			  const char *const *argv, int *ret_exit, struct error *err)
{
	const struct verb *command = verb_find_command(verb, argv[0]);

	if (command)
		return run_verb(arena, globals, command, argv + 1, ret_exit, err);
	(void)verb_unknown(verb, argv[0], err);
	return usage(verb, err);
}

static int run_verb(struct arena *arena, const struct globals *globals, const struct verb *verb,
		    const char *const *argv, int *ret_exit, struct error *err)
{
	void *options = arena_alloc(arena, verb->options_size + 1);
	struct invocation in = { .arena = arena, .options = options };
	struct runtime runtime;
	struct parsed parsed = { 0 };
	int r;

	r = options_parse(arena, verb->options, verb->order, argv, options, &parsed, err);
	if (r < 0 && parsed.unknown && options_know(global_options, parsed.unknown))
		r = refuse(err, "%s is an option of coffer itself: give it before %s", parsed.unknown, verb->name);
	if (r == 0 && parsed.help && !verb->helps_itself)
		return print_text(parsed.command ? help_topics(arena, verb) : help_verb(arena, verb), err);
	if (r == 0 && verb->commands && parsed.n_arguments > 0)
		return run_command_of(arena, globals, verb, parsed.arguments, ret_exit, err);
	if (r < 0)
		return usage(verb, err);
	r = verb_check_count(verb, parsed.n_arguments, err);
	if (r < 0)
		return r;
	in.arguments = parsed.arguments;
	in.n_arguments = parsed.n_arguments;
	in.runtime = &runtime;
	r = fill_runtime(arena, globals, verb, &runtime, err);
	if (r == 0)
		r = verb->run(&in, ret_exit, err);
	if (r < 0)
		*ret_exit = exit_code_for(verb, err);
	return r;
}

static int run_command(struct arena *arena, struct globals *globals, const char *const *argv, int *ret_exit,
		       struct error *err)
{
	struct parsed parsed = { 0 };
	struct error log_error = { 0 };
	const struct verb *verb;
	int r;

	r = options_parse(arena, global_options, OPTIONS_FIRST, argv, globals, &parsed, err);
	/* Also for an error of the options: they are filled up to the bad one, and the caller reads its log. */
	if (open_log(globals, &log_error) < 0) {
		globals->log = NULL;
		*err = log_error;
		return -err->code;
	}
	if (r < 0)
		return usage(NULL, err);
	if (parsed.help)
		return run_verb(arena, globals, &verb_help, parsed.arguments, ret_exit, err);
	if (globals->version)
		return run_verb(arena, globals, &verb_version, parsed.arguments, ret_exit, err);
	if (parsed.n_arguments == 0) {
		(void)refuse(err, "no command given");
		return usage(NULL, err);
	}
	verb = verb_find(parsed.arguments[0]);
	if (!verb) {
		(void)verb_unknown(NULL, parsed.arguments[0], err);
		return usage(NULL, err);
	}
	return run_verb(arena, globals, verb, parsed.arguments + 1, ret_exit, err);
}

int command_run(const char *const *argv)
{
	struct arena_room room;
	auto_arena struct arena *arena = arena_in(&room);
	struct globals globals = { 0 };
	struct error err = { 0 };
	int exit_code = 0;

	if (run_command(arena, &globals, argv, &exit_code, &err) == 0)
		return exit_code;
	report(&globals, &err);
	return exit_code ? exit_code : EXIT_ERROR;
}
