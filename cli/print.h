/*
 * print.h - what goes to stdout: whole texts. A failed write (full disk,
 * closed pipe) is an error of the verb.
 */
#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"

/* Writes the text, and a newline if it does not end with one. */
int print_text(const char *text, struct error *err);

/* Rows of `columns` texts each, the first row being the header, as aligned columns at least 12 wide and 3 apart.
   Control characters are shown as '?': a name cannot steer the terminal. */
char *table_text(struct arena *arena, const char *const *cells, size_t rows, size_t columns);

/* The same for many columns: 8 wide and 2 apart. */
char *table_narrow(struct arena *arena, const char *const *cells, size_t rows, size_t columns);
