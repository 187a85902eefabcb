/* help.c - `coffer help`, and the texts of every --help. */
#include "help.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "globals.h"
#include "print.h"

enum { HELP_GAP = 2, VERB_WIDTH = 10, LEFT_SIZE = 64 };

static const char *const group_titles[] = {
	[GROUP_LIFE] = "Life of a container",
	[GROUP_INSIDE] = "In a container",
	[GROUP_LOOK] = "Look at containers",
	[GROUP_HOST] = "Without a container",
};
_Static_assert(ARRAY_SIZE(group_titles) == GROUP_MAX, "a title for every group");

static const struct cli_option help_row = { .name = "help", .letter = 'h', .help = "show this help" };

/* "  -b, --bundle DIR" */
static int left_side(const struct cli_option *option, char *left)
{
	char letter[8] = "    ";
	bool attached = option->kind == OPTION_TRISTATE;

	if (option->letter)
		(void)snprintf(letter, sizeof(letter), "-%c, ", option->letter);
	return snprintf(left, LEFT_SIZE, "  %s--%s%s%s%s", letter, option->name,
			attached           ? "[="
			: option->argument ? " "
					   : "",
			option->argument ? option->argument : "", attached ? "]" : "");
}

static int left_width(const struct cli_option *options)
{
	char left[LEFT_SIZE];
	int width = left_side(&help_row, left);

	for (const struct cli_option *option = options; option->name; option++) {
		int length = left_side(option, left);

		if (length > width)
			width = length;
	}
	return width + HELP_GAP;
}

static void put_options(FILE *out, const struct cli_option *options)
{
	char left[LEFT_SIZE];
	int width = left_width(options);

	for (const struct cli_option *option = options; option->name; option++) {
		(void)left_side(option, left);
		(void)fprintf(out, "%-*s%s\n", width, left, option->help);
	}
	(void)left_side(&help_row, left);
	(void)fprintf(out, "%-*s%s\n", width, left, help_row.help);
}

/* Ends an open_memstream: its text moves into the arena. */
static char *take_text(struct arena *arena, FILE *out, char **text)
{
	char *copy;

	if (fclose(out) != 0)
		abort();
	copy = arena_strdup(arena, *text);
	free(*text);
	return copy;
}

static FILE *open_text(char **text, size_t *size)
{
	FILE *out = open_memstream(text, size);

	if (!out)
		abort();
	return out;
}

char *help_verb(struct arena *arena, const struct verb *verb)
{
	char *text;
	size_t size;
	FILE *out = open_text(&text, &size);

	(void)fprintf(out, "Usage: coffer %s [OPTION...]%s%s\n%s\n\n", verb->name, *verb->arguments ? " " : "",
		      verb->arguments, verb->summary);
	put_options(out, verb->options);
	return take_text(arena, out, &text);
}

char *help_main(struct arena *arena)
{
	char *text;
	size_t size;
	FILE *out = open_text(&text, &size);

	(void)fprintf(out, "Usage: coffer [GLOBAL OPTION...] COMMAND [OPTION...] [ARGUMENT...]\n");
	for (size_t group = 0; group < GROUP_MAX; group++) {
		(void)fprintf(out, "\n%s:\n", group_titles[group]);
		for (const struct verb *const *verb = verb_list_all(); *verb; verb++) {
			if ((*verb)->group == group)
				(void)fprintf(out, "  %-*s%s\n", VERB_WIDTH, (*verb)->name, (*verb)->summary);
		}
	}
	(void)fprintf(out, "\nGlobal options, before the command:\n");
	put_options(out, global_options);
	return take_text(arena, out, &text);
}

static int run(const struct invocation *in, int *ret_exit, struct error *err)
{
	const struct verb *verb;

	(void)ret_exit;
	if (in->n_arguments == 0)
		return print_text(help_main(in->arena), err);
	verb = verb_find(in->arguments[0]);
	if (!verb)
		return verb_unknown(in->arguments[0], err);
	return print_text(help_verb(in->arena, verb), err);
}

const struct verb verb_help = {
	.name = "help",
	.group = GROUP_HOST,
	.summary = "show the commands, or the options of one",
	.arguments = "[COMMAND]",
	.max_arguments = 1,
	.options = no_options,
	.stateless = true,
	.run = run,
};
