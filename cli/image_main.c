/*
 * image_main.c - coffer-image: what `coffer image` runs. In this order: global options, verb, its options and argument
 * count, the store, the verb's one call, and at the end the one error line.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "globals.h"
#include "help.h"
#include "image/store.h"
#include "image_globals.h"
#include "print.h"
#include "verb.h"

enum { EXIT_ERROR = 1 };

/* A caller that closed one of them must not find a file of the store in its place. */
static int fill_stdio(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", O_RDWR | O_NOCTTY) != fd)
			return -EBADF;
	return 0;
}

/* What to do where the store is what stands in the way. */
static int advise(const struct verb *verb, const struct store *store, struct error *err)
{
	static const struct {
		int code;
		const char *advice;
	} advices[] = {
		{ ENOSPC, "`coffer image prune` frees what nobody uses, --store names another" },
		{ EDQUOT, "`coffer image prune` frees what nobody uses, --store names another" },
		{ EROFS, "--store names another" },
	};
	struct error why = *err;

	for (size_t i = 0; i < ARRAY_SIZE(advices) && verb->group != GROUP_IMAGE_OUT; i++)
		if (err->code == advices[i].code)
			return refuse_as(err, err->code, "%.300s (image store %s: %s)", why.text, store->path,
					 advices[i].advice);
	return -err->code;
}

static int run_with_store(const struct verb *verb, const struct image_globals *globals, const struct invocation *in,
			  int *ret_exit, struct error *err)
{
	struct store store = { .root = -1 };
	struct invocation with_store;
	const char *path = globals->store ? globals->store : store_default_path(in->arena);
	int r;

	/* Layers have files of many users: coffer makes an ordinary user root of a user namespace first. */
	if (geteuid() != 0)
		return refuse_as(err, EPERM, "this program is run by `coffer image`, not directly");
	r = store_open(in->arena, path, &store, err);
	if (r < 0)
		return r;
	with_store = *in;
	with_store.store = &store;
	r = verb->run(&with_store, ret_exit, err);
	if (r < 0)
		r = advise(verb, &store, err);
	store_close(&store);
	return r;
}

static int run_verb(struct arena *arena, const struct image_globals *globals, const struct verb *verb,
		    const char *const *argv, int *ret_exit, struct error *err)
{
	void *options = arena_alloc(arena, verb->options_size + 1);
	struct invocation in = { .arena = arena, .options = options };
	struct parsed parsed = { 0 };
	int r = options_parse(arena, verb->options, verb->order, argv, options, &parsed, err);

	if (r == 0 && parsed.help)
		return print_text(help_verb(arena, verb), err);
	if (r == 0)
		r = verb_check_count(verb, parsed.n_arguments, err);
	if (r < 0)
		return r;
	in.arguments = parsed.arguments;
	in.n_arguments = parsed.n_arguments;
	return verb->stateless ? verb->run(&in, ret_exit, err) : run_with_store(verb, globals, &in, ret_exit, err);
}

static int run_command(struct arena *arena, const char *const *argv, int *ret_exit, struct error *err)
{
	struct image_globals globals = { 0 };
	struct parsed parsed = { 0 };
	const struct verb *verb;
	int r = options_parse(arena, global_options, OPTIONS_FIRST, argv, &globals, &parsed, err);

	if (r < 0)
		return r;
	if (globals.version)
		return print_text("coffer-image " COFFER_VERSION, err);
	if (parsed.help || parsed.n_arguments == 0)
		return print_text(help_main(arena), err);
	verb = verb_find(parsed.arguments[0]);
	if (!verb)
		return verb_unknown(NULL, parsed.arguments[0], err);
	return run_verb(arena, &globals, verb, parsed.arguments + 1, ret_exit, err);
}

int main(int argc, char **argv)
{
	auto_arena struct arena *arena = arena_new();
	struct error err = { 0 };
	int exit_code = 0;

	if (fill_stdio() < 0)
		return EXIT_FAILURE;
	if (run_command(arena, (const char *const *)argv + (argc > 0), &exit_code, &err) == 0)
		return exit_code;
	log_message(LOG_LEVEL_ERROR, "%s", err.text);
	return EXIT_ERROR;
}
