/*
 * verb.h - a verb of the command line as data. Each verb is one file: its options table, its struct verb, and a run
 * function that fills the runtime's struct and makes one call of runtime/container.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "options.h"
#include "runtime/container.h"

enum verb_group {
	GROUP_LIFE,
	GROUP_INSIDE,
	GROUP_LOOK,
	GROUP_HOST,
	GROUP_IMAGE_IN, /* from here: coffer-image */
	GROUP_IMAGE_OUT,
	GROUP_IMAGE_LOOK,
	GROUP_IMAGE_KEEP,
	GROUP_MAX,
};

struct store;

/* One use of a verb, after parsing. */
struct invocation {
	const struct runtime *runtime; /* coffer */
	const struct store *store;     /* coffer-image; NULL for a stateless verb */
	struct arena *arena;
	const void *options;          /* the verb's struct, filled by its table */
	const char *const *arguments; /* NULL-terminated; the count is within the verb's bounds */
	size_t n_arguments;
};

enum { ANY_NUMBER = 1 << 30 };

struct verb {
	const char *name;
	enum verb_group group;
	const char *summary;   /* a few words for the main help */
	const char *arguments; /* "ID [SIGNAL]", or "" */
	size_t min_arguments, max_arguments;
	enum option_order order;
	const struct cli_option *options; /* ended with name NULL */
	size_t options_size;              /* of the struct that the table fills; 0: none */
	const struct verb *commands;      /* of its own, each called "VERB COMMAND", ended with name NULL; one without a
					     summary is not for people. run() is for the verb alone, then */
	bool helps_itself;                /* by run(): no arguments for --help, "help" and what is behind it */
	bool stateless;                   /* needs no state root */
	bool runs_program;                /* its failures have the exit codes of a program that could not run */
	int failure_exit;                 /* exit code of any other failure; 0: 1 */

	/* *ret_exit is 0 before; on failure it is ignored. */
	int (*run)(const struct invocation *in, int *ret_exit, struct error *err);
};

extern const struct verb verb_create, verb_start, verb_run, verb_exec, verb_kill, verb_delete;
extern const struct verb verb_state, verb_list, verb_ps, verb_stats, verb_commit;
extern const struct verb verb_events, verb_top;
extern const struct verb verb_pause, verb_resume, verb_update, verb_oom;
extern const struct verb verb_image, verb_spec, verb_features, verb_version, verb_help;
extern const struct verb verb_network, verb_port;

/* Of coffer-image. */
extern const struct verb verb_image_pull, verb_image_load, verb_image_import, verb_image_commit;
extern const struct verb verb_image_unpack;
extern const struct verb verb_image_mount;
extern const struct verb verb_image_unmount;
extern const struct verb verb_image_save, verb_image_push;
extern const struct verb verb_image_list, verb_image_inspect, verb_image_history;
extern const struct verb verb_image_tag, verb_image_remove, verb_image_prune, verb_image_verify;
extern const struct verb verb_image_help;

/* How this program is called: "coffer" or "coffer image". Its verbs are in verbs.c or image_verbs.c. */
extern const char *const program_name;

extern const struct cli_option no_options[]; /* only the end row */

/* Every verb in the order of the main help, ended with NULL. */
const struct verb *const *verb_list_all(void);

const struct verb *verb_find(const char *name); /* NULL if there is none */

/* One of a verb's own commands; NULL if there is none of this name. */
const struct verb *verb_find_command(const struct verb *verb, const char *name);

/* "kill" of "oom kill". */
const char *verb_last_word(const struct verb *verb);

/* "start: an argument is missing: coffer start ID (see: coffer start --help)", or too many of them. */
int verb_check_count(const struct verb *verb, size_t count, struct error *err);

/* "unknown command X; did you mean Y? commands: ..."; of the program, or of a verb. */
int verb_unknown(const struct verb *of, const char *name, struct error *err);
