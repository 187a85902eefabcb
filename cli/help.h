/* help.h - --help texts, made of the same tables that are parsed. */
#pragma once

#include "base/arena.h"
#include "verb.h"

/* `coffer --help`: every verb with its summary, by group, and the global options. */
char *help_main(struct arena *arena);

/* `coffer VERB --help`: fits a screen of 80 x 24. */
char *help_verb(struct arena *arena, const struct verb *verb);

/* Its options that have topics, by these, in the same space: names and values only. NULL if it has none. */
char *help_topics(struct arena *arena, const struct verb *verb);

/* The run function of a verb `help`. */
int help_run(const struct invocation *in, int *ret_exit, struct error *err);
