/* oom_policy.c - the policy from texts, to oom.json and back; see oom.h. */
#include "oom.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/size.h"
#include "base/str.h"
#include "cgroups/tripwire.h"

#define OOM_FILE "oom.json"
#define OFFERED  "/etc/coffer/oom/" /* hooks and sockets that annotations may name */

enum { OOM_SIZE_MAX = 64 * 1024, OOM_DEPTH_MAX = 4, OOM_FILE_MODE = 0600 };
enum {
	TIMEOUT_DEFAULT_MS = 30 * 1000,
	TIMEOUT_MAX_MS = 7 * 24 * 3600 * 1000,
	MS_PER_S = 1000,
	MS_PER_MINUTE = 60 * 1000,
	US_PER_MS = 1000,
	WINDOW_MIN_MS = 500,
	WINDOW_MAX_MS = 10 * 1000
};
enum { PERCENT_MAX = 1000, DIGITS_SIZE = 24, LIMIT_MIN = 4 * 1024 * 1024 };

static const struct json_name mode_names[] = {
	{ "kill", OOM_KILL }, { "group", OOM_GROUP }, { "freeze", OOM_FREEZE }, { NULL, 0 }
};

static const struct json_name fallback_names[] = {
	{ "kill-largest", OOM_KILL_LARGEST }, { "kill-group", OOM_KILL_GROUP }, { "stay", OOM_STAY }, { NULL, 0 }
};

static bool find_name(const struct json_name *names, const char *text, uint64_t *ret)
{
	for (; names->name; names++)
		if (str_eq(names->name, text)) {
			*ret = names->value;
			return true;
		}
	return false;
}

/* ---- texts ---- */

static int parse_mode(const char *text, struct oom_policy *policy, struct error *err)
{
	uint64_t mode;

	if (!find_name(mode_names, text, &mode))
		return refuse(err, "oom: expected kill, group or freeze, found \"%.64s\"", text);
	policy->mode = (enum oom_mode)mode;
	return 0;
}

static int parse_reserve(const char *text, struct oom_policy *policy, struct error *err)
{
	int64_t bytes;

	if (size_parse(text, &bytes) < 0 || bytes <= 0)
		return refuse(err, "oom-reserve: expected a size like 8m, found \"%.64s\"", text);
	policy->gap = (uint64_t)bytes;
	return 0;
}

/* "30s", "500ms", "5m"; a number alone is seconds. */
static bool parse_time(const char *text, uint64_t *ret_ms)
{
	static const struct {
		const char *unit;
		uint64_t ms;
	} units[] = { { "", MS_PER_S }, { "s", MS_PER_S }, { "ms", 1 }, { "m", MS_PER_MINUTE } };
	char digits[DIGITS_SIZE];
	size_t length = strspn(text, "0123456789");
	uint64_t number;

	for (size_t i = 0; i < ARRAY_SIZE(units) && length > 0 && length < sizeof(digits); i++) {
		if (!str_eq(text + length, units[i].unit))
			continue;
		memcpy(digits, text, length);
		digits[length] = '\0';
		if (str_to_u64(digits, TIMEOUT_MAX_MS / units[i].ms, &number) < 0)
			return false;
		*ret_ms = number * units[i].ms;
		return true;
	}
	return false;
}

static int parse_timeout(const char *text, struct oom_policy *policy, struct error *err)
{
	if (parse_time(text, &policy->timeout_ms))
		return 0;
	return refuse(err,
		      "oom-timeout: expected a time like 30s, 500ms or 5m, at most 7 days, or 0 for ever, found "
		      "\"%.64s\"",
		      text);
}

/* "PERCENT" or "PERCENT:CAP" */
static int parse_raise(const char *text, struct oom_policy *policy, struct error *err)
{
	size_t length = strcspn(text, ":");
	char digits[DIGITS_SIZE] = "";
	uint64_t percent = 0;
	int64_t cap = 0;

	if (length < sizeof(digits))
		memcpy(digits, text, length);
	if (str_to_u64(digits, PERCENT_MAX, &percent) < 0 || percent == 0 ||
	    (text[length] == ':' && (size_parse(text + length + 1, &cap) < 0 || cap <= 0)))
		return refuse(err, "oom-default: expected raise:PERCENT[:CAP] like raise:25:1g, found \"raise:%.64s\"",
			      text);
	policy->fallback = OOM_RAISE;
	policy->raise_percent = (uint32_t)percent;
	policy->raise_cap = (uint64_t)cap;
	return 0;
}

