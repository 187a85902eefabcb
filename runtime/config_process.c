/*
 * config_process.c - the process object: runtime-spec config.md "Process", "POSIX process", "Linux Process", "User".
 * What Windows has (commandLine, user.username) is ignored, as the spec's platform rules want.
 */
#include <assert.h>
#include <linux/ioprio.h>
#include <linux/sched.h>
#include <stdlib.h>
#include <sys/types.h>

#include "base/str.h"
#include "config.h"
#include "config_parts.h"

enum {
	UMASK_MAX = 0777,
	WINDOW_MAX = UINT16_MAX, /* struct winsize has unsigned shorts */
	NICE_MIN = -20,
	NICE_MAX = 19,
	OOM_SCORE_MIN = -1000,
	OOM_SCORE_MAX = 1000,
	UNKNOWN_MAX = 64,
	SCHED_ISO_POLICY = 4, /* SCHED_ISO: a number without a name in the kernel's headers */
};

static const uint64_t id_max = UINT32_MAX - 1; /* the last id means "no change" to setresuid(2) */

#define P(member) offsetof(struct config_process, member)

static const struct json_field console_fields[] = {
	{ "height", JSON_AS_OPT_U64, P(console_height), .required = true, .max = WINDOW_MAX },
	{ "width", JSON_AS_OPT_U64, P(console_width), .required = true, .max = WINDOW_MAX },
	{ NULL },
};

static int decode_gids(struct arena *arena, const struct json *node, void *target, struct error *err)
{
	struct user *user = target;
	uint64_t gid;

	if (node->type != JSON_ARRAY)
		return json_refuse(node, err, "expected an array, found %s", json_type_name(node->type));
	user->additional_gids = arena_array(arena, node->count, sizeof(*user->additional_gids));
	for (const struct json *item = node->first; item; item = item->next) {
		int r = json_u64(item, id_max, &gid, err);

		if (r < 0)
			return r;
		user->additional_gids[user->n_additional_gids++] = (uint32_t)gid;
	}
	return 0;
}

static const struct json_field user_fields[] = {
	{ "uid", JSON_AS_U32, offsetof(struct user, uid), .max = UINT32_MAX - 1 },
	{ "gid", JSON_AS_U32, offsetof(struct user, gid), .max = UINT32_MAX - 1 },
	{ "umask", JSON_AS_OPT_U64, offsetof(struct user, umask), .max = UMASK_MAX },
	{ "additionalGids", JSON_AS_CUSTOM, 0, .decode = decode_gids },
	{ NULL },
};

static const struct {
	const char *key;
	size_t offset;
} cap_set_names[] = {
	{ "bounding", offsetof(struct cap_sets, bounding) },
	{ "effective", offsetof(struct cap_sets, effective) },
	{ "inheritable", offsetof(struct cap_sets, inheritable) },
	{ "permitted", offsetof(struct cap_sets, permitted) },
	{ "ambient", offsetof(struct cap_sets, ambient) },
};

/* A config may be newer than this build: runtime-spec 1.3 wants a warning for such a name, not an error. Each name is
   kept once, though it usually stands in several sets, and no more names than a set has bits. */
static void add_unknown(struct arena *arena, struct config_process *process, const char *name)
{
	size_t count = str_list_length(process->unknown_capabilities);

	for (size_t i = 0; i < count; i++)
		if (str_eq(process->unknown_capabilities[i], name))
			return;
	if (!process->unknown_capabilities)
		process->unknown_capabilities = arena_array(arena, UNKNOWN_MAX + 1, sizeof(char *));
	if (count < UNKNOWN_MAX)
		process->unknown_capabilities[count] = name;
}

static int decode_cap_set(struct arena *arena, const struct json *node, struct config_process *process, uint64_t *set,
			  struct error *err)
{
	const char **names;
	size_t count;
	int r = json_string_list(arena, node, &names, &count, err);

	for (size_t i = 0; r == 0 && i < count; i++) {
		int number = cap_by_name(names[i], false);

		if (number < 0)
			add_unknown(arena, process, names[i]);
		else
			*set |= (uint64_t)1 << number;
	}
	return r;
}

