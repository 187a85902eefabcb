/*
 * oom_screen.c - see oom_screen.h. A line in, a table out: it works on any terminal, and over a bad connection. Each
 * turn asks the watcher anew, since others may decide too.
 */
#include "oom_screen.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "oom_request.h"
#include "print.h"

enum { WORDS_MAX = 64, PROCESSES_SHOWN = 15, NUMBER_MAX = 1000000 };

/* One turn: its memory goes with it. */
struct turn {
	struct invocation in; /* the verb's, with an arena of this turn's own */
	char *words[WORDS_MAX + 1];
	size_t n_words;
};

/* A line, cut at spaces; false at the end of input. The words are in the turn's arena. */
static bool read_words(struct turn *turn, const char *prompt)
{
	auto_free char *line = NULL;
	struct error ignored;
	size_t size = 0;
	char *rest;
	char *text;

	(void)print_text(prompt, &ignored);
	if (getline(&line, &size, stdin) < 0)
		return false; /* NOLINT(clang-analyzer-unix.Malloc): auto_free has the line */
	text = arena_strdup(turn->in.arena, line);
	turn->n_words = 0;
	for (char *word = strtok_r(text, " \t\n", &rest); word && turn->n_words < WORDS_MAX;
	     word = strtok_r(NULL, " \t\n", &rest))
		turn->words[turn->n_words++] = word;
	turn->words[turn->n_words] = NULL;
	return true;
}

/* ---- one container ---- */

static int print_processes(struct arena *arena, const struct json *answer, struct error *err)
{
	static const char *const header[] = { "PID", "NAME", "STATE", "ANON", "SHARED", "FILE", "SWAP", "OOM SCORE" };
	static const char *const bytes[] = { "anon", "shmem", "file", "swap" };
	enum { COLUMNS = sizeof(header) / sizeof(header[0]) };
	const struct json *processes = json_get(answer, "processes");
	const char **cells = arena_array(arena, (size_t)(PROCESSES_SHOWN + 1) * COLUMNS, sizeof(*cells));
	const char **cell = cells + COLUMNS;
	size_t rows = 1;

	memcpy(cells, header, sizeof(header));
	for (const struct json *at = processes ? processes->first : NULL; at && rows <= PROCESSES_SHOWN;
	     at = at->next, rows++) {
		*cell++ = oom_text(arena, at, "pid");
		*cell++ = oom_text(arena, at, "name");
		*cell++ = oom_text(arena, at, "state");
		for (size_t i = 0; i < ARRAY_SIZE(bytes); i++)
			*cell++ = oom_mib(arena, at, bytes[i]);
		*cell++ = oom_text(arena, at, "oomScore");
	}
	return print_text(table_text(arena, cells, rows, COLUMNS), err);
}

static int raise_limit(const struct turn *turn, const char *id, struct error *err)
{
	auto_json_writer struct json_writer *writer = oom_begin("raise", id);
	struct json *answer = NULL;
	uint64_t bytes = 0;
	int r = turn->n_words == 2 ? oom_size(turn->words[1], &bytes, err) : refuse(err, "r SIZE, like: r 256m");

	if (r < 0)
		return r;
	json_put_u64(writer, "bytes", bytes);
	return oom_send(&turn->in, writer, id, &answer, err);
}

static int kill_processes(const struct turn *turn, const char *id, struct error *err)
{
	auto_json_writer struct json_writer *writer = oom_begin("kill", id);
	struct json *answer = NULL;

	if (turn->n_words < 2)
		return refuse(err, "k PID..., like: k 4711");
	json_begin_array(writer, "pids");
	for (size_t i = 1; i < turn->n_words; i++) {
		uint64_t pid;

		if (str_to_u64(turn->words[i], INT32_MAX, &pid) < 0 || pid == 0)
			return refuse(err, "\"%.64s\" is not a process id", turn->words[i]);
		json_put_u64(writer, NULL, pid);
	}
	json_end_array(writer);
	return oom_send(&turn->in, writer, id, &answer, err);
}

static int kill_all(const struct turn *turn, const char *id, struct error *err)
{
	struct json *answer = NULL;

	return oom_ask(&turn->in, "kill-all", id, &answer, err);
}

static int go_on(const struct turn *turn, const char *id, struct error *err)
{
	struct json *answer = NULL;

	return oom_ask(&turn->in, "resume", id, &answer, err);
}

static const struct {
	const char *word;
	int (*run)(const struct turn *turn, const char *id, struct error *err);
} decisions[] = { { "r", raise_limit }, { "k", kill_processes }, { "K", kill_all }, { "c", go_on } };

static int decide(const struct turn *turn, const char *id, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(decisions); i++)
		if (str_eq(decisions[i].word, turn->words[0]))
			return decisions[i].run(turn, id, err);
	return refuse(err, "\"%.64s\" is none of r, k, K, c, b and q", turn->words[0]);
}

