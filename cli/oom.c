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

struct oom_cli {
	bool all;
};

static const struct cli_option options[] = {
	FLAG_ROW(struct oom_cli, all, "all", 'a', "kill: every process of the container"),
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

static int run_list(const struct invocation *in, struct error *err)
{
	struct json *answer = NULL;
	int r = oom_ask(in, "list", NULL, &answer, err);

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
	container_oom_victims(in->runtime, in->arguments[1], kills, in->arena, &victims);
	put_victims(writer, &victims);
}

static int run_show(const struct invocation *in, struct error *err)
{
	auto_json_writer struct json_writer *writer = json_writer_new(true);
	struct json *answer = NULL;
	int r = oom_ask(in, "show", in->arguments[1], &answer, err);

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
static int run_watch(const struct invocation *in, struct error *err)
{
	auto_json_writer struct json_writer *writer =
		oom_begin("subscribe", in->n_arguments > 1 ? in->arguments[1] : NULL);
	auto_fd int fd = oom_connect(in->runtime->root, true, err);
	struct json *answer;
	char chunk[CHUNK_SIZE];
	ssize_t got;
	int r;

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

static int run_raise(const struct invocation *in, struct error *err)
{
	auto_json_writer struct json_writer *writer = oom_begin("raise", in->arguments[1]);
	struct json *answer = NULL;
	uint64_t bytes = 0;
	int r = oom_size(in->arguments[2], &bytes, err);

	if (r < 0)
		return r;
	json_put_u64(writer, "bytes", bytes);
	return oom_send(in, writer, in->arguments[1], &answer, err);
}

static int put_pids(const struct invocation *in, struct json_writer *writer, struct error *err)
{
	json_begin_array(writer, "pids");
	for (size_t i = 2; i < in->n_arguments; i++) {
		uint64_t pid;

		if (str_to_u64(in->arguments[i], INT32_MAX, &pid) < 0 || pid == 0)
			return refuse(err, "oom kill: \"%.64s\" is not a process id", in->arguments[i]);
		json_put_u64(writer, NULL, pid);
	}
	json_end_array(writer);
	return 0;
}

static int run_kill(const struct invocation *in, struct error *err)
{
	const struct oom_cli *oom = in->options;
	auto_json_writer struct json_writer *writer = oom_begin(oom->all ? "kill-all" : "kill", in->arguments[1]);
	struct json *answer = NULL;
	int r;

	if (oom->all != (in->n_arguments == 2))
		return refuse(err, "oom kill: name process ids (coffer oom show %s), or --all", in->arguments[1]);
	r = oom->all ? 0 : put_pids(in, writer, err);
	return r < 0 ? r : oom_send(in, writer, in->arguments[1], &answer, err);
}

static int run_resume(const struct invocation *in, struct error *err)
{
	struct json *answer = NULL;

	return oom_ask(in, "resume", in->arguments[1], &answer, err);
}

/* The kernel's work is done by this process: the watcher has no time for it. */
static int run_reclaim(const struct invocation *in, struct error *err)
{
	uint64_t bytes = 0;
	uint64_t freed = 0;
	int r = oom_size(in->arguments[2], &bytes, err);

	if (r == 0)
		r = container_reclaim(in->runtime, in->arguments[1], bytes, &freed, err);
	if (r < 0)
		return r;
	return print_text(arena_printf(in->arena, "%llu bytes reclaimed", (unsigned long long)freed), err);
}

static int run_dump(const struct invocation *in, struct error *err)
{
	auto_json_writer struct json_writer *writer = json_writer_new(true);
	uint64_t pid = 0;
	int r;

	if (str_to_u64(in->arguments[2], INT32_MAX, &pid) < 0 || pid == 0)
		return refuse(err, "oom dump: \"%.64s\" is not a process id", in->arguments[2]);
	r = oom_dump(in->runtime, in->arguments[1], (pid_t)pid, writer, err);
	return r < 0 ? r : print_text(json_writer_text(writer, NULL), err);
}

static int run_watcher(const struct invocation *in, struct error *err)
{
	return oom_watcher_main(in->runtime, SERVICE_LISTENER_FD, err);
}

/* The last one is not for people: oom_client.c starts the watcher so. */
static const struct {
	const char *name;
	size_t min_arguments, max_arguments; /* with the name itself */
	int (*run)(const struct invocation *in, struct error *err);
} actions[] = {
	{ "list", 1, 1, run_list },     { "show", 2, 2, run_show },          { "watch", 1, 2, run_watch },
	{ "raise", 3, 3, run_raise },   { "kill", 2, ANY_NUMBER, run_kill }, { "reclaim", 3, 3, run_reclaim },
	{ "resume", 2, 2, run_resume }, { "dump", 3, 3, run_dump },          { "watcher", 1, 1, run_watcher },
};

static int run(const struct invocation *in, int *ret_exit, struct error *err)
{
	const char *name = in->n_arguments ? in->arguments[0] : "list";

	(void)ret_exit;
	if (in->n_arguments == 0 && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
		return oom_screen(in, err);
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		if (!str_eq(actions[i].name, name))
			continue;
		if (in->n_arguments &&
		    (in->n_arguments < actions[i].min_arguments || in->n_arguments > actions[i].max_arguments))
			return refuse(err, "oom %s: wrong number of arguments (see: coffer oom --help)", name);
		return actions[i].run(in, err);
	}
	return refuse(err,
		      "oom: \"%.64s\" is not known; expected list, show, watch, raise, kill, reclaim, resume or dump",
		      name);
}

const struct verb verb_oom = {
	.name = "oom",
	.group = GROUP_INSIDE,
	.summary = "list, show, watch, raise, kill, resume, dump: frozen ones",
	.arguments = "[ACTION [ID [ARGUMENT...]]]",
	.max_arguments = ANY_NUMBER,
	.options = options,
	.options_size = sizeof(struct oom_cli),
	.run = run,
};
