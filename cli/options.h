/*
 * options.h - the one option engine: a table a verb describes its options; the table is parsed into a struct, and
 * help.c makes --help of it. Every form that a caller of a runtime may send is read:
 *
 *	--bundle DIR  --bundle=DIR  -b DIR  -bDIR  -bundle DIR (Go's flag package)  -dq (flags together)  --  (end)
 *
 * Names are never abbreviated. A flag may be given a value with "=" (--force=false).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/opt.h"

/* What a value is, and the type at `offset` in the verb's struct. */
enum option_kind {
	OPTION_FLAG,        /* bool */
	OPTION_TEXT,        /* const char * */
	OPTION_LIST,        /* const char *const *, NULL-terminated; each use adds one */
	OPTION_UNSIGNED,    /* unsigned */
	OPTION_NUMBER,      /* struct opt_u64 */
	OPTION_INTEGER,     /* struct opt_i64 */
	OPTION_SIZE,        /* struct opt_i64, bytes: size_parse() */
	OPTION_CHOICE,      /* unsigned: index in `choices` */
	OPTION_TRISTATE,    /* enum tristate: auto, true or false, which may be the next word too; bare is true */
	OPTION_UNSUPPORTED, /* nothing: known, takes a value, refused with the help line as the reason */
	OPTION_KIND_MAX,
};

/* As small as it can be: each program that starts has its own copy of the tables. */
struct cli_option {
	const char *name; /* without dashes */
	char letter;      /* 0: none */
	enum option_kind kind : 8;
	bool command : 1; /* with this option the first argument ends the options, as in OPTIONS_FIRST */
	uint16_t offset;
	const char *argument;       /* how help and errors call the value; NULL for a flag */
	const char *help;           /* one line; a reason for OPTION_UNSUPPORTED */
	const char *alias;          /* a second long name, or NULL */
	const char *const *choices; /* NULL-terminated */
	const char *topic;          /* NULL: a line of --help; else named under this heading of the second page */
};

/* The rows of a table. A field of another type than its kind writes does not compile; more members may follow the help
   line as designators. */
#define OPTION_OFFSET(field_type, type, field)                                                                         \
	(offsetof(type, field) +                                                                                       \
	 0 * sizeof(char[__builtin_types_compatible_p(field_type, __typeof__(((type *)0)->field)) ? 1 : -1]))
#define OPTION_ROW(kind_, field_type, type, field, name_, letter_, argument_, ...)                                     \
	{                                                                                                              \
		.kind = (kind_), .offset = OPTION_OFFSET(field_type, type, field), .name = (name_),                    \
		.letter = (letter_), .argument = (argument_), .help = __VA_ARGS__                                      \
	}

#define FLAG_ROW(type, field, name, letter, ...)                                                                       \
	OPTION_ROW(OPTION_FLAG, bool, type, field, name, letter, NULL, __VA_ARGS__)
#define TEXT_ROW(type, field, name, letter, argument, ...)                                                             \
	OPTION_ROW(OPTION_TEXT, const char *, type, field, name, letter, argument, __VA_ARGS__)
#define LIST_ROW(type, field, name, letter, argument, ...)                                                             \
	OPTION_ROW(OPTION_LIST, const char *const *, type, field, name, letter, argument, __VA_ARGS__)
#define UNSIGNED_ROW(type, field, name, letter, argument, ...)                                                         \
	OPTION_ROW(OPTION_UNSIGNED, unsigned, type, field, name, letter, argument, __VA_ARGS__)
#define NUMBER_ROW(type, field, name, letter, argument, ...)                                                           \
	OPTION_ROW(OPTION_NUMBER, struct opt_u64, type, field, name, letter, argument, __VA_ARGS__)
#define INTEGER_ROW(type, field, name, letter, argument, ...)                                                          \
	OPTION_ROW(OPTION_INTEGER, struct opt_i64, type, field, name, letter, argument, __VA_ARGS__)
#define SIZE_ROW(type, field, name, letter, argument, ...)                                                             \
	OPTION_ROW(OPTION_SIZE, struct opt_i64, type, field, name, letter, argument, __VA_ARGS__)
#define CHOICE_ROW(type, field, names, name, letter, argument, ...)                                                    \
	OPTION_ROW(OPTION_CHOICE, unsigned, type, field, name, letter, argument, __VA_ARGS__, .choices = (names))
#define TRISTATE_ROW(type, field, name, letter, argument, ...)                                                         \
	OPTION_ROW(OPTION_TRISTATE, enum tristate, type, field, name, letter, argument, __VA_ARGS__)
#define UNSUPPORTED_ROW(name_, argument_, help_)                                                                       \
	{                                                                                                              \
		.kind = OPTION_UNSUPPORTED, .name = (name_), .argument = (argument_), .help = (help_)                  \
	}
#define END_ROW                                                                                                        \
	{                                                                                                              \
		.name = NULL                                                                                           \
	}

enum option_order {
	OPTIONS_ANYWHERE, /* options and arguments in any order */
	OPTIONS_FIRST,    /* the first argument ends the options: what follows belongs to another program */
};

struct parsed {
	const char *const *arguments; /* NULL-terminated, in order */
	size_t n_arguments;
	bool help;           /* -h or --help was met; nothing behind it was looked at */
	bool command;        /* an option was met that has `command` set */
	const char *unknown; /* the word that was no option, if that is why parsing failed */
};

/* Reads `argv` (NULL-terminated, without the program or verb) by a table ended with name NULL into `target`, which the
   caller has zeroed or filled with defaults. Lists and the argument array live in `arena`, texts in argv. */
int options_parse(struct arena *arena, const struct cli_option *options, enum option_order order,
		  const char *const *argv, void *target, struct parsed *ret_parsed, struct error *err);

/* Is this word ("--root=x", "-v") one of these options? */
bool options_know(const struct cli_option *options, const char *word);

/* "true", "1", "t" and "false", "0", "f" in any case, as Go reads them. 0 or -EINVAL. */
int flag_parse(const char *text, bool *ret);

/* How many letters differ; for "did you mean". Names longer than 31 letters are as far as can be. */
unsigned text_distance(const char *a, const char *b);
