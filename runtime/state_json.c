/*
 * state_json.c - struct state as state.json and back, and as the "State" JSON of runtime-spec runtime.md that hooks and
 * `state` get. Format and upgrade rules of the file: specs/state-dir.md.
 */
#include "state.h"

#include <time.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/path.h"
#include "base/str.h"
#include "hooks.h"

#define STATE_FILE "state.json"

enum { STATE_FORMAT = 1, STATE_SIZE_MAX = 1024 * 1024, STATE_DEPTH_MAX = 16, STATE_MODE = 0600 };
enum { EPOCH_YEAR = 1970, YEAR_DAYS = 365, LEAP_CYCLE_YEARS = 400, DAY_S = 86400, HOUR_S = 3600, MINUTE_S = 60 };
enum { PASSWD_SIZE_MAX = 1024 * 1024 };

static const struct json_name manager_names[] = {
	{ "cgroupfs", CGROUP_MANAGER_CGROUPFS },
	{ "systemd", CGROUP_MANAGER_SYSTEMD },
	{ "disabled", CGROUP_MANAGER_DISABLED },
	{ NULL, 0 },
};

static const char *manager_name(enum cgroup_manager manager)
{
	for (const struct json_name *known = manager_names; known->name; known++)
		if (known->value == manager)
			return known->name;
	abort(); /* a bug: enum and table differ */
}

static void put_optional(struct json_writer *writer, const char *key, const char *value)
{
	if (value)
		json_put_string(writer, key, value);
}

int state_write(const struct state_dir *dir, const struct state *state, struct error *err)
{
	auto_json_writer struct json_writer *writer = json_writer_new(false);
	size_t length;
	const char *text;
	int r;

	json_begin_object(writer, NULL);
	json_put_u64(writer, "format", STATE_FORMAT);
	json_put_string(writer, "id", state->id);
	put_optional(writer, "bundle", state->bundle);
	put_optional(writer, "rootfs", state->rootfs);
	put_optional(writer, "cgroupPath", state->cgroup_path);
	json_put_string(writer, "cgroupManager", manager_name(state->cgroup_manager));
	put_optional(writer, "created", state->created);
	json_put_u64(writer, "owner", state->owner);
	json_put_i64(writer, "pid", state->pid);
	json_put_u64(writer, "startTime", state->start_time);
	json_put_bool(writer, "ownPidNamespace", state->own_pid_ns);
	if (state->no_new_keyring)
		json_put_bool(writer, "noNewKeyring", true);
	if (state->own_bundle)
		json_put_bool(writer, "ownBundle", true);
	json_end_object(writer);
	text = json_writer_text(writer, &length);
	/* No fsync: the directory is on a tmpfs and means nothing after a reboot. */
	r = fd_write_atomic(dir->fd, STATE_FILE, text, length, STATE_MODE, err);
	return r < 0 ? context(err, "container `%s`", dir->id) : 0;
}

struct state_file {
	struct opt_u64 format, start_time;
	struct opt_i64 pid;
	const char *id, *bundle, *rootfs, *cgroup_path, *created;
	uint32_t cgroup_manager, owner;
	bool own_pid_ns, no_new_keyring, own_bundle;
};

#define FIELD(name, as, member)                                                                                        \
	{                                                                                                              \
		.key = (name), .kind = (as), .offset = offsetof(struct state_file, member)                             \
	}

static const struct json_field state_fields[] = {
	FIELD("id", JSON_AS_STRING, id),
	FIELD("bundle", JSON_AS_STRING, bundle),
	FIELD("rootfs", JSON_AS_STRING, rootfs),
	FIELD("cgroupPath", JSON_AS_STRING, cgroup_path),
	{ "cgroupManager", JSON_AS_ENUM, offsetof(struct state_file, cgroup_manager), .required = true,
	  .names = manager_names },
	FIELD("created", JSON_AS_STRING, created),
	FIELD("owner", JSON_AS_U32, owner),
	FIELD("pid", JSON_AS_OPT_I64, pid),
	FIELD("startTime", JSON_AS_OPT_U64, start_time),
	FIELD("ownPidNamespace", JSON_AS_BOOL, own_pid_ns),
	FIELD("noNewKeyring", JSON_AS_BOOL, no_new_keyring),
	FIELD("ownBundle", JSON_AS_BOOL, own_bundle),
	{ 0 },
};

