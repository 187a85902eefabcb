/* lines.c - see lines.h. */
#include "lines.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

static int read_line(const char *line, const struct lines_key *keys, void *target, struct error *err)
{
	const char *space = strchr(line, ' ');
	const size_t length = space ? (size_t)(space - line) : 0;

	for (const struct lines_key *key = keys; key->name; key++)
		if (length > 0 && strlen(key->name) == length && memcmp(key->name, line, length) == 0)
			return key->read(space + 1, target, err);
	return refuse(err, "unknown key in \"%.64s\"", line);
}

int lines_parse(const char *text, size_t length, const struct lines_key *keys, void *target, struct error *err)
{
	const char *end = text + length;
	unsigned number = 1;

	if (length > LINES_MAX)
		return refuse(err, "more than %d bytes", LINES_MAX);
	for (const char *at = text; at < end; number++) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		char line[LINE_MAX_SIZE];
		size_t size;

		if (!stop)
			return refuse(err, "line %u: cut short", number);
		size = (size_t)(stop - at);
		if (size >= sizeof(line) || memchr(at, '\0', size))
			return refuse(err, "line %u: too long, or not text", number);
		memcpy(line, at, size);
		line[size] = '\0';
		if (read_line(line, keys, target, err) < 0)
			return context(err, "line %u", number);
		at = stop + 1;
	}
	return 0;
}

static void append(struct lines *record, const char *text, size_t length)
{
	if (record->size - record->used < length + 1) {
		record->size = (record->size + length + 1) * 2;
		record->text = xreallocarray(record->text, record->size, 1);
	}
	memcpy(record->text + record->used, text, length);
	record->used += length;
	record->text[record->used] = '\0';
}

void lines_put(struct lines *record, const char *key, const char *fmt, ...)
{
	char value[LINE_MAX_SIZE];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(value, sizeof(value), fmt, args);
	va_end(args);
	append(record, key, strlen(key));
	append(record, " ", 1);
	append(record, value, strlen(value));
	append(record, "\n", 1);
}

void lines_done(struct lines *record)
{
	free(record->text);
	*record = (struct lines){ .text = NULL };
}
