/*
 * json_write.c - JSON text piece by piece; see json.h.
 *
 * Each character goes straight to the text: a configuration is a thousand short strings, and a call of memcpy(3) for
 * each, its quotes and its comma is most of the time. Text that is no UTF-8 (a path may hold any byte) is written with
 * U+FFFD in place of each bad byte, since one such byte would make the whole document unreadable for a strict reader.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "json.h"
#include "str.h"
#include "utf8.h"

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

enum { NUMBER_TEXT_MAX = 24, DEPTH_MAX = 128, FIRST_SIZE = 1024 };

struct json_writer {
	char *text;
	size_t length, size;
	bool pretty, begun; /* begun: the one top value */
	size_t depth;
	struct {
		bool object, filled;
	} open[DEPTH_MAX]; /* what is open at each depth */
};

static void check(bool right)
{
	if (!right)
		abort();
}

struct json_writer *json_writer_new(bool pretty)
{
	struct json_writer *writer = xcalloc(1, sizeof(*writer));

	writer->pretty = pretty;
	writer->size = FIRST_SIZE;
	writer->text = xcalloc(1, writer->size);
	return writer;
}

void json_writer_free(struct json_writer *writer)
{
	if (!writer)
		return;
	free(writer->text);
	free(writer);
}

/* There is always room for a NUL behind it. */
static inline void put_char(struct json_writer *writer, char c)
{
	if (writer->length + 1 == writer->size) {
		writer->text = xreallocarray(writer->text, writer->size, 2);
		writer->size *= 2;
	}
	writer->text[writer->length++] = c;
}

static void put(struct json_writer *writer, const char *text)
{
	for (; *text; text++)
		put_char(writer, *text);
}

static void put_escape(struct json_writer *writer, unsigned char c)
{
	static const char digits[] = "0123456789ABCDEF", letters[] = "bfnrt", meant[] = "\b\f\n\r\t";
	const char *found = strchr(meant, c);

	put_char(writer, '\\');
	if (c >= ' ') {
		put_char(writer, (char)c);
	} else if (found) {
		put_char(writer, letters[found - meant]);
	} else {
		put(writer, "u00");
		put_char(writer, digits[c / 16]);
		put_char(writer, digits[c % 16]);
	}
}

/* One character that is not ASCII; returns its length. */
static size_t put_sequence(struct json_writer *writer, const char *text, size_t left)
{
	size_t length = utf8_sequence(text, left);

	for (size_t i = 0; i < length; i++)
		put_char(writer, text[i]);
	if (!length)
		put(writer, replacement);
	return length ? length : 1;
}

static void put_string(struct json_writer *writer, const char *text)
{
	const char *const end = text + strlen(text);

	put_char(writer, '"');
	while (text < end) {
		const unsigned char c = (unsigned char)*text;

		if (c >= 0x80) { /* NOLINT(readability-magic-numbers): the end of ASCII */
			text += put_sequence(writer, text, (size_t)(end - text));
			continue;
		}
		if (c < ' ' || c == '"' || c == '\\')
			put_escape(writer, c);
		else
			put_char(writer, (char)c);
		text++;
	}
	put_char(writer, '"');
}

/* A new line, as far in as things are open. */
static void put_line(struct json_writer *writer)
{
	if (!writer->pretty)
		return;
	put_char(writer, '\n');
	for (size_t i = 0; i < writer->depth; i++)
		put_char(writer, '\t');
}

/* What comes before any value. */
static void begin_value(struct json_writer *writer, const char *key)
{
	const size_t top = writer->depth - 1;

	check((writer->depth > 0 || !writer->begun) &&
	      (writer->depth > 0 && writer->open[top].object) == (key != NULL));
	writer->begun = true;
	if (writer->depth > 0) {
		if (writer->open[top].filled)
			put_char(writer, ',');
		writer->open[top].filled = true;
		put_line(writer);
	}
	if (!key)
		return;
	put_string(writer, key);
	put(writer, writer->pretty ? ": " : ":");
}

/* What comes after a value: a pretty document ends in a newline. */
static void end_value(struct json_writer *writer)
{
	if (writer->pretty && writer->depth == 0)
		put_char(writer, '\n');
}

static void begin(struct json_writer *writer, const char *key, bool object)
{
	begin_value(writer, key);
	check(writer->depth < DEPTH_MAX);
	writer->open[writer->depth].object = object;
	writer->open[writer->depth].filled = false;
	writer->depth++;
	put_char(writer, object ? '{' : '[');
}

static void end(struct json_writer *writer, bool object)
{
	check(writer->depth > 0 && writer->open[writer->depth - 1].object == object);
	writer->depth--;
	if (writer->open[writer->depth].filled)
		put_line(writer);
	put_char(writer, object ? '}' : ']');
	end_value(writer);
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

/* A value that is written as it stands. */
static void put_plain(struct json_writer *writer, const char *key, const char *text)
{
	begin_value(writer, key);
	put(writer, text);
	end_value(writer);
}

void json_put_string(struct json_writer *writer, const char *key, const char *value)
{
	if (!value) {
		put_plain(writer, key, "null");
		return;
	}
	begin_value(writer, key);
	put_string(writer, value);
	end_value(writer);
}

void json_put_strings(struct json_writer *writer, const char *key, const char *const *list)
{
	json_begin_array(writer, key);
	for (; list && *list; list++)
		json_put_string(writer, NULL, *list);
	json_end_array(writer);
}

void json_put_i64(struct json_writer *writer, const char *key, int64_t value)
{
	char text[NUMBER_TEXT_MAX];

	(void)snprintf(text, sizeof(text), "%" PRId64, value);
	put_plain(writer, key, text);
}

void json_put_u64(struct json_writer *writer, const char *key, uint64_t value)
{
	char text[NUMBER_TEXT_MAX];

	(void)snprintf(text, sizeof(text), "%" PRIu64, value);
	put_plain(writer, key, text);
}

void json_put_bool(struct json_writer *writer, const char *key, bool value)
{
	put_plain(writer, key, value ? "true" : "false");
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
		put_plain(writer, key, node->text);
	} else {
		begin(writer, key, object);
		for (const struct json *item = node->first; item; item = item->next)
			json_put_node(writer, item->key, item);
		end(writer, object);
	}
}

const char *json_writer_text(const struct json_writer *writer, size_t *ret_length)
{
	check(writer->begun && writer->depth == 0);
	writer->text[writer->length] = '\0';
	if (ret_length)
		*ret_length = writer->length;
	return writer->text;
}
