/* verb_search.c - a verb by its name: one of this program, or a command of one; and whether its arguments can be. */
#include <string.h>

#include "base/str.h"
#include "verb.h"

enum { MEANT_DISTANCE = 2, KNOWN_SIZE = 160 };

/* What was meant by a name that is none: the nearest of those there are. */
struct guess {
	const char *name, *meant;
	unsigned nearest;
	char known[KNOWN_SIZE];
};

const char *verb_last_word(const struct verb *verb)
{
	const char *space = strrchr(verb->name, ' ');

	return space ? space + 1 : verb->name;
}

const struct verb *verb_find(const char *name)
{
	for (const struct verb *const *verb = verb_list_all(); *verb; verb++) {
		if (str_eq((*verb)->name, name))
			return *verb;
	}
	return NULL;
}

const struct verb *verb_find_command(const struct verb *verb, const char *name)
{
	for (const struct verb *command = verb->commands; command && command->name; command++) {
		if (str_eq(verb_last_word(command), name))
			return command;
	}
	return NULL;
}

int verb_check_count(const struct verb *verb, size_t count, struct error *err)
{
	if (count < verb->min_arguments)
		return refuse(err, "%s: an argument is missing: %s %s %s (see: %s %s --help)", verb->name, program_name,
			      verb->name, verb->arguments, program_name, verb->name);
	if (count > verb->max_arguments)
		return refuse(err, "%s: too many arguments: %s %s%s%s (see: %s %s --help)", verb->name, program_name,
			      verb->name, *verb->arguments ? " " : "", verb->arguments, program_name, verb->name);
	return 0;
}

static void consider(struct guess *guess, const struct verb *verb)
{
	const char *word = verb_last_word(verb);
	unsigned distance = text_distance(guess->name, word);

	if (!verb->summary)
		return;
	if (distance < guess->nearest && distance < strlen(word)) {
		guess->nearest = distance;
		guess->meant = word;
	}
	(void)strncat(guess->known, " ", sizeof(guess->known) - strlen(guess->known) - 1);
	(void)strncat(guess->known, word, sizeof(guess->known) - strlen(guess->known) - 1);
}

int verb_unknown(const struct verb *of, const char *name, struct error *err)
{
	struct guess guess = { .name = name, .nearest = MEANT_DISTANCE + 1 };
	const char *space = of ? ": " : "";

	for (const struct verb *command = of ? of->commands : NULL; command && command->name; command++)
		consider(&guess, command);
	for (const struct verb *const *verb = verb_list_all(); !of && *verb; verb++)
		consider(&guess, *verb);
	if (guess.meant)
		return refuse(err, "%s%sunknown command \"%.64s\"; did you mean \"%s\"? commands:%s",
			      of ? of->name : "", space, name, guess.meant, guess.known);
	return refuse(err, "%s%sunknown command \"%.64s\"; commands:%s", of ? of->name : "", space, name, guess.known);
}
