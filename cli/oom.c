/* oom.c - `coffer oom`: containers that are stopped at their memory limit, and the decisions about them. */
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "container_json.h"
#include "oom_request.h"
#include "oom_screen.h"
#include "print.h"
#include "runtime/oom.h"
#include "runtime/service.h"
#include "runtime/oom_dump.h"

enum { CHUNK_SIZE = 16 * 1024 };

struct kill_options {
	bool all;
};

static const struct cli_option kill_options[] = {
	FLAG_ROW(struct kill_options, all, "all", 'a', "every process of the container"),
	END_ROW,
};

/* ---- list, show ---- */

static int print_containers(struct arena *arena, const struct json *containers, struct error *err)
{
	static const char *const header[] = { "ID", "STATE", "MEMORY", "LIMIT", "HITS", "KERNEL KILLS", "DEFAULT" };
	enum { COLUMNS = sizeof(header) / sizeof(header[0]) };
	size_t count = containers ? containers->count : 0;
	const char **cells = arena_array(arena, (count + 1) * COLUMNS, sizeof(*cells));
	const char **cell = cells + COLUMNS;

	memcpy(cells, header, sizeof(header));
	for (const struct json *at = containers ? containers->first : NULL; at; at = at->next) {
		*cell++ = oom_text(arena, at, "id");
		*cell++ = oom_text(arena, at, "state");
		*cell++ = oom_mib(arena, at, "usage");
		*cell++ = oom_mib(arena, at, "limit");
		*cell++ = oom_text(arena, at, "hits");
		*cell++ = oom_text(arena, at, "kernelKills");
		*cell++ = oom_text(arena, at, "default");
	}
	return print_text(table_text(arena, cells, count + 1, COLUMNS), err);
}

static int run_list(const struct invocation *in, int *ret_exit, struct error *err)
{
	struct json *answer = NULL;
	int r = oom_ask(in, "list", NULL, &answer, err);

	(void)ret_exit;
	return r < 0 ? r : print_containers(in->arena, answer ? json_get(answer, "containers") : NULL, err);
}

/* Whom the kernel has killed: its log is read here, for the watcher has no time for it. */
static void put_killed(const struct invocation *in, const struct json *answer, struct json_writer *writer)
{
	const struct json *member = json_get(answer, "kernelKills");
	struct oom_victims victims;
	struct error ignored;
	uint64_t kills = 0;

	if (!member || json_u64(member, UINT64_MAX, &kills, &ignored) < 0)
		return;
	container_oom_victims(in->runtime, in->arguments[0], kills, in->arena, &victims);
	put_victims(writer, &victims);
}

static int run_show(const struct invocation *in, int *ret_exit, struct error *err)
{
	auto_json_writer struct json_writer *writer = json_writer_new(true);
	struct json *answer = NULL;
	int r = oom_ask(in, "show", in->arguments[0], &answer, err);

	(void)ret_exit;
	if (r < 0)
		return r;
	json_begin_object(writer, NULL);
	for (const struct json *member = answer->first; member; member = member->next)
		if (!str_eq(member->key, "ok"))
			json_put_node(writer, member->key, member);
	put_killed(in, answer, writer);
	json_end_object(writer);
	return print_text(json_writer_text(writer, NULL), err);
}

/* ---- watch ---- */

/* Lines as they come, until the watcher ends: it stays as long as somebody listens. */
static int run_watch(const struct invocation *in, int *ret_exit, struct error *err)
{
	auto_json_writer struct json_writer *writer = oom_begin("subscribe", in->arguments[0]);
	auto_fd int fd = oom_connect(in->runtime->root, true, err);
	struct json *answer;
	char chunk[CHUNK_SIZE];
	ssize_t got;
	int r;

	(void)ret_exit;
	json_end_object(writer);
	if (fd < 0)
		return fd;
	r = oom_request(fd, in->arena, json_writer_text(writer, NULL), &answer, err);
	if (r < 0)
		return r;
	while ((got = read(fd, chunk, sizeof(chunk))) > 0) {
		r = fd_write_all(STDOUT_FILENO, chunk, (size_t)got);
		if (r < 0)
			return fail(err, -r, "write to standard output");
	}
	return 0;
}

/* ---- decisions ---- */

static int run_raise(const struct invocation *in, int *ret_exit, struct error *err)
{
	auto_json_writer struct json_writer *writer = oom_begin("raise", in->arguments[0]);
	struct json *answer = NULL;
	uint64_t bytes = 0;
	int r = oom_size(in->arguments[1], &bytes, err);

	(void)ret_exit;
	if (r < 0)
		return r;
	json_put_u64(writer, "bytes", bytes);
	return oom_send(in, writer, in->arguments[0], &answer, err);
}

static int put_pids(const struct invocation *in, struct json_writer *writer, struct error *err)
{
	json_begin_array(writer, "pids");
	for (size_t i = 1; i < in->n_arguments; i++) {
		uint64_t pid;

		if (str_to_u64(in->arguments[i], INT32_MAX, &pid) < 0 || pid == 0)
			return refuse(err, "oom kill: \"%.64s\" is not a process id", in->arguments[i]);
		json_put_u64(writer, NULL, pid);
	}
	json_end_array(writer);
	return 0;
}