/* The format is looked at alone and first: the other members of another format may have other types. */
static const struct json_field format_fields[] = {
	FIELD("format", JSON_AS_OPT_U64, format),
	{ 0 },
};

static bool is_root(const char *path)
{
	return path[strspn(path, "/.")] == '\0';
}

/* ".../containers/ID", as the image store has it. */
static bool is_own_bundle(const char *bundle, const char *id)
{
	static const char parent[] = "/containers/";
	const char *name = bundle && path_is_clean(bundle) ? strrchr(bundle, '/') : NULL;

	return name && str_eq(name + 1, id) && name - bundle >= (ptrdiff_t)strlen(parent) &&
	       str_starts(name + 1 - strlen(parent), parent);
}

/* The numbers and the paths are what delete kills and removes: nothing odd gets that far. */
static int check_file(const struct state_file *file, const char *id, struct error *err)
{
	if (!str_eq(file->id, id))
		return refuse(err, "id: is `%s`, but the directory is `%s`", file->id ? file->id : "", id);
	if (!file->pid.set || file->pid.value < 0 || file->pid.value > INT_MAX)
		return refuse(err, "pid: expected a number from 0 to %d", INT_MAX);
	if (file->pid.value > 0 && (!file->start_time.set || file->start_time.value == 0))
		return refuse(err, "startTime: missing beside a pid");
	if (file->cgroup_path && (!path_is_clean(file->cgroup_path) || is_root(file->cgroup_path)))
		return refuse(err, "cgroupPath: `%s` cannot be a container's cgroup", file->cgroup_path);
	if (file->own_bundle && !is_own_bundle(file->bundle, id))
		return refuse(err, "bundle: `%s` cannot be the container's own", file->bundle ? file->bundle : "");
	return 0;
}

int state_parse(struct arena *arena, const char *id, const char *text, size_t length, struct state *ret_state,
		struct error *err)
{
	const struct json_limits limits = { .size = STATE_SIZE_MAX, .depth = STATE_DEPTH_MAX };
	struct state_file file = { 0 };
	struct json *root;
	int r = json_parse(arena, STATE_FILE, text, length, &limits, &root, err);

	if (r < 0)
		return r;
	r = json_decode(arena, root, format_fields, &file, err);
	if (r < 0)
		return r;
	if (!file.format.set || file.format.value != STATE_FORMAT)
		return refuse_as(err, ENOTSUP, "written by another version of coffer (format %llu, this is %d)",
				 (unsigned long long)file.format.value, STATE_FORMAT);
	r = json_decode(arena, root, state_fields, &file, err);
	if (r < 0)
		return r;
	r = check_file(&file, id, err);
	if (r < 0)
		return r;
	*ret_state = (struct state){
		.id = file.id,
		.bundle = file.bundle,
		.rootfs = file.rootfs,
		.cgroup_path = file.cgroup_path,
		.cgroup_manager = (enum cgroup_manager)file.cgroup_manager,
		.created = file.created,
		.owner = file.owner,
		.pid = (pid_t)file.pid.value,
		.start_time = file.start_time.value,
		.own_pid_ns = file.own_pid_ns,
		.no_new_keyring = file.no_new_keyring,
		.own_bundle = file.own_bundle,
	};
	return 0;
}

int state_read(const struct state_dir *dir, struct arena *arena, struct state *ret_state, struct error *err)
{
	auto_free char *text = NULL;
	size_t length = 0;
	int r = fd_read_file(dir->fd, STATE_FILE, STATE_SIZE_MAX, &text, &length, err);

	if (r == -ENOENT || (r == 0 && length == 0)) {
		*ret_state = (struct state){ .id = arena_strdup(arena, dir->id) };
		return 0;
	}
	if (r == 0)
		r = state_parse(arena, dir->id, text, length, ret_state, err);
	return r < 0 ? context(err, "state of container `%s`", dir->id) : 0;
}

