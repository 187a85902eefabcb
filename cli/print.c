/* print.c - see print.h. */
#include "print.h"

#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"

enum { COLUMN_MIN = 12, COLUMN_GAP = 3, NARROW_MIN = 8, NARROW_GAP = 2, DELETE_CHARACTER = 0x7f };

/* How wide a column is at least, and what is behind the longest text in it. */
struct spacing {
	size_t min, gap;
};

int print_text(const char *text, struct error *err)
{
	int r = fd_write_all(STDOUT_FILENO, text, strlen(text));

	if (r == 0 && !str_ends(text, "\n"))
		r = fd_write_all(STDOUT_FILENO, "\n", 1);
	return r < 0 ? fail(err, -r, "write to standard output") : 0;
}

static size_t column_width(struct spacing spacing, const char *const *cells, size_t rows, size_t columns, size_t column)
{
	size_t width = spacing.min;

	for (size_t row = 0; row < rows; row++) {
		size_t length = strlen(cells[row * columns + column]) + spacing.gap;

		if (length > width)
			width = length;
	}
	return width;
}

static char *put_cell(char *out, const char *cell, size_t width)
{
	char *end = out + width;

	for (; *cell; cell++) {
		unsigned char letter = (unsigned char)*cell;

		*out = *cell;
		if (letter < ' ' || letter == DELETE_CHARACTER)
			*out = '?';
		out++;
	}
	while (out < end)
		*out++ = ' ';
	return out;
}

static char *spaced(struct arena *arena, struct spacing spacing, const char *const *cells, size_t rows, size_t columns)
{
	size_t *widths = arena_array(arena, columns, sizeof(*widths));
	size_t line = 1;
	char *text;
	char *out;

	for (size_t column = 0; column < columns; column++) {
		widths[column] = column_width(spacing, cells, rows, columns, column);
		line += widths[column];
	}
	text = out = arena_array(arena, rows + 1, line);
	for (size_t row = 0; row < rows; row++) {
		for (size_t column = 0; column < columns; column++)
			out = put_cell(out, cells[row * columns + column], column + 1 < columns ? widths[column] : 0);
		*out++ = '\n';
	}
	*out = '\0';
	return text;
}

char *table_text(struct arena *arena, const char *const *cells, size_t rows, size_t columns)
{
	return spaced(arena, (struct spacing){ COLUMN_MIN, COLUMN_GAP }, cells, rows, columns);
}

char *table_narrow(struct arena *arena, const char *const *cells, size_t rows, size_t columns)
{
	return spaced(arena, (struct spacing){ NARROW_MIN, NARROW_GAP }, cells, rows, columns);
}
