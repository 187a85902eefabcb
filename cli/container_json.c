/* container_json.c - see container_json.h. */
#include "container_json.h"

#include "runtime/hooks.h"

void put_victims(struct json_writer *writer, const struct oom_victims *victims)
{
	if (victims->count == 0 && !victims->unnamed)
		return;
	json_begin_array(writer, "killed");
	for (size_t i = 0; i < victims->count; i++) {
		const struct oom_victim *victim = &victims->list[i];

		json_begin_object(writer, NULL);
		json_put_i64(writer, "pid", victim->pid);
		json_put_string(writer, "name", victim->name);
		json_put_u64(writer, "uid", victim->uid);
		json_put_string(writer, "cgroup", victim->cgroup);
		json_put_string(writer, "limitOf", victim->limit);
		json_end_object(writer);
	}
	json_end_array(writer);
	if (victims->unnamed)
		json_put_string(writer, "killedUnnamed", victims->unnamed);
}

/* "The state MAY include additional properties" (runtime.md): whether a limit has ended something in here. */
static void put_memory(struct json_writer *writer, const struct oom_record *record, const struct oom_victims *victims)
{
	if (!record->kills.set)
		return;
	json_begin_object(writer, "memory");
	json_put_u64(writer, "kernelKills", record->kills.value);
	json_put_string(writer, "killedAtLimit", oom_level_name(record->level));
	if (record->peak.set)
		json_put_u64(writer, "peak", record->peak.value);
	put_victims(writer, victims);
	json_end_object(writer);
}

void put_container(struct json_writer *writer, const struct runtime *runtime, const struct container_info *info)
{
	auto_arena struct arena *arena = arena_new();
	struct oom_victims victims;
	struct oom_record record;

	container_oom_record(runtime, info->state.id, &record);
	container_oom_victims(runtime, info->state.id, record.kills.value, arena, &victims);
	json_begin_object(writer, NULL);
	state_put_json(writer, &info->state, info->status, info->oci_version, info->annotations, info->n_annotations);
	put_memory(writer, &record, &victims);
	json_end_object(writer);
}
