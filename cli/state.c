/* state.c - `coffer state`: the state of a container as the runtime-spec's JSON. */
#include "print.h"
#include "runtime/hooks.h"
#include "verb.h"

/* "The state MAY include additional properties" (runtime.md): whether a limit has ended something in here. */
static void put_memory(struct json_writer *writer, const struct oom_record *record)
{
	if (!record->kills.set)
		return;
	json_begin_object(writer, "memory");
	json_put_u64(writer, "kernelKills", record->kills.value);
	json_put_string(writer, "killedAtLimit", oom_level_name(record->level));
	if (record->peak.set)
		json_put_u64(writer, "peak", record->peak.value);
	json_end_object(writer);
}

static int run(const struct invocation *in, int *ret_exit, struct error *err)
{
	auto_json_writer struct json_writer *writer = json_writer_new(true);
	struct container_info info = { 0 };
	struct oom_record record;
	int r = container_state(in->runtime, in->arena, in->arguments[0], &info, err);

	(void)ret_exit;
	if (r < 0)
		return r;
	container_oom_record(in->runtime, in->arguments[0], &record);
	json_begin_object(writer, NULL);
	state_put_json(writer, &info.state, info.status, info.oci_version, info.annotations, info.n_annotations);
	put_memory(writer, &record);
	json_end_object(writer);
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