static int run_kill(const struct invocation *in, int *ret_exit, struct error *err)
{
	const struct kill_options *kill = in->options;
	auto_json_writer struct json_writer *writer = oom_begin(kill->all ? "kill-all" : "kill", in->arguments[0]);
	struct json *answer = NULL;
	int r;

	(void)ret_exit;
	if (kill->all != (in->n_arguments == 1))
		return refuse(err, "oom kill: name process ids (coffer oom show %s), or --all", in->arguments[0]);
	r = kill->all ? 0 : put_pids(in, writer, err);
	return r < 0 ? r : oom_send(in, writer, in->arguments[0], &answer, err);
}

static int run_resume(const struct invocation *in, int *ret_exit, struct error *err)
{
	struct json *answer = NULL;

	(void)ret_exit;
	return oom_ask(in, "resume", in->arguments[0], &answer, err);
}

/* The kernel's work is done by this process: the watcher has no time for it. */
static int run_reclaim(const struct invocation *in, int *ret_exit, struct error *err)
{
	uint64_t bytes = 0;
	uint64_t freed = 0;
	int r = oom_size(in->arguments[1], &bytes, err);

	(void)ret_exit;
	if (r == 0)
		r = container_reclaim(in->runtime, in->arguments[0], bytes, &freed, err);
	if (r < 0)
		return r;
	return print_text(arena_printf(in->arena, "%llu bytes reclaimed", (unsigned long long)freed), err);
}

static int run_dump(const struct invocation *in, int *ret_exit, struct error *err)
{
	auto_json_writer struct json_writer *writer = json_writer_new(true);
	uint64_t pid = 0;
	int r;

	(void)ret_exit;
	if (str_to_u64(in->arguments[1], INT32_MAX, &pid) < 0 || pid == 0)
		return refuse(err, "oom dump: \"%.64s\" is not a process id", in->arguments[1]);
	r = oom_dump(in->runtime, in->arguments[0], (pid_t)pid, writer, err);
	return r < 0 ? r : print_text(json_writer_text(writer, NULL), err);
}

static int run_watcher(const struct invocation *in, int *ret_exit, struct error *err)
{
	(void)ret_exit;
	return oom_watcher_main(in->runtime, SERVICE_LISTENER_FD, err);
}

static const struct verb commands[] = {
	{ .name = "oom list",
	  .summary = "containers with --oom freeze, and their state",
	  .arguments = "",
	  .options = no_options,
	  .run = run_list },
	{ .name = "oom show",
	  .summary = "one of them, and who in it holds how much, as JSON",
	  .arguments = "ID",
	  .min_arguments = 1,
	  .max_arguments = 1,
	  .options = no_options,
	  .run = run_show },
	{ .name = "oom watch",
	  .summary = "print what happens, a line of JSON each",
	  .arguments = "[ID]",
	  .max_arguments = 1,
	  .options = no_options,
	  .run = run_watch },
	{ .name = "oom raise",
	  .summary = "set its limit, and let it go on if that is enough",
	  .arguments = "ID SIZE",
	  .min_arguments = 2,
	  .max_arguments = 2,
	  .options = no_options,
	  .run = run_raise },
	{ .name = "oom kill",
	  .summary = "kill these processes, or all; the rest goes on",
	  .arguments = "ID PID... | --all ID",
	  .min_arguments = 1,
	  .max_arguments = ANY_NUMBER,
	  .options = kill_options,
	  .options_size = sizeof(struct kill_options),
	  .run = run_kill },
	{ .name = "oom reclaim",
	  .summary = "have the kernel take so much back",
	  .arguments = "ID SIZE",
	  .min_arguments = 2,
	  .max_arguments = 2,
	  .options = no_options,
	  .run = run_reclaim },
	{ .name = "oom resume",
	  .summary = "let it go on, if it fits by now",
	  .arguments = "ID",
	  .min_arguments = 1,
	  .max_arguments = 1,
	  .options = no_options,
	  .run = run_resume },
	{ .name = "oom dump",
	  .summary = "what one process is and holds, as JSON",
	  .arguments = "ID PID",
	  .min_arguments = 2,
	  .max_arguments = 2,
	  .options = no_options,
	  .run = run_dump },
	/* oom_client.c starts the watcher so. */
	{ .name = "oom watcher", .arguments = "", .options = no_options, .run = run_watcher },
	{ .name = NULL },
};

static int run(const struct invocation *in, int *ret_exit, struct error *err)
{
	if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
		return oom_screen(in, err);
	return run_list(in, ret_exit, err);
}

const struct verb verb_oom = {
	.name = "oom",
	.group = GROUP_INSIDE,
	.summary = "decide about containers frozen at their memory limit",
	.arguments = "[COMMAND [OPTION...]]",
	.order = OPTIONS_FIRST,
	.options = no_options,
	.commands = commands,
	.run = run,
};
