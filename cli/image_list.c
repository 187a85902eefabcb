/* image_list.c - `coffer image list`: a line a name, as a table, as JSON, or as bare ids. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/log.h"
#include "image/store_list.h"
#include "image_progress.h"
#include "print.h"
#include "verb.h"

enum list_format { FORMAT_TABLE, FORMAT_JSON };
enum { SHORT_ID = 12, TIME_SIZE = 32 };

struct options {
	bool quiet;
	unsigned format;
};

static const char *const formats[] = { [FORMAT_TABLE] = "table", [FORMAT_JSON] = "json", NULL };

static const struct cli_option options[] = {
	FLAG_ROW(struct options, quiet, "quiet", 'q', "only the ids"),
	CHOICE_ROW(struct options, format, formats, "format", 'f', "FORMAT", "table (default) or json"),
	END_ROW,
};

static const char *pulled_text(struct arena *arena, int64_t pulled)
{
	char text[TIME_SIZE] = "";
	time_t seconds = (time_t)pulled;
	struct tm parts;

	if (gmtime_r(&seconds, &parts))
		(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
	return arena_strdup(arena, text);
}

static void fill_row(struct arena *arena, const struct stored_image *image, const char *name, const char **cell)
{
	const struct image_record *record = &image->record;
	char size[16];

	*cell++ = name;
	*cell++ = arena_strndup(arena, image->hex, SHORT_ID);
	*cell++ = arena_printf(arena, "%s/%s%s%s", record->os, record->architecture, record->variant ? "/" : "",
			       record->variant ? record->variant : "");
	*cell++ = arena_printf(arena, "%zu", record->n_layers);
	*cell++ = arena_strdup(arena, image_size_text(image->size, size));
	*cell = pulled_text(arena, record->pulled);
}

static int print_table(struct arena *arena, const struct stored_image *images, size_t count, struct error *err)
{
	static const char *const header[] = { "NAME", "ID", "PLATFORM", "LAYERS", "SIZE", "PULLED" };
	const size_t columns = ARRAY_SIZE(header);
	const char **cells;
	size_t rows = 1;

	for (size_t i = 0; i < count; i++)
		rows += images[i].n_names ? images[i].n_names : 1;
	cells = arena_array(arena, rows * columns, sizeof(*cells));
	memcpy(cells, header, sizeof(header));
	rows = 1;
	for (size_t i = 0; i < count; i++) {
		if (images[i].n_names == 0)
			fill_row(arena, &images[i], "<none>", cells + columns * rows++);
		for (size_t name = 0; name < images[i].n_names; name++)
			fill_row(arena, &images[i], images[i].names[name], cells + columns * rows++);
	}
	return print_text(table_text(arena, cells, rows, columns), err);
}

static void put_list(struct json_writer *writer, const char *key, const char *const *texts)
{
	json_begin_array(writer, key);
	for (; texts && *texts; texts++)
		json_put_string(writer, NULL, *texts);
	json_end_array(writer);
}

static int print_json(struct arena *arena, const struct stored_image *images, size_t count, struct error *err)
{
	auto_json_writer struct json_writer *writer = json_writer_new(false);
	char text[DIGEST_TEXT_MAX];

	json_begin_array(writer, NULL);
	for (size_t i = 0; i < count; i++) {
		const struct image_record *record = &images[i].record;

		json_begin_object(writer, NULL);
		json_put_string(writer, "id", images[i].hex);
		put_list(writer, "names", images[i].names);
		json_put_string(writer, "digest", digest_text(&record->manifest, text));
		json_put_string(writer, "os", record->os);
		json_put_string(writer, "architecture", record->architecture);
		json_put_string(writer, "variant", record->variant);
		json_put_string(writer, "created", record->created);
		json_put_string(writer, "pulled", pulled_text(arena, record->pulled));
		json_put_u64(writer, "layers", record->n_layers);
		json_put_u64(writer, "size", images[i].size);
		put_list(writer, "containers", images[i].containers);
		json_end_object(writer);
	}
	json_end_array(writer);
	return print_text(json_writer_text(writer, NULL), err);
}

static int print_ids(const struct stored_image *images, size_t count, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++)
		r = print_text(images[i].hex, err);
	return r;
}

/* Names the damaged ones, and takes them out of the list; returns how many they were. */
static size_t take_damaged(struct stored_image *images, size_t *count)
{
	size_t good = 0;
	size_t damaged;

	for (size_t i = 0; i < *count; i++) {
		if (images[i].damaged)
			log_message(LOG_LEVEL_WARNING, "image %.12s (%s): %s", images[i].hex,
				    images[i].n_names ? images[i].names[0] : "no name", images[i].damaged);
		else
			images[good++] = images[i];
	}
	damaged = *count - good;
	*count = good;
	return damaged;
}

static int run(const struct invocation *in, int *ret_exit, struct error *err)
{
	const struct options *given = in->options;
	struct stored_image *images;
	size_t count;
	size_t damaged;
	int r = store_list(in->store, in->arena, &images, &count, err);

	(void)ret_exit;
	if (r < 0)
		return r;
	damaged = take_damaged(images, &count);
	if (given->quiet)
		r = print_ids(images, count, err);
	else
		r = given->format == FORMAT_JSON ? print_json(in->arena, images, count, err)
						 : print_table(in->arena, images, count, err);
	if (r < 0 || !damaged)
		return r;
	return refuse_as(err, EIO, "%zu records of images are damaged: pull these images again, or remove them by id",
			 damaged);
}

const struct verb verb_image_list = {
	.name = "list",
	.group = GROUP_IMAGE_LOOK,
	.summary = "list the images",
	.arguments = "",
	.options = options,
	.options_size = sizeof(struct options),
	.run = run,
};
