/*
 * options.c - see options.h. One pass over argv: a word is an argument, a long option or a group of letters; the
 * option's row says whether a value follows, and a table of setters stores it.
 */
#include "options.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/opt.h"
#include "base/size.h"
#include "base/str.h"
#include "runtime/container.h"

enum { NAME_MAX_LETTERS = 31, MEANT_DISTANCE = 2 };

struct parser {
	struct arena *arena;
	const struct cli_option *options;
	const char *const *next; /* the word after the current one */
	void *target;
	const char *unknown;
	bool help, command;
};

int flag_parse(const char *text, bool *ret)
{
	static const struct {
		const char *text;
		bool value;
	} words[] = {
		{ "true", true }, { "1", true }, { "t", true }, { "false", false }, { "0", false }, { "f", false }
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcasecmp(text, words[i].text) == 0) {
			*ret = words[i].value;
			return 0;
		}
	}
	return -EINVAL;
}

/* Levenshtein with one row: row[j] is the distance of a's first i letters to b's first j. */
unsigned text_distance(const char *a, const char *b)
{
	unsigned row[NAME_MAX_LETTERS + 1];
	size_t length_a = strlen(a);
	size_t length_b = strlen(b);

	if (length_a > NAME_MAX_LETTERS || length_b > NAME_MAX_LETTERS)
		return UINT32_MAX;
	for (unsigned j = 0; j <= length_b; j++)
		row[j] = j;
	for (unsigned i = 1; i <= length_a; i++) {
		unsigned diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= length_b; j++) {
			unsigned best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[length_b];
}

/* ---- setters: one a kind, in the order of enum option_kind; `value` is NULL only for a bare flag or tristate ---- */

static int bad_value(const struct cli_option *option, const char *wanted, const char *value, struct error *err)
{
	return refuse(err, "--%s: expected %s, found \"%s\"", option->name, wanted, value);
}

static int set_flag(struct arena *arena, const struct cli_option *option, const char *value, void *slot,
		    struct error *err)
{
	(void)arena;
	*(bool *)slot = true;
	if (value && flag_parse(value, slot) < 0)
		return bad_value(option, "true or false", value, err);
	return 0;
}

static int set_text(struct arena *arena, const struct cli_option *option, const char *value, void *slot,
		    struct error *err)
{
	(void)arena;
	(void)option;
	(void)err;
	*(const char **)slot = value;
	return 0;
}

/* The array has room for a power of two of texts: it is copied to a larger one only when that is full. */
static int set_list(struct arena *arena, const struct cli_option *option, const char *value, void *slot,
		    struct error *err)
{
	const char *const *list = *(const char *const **)slot;
	size_t count = str_list_length(list);
	const char **grown;

	(void)option;
	(void)err;
	if ((count & (count - 1)) == 0) {
		grown = arena_array(arena, count * 2 + 2, sizeof(*grown));
		if (count)
			memcpy(grown, list, count * sizeof(*grown));
		*(const char *const **)slot = list = grown;
	}
	((const char **)(uintptr_t)list)[count] = value;
	return 0;
}

static int set_unsigned(struct arena *arena, const struct cli_option *option, const char *value, void *slot,
			struct error *err)
{
	uint64_t number;

	(void)arena;
	if (str_to_u64(value, INT32_MAX, &number) < 0)
		return bad_value(option, "a number from 0 to 2147483647", value, err);
	*(unsigned *)slot = (unsigned)number;
	return 0;
}

static int set_number(struct arena *arena, const struct cli_option *option, const char *value, void *slot,
		      struct error *err)
{
	struct opt_u64 *number = slot;

	(void)arena;
	if (str_to_u64(value, UINT64_MAX, &number->value) < 0)
		return bad_value(option, "a number, 0 or more", value, err);
	number->set = true;
	return 0;
}

static int set_integer(struct arena *arena, const struct cli_option *option, const char *value, void *slot,
		       struct error *err)
{
	struct opt_i64 *number = slot;

	(void)arena;
	if (str_to_i64(value, INT64_MIN, INT64_MAX, &number->value) < 0)
		return bad_value(option, "a whole number", value, err);
	number->set = true;
	return 0;
}

static int set_size(struct arena *arena, const struct cli_option *option, const char *value, void *slot,
		    struct error *err)
{
	struct opt_i64 *number = slot;

	(void)arena;
	if (size_parse(value, &number->value) < 0)
		return bad_value(option, "a size like 1048576, 512k, 64m or 1g, or -1 for no limit", value, err);
	number->set = true;
	return 0;
}

static int set_choice(struct arena *arena, const struct cli_option *option, const char *value, void *slot,
		      struct error *err)
{
	char wanted[128] = "one of";

	(void)arena;
	for (unsigned i = 0; option->choices[i]; i++) {
		if (str_eq(option->choices[i], value)) {
			*(unsigned *)slot = i;
			return 0;
		}
		(void)strncat(wanted, i ? ", " : " ", sizeof(wanted) - strlen(wanted) - 1);
		(void)strncat(wanted, option->choices[i], sizeof(wanted) - strlen(wanted) - 1);
	}
	return bad_value(option, wanted, value, err);
}

static int set_tristate(struct arena *arena, const struct cli_option *option, const char *value, void *slot,
			struct error *err)
{
	enum tristate *tristate = slot;
	bool yes = true;

	(void)arena;
	if (value && str_eq(value, "auto")) {
		*tristate = AUTO;
		return 0;
	}
	if (value && flag_parse(value, &yes) < 0)
		return bad_value(option, "auto, true or false", value, err);
	*tristate = yes ? YES : NO;
	return 0;
}

static int set_unsupported(struct arena *arena, const struct cli_option *option, const char *value, void *slot,
			   struct error *err)
{
	(void)arena;
	(void)value;
	(void)slot;
	return refuse(err, "--%s: %s", option->name, option->help);
}

typedef int set_function(struct arena *arena, const struct cli_option *option, const char *value, void *slot,
			 struct error *err);

static set_function *const setters[] = {
	[OPTION_FLAG] = set_flag,         [OPTION_TEXT] = set_text,
	[OPTION_LIST] = set_list,         [OPTION_UNSIGNED] = set_unsigned,
	[OPTION_NUMBER] = set_number,     [OPTION_INTEGER] = set_integer,
	[OPTION_SIZE] = set_size,         [OPTION_CHOICE] = set_choice,
	[OPTION_TRISTATE] = set_tristate, [OPTION_UNSUPPORTED] = set_unsupported,
};
_Static_assert(ARRAY_SIZE(setters) == OPTION_KIND_MAX, "a setter for every kind");

/* ---- finding the option of a word ---- */

static bool takes_next_word(const struct cli_option *option)
{
	return option->kind != OPTION_FLAG && option->kind != OPTION_TRISTATE;
}

/* runc always takes a value for --rootless, crun none: only a word that can be nothing else is one. */
static bool is_tristate_word(const char *word)
{
	return str_eq(word, "auto") || str_eq(word, "true") || str_eq(word, "false");
}

/* By the `length` letters at `name`: a long name or an alias, whole. */
static const struct cli_option *find_long(const struct cli_option *options, const char *name, size_t length)
{
	for (const struct cli_option *option = options; option->name; option++) {
		if (strncmp(option->name, name, length) == 0 && !option->name[length])
			return option;
		if (option->alias && strncmp(option->alias, name, length) == 0 && !option->alias[length])
			return option;
	}
	return NULL;
}

static const struct cli_option *find_letter(const struct cli_option *options, char letter)
{
	for (const struct cli_option *option = options; option->name; option++) {
		if (letter && option->letter == letter)
			return option;
	}
	return NULL;
}

bool options_know(const struct cli_option *options, const char *word)
{
	const char *name = word + strspn(word, "-");

	return find_long(options, name, strcspn(name, "=")) || (*name && !name[1] && find_letter(options, *name));
}

static int unknown_option(struct parser *parser, const char *word, struct error *err)
{
	const struct cli_option *options = parser->options;
	const char *name = word + strspn(word, "-");
	const char *meant = NULL;
	unsigned nearest = MEANT_DISTANCE + 1;

	parser->unknown = word;
	for (const struct cli_option *option = options; option->name; option++) {
		unsigned distance = text_distance(name, option->name);

		if (distance < nearest && distance < strlen(option->name)) {
			nearest = distance;
			meant = option->name;
		}
	}
	if (meant)
		return refuse(err, "unknown option %s; did you mean --%s?", word, meant);
	return refuse(err, "unknown option %s", word);
}

/* Stores `value`, or the next word where the option wants one and value is NULL. */
static int store(struct parser *parser, const struct cli_option *option, const char *value, struct error *err)
{
	if (!value && takes_next_word(option)) {
		value = *parser->next;
		if (!value)
			return refuse(err, "option --%s needs a value: %s", option->name, option->argument);
		parser->next++;
	}
	if (!value && option->kind == OPTION_TRISTATE && is_tristate_word(*parser->next))
		value = *parser->next++;
	parser->command |= option->command;
	return setters[option->kind](parser->arena, option, value, (char *)parser->target + option->offset, err);
}

/* "-dq", "-bDIR", "-b=DIR": letters up to the first that takes a value; what is left of the word is that value. */
static int parse_letters(struct parser *parser, const char *word, struct error *err)
{
	for (const char *letter = word + 1; *letter; letter++) {
		const struct cli_option *option = find_letter(parser->options, *letter);
		const char *rest = letter + 1;
		int r;

		if (!option && *letter == 'h') {
			parser->help = true;
			return 0;
		}
		if (!option && letter == word + 1)
			return unknown_option(parser, word, err);
		if (!option)
			return refuse(err, "unknown option -%c in %s", *letter, word);
		if (takes_next_word(option) || *rest == '=')
			return store(parser, option, *rest ? rest + (*rest == '=') : NULL, err);
		r = store(parser, option, NULL, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int parse_option(struct parser *parser, const char *word, struct error *err)
{
	bool two_dashes = word[1] == '-';
	const char *name = word + 1 + two_dashes;
	size_t length = strcspn(name, "=");
	const struct cli_option *option = find_long(parser->options, name, length);

	if (option)
		return store(parser, option, name[length] ? name + length + 1 : NULL, err);
	if (length == strlen("help") && strncmp(name, "help", length) == 0) {
		parser->help = true;
		return 0;
	}
	if (two_dashes)
		return unknown_option(parser, word, err);
	return parse_letters(parser, word, err);
}

int options_parse(struct arena *arena, const struct cli_option *options, enum option_order order,
		  const char *const *argv, void *target, struct parsed *ret_parsed, struct error *err)
{
	struct parser parser = { .arena = arena, .options = options, .next = argv, .target = target };
	const char **arguments = arena_array(arena, str_list_length(argv) + 1, sizeof(*arguments));
	size_t count = 0;
	bool ended = false;

	while (*parser.next && !parser.help) {
		const char *word = *parser.next++;

		if (!ended && str_eq(word, "--")) {
			ended = true;
		} else if (!ended && word[0] == '-' && word[1]) {
			int r = parse_option(&parser, word, err);

			ret_parsed->unknown = parser.unknown;
			if (r < 0)
				return r;
		} else {
			arguments[count++] = word;
			ended |= order == OPTIONS_FIRST || parser.command;
		}
	}
	*ret_parsed = (struct parsed){
		.arguments = arguments,
		.n_arguments = count,
		.help = parser.help,
		.command = parser.command,
	};
	return 0;
}
