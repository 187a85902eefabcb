/* tape.h - tar archives made in memory, entry by entry, right and wrong ones; and a source that reads them. */
#pragma once

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "image/tar.h"

enum { TAPE_MAX = 4 << 20, TAPE_BLOCK = 512 };

struct tape {
	unsigned char *bytes; /* heap */
	size_t size;
	size_t at, step; /* of the reader; step 0: all at once */
};

/* One header; NULL and 0 are what most entries have. */
struct tape_entry {
	const char *name, *link;
	char type; /* 0: '0' */
	unsigned mode, uid, gid, mtime, major, minor;
	uint64_t size; /* with no data: the header only says so */
	const char *data;
	bool gnu, v7;
};

__attribute__((unused)) static void tape_free(struct tape *tape)
{
	free(tape->bytes);
	*tape = (struct tape){ 0 };
}

#define auto_tape auto_cleanup(tape_free)

__attribute__((unused)) static void tape_bytes(struct tape *tape, const void *bytes, size_t size)
{
	if (!tape->bytes)
		tape->bytes = xcalloc(1, TAPE_MAX);
	if (tape->size + size > TAPE_MAX)
		abort();
	if (bytes)
		memcpy(tape->bytes + tape->size, bytes, size);
	tape->size += size;
}

/* Data and what fills its last block. */
__attribute__((unused)) static void tape_data(struct tape *tape, const void *bytes, size_t size)
{
	tape_bytes(tape, bytes, size);
	tape_bytes(tape, NULL, -size % TAPE_BLOCK);
}

/* Sets the checksum of the header block at `offset`, after somebody changed it. */
__attribute__((unused)) static void tape_sum(struct tape *tape, size_t offset)
{
	unsigned char *block = tape->bytes + offset;
	unsigned sum = 0;

	memset(block + 148, ' ', 8);
	for (size_t i = 0; i < TAPE_BLOCK; i++)
		sum += block[i];
	(void)snprintf((char *)block + 148, 8, "%06o", sum);
}

/* Returns the offset of its header. */
__attribute__((unused)) static size_t tape_entry(struct tape *tape, const struct tape_entry *entry)
{
	const uint64_t size = entry->data ? strlen(entry->data) : entry->size;
	const size_t begin = tape->size;
	char *block;

	tape_bytes(tape, NULL, TAPE_BLOCK);
	block = (char *)tape->bytes + begin;
	memcpy(block, entry->name, strnlen(entry->name, 100));
	(void)snprintf(block + 100, 8, "%07o", entry->mode);
	(void)snprintf(block + 108, 8, "%07o", entry->uid);
	(void)snprintf(block + 116, 8, "%07o", entry->gid);
	(void)snprintf(block + 124, 12, "%011llo", (unsigned long long)size);
	(void)snprintf(block + 136, 12, "%011o", entry->mtime);
	block[156] = (char)(entry->type ? entry->type : '0');
	if (entry->link)
		memcpy(block + 157, entry->link, strnlen(entry->link, 100));
	if (!entry->v7)
		memcpy(block + 257, entry->gnu ? "ustar  " : "ustar\00000", 8);
	(void)snprintf(block + 329, 8, "%07o", entry->major);
	(void)snprintf(block + 337, 8, "%07o", entry->minor);
	tape_sum(tape, begin);
	if (entry->data)
		tape_data(tape, entry->data, strlen(entry->data));
	return begin;
}

__attribute__((unused)) static void tape_end(struct tape *tape)
{
	tape_bytes(tape, NULL, 2 * (size_t)TAPE_BLOCK);
}

/* Appends "LENGTH KEY=VALUE\n" to a NUL-terminated text. */
__attribute__((unused)) static void tape_record(char *text, const char *key, const char *value)
{
	const size_t rest = strlen(key) + strlen(value) + 3;
	size_t length = rest + 1;

	while ((size_t)snprintf(NULL, 0, "%zu", length) + rest != length)
		length++;
	(void)sprintf(text + strlen(text), "%zu %s=%s\n", length, key, value);
}

/* A header of type 'x' or 'g' with these records: key, value, ..., NULL. */
#define TAPE_END ((const char *)NULL)
__attribute__((unused)) static void tape_pax(struct tape *tape, int type, ...)
{
	char text[8192] = "";
	const char *key;
	va_list args;

	va_start(args, type);
	while ((key = va_arg(args, const char *)) != NULL)
		tape_record(text, key, va_arg(args, const char *));
	va_end(args);
	(void)tape_entry(tape, &(struct tape_entry){ .name = "PaxHeaders/x", .type = (char)type, .data = text });
}

/* A tar_source. */
__attribute__((unused)) static int tape_next(void *context, const void **ret, size_t *ret_size, struct error *err)
{
	struct tape *tape = context;
	const size_t left = tape->size - tape->at, size = tape->step && left > tape->step ? tape->step : left;

	(void)err;
	*ret = tape->bytes + tape->at;
	*ret_size = size;
	tape->at += size;
	return size > 0;
}