/* passwd(5) by hand: getpwuid(3) would load NSS modules, and the file is bounded here. */
const char *state_user_name(struct arena *arena, uint32_t uid)
{
	auto_free char *text = NULL;
	struct error ignored;
	char *next_line;

	if (fd_read_file(AT_FDCWD, "/etc/passwd", PASSWD_SIZE_MAX, &text, NULL, &ignored) < 0)
		return "";
	for (char *line = strtok_r(text, "\n", &next_line); line; line = strtok_r(NULL, "\n", &next_line)) {
		char *rest = line;
		const char *name = strsep(&rest, ":");
		const char *password = strsep(&rest, ":");
		const char *number = strsep(&rest, ":");
		uint64_t value;

		if (password && number && str_to_u64(number, UINT32_MAX, &value) == 0 && value == uid)
			return arena_strdup(arena, name);
	}
	return "";
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

void state_put_json(struct json_writer *writer, const struct state *state, enum container_status status,
		    const char *oci_version, const struct key_value *annotations, size_t n_annotations)
{
	auto_arena struct arena *arena = arena_new();

	json_put_string(writer, "ociVersion", or_empty(oci_version));
	json_put_string(writer, "id", state->id);
	json_put_i64(writer, "pid", status == STATUS_STOPPED ? 0 : state->pid);
	json_put_string(writer, "status", status_name(status));
	json_put_string(writer, "bundle", or_empty(state->bundle));
	json_put_string(writer, "rootfs", or_empty(state->rootfs));
	json_put_string(writer, "created", or_empty(state->created));
	json_put_string(writer, "owner", state_user_name(arena, state->owner));
	json_begin_object(writer, "annotations");
	for (size_t i = 0; i < n_annotations; i++)
		json_put_string(writer, annotations[i].key, or_empty(annotations[i].value));
	json_end_object(writer);
}

char *state_to_json(struct arena *arena, const struct state *state, enum container_status status,
		    const char *oci_version, const struct key_value *annotations, size_t n_annotations, bool pretty)
{
	auto_json_writer struct json_writer *writer = json_writer_new(pretty);
	size_t length;
	const char *text;

	json_begin_object(writer, NULL);
	state_put_json(writer, state, status, oci_version, annotations, n_annotations);
	json_end_object(writer);
	text = json_writer_text(writer, &length);
	return arena_strndup(arena, text, length);
}

static bool is_leap(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % LEAP_CYCLE_YEARS == 0;
}

/*
 * Days since 1970-01-01 to a date of the Gregorian calendar. gmtime_r(3) would do, but it reads /etc/localtime first,
 * on the way of every container start.
 */
static void civil_date(int64_t days, int64_t *year, int64_t *month, int64_t *day)
{
	static const int8_t month_days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int64_t length = YEAR_DAYS;

	for (*year = EPOCH_YEAR; days >= length; (*year)++) {
		days -= length;
		length = YEAR_DAYS + is_leap(*year + 1);
	}
	*month = 1;
	for (size_t i = 0;; i++) {
		length = month_days[i] + (i == 1 && is_leap(*year));
		if (days < length)
			break;
		days -= length;
		(*month)++;
	}
	*day = days + 1;
}

const char *state_time(struct arena *arena, struct timespec time)
{
	int64_t year, month, day, second;

	civil_date(time.tv_sec / DAY_S, &year, &month, &day);
	second = time.tv_sec % DAY_S;
	return arena_printf(arena, "%04lld-%02lld-%02lldT%02lld:%02lld:%02lld.%09ldZ", (long long)year,
			    (long long)month, (long long)day, (long long)(second / HOUR_S),
			    (long long)(second % HOUR_S / MINUTE_S), (long long)(second % MINUTE_S), time.tv_nsec);
}

const char *state_timestamp(struct arena *arena)
{
	struct timespec now = { 0 };

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return state_time(arena, now);
}
