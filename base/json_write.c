/*
 * json_write.c - JSON text piece by piece; see json.h.
 *
 * yajl_gen does commas, escapes and indentation. Around it: keys where they belong and nowhere else, 64-bit unsigned
 * numbers, and text that is no UTF-8 (a path may hold any byte) written with U+FFFD in place of each bad byte, since
 * one such byte would make the whole document unreadable for a strict reader.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_gen.h>

#include "cleanup.h"
#include "json.h"
#include "str.h"
#include "utf8.h"

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

enum { NUMBER_TEXT_MAX = 24 };

struct json_writer {
	yajl_gen gen;
	size_t depth;
	bool object[YAJL_MAX_DEPTH]; /* what is open at each depth */
	bool begun;                  /* the one top value */
};

static void check(bool right)
{
	if (!right)
		abort();
}

struct json_writer *json_writer_new(bool pretty)
{
	struct json_writer *writer = xcalloc(1, sizeof(*writer));

	writer->gen = yajl_gen_alloc(NULL);
	check(writer->gen != NULL);
	(void)yajl_gen_config(writer->gen, yajl_gen_beautify, pretty);
	(void)yajl_gen_config(writer->gen, yajl_gen_indent_string, "\t");
	return writer;
}

void json_writer_free(struct json_writer *writer)
{
	if (!writer)
		return;
	yajl_gen_free(writer->gen);
	free(writer);
}

static void put_text(struct json_writer *writer, const char *text, size_t length)
{
	check(yajl_gen_string(writer->gen, (const unsigned char *)text, length) == yajl_gen_status_ok);
}

static void put_repaired(struct json_writer *writer, const char *text, size_t length)
{
	auto_free char *copy = xcalloc(length + 1, sizeof(replacement));
	size_t used = 0;

	for (size_t i = 0; i < length;) {
		size_t step = utf8_sequence(text + i, length - i);

		memcpy(copy + used, step ? text + i : replacement, step ? step : sizeof(replacement) - 1);
		used += step ? step : sizeof(replacement) - 1;
		i += step ? step : 1;
	}
	put_text(writer, copy, used);
}

static void put_string(struct json_writer *writer, const char *text)
{
	size_t length = strlen(text);

	if (utf8_valid_prefix(text, length) == length)
		put_text(writer, text, length);
	else
		put_repaired(writer, text, length);
}

/* What comes before any value. */
static void begin_value(struct json_writer *writer, const char *key)
{
	bool in_object = writer->depth > 0 && writer->object[writer->depth - 1];

	check((writer->depth > 0 || !writer->begun) && in_object == (key != NULL));
	writer->begun = true;
	if (key)
		put_string(writer, key);
}

static void begin(struct json_writer *writer, const char *key, bool object)
{
	begin_value(writer, key);
	check(writer->depth < YAJL_MAX_DEPTH - 1);
	writer->object[writer->depth++] = object;
	check((object ? yajl_gen_map_open(writer->gen) : yajl_gen_array_open(writer->gen)) == yajl_gen_status_ok);
}

static void end(struct json_writer *writer, bool object)
{
	check(writer->depth > 0 && writer->object[writer->depth - 1] == object);
	writer->depth--;
	check((object ? yajl_gen_map_close(writer->gen) : yajl_gen_array_close(writer->gen)) == yajl_gen_status_ok);
}

void json_begin_object(struct json_writer *writer, const char *key)
{
	begin(writer, key, true);
}

void json_end_object(struct json_writer *writer)
{
	end(writer, true);
}

void json_begin_array(struct json_writer *writer, const char *key)
{
	begin(writer, key, false);
}

void json_end_array(struct json_writer *writer)
{
	end(writer, false);
}

void json_put_string(struct json_writer *writer, const char *key, const char *value)
{
	begin_value(writer, key);
	if (value)
		put_string(writer, value);
	else
		check(yajl_gen_null(writer->gen) == yajl_gen_status_ok);
}

void json_put_i64(struct json_writer *writer, const char *key, int64_t value)
{
	begin_value(writer, key);
	check(yajl_gen_integer(writer->gen, value) == yajl_gen_status_ok);
}

void json_put_u64(struct json_writer *writer, const char *key, uint64_t value)
{
	char text[NUMBER_TEXT_MAX];
	int length = snprintf(text, sizeof(text), "%" PRIu64, value);

	begin_value(writer, key);
	check(yajl_gen_number(writer->gen, text, (size_t)length) == yajl_gen_status_ok);
}

void json_put_bool(struct json_writer *writer, const char *key, bool value)
{
	begin_value(writer, key);
	check(yajl_gen_bool(writer->gen, value) == yajl_gen_status_ok);
}

/* As deep as json_parse() has let it become. */
void json_put_node(struct json_writer *writer, const char *key, const struct json *node) /* NOLINT(misc-no-recursion) */
{
	bool object = node->type == JSON_OBJECT;

	if (node->type == JSON_STRING || node->type == JSON_NULL) {
		json_put_string(writer, key, node->text);
	} else if (node->type == JSON_BOOL) {
		json_put_bool(writer, key, node->boolean);
	} else if (node->type == JSON_NUMBER) {
		begin_value(writer, key);
		check(yajl_gen_number(writer->gen, node->text, strlen(node->text)) == yajl_gen_status_ok);
	} else {
		begin(writer, key, object);
		for (const struct json *item = node->first; item; item = item->next)
			json_put_node(writer, item->key, item);
		end(writer, object);
	}
}

const char *json_writer_text(const struct json_writer *writer, size_t *ret_length)
{
	const unsigned char *text;
	size_t length;

	check(writer->begun && writer->depth == 0);
	check(yajl_gen_get_buf(writer->gen, &text, &length) == yajl_gen_status_ok);
	if (ret_length)
		*ret_length = length;
	return (const char *)text;
}
