/* container_json.c - see container_json.h. */
#include "container_json.h"

#include "runtime/hooks.h"

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

void put_container(struct json_writer *writer, const struct runtime *runtime, const struct container_info *info)
{
	struct oom_record record;

	container_oom_record(runtime, info->state.id, &record);
	json_begin_object(writer, NULL);
	state_put_json(writer, &info->state, info->status, info->oci_version, info->annotations, info->n_annotations);
	put_memory(writer, &record);
	json_end_object(writer);
}
