/*
 * lines.h - the files of networks and endpoints: lines "key value", read back strictly and written in one go.
 * `net list` of a hand-edited file tells what is wrong with it, and in which line.
 */
#pragma once

#include <stddef.h>

#include "base/error.h"

enum { LINES_MAX = 256 * 1024, LINE_MAX_SIZE = 512 };

/* Reads one value into the struct. The error text is completed with file and line. */
typedef int lines_read_fn(const char *value, void *target, struct error *err);

struct lines_key {
	const char *name;
	lines_read_fn *read;
};

/* Reads a whole text by a table ended with name NULL; the same key may come more than once. An unknown key is refused:
   a later version wrote it, and it may matter. */
int lines_parse(const char *text, size_t length, const struct lines_key *keys, void *target, struct error *err);

/* A growing text. */
struct lines {
	char *text;
	size_t used, size;
};

void lines_put(struct lines *record, const char *key, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void lines_done(struct lines *record); /* frees */