static int decode_capabilities(struct arena *arena, const struct json *node, void *target, struct error *err)
{
	struct config_process *process = target;

	if (node->type != JSON_OBJECT)
		return json_refuse(node, err, "expected an object of capability sets, found %s",
				   json_type_name(node->type));
	process->has_capabilities = true;
	for (size_t i = 0; i < ARRAY_SIZE(cap_set_names); i++) {
		const struct json *list = json_get(node, cap_set_names[i].key);
		char *sets = (char *)&process->capabilities;
		int r;

		if (!list || list->type == JSON_NULL)
			continue;
		r = decode_cap_set(arena, list, process, (uint64_t *)(void *)(sets + cap_set_names[i].offset), err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int decode_rlimit_type(struct arena *arena, const struct json *node, void *target, struct error *err)
{
	struct rlimit_entry *entry = target;
	int r = json_string(node, &entry->name, err);

	(void)arena;
	if (r < 0)
		return r;
	entry->resource = rlimit_by_name(entry->name);
	if (entry->resource < 0)
		return json_refuse(node, err, "\"%.64s\" is not known; see getrlimit(2) for the names", entry->name);
	return 0;
}

static_assert(sizeof(rlim_t) == sizeof(uint64_t), "JSON_AS_U64 fits struct rlimit");

static const struct json_field rlimit_fields[] = {
	{ "type", JSON_AS_CUSTOM, 0, .required = true, .decode = decode_rlimit_type },
	{ "soft", JSON_AS_U64, offsetof(struct rlimit_entry, value.rlim_cur), .required = true },
	{ "hard", JSON_AS_U64, offsetof(struct rlimit_entry, value.rlim_max), .required = true },
	{ NULL },
};

static const struct json_name scheduler_policies[] = {
	{ "SCHED_OTHER", SCHED_NORMAL },
	{ "SCHED_FIFO", SCHED_FIFO },
	{ "SCHED_RR", SCHED_RR },
	{ "SCHED_BATCH", SCHED_BATCH },
	{ "SCHED_ISO", SCHED_ISO_POLICY },
	{ "SCHED_IDLE", SCHED_IDLE },
	{ "SCHED_DEADLINE", SCHED_DEADLINE },
	{ NULL, 0 },
};

static const struct json_name scheduler_flags[] = {
	{ "SCHED_FLAG_RESET_ON_FORK", SCHED_FLAG_RESET_ON_FORK },
	{ "SCHED_FLAG_RECLAIM", SCHED_FLAG_RECLAIM },
	{ "SCHED_FLAG_DL_OVERRUN", SCHED_FLAG_DL_OVERRUN },
	{ "SCHED_FLAG_KEEP_POLICY", SCHED_FLAG_KEEP_POLICY },
	{ "SCHED_FLAG_KEEP_PARAMS", SCHED_FLAG_KEEP_PARAMS },
	{ "SCHED_FLAG_UTIL_CLAMP_MIN", SCHED_FLAG_UTIL_CLAMP_MIN },
	{ "SCHED_FLAG_UTIL_CLAMP_MAX", SCHED_FLAG_UTIL_CLAMP_MAX },
	{ NULL, 0 },
};

#define S(member) offsetof(struct config_scheduler, member)

static const struct json_field scheduler_fields[] = {
	{ "policy", JSON_AS_ENUM, S(policy), .required = true, .names = scheduler_policies },
	{ "nice", JSON_AS_I32, S(nice), .min = NICE_MIN, .max = NICE_MAX },
	{ "priority", JSON_AS_I32, S(priority) },
	{ "flags", JSON_AS_FLAGS, S(flags), .names = scheduler_flags },
	{ "runtime", JSON_AS_U64, S(runtime_ns) },
	{ "deadline", JSON_AS_U64, S(deadline_ns) },
	{ "period", JSON_AS_U64, S(period_ns) },
	{ NULL },
};

static int decode_scheduler(struct arena *arena, const struct json *node, void *target, struct error *err)
{
	struct config_scheduler *scheduler = target;

	scheduler->set = true;
	return json_decode(arena, node, scheduler_fields, scheduler, err);
}

static const struct json_name io_classes[] = {
	{ "IOPRIO_CLASS_RT", IOPRIO_CLASS_RT },
	{ "IOPRIO_CLASS_BE", IOPRIO_CLASS_BE },
	{ "IOPRIO_CLASS_IDLE", IOPRIO_CLASS_IDLE },
	{ NULL, 0 },
};

struct io_priority {
	uint32_t class, level;
};

static const struct json_field io_priority_fields[] = {
	{ "class", JSON_AS_ENUM, offsetof(struct io_priority, class), .required = true, .names = io_classes },
	{ "priority", JSON_AS_U32, offsetof(struct io_priority, level), .max = IOPRIO_NR_LEVELS - 1 },
	{ NULL },
};

static int decode_io_priority(struct arena *arena, const struct json *node, void *target, struct error *err)
{
	struct io_priority priority = { 0 };
	struct opt_i64 *value = target;
	int r = json_decode(arena, node, io_priority_fields, &priority, err);

	if (r < 0)
		return r;
	value->set = true;
	value->value = (int64_t)priority.class << IOPRIO_CLASS_SHIFT | priority.level;
	return 0;
}

static const struct json_field affinity_fields[] = {
	{ "initial", JSON_AS_STRING, P(cpu_affinity_initial) },
	{ "final", JSON_AS_STRING, P(cpu_affinity_final) },
	{ NULL },
};

const struct json_field config_process_fields[] = {
	{ "terminal", JSON_AS_BOOL, P(terminal) },
	{ "consoleSize", JSON_AS_OBJECT, 0, .fields = console_fields },
	{ "user", JSON_AS_OBJECT, P(user), .fields = user_fields },
	{ "args", JSON_AS_STRING_LIST, P(args) },
	{ "env", JSON_AS_STRING_LIST, P(env) },
	{ "cwd", JSON_AS_STRING, P(cwd), .required = true },
	{ "capabilities", JSON_AS_CUSTOM, 0, .decode = decode_capabilities },
	{ "rlimits", JSON_AS_ARRAY, P(rlimits), .count_offset = P(n_rlimits), .size = sizeof(struct rlimit_entry),
	  .fields = rlimit_fields },
	{ "noNewPrivileges", JSON_AS_BOOL, P(no_new_privileges) },
	{ "oomScoreAdj", JSON_AS_OPT_I64, P(oom_score_adj), .min = OOM_SCORE_MIN, .max = OOM_SCORE_MAX },
	{ "apparmorProfile", JSON_AS_OPT_STRING, P(apparmor_profile) },
	{ "selinuxLabel", JSON_AS_OPT_STRING, P(selinux_label) },
	{ "scheduler", JSON_AS_CUSTOM, P(scheduler), .decode = decode_scheduler },
	{ "ioPriority", JSON_AS_CUSTOM, P(io_priority), .decode = decode_io_priority },
	{ "execCPUAffinity", JSON_AS_OBJECT, 0, .fields = affinity_fields },
	{ NULL },
};
