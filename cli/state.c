/* state.c - `coffer state`: the state of a container as the runtime-spec's JSON. */
#include "container_json.h"
#include "print.h"
#include "run_kept.h"

static int run(const struct invocation *in, int *ret_exit, struct error *err)
{
	auto_json_writer struct json_writer *writer = json_writer_new(true);
	struct container_info info = { 0 };
	int r = run_kept_state(in, in->arguments[0], &info, err);

	(void)ret_exit;
	if (r < 0)
		return r;
	put_container(writer, in->runtime, &info);
	return print_text(json_writer_text(writer, NULL), err);
}

const struct verb verb_state = {
	.name = "state",
	.group = GROUP_LOOK,
	.summary = "print the state of a container as JSON",
	.arguments = "ID",
	.min_arguments = 1,
	.max_arguments = 1,
	.options = no_options,
	.run = run,
};