static int parse_fallback(const char *text, struct oom_policy *policy, struct error *err)
{
	uint64_t fallback;

	if (str_starts(text, "raise:"))
		return parse_raise(text + strlen("raise:"), policy, err);
	if (!find_name(fallback_names, text, &fallback))
		return refuse(err,
			      "oom-default: expected kill-largest, kill-group, raise:PERCENT[:CAP] or stay, found "
			      "\"%.64s\"",
			      text);
	policy->fallback = (enum oom_fallback)fallback;
	return 0;
}

/* Opened by the watcher, whose directory is /. */
static int parse_hook(const char *text, struct oom_policy *policy, struct error *err)
{
	policy->hook = text;
	return *text == '/' ? 0 : refuse(err, "oom-hook: \"%.200s\" is not an absolute path", text);
}

static int parse_socket(const char *text, struct oom_policy *policy, struct error *err)
{
	policy->socket = text;
	return *text == '/' ? 0 : refuse(err, "oom-socket: \"%.200s\" is not an absolute path", text);
}

/* Bounds of the window: the kernel's, psi_trigger_create(). */
const char *oom_pressure_trigger(struct arena *arena, const char *text, struct error *err)
{
	static const char *const kinds[] = { "some", "full" };
	const char *colon = strchr(text, ':');
	const char *slash = colon ? strchr(colon, '/') : NULL;
	const char *stall_text = slash ? arena_strndup(arena, colon + 1, (size_t)(slash - colon - 1)) : "";
	uint64_t stall = 0;
	uint64_t window = 0;

	for (size_t i = 0; slash && i < ARRAY_SIZE(kinds); i++) {
		if (!str_eq(arena_strndup(arena, text, (size_t)(colon - text)), kinds[i]))
			continue;
		if (parse_time(stall_text, &stall) && parse_time(slash + 1, &window) && stall > 0 && stall <= window &&
		    window >= WINDOW_MIN_MS && window <= WINDOW_MAX_MS)
			return arena_printf(arena, "%s %" PRIu64 " %" PRIu64, kinds[i], stall * US_PER_MS,
					    window * US_PER_MS);
	}
	(void)refuse(
		err,
		"pressure-notify: expected some:STALL/WINDOW or full:STALL/WINDOW like some:150ms/1s, with a window "
		"of 500ms to 10s and a stall that fits into it, found \"%.64s\"",
		text);
	return NULL;
}

static int parse_pressure(const char *text, struct oom_policy *policy, struct error *err)
{
	auto_arena struct arena *arena = arena_new();

	policy->pressure = text;
	return oom_pressure_trigger(arena, text, err) ? 0 : -EINVAL;
}

static const struct {
	const char *annotation;
	size_t option;
	int (*parse)(const char *text, struct oom_policy *policy, struct error *err);
	bool is_path; /* of the host */
} parts[] = {
	{ "run.coffer.oom", offsetof(struct oom_options, mode), parse_mode, false },
	{ "run.coffer.oom-reserve", offsetof(struct oom_options, reserve), parse_reserve, false },
	{ "run.coffer.oom-timeout", offsetof(struct oom_options, timeout), parse_timeout, false },
	{ "run.coffer.oom-default", offsetof(struct oom_options, fallback), parse_fallback, false },
	{ "run.coffer.oom-hook", offsetof(struct oom_options, hook), parse_hook, true },
	{ "run.coffer.oom-socket", offsetof(struct oom_options, socket), parse_socket, true },
	{ "run.coffer.pressure-notify", offsetof(struct oom_options, pressure), parse_pressure, false },
};

static const char *find_annotation(const struct key_value *annotations, size_t count, const char *key)
{
	for (size_t i = 0; i < count; i++)
		if (str_eq(annotations[i].key, key))
			return annotations[i].value;
	return NULL;
}

/* Who may set annotations, of a pod say, need not be who may run programs on the host. */
static int check_offered(const char *path, struct error *err)
{
	const char *name = str_starts(path, OFFERED) ? path + strlen(OFFERED) : "";

	if (*name && !strchr(name, '/') && !str_eq(name, ".") && !str_eq(name, ".."))
		return 0;
	return refuse(err, "\"%.200s\": an annotation may only name what is in " OFFERED " (coffer-oom(7))", path);
}

static int parse_parts(const struct oom_options *options, const struct key_value *annotations, size_t n_annotations,
		       struct oom_policy *policy, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		const char *option = *(const char *const *)(const void *)((const char *)options + parts[i].option);
		const char *text = option ? option : find_annotation(annotations, n_annotations, parts[i].annotation);
		int r = text ? parts[i].parse(text, policy, err) : 0;

		if (r == 0 && text && !option && parts[i].is_path)
			r = check_offered(text, err);
		if (r < 0)
			return option ? context(err, "--oom") : context(err, "annotation %s", parts[i].annotation);
	}
	return 0;
}