enum next { NEXT_AGAIN, NEXT_BACK, NEXT_QUIT };

static int show(struct turn *turn, const char *id, struct error *err)
{
	struct arena *arena = turn->in.arena;
	struct json *answer = NULL;
	int r = oom_ask(&turn->in, "show", id, &answer, err);

	if (r < 0)
		return r;
	r = print_text(arena_printf(arena, "\n%s: %s, %s in use of %s, peak %s; %s processes, %s killed by the kernel",
				    id, oom_text(arena, answer, "state"), oom_mib(arena, answer, "usage"),
				    oom_mib(arena, answer, "limit"), oom_mib(arena, answer, "peak"),
				    oom_text(arena, answer, "processCount"), oom_text(arena, answer, "kernelKills")),
		       err);
	return r < 0 ? r : print_processes(arena, answer, err);
}

static enum next one_decision(struct turn *turn, const char *id)
{
	struct error err;

	if (show(turn, id, &err) < 0) {
		(void)print_text(err.text, &err);
		return NEXT_BACK;
	}
	if (!read_words(turn, "r SIZE: raise the limit   k PID...: kill   K: kill all   c: go on   Enter: look again   "
			      "b: back   q: quit"))
		return NEXT_QUIT;
	if (turn->n_words == 0)
		return NEXT_AGAIN;
	if (str_eq(turn->words[0], "b"))
		return NEXT_BACK;
	if (str_eq(turn->words[0], "q"))
		return NEXT_QUIT;
	(void)print_text(decide(turn, id, &err) < 0 ? err.text : "done", &err);
	return NEXT_AGAIN;
}

/* ---- all ---- */

static int print_containers(struct arena *arena, const struct json *containers, struct error *err)
{
	static const char *const header[] = { "#", "ID", "STATE", "MEMORY", "LIMIT", "HITS" };
	enum { COLUMNS = sizeof(header) / sizeof(header[0]) };
	size_t count = containers ? containers->count : 0;
	const char **cells = arena_array(arena, (count + 1) * COLUMNS, sizeof(*cells));
	const char **cell = cells + COLUMNS;
	unsigned number = 0;

	memcpy(cells, header, sizeof(header));
	for (const struct json *at = containers ? containers->first : NULL; at; at = at->next) {
		*cell++ = arena_printf(arena, "%u", ++number);
		*cell++ = oom_text(arena, at, "id");
		*cell++ = oom_text(arena, at, "state");
		*cell++ = oom_mib(arena, at, "usage");
		*cell++ = oom_mib(arena, at, "limit");
		*cell++ = oom_text(arena, at, "hits");
	}
	return print_text(table_text(arena, cells, count + 1, COLUMNS), err);
}

/* The id at a number of the list, or NULL. */
static const char *choose(const struct turn *turn, const struct json *containers)
{
	uint64_t number = 0;

	if (str_to_u64(turn->words[0], NUMBER_MAX, &number) < 0 || number == 0)
		return NULL;
	for (const struct json *at = containers ? containers->first : NULL; at; at = at->next)
		if (--number == 0)
			return json_get(at, "id") ? json_get(at, "id")->text : NULL;
	return NULL;
}

/* The container that was chosen, in *ret_id, the caller's; or one of the others. */
static int one_choice(struct turn *turn, char **ret_id, enum next *ret_next, struct error *err)
{
	struct json *answer = NULL;
	const struct json *containers;
	const char *id;
	int r = oom_ask(&turn->in, "list", NULL, &answer, err);

	*ret_next = NEXT_AGAIN;
	containers = answer ? json_get(answer, "containers") : NULL;
	if (r == 0)
		r = print_containers(turn->in.arena, containers, err);
	if (r < 0)
		return r;
	if (!read_words(turn, "number: choose   Enter: look again   q: quit") ||
	    (turn->n_words && str_eq(turn->words[0], "q"))) {
		*ret_next = NEXT_QUIT;
		return 0;
	}
	if (turn->n_words == 0)
		return 0;
	id = choose(turn, containers);
	if (!id)
		return print_text("that is no number of the list", err);
	*ret_id = xstrdup(id);
	return 0;
}

int oom_screen(const struct invocation *in, struct error *err)
{
	auto_free char *id = NULL;
	enum next next = NEXT_AGAIN;

	while (next != NEXT_QUIT) {
		auto_arena struct arena *arena = arena_new();
		struct turn turn = { .in = *in };
		int r = 0;

		turn.in.arena = arena;
		if (id)
			next = one_decision(&turn, id);
		else
			r = one_choice(&turn, &id, &next, err);
		if (r < 0)
			return r;
		if (next == NEXT_BACK) {
			free(id);
			id = NULL;
		}
	}
	return 0;
}
