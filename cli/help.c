/* help.c - `coffer help`, and the texts of every --help. */
#include "help.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "globals.h"
#include "print.h"

enum { HELP_GAP = 2, VERB_WIDTH = 10, LEFT_SIZE = 64, SCREEN_WIDTH = 80 };

static const char *const group_titles[] = {
	[GROUP_LIFE] = "Life of a container",  [GROUP_INSIDE] = "In a container",
	[GROUP_LOOK] = "Look at containers",   [GROUP_HOST] = "Without a container",
	[GROUP_IMAGE_IN] = "Get images",       [GROUP_IMAGE_OUT] = "Give images away",
	[GROUP_IMAGE_LOOK] = "Look at images", [GROUP_IMAGE_KEEP] = "Keep the store",
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
		int length = option->topic ? 0 : left_side(option, left);

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
		if (option->topic)
			continue;
		(void)left_side(option, left);
		(void)fprintf(out, "%-*s%s%s%s\n", width, left, option->help, option->alias ? "; or --" : "",
			      option->alias ? option->alias : "");
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

static bool has_topics(const struct verb *verb)
{
	for (const struct cli_option *option = verb->options; option->name; option++)
		if (option->topic)
			return true;
	return false;
}

/* "  raise ID SIZE" */
static int command_side(const struct verb *command, char *side)
{
	return snprintf(side, LEFT_SIZE, "  %s%s%s", verb_last_word(command), *command->arguments ? " " : "",
			command->arguments);
}

static void put_commands(FILE *out, const struct verb *verb)
{
	char left[LEFT_SIZE];
	int width = 0;

	for (const struct verb *command = verb->commands; command && command->name; command++) {
		int length = command_side(command, left);

		if (command->summary && length > width)
			width = length;
	}
	for (const struct verb *command = verb->commands; command && command->name; command++) {
		(void)command_side(command, left);
		if (command->summary)
			(void)fprintf(out, "%-*s%s\n", width + HELP_GAP, left, command->summary);
	}
	if (verb->commands)
		(void)fputc('\n', out);
}

char *help_verb(struct arena *arena, const struct verb *verb)
{
	char *text;
	size_t size;
	FILE *out = open_text(&text, &size);

	(void)fprintf(out, "Usage: %s %s %s%s%s\n%s\n\n", program_name, verb->name, verb->commands ? "" : "[OPTION...]",
		      *verb->arguments && !verb->commands ? " " : "", verb->arguments, verb->summary);
	put_commands(out, verb);
	put_options(out, verb->options);
	if (has_topics(verb))
		(void)fprintf(out, "\nMore options, with an image: coffer help %s image\n", verb->name);
	return take_text(arena, out, &text);
}

/* "-e, --env KEY[=VALUE]" */
static int compact_side(const struct cli_option *option, char *side)
{
	char letter[8] = "";

	if (option->letter)
		(void)snprintf(letter, sizeof(letter), "-%c ", option->letter);
	return snprintf(side, LEFT_SIZE, "%s--%s%s%s", letter, option->name, option->argument ? " " : "",
			option->argument ? option->argument : "");
}

char *help_topics(struct arena *arena, const struct verb *verb)
{
	const char *topic = NULL;
	int column = 0;
	char *text;
	size_t size;
	FILE *out;

	if (!has_topics(verb))
		return NULL;
	out = open_text(&text, &size);
	(void)fprintf(out, "Usage: coffer %s %s\n\n", verb->name, strchr(verb->arguments, '-'));
	for (const struct cli_option *option = verb->options; option->name; option++) {
		char side[LEFT_SIZE];
		int length = compact_side(option, side);

		if (!option->topic)
			continue;
		if (!topic || strcmp(topic, option->topic) != 0) {
			column = fprintf(out, "%s%-*s%s", topic ? "\n" : "", VERB_WIDTH, option->topic, side) -
				 (topic != NULL);
		} else if (column + length + HELP_GAP > SCREEN_WIDTH) {
			column = fprintf(out, "\n%*s%s", VERB_WIDTH, "", side) - 1;
		} else {
			column += fprintf(out, "  %s", side);
		}
		topic = option->topic;
	}
	(void)fprintf(out,
		      "\n\nAlso those of coffer %s --help but --bundle, --config, --keep. What each\n"
		      "of them does: coffer-%s(1)\n",
		      verb->name, verb->name);
	return take_text(arena, out, &text);
}

/* Nothing for a group that this program has no verbs of. */
static void put_group(FILE *out, enum verb_group group)
{
	bool titled = false;

	for (const struct verb *const *verb = verb_list_all(); *verb; verb++) {
		if ((*verb)->group != group)
			continue;
		if (!titled)
			(void)fprintf(out, "\n%s:\n", group_titles[group]);
		titled = true;
		(void)fprintf(out, "  %-*s%s\n", VERB_WIDTH, (*verb)->name, (*verb)->summary);
	}
}

char *help_main(struct arena *arena)
{
	char *text;
	size_t size;
	FILE *out = open_text(&text, &size);

	(void)fprintf(out, "Usage: %s [GLOBAL OPTION...] COMMAND [OPTION...] [ARGUMENT...]\n", program_name);
	for (size_t group = 0; group < GROUP_MAX; group++)
		put_group(out, (enum verb_group)group);
	(void)fprintf(out, "\nGlobal options, before the command:\n");
	put_options(out, global_options);
	return take_text(arena, out, &text);
}

/* `coffer help VERB WORD`: a command of the verb, or its second page. */
static int help_of_word(const struct invocation *in, const struct verb *verb, const char *word, struct error *err)
{
	const struct verb *command = verb_find_command(verb, word);
	const char *topics = str_eq(word, "image") ? help_topics(in->arena, verb) : NULL;

	if (command)
		return print_text(help_verb(in->arena, command), err);
	if (topics)
		return print_text(topics, err);
	return verb->commands ? verb_unknown(verb, word, err)
			      : refuse(err, "%s has no second page of options with this name", verb->name);
}

int help_run(const struct invocation *in, int *ret_exit, struct error *err)
{
	const struct verb *verb;

	if (in->n_arguments == 0)
		return print_text(help_main(in->arena), err);
	verb = verb_find(in->arguments[0]);
	if (!verb)
		return verb_unknown(NULL, in->arguments[0], err);
	if (verb->helps_itself) {
		const char *const words[] = { "help", in->arguments[1], NULL };
		struct invocation inner = *in;

		inner.arguments = words;
		inner.n_arguments = in->n_arguments;
		inner.options = arena_alloc(in->arena, verb->options_size + 1);
		return verb->run(&inner, ret_exit, err);
	}
	return in->n_arguments == 1 ? print_text(help_verb(in->arena, verb), err)
				    : help_of_word(in, verb, in->arguments[1], err);
}

const struct verb verb_help = {
	.name = "help",
	.group = GROUP_HOST,
	.summary = "show the commands, or the options of one",
	.arguments = "[COMMAND [COMMAND]]",
	.max_arguments = 2,
	.options = no_options,
	.stateless = true,
	.run = help_run,
};
