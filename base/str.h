/*
 * str.h - heap strings, string lists and numbers from text.
 * x-functions abort when memory is out: a runtime that cannot allocate a few bytes cannot roll back either.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Most texts are shorter, and are formatted once, on the stack, rather than twice, to count them first. */
enum { USUAL_TEXT = 192 };

void *xcalloc(size_t count, size_t size);
void *xreallocarray(void *memory, size_t count, size_t size);
char *xstrdup(const char *text);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2))); /* caller frees */

bool str_eq(const char *a, const char *b); /* NULL equals only NULL */
bool str_starts(const char *text, const char *prefix);
bool str_ends(const char *text, const char *suffix);

/* NULL-safe length of a NULL-terminated list. */
size_t str_list_length(const char *const *list);

/* Whole text is one decimal number in [0, max] or [min, max]; no sign for u64, no spaces. 0 or -EINVAL / -ERANGE. */
int str_to_u64(const char *text, uint64_t max, uint64_t *ret);
int str_to_i64(const char *text, int64_t min, int64_t max, int64_t *ret);
