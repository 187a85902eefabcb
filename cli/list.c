/* list.c - `coffer list`: every container below the root, as a table, as JSON, or as bare ids. */
#include <string.h>

#include "print.h"
#include "runtime/hooks.h"
#include "verb.h"

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
		*cell++ = arena_printf(arena, "%u", infos[i].state.owner);
	}
	return print_text(table_text(arena, cells, count + 1, COLUMNS), err);
}

/* `texts` one after the other with `between`, inside `open` and `close`. */
static char *join(struct arena *arena, const char *open, char *const *texts, size_t count, const char *between,
		  const char *close)
{
	size_t size = strlen(open) + strlen(close) + 1;
	char *joined;
	char *out;

	for (size_t i = 0; i < count; i++)
		size += strlen(texts[i]) + strlen(between);
	joined = arena_alloc(arena, size);
	out = stpcpy(joined, open);
	for (size_t i = 0; i < count; i++)
		out = stpcpy(stpcpy(out, i ? between : ""), texts[i]);
	(void)stpcpy(out, close);
	return joined;
}

static int print_json(struct arena *arena, const struct container_info *infos, size_t count, struct error *err)
{
	char **objects = arena_array(arena, count + 1, sizeof(*objects));

	for (size_t i = 0; i < count; i++) {
		const struct container_info *info = &infos[i];

		objects[i] = state_to_json(arena, &info->state, info->status, info->oci_version, info->annotations,
					   info->n_annotations, false);
		objects[i][strcspn(objects[i], "\n")] = '\0';
	}
	return print_text(join(arena, "[", objects, count, ",", "]"), err);
}

static int print_ids(struct arena *arena, const struct container_info *infos, size_t count, struct error *err)
{
	char **ids = arena_array(arena, count + 1, sizeof(*ids));

	for (size_t i = 0; i < count; i++)
		ids[i] = arena_printf(arena, "%s\n", infos[i].state.id);
	return count ? print_text(join(arena, "", ids, count, "", ""), err) : 0;
}

static int run(const struct invocation *in, int *ret_exit, struct error *err)
{
	const struct list_options *list = in->options;
	struct container_info *infos = NULL;
	size_t count = 0;
	int r = container_list(in->runtime, in->arena, &infos, &count, err);

	(void)ret_exit;
	if (r < 0)
		return r;
	if (list->quiet)
		return print_ids(in->arena, infos, count, err);
	if (list->format == FORMAT_JSON)
		return print_json(in->arena, infos, count, err);
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
