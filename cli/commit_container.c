/* commit_container.c - `coffer commit`: a container and what it has written as a new image, by coffer-image. */
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "image_helper.h"
#include "print.h"
#include "run_kept.h"

struct commit_options {
	const char *author, *message;
};

static const struct cli_option options[] = {
	TEXT_ROW(struct commit_options, author, "author", 'a', "NAME", "who made it"),
	TEXT_ROW(struct commit_options, message, "message", 'm', "TEXT", "for its history"),
	END_ROW,
};

/* Of "STORE/containers/ID". */
static const char *store_of(struct arena *arena, const struct state *state)
{
	size_t length = strlen(state->bundle) - strlen("/containers/") - strlen(state->id);

	return arena_strndup(arena, state->bundle, length);
}

static int commit(const struct invocation *in, const struct state *state, const char **ret_id, struct error *err)
{
	const struct commit_options *given = in->options;
	const char *const arguments[] = {
		"--store",
		store_of(in->arena, state),
		"commit",
		"--quiet",
		arena_printf(in->arena, "--author=%s", given->author ? given->author : ""),
		arena_printf(in->arena, "--message=%s", given->message ? given->message : ""),
		"--",
		state->id,
		in->arguments[1],
		NULL,
	};

	return image_helper_run(in->arena, arguments, ret_id, err);
}

/* A running container stands still meanwhile, so that the layer is of one moment. */
static int run(const struct invocation *in, int *ret_exit, struct error *err)
{
	struct container_info info;
	struct error resume_error;
	const char *image = "";
	bool pauses;
	int r = run_kept_state(in, in->arguments[0], &info, err);

	(void)ret_exit;
	if (r < 0)
		return r;
	if (!info.state.own_bundle)
		return refuse(err, "container `%s` was not started from an image", in->arguments[0]);
	pauses = info.status == STATUS_RUNNING;
	r = pauses ? container_pause(in->runtime, in->arguments[0], err) : 0;
	if (r < 0)
		return r;
	r = commit(in, &info.state, &image, err);
	if (pauses && container_resume(in->runtime, in->arguments[0], &resume_error) < 0)
		log_message(LOG_LEVEL_WARNING, "%s", resume_error.text);
	return r < 0 ? r : print_text(image, err);
}

const struct verb verb_commit = {
	.name = "commit",
	.group = GROUP_INSIDE,
	.summary = "make an image of it and what it has written",
	.arguments = "ID NAME",
	.min_arguments = 2,
	.max_arguments = 2,
	.options = options,
	.options_size = sizeof(struct commit_options),
	.run = run,
};
