/* list.c - `coffer list`: every container below the root, as a table, as JSON, or as bare ids. */
#include <string.h>

#include "container_json.h"
#include "print.h"
#include "run_kept.h"

enum list_format { FORMAT_TABLE, FORMAT_JSON };

struct list_options {
	bool quiet;
	unsigned format;
};

static const char *const formats[] = { [FORMAT_TABLE] = "table", [FORMAT_JSON] = "json", NULL };

static const struct cli_option options[] = {
	FLAG_ROW(struct list_options, quiet, "quiet", 'q', "only the ids"),
	CHOICE_ROW(struct list_options, format, formats, "format", 'f', "FORMAT", "table (default) or json"),
	END_ROW,
};

/* The process of a stopped container is gone, and its number may be another's by now. */
static pid_t shown_pid(const struct container_info *info)
{
	return info->status == STATUS_STOPPED ? 0 : info->state.pid;
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

static const char *owner(struct arena *arena, const struct state *state)
{
	const char *name = state_user_name(arena, state->owner);

	return *name ? name : arena_printf(arena, "%u", state->owner);
}

static int print_table(struct arena *arena, const struct container_info *infos, size_t count, struct error *err)
{
	static const char *const header[] = { "ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER" };
	enum { COLUMNS = sizeof(header) / sizeof(header[0]) };
	const char **cells = arena_array(arena, (count + 1) * COLUMNS, sizeof(*cells));
	const char **cell = cells;

	memcpy(cell, header, sizeof(header));
	cell += COLUMNS;
	for (size_t i = 0; i < count; i++) {
		*cell++ = infos[i].state.id;
		*cell++ = arena_printf(arena, "%d", (int)shown_pid(&infos[i]));
		*cell++ = status_name(infos[i].status);
		*cell++ = or_empty(infos[i].state.bundle);
		*cell++ = or_empty(infos[i].state.created);
		*cell++ = owner(arena, &infos[i].state);
	}
	return print_text(table_text(arena, cells, count + 1, COLUMNS), err);
}

static int print_json(const struct runtime *runtime, const struct container_info *infos, size_t count,
		      struct error *err)
{
	auto_json_writer struct json_writer *writer = json_writer_new(false);

	json_begin_array(writer, NULL);
	for (size_t i = 0; i < count; i++)
		put_container(writer, runtime, &infos[i]);
	json_end_array(writer);
	return print_text(json_writer_text(writer, NULL), err);
}

static int print_ids(struct arena *arena, const struct container_info *infos, size_t count, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++)
		r = print_text(arena_printf(arena, "%s\n", infos[i].state.id), err);
	return r;
}

static int run(const struct invocation *in, int *ret_exit, struct error *err)
{
	const struct list_options *list = in->options;
	struct container_info *infos = NULL;
	size_t count = 0;
	int r = run_kept_list(in, &infos, &count, err);

	(void)ret_exit;
	if (r < 0)
		return r;
	if (list->quiet)
		return print_ids(in->arena, infos, count, err);
	if (list->format == FORMAT_JSON)
		return print_json(in->runtime, infos, count, err);
	return print_table(in->arena, infos, count, err);
}

const struct verb verb_list = {
	.name = "list",
	.group = GROUP_LOOK,
	.summary = "list the containers",
	.arguments = "",
	.options = options,
	.options_size = sizeof(struct list_options),
	.run = run,
};