/* ---- limits ---- */

static void add_unified(struct arena *arena, struct cgroup_limits *limits, const char *file, const char *value)
{
	struct limit_unified *grown = arena_array(arena, limits->n_unified + 1, sizeof(*grown));

	if (limits->n_unified)
		memcpy(grown, limits->unified, limits->n_unified * sizeof(*grown));
	grown[limits->n_unified++] = (struct limit_unified){ file, value };
	limits->unified = grown;
}

/* The limit that will be in memory.max: lines of "unified" are written last. 0: none. */
static uint64_t memory_limit(const struct cgroup_limits *limits)
{
	int64_t bytes = limits->memory_limit.set ? limits->memory_limit.value : 0;

	for (size_t i = 0; i < limits->n_unified; i++)
		if (str_eq(limits->unified[i].file, "memory.max") && size_parse(limits->unified[i].value, &bytes) < 0)
			bytes = 0;
	return bytes > 0 ? (uint64_t)bytes : 0;
}

/* The value for `file` that is written last, or NULL. */
static const char *find_unified(const struct cgroup_limits *limits, const char *file)
{
	const char *value = NULL;

	for (size_t i = 0; i < limits->n_unified; i++)
		if (str_eq(limits->unified[i].file, file))
			value = limits->unified[i].value;
	return value;
}

static bool sets_high(const struct cgroup_limits *limits)
{
	const char *value = find_unified(limits, "memory.high");

	return value && !str_eq(value, "max");
}

static int check_least(uint64_t limit, struct error *err)
{
	if (limit >= LIMIT_MIN)
		return 0;
	return refuse(err, "oom freeze: a memory limit of %" PRIu64 " bytes is too small for it; the least is %d",
		      limit, LIMIT_MIN);
}

static int plan_freeze(struct arena *arena, bool asked_for, struct cgroup_limits *limits, struct oom_policy *policy,
		       struct error *err)
{
	const long processors = sysconf(_SC_NPROCESSORS_ONLN);

	policy->limit = memory_limit(limits);
	if (policy->limit == 0 && !asked_for) {
		policy->mode = OOM_UNSET;
		return 0;
	}
	if (policy->limit == 0)
		return refuse(err, "--oom freeze: the container has no memory limit (linux.resources.memory.limit)");
	if (check_least(policy->limit, err) < 0)
		return -EINVAL;
	if (sets_high(limits))
		return refuse(err, "oom freeze: it needs memory.high for itself; remove that limit from the config");
	if (policy->gap >= policy->limit)
		return refuse(err, "oom-reserve: %" PRIu64 " bytes are not less than the memory limit, %" PRIu64,
			      policy->gap, policy->limit);
	if (policy->gap == 0)
		policy->gap = tripwire_gap(policy->limit, processors > 0 ? (unsigned)processors : 1);
	add_unified(arena, limits, "memory.high", arena_printf(arena, "%" PRIu64, policy->limit - policy->gap));
	return 0;
}

int oom_policy_make(struct arena *arena, const struct oom_options *options, const struct key_value *annotations,
		    size_t n_annotations, struct cgroup_limits *limits, struct oom_policy *ret_policy,
		    struct error *err)
{
	struct oom_policy policy = { .timeout_ms = TIMEOUT_DEFAULT_MS };
	int r = parse_parts(options, annotations, n_annotations, &policy, err);

	if (r == 0 && options->pressure && policy.mode != OOM_FREEZE)
		return refuse(err, "--pressure-notify: it is the watcher of --oom freeze that tells");
	if (r == 0 && policy.mode == OOM_FREEZE)
		r = plan_freeze(arena, options->mode != NULL, limits, &policy, err);
	if (r == 0 && policy.mode == OOM_GROUP)
		add_unified(arena, limits, "memory.oom.group", "1");
	if (r == 0)
		*ret_policy = policy;
	return r;
}

int oom_policy_update(const struct cgroup_limits *limits, uint64_t *ret_limit, struct error *err)
{
	const uint64_t limit = memory_limit(limits);

	if (find_unified(limits, "memory.high"))
		return refuse(err,
			      "memory.high belongs to its oom policy, freeze: change --memory, or coffer oom raise");
	*ret_limit = 0;
	if (!find_unified(limits, "memory.max") && (!limits->memory_limit.set || limits->memory_limit.value == 0))
		return 0;
	if (limit == 0)
		return refuse(err, "with the oom policy freeze it needs a memory limit in bytes");
	*ret_limit = limit;
	return check_least(limit, err);
}

