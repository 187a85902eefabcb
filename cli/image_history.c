/* image_history.c - `coffer image history`: how the image was made, as its config tells. */
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/utf8.h"
#include "image/config.h"
#include "image/record.h"
#include "image/store.h"
#include "image_progress.h"
#include "print.h"
#include "verb.h"

enum history_format { FORMAT_TABLE, FORMAT_JSON };
enum { SHOWN_MAX = 120 };

struct options {
	unsigned format;
};

static const char *const formats[] = { [FORMAT_TABLE] = "table", [FORMAT_JSON] = "json", NULL };

static const struct cli_option options[] = {
	CHOICE_ROW(struct options, format, formats, "format", 'f', "FORMAT", "table (default) or json"),
	END_ROW,
};

static size_t count_layers(const struct image_config *config)
{
	size_t count = 0;

	for (size_t i = 0; i < config->n_history; i++)
		count += !config->history[i].empty_layer;
	return count;
}

/* The layer that an entry of the history made, or NULL: entries and layers need not be in step in a hostile image.
   *left: layers of the entries up to this one, counted down. */
static const struct record_layer *layer_of(const struct image_config *config, const struct image_record *record,
					   size_t entry, size_t *left)
{
	if (config->history[entry].empty_layer)
		return NULL;
	--*left;
	return *left < record->n_layers ? &record->layers[*left] : NULL;
}

/* A column is as wide as its longest cell, in every row: one long command must not make them all long. */
static const char *cut(struct arena *arena, const char *text)
{
	size_t length = text ? strlen(text) : 0;

	if (length <= SHOWN_MAX)
		return text ? text : "";
	length = utf8_valid_prefix(text, SHOWN_MAX - strlen("..."));
	return arena_printf(arena, "%.*s...", (int)length, text);
}

/* Newest first, as others show it. */
static int print_table(struct arena *arena, const struct image_config *config, const struct image_record *record,
		       struct error *err)
{
	static const char *const header[] = { "CREATED", "SIZE", "CREATED BY", "COMMENT" };
	const size_t columns = ARRAY_SIZE(header);
	const char **cells = arena_array(arena, (config->n_history + 1) * columns, sizeof(*cells));
	const char **cell = cells + columns;
	size_t left = count_layers(config);
	char size[16];

	memcpy(cells, header, sizeof(header));
	for (size_t i = config->n_history; i-- > 0;) {
		const struct record_layer *layer = layer_of(config, record, i, &left);

		*cell++ = cut(arena, config->history[i].created);
		*cell++ = arena_strdup(arena, image_size_text(layer ? layer->tar_size : 0, size));
		*cell++ = cut(arena, config->history[i].created_by);
		*cell++ = cut(arena, config->history[i].comment);
	}
	return print_text(table_text(arena, cells, config->n_history + 1, columns), err);
}

static int print_json(const struct image_config *config, const struct image_record *record, struct error *err)
{
	auto_json_writer struct json_writer *writer = json_writer_new(false);
	size_t left = count_layers(config);
	char text[DIGEST_TEXT_MAX];

	json_begin_array(writer, NULL);
	for (size_t i = config->n_history; i-- > 0;) {
		const struct record_layer *layer = layer_of(config, record, i, &left);

		json_begin_object(writer, NULL);
		json_put_string(writer, "created", config->history[i].created);
		json_put_string(writer, "createdBy", config->history[i].created_by);
		json_put_string(writer, "comment", config->history[i].comment);
		json_put_string(writer, "diffId", layer ? digest_text(&layer->diff_id, text) : NULL);
		json_put_u64(writer, "size", layer ? layer->tar_size : 0);
		json_end_object(writer);
	}
	json_end_array(writer);
	return print_text(json_writer_text(writer, NULL), err);
}

static int run(const struct invocation *in, int *ret_exit, struct error *err)
{
	const struct options *given = in->options;
	auto_free char *text = NULL;
	struct image_record record = { 0 };
	struct image_config config = { 0 };
	size_t length = 0;
	int r = store_find(in->store, in->arena, in->arguments[0], &record, err);

	(void)ret_exit;
	if (r == 0)
		r = store_read_blob(in->store, &record.config, IMAGE_CONFIG_MAX, &text, &length, err);
	if (r == 0)
		r = image_config_decode(in->arena, text, length, &config, err);
	if (r < 0)
		return r;
	return given->format == FORMAT_JSON ? print_json(&config, &record, err)
					    : print_table(in->arena, &config, &record, err);
}

const struct verb verb_image_history = {
	.name = "history",
	.group = GROUP_IMAGE_LOOK,
	.summary = "show how an image was made",
	.arguments = "IMAGE",
	.min_arguments = 1,
	.max_arguments = 1,
	.options = options,
	.options_size = sizeof(struct options),
	.run = run,
};