int oom_no_huge_pages(struct error *err)
{
	return prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) < 0 ? fail(err, errno, "PR_SET_THP_DISABLE") : 0;
}

/* ---- oom.json ---- */

const char *oom_fallback_text(struct arena *arena, const struct oom_policy *policy)
{
	for (const struct json_name *name = fallback_names; name->name; name++)
		if (name->value == policy->fallback)
			return name->name;
	if (policy->raise_cap)
		return arena_printf(arena, "raise:%" PRIu32 ":%" PRIu64, policy->raise_percent, policy->raise_cap);
	return arena_printf(arena, "raise:%" PRIu32, policy->raise_percent);
}

int oom_policy_write(const struct state_dir *dir, const struct oom_policy *policy, struct error *err)
{
	auto_json_writer struct json_writer *writer = json_writer_new(false);
	auto_arena struct arena *arena = arena_new();
	size_t length;
	const char *text;

	json_begin_object(writer, NULL);
	json_put_u64(writer, "limit", policy->limit);
	json_put_u64(writer, "gap", policy->gap);
	json_put_u64(writer, "timeoutMs", policy->timeout_ms);
	json_put_string(writer, "default", oom_fallback_text(arena, policy));
	if (policy->hook)
		json_put_string(writer, "hook", policy->hook);
	if (policy->socket)
		json_put_string(writer, "socket", policy->socket);
	if (policy->pressure)
		json_put_string(writer, "pressure", policy->pressure);
	json_end_object(writer);
	text = json_writer_text(writer, &length);
	return fd_write_atomic(dir->fd, OOM_FILE, text, length, OOM_FILE_MODE, err);
}

struct oom_file {
	uint64_t limit, gap, timeout_ms;
	const char *fallback, *hook, *socket, *pressure;
};

#define FIELD(name, as, member, needed)                                                                                \
	{                                                                                                              \
		.key = (name), .kind = (as), .offset = offsetof(struct oom_file, member), .required = (needed)         \
	}

static const struct json_field fields[] = {
	FIELD("limit", JSON_AS_U64, limit, true),           FIELD("gap", JSON_AS_U64, gap, true),
	FIELD("timeoutMs", JSON_AS_U64, timeout_ms, true),  FIELD("default", JSON_AS_STRING, fallback, true),
	FIELD("hook", JSON_AS_STRING, hook, false),         FIELD("socket", JSON_AS_STRING, socket, false),
	FIELD("pressure", JSON_AS_STRING, pressure, false), { 0 },
};

int oom_policy_parse(struct arena *arena, const char *text, size_t length, struct oom_policy *ret_policy,
		     struct error *err)
{
	const struct json_limits limits = { .size = OOM_SIZE_MAX, .depth = OOM_DEPTH_MAX };
	struct oom_file file = { 0 };
	struct oom_policy policy = { .mode = OOM_FREEZE };
	struct json *root;
	int r = json_parse(arena, OOM_FILE, text, length, &limits, &root, err);

	if (r == 0)
		r = json_decode(arena, root, fields, &file, err);
	if (r == 0 && (file.limit == 0 || file.limit > INT64_MAX || file.gap == 0 || file.gap >= file.limit))
		r = refuse(err, OOM_FILE ": limit and gap do not fit together");
	if (r == 0)
		r = parse_fallback(file.fallback, &policy, err);
	if (r == 0 && file.hook)
		r = parse_hook(file.hook, &policy, err);
	if (r == 0 && file.socket)
		r = parse_socket(file.socket, &policy, err);
	if (r == 0 && file.pressure)
		r = parse_pressure(file.pressure, &policy, err);
	if (r < 0)
		return r;
	policy.limit = file.limit;
	policy.gap = file.gap;
	policy.timeout_ms = file.timeout_ms;
	*ret_policy = policy;
	return 0;
}

int oom_policy_read(int state_dir_fd, struct arena *arena, struct oom_policy *ret_policy, struct error *err)
{
	auto_free char *text = NULL;
	size_t length;
	int r = fd_read_file(state_dir_fd, OOM_FILE, OOM_SIZE_MAX, &text, &length, err);

	return r < 0 ? r : oom_policy_parse(arena, text, length, ret_policy, err);
}

bool oom_policy_exists(int state_dir_fd)
{
	return faccessat(state_dir_fd, OOM_FILE, F_OK, 0) == 0;
}
