/* run_values.c - environment, devices, limits and the like of a start from an image; see run_values.h. */
#include "run_values.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "options.h"
#include "runtime/container.h"

enum { ENV_FILE_MAX = 1024 * 1024, PROFILE_MAX = 4 * 1024 * 1024, PERMISSIONS = 07777 };
enum { CPUS_MAX = 1000000, MICRO_DIGITS = 6 };

/* ---- environment ---- */

struct texts {
	struct arena *arena;
	const char **items;
	size_t count, room;
};

static void add_text(struct texts *texts, const char *text)
{
	if (texts->count + 1 >= texts->room) {
		const char **grown = arena_array(texts->arena, texts->room * 2 + 32, sizeof(*grown));

		if (texts->count)
			memcpy(grown, texts->items, texts->count * sizeof(*grown));
		texts->items = grown;
		texts->room = texts->room * 2 + 32;
	}
	texts->items[texts->count++] = text;
}

/* "KEY=VALUE"; "KEY" takes the caller's value, if there is one; "KEY*" those of all that begin so. */
static int add_env(struct texts *env, const char *entry, struct error *err)
{
	size_t length = strlen(entry);
	const char *value;

	if (strchr(entry, '=')) {
		add_text(env, entry);
		return *entry == '=' ? refuse(err, "--env: \"%.64s\" has no name", entry) : 0;
	}
	if (length && entry[length - 1] == '*') {
		for (char **own = environ; *own; own++)
			if (strncmp(*own, entry, length - 1) == 0)
				add_text(env, *own);
		return 0;
	}
	value = getenv(entry);
	if (value)
		add_text(env, arena_printf(env->arena, "%s=%s", entry, value));
	return 0;
}

static int add_env_file(struct texts *env, const char *path, struct error *err)
{
	auto_free char *text = NULL;
	int r = fd_read_file(AT_FDCWD, path, ENV_FILE_MAX, &text, NULL, err);

	if (r < 0)
		return context(err, "--env-file");
	for (const char **line = run_split(env->arena, text, '\n'); r == 0 && *line; line++) {
		const char *entry = *line + strspn(*line, " \t");

		if (*entry && *entry != '#')
			r = add_env(env, entry, err);
	}
	return r;
}

static int take_env(struct arena *arena, const struct image_options *options, struct bundle_options *bundle,
		    struct error *err)
{
	struct texts env = { .arena = arena };
	int r = 0;

	for (const char *const *path = options->env_file; r == 0 && path && *path; path++)
		r = add_env_file(&env, *path, err);
	for (const char *const *entry = options->env; r == 0 && entry && *entry; entry++)
		r = add_env(&env, *entry, err);
	bundle->env = env.items;
	return r;
}

/* ---- KEY=VALUE lists ---- */

/* --label KEY alone is an empty value, as Docker has it; a sysctl needs one. */
static int add_pairs(struct arena *arena, const char *option, const char *const *list, bool needs_value,
		     struct key_value *pairs, size_t *count, struct error *err)
{
	for (; list && *list; list++) {
		const char *equals = strchr(*list, '=');

		if (equals == *list || !**list || (needs_value && !equals))
			return refuse(err, "--%s: expected KEY=VALUE, found \"%.64s\"", option, *list);
		pairs[*count].key = equals ? arena_strndup(arena, *list, (size_t)(equals - *list)) : *list;
		pairs[*count].value = equals ? equals + 1 : "";
		(*count)++;
	}
	return 0;
}

static int take_pairs(struct arena *arena, const struct image_options *options, struct bundle_options *bundle,
		      struct error *err)
{
	size_t n_annotations = str_list_length(options->label) + str_list_length(options->annotation);
	struct key_value *annotations = arena_array(arena, n_annotations + 1, sizeof(*annotations));
	struct key_value *sysctls = arena_array(arena, str_list_length(options->sysctl) + 1, sizeof(*sysctls));
	int r = add_pairs(arena, "label", options->label, false, annotations, &bundle->n_annotations, err);

	if (r == 0)
		r = add_pairs(arena, "annotation", options->annotation, true, annotations, &bundle->n_annotations, err);
	if (r == 0)
		r = add_pairs(arena, "sysctl", options->sysctl, true, sysctls, &bundle->n_sysctls, err);
	bundle->annotations = annotations;
	bundle->sysctls = sysctls;
	return r;
}

/* ---- devices ---- */

static bool is_access(const char *text)
{
	return *text && text[strspn(text, "rwm")] == '\0';
}

/* "/dev/fuse", "/dev/sda:/dev/xvda", "/dev/fuse:r", "/dev/a:/dev/b:rw". */
static int device(struct arena *arena, const char *text, struct bundle_device *ret, struct error *err)
{
	const char **words = run_split(arena, text, ':');
	size_t count = str_list_length(words);
	const char *last = count > 1 ? words[count - 1] : "";
	bool has_access = count > 1 && is_access(last);
	const char *inside = count > 1u + has_access ? words[1] : words[0];
	struct stat st;

	if (count > 2u + has_access || !path_is_clean(inside))
		return refuse(err, "--device: expected HOST[:CONTAINER][:rwm], found \"%.64s\"", text);
	if (stat(words[0], &st) < 0)
		return fail(err, errno, "--device: %s", words[0]);
	if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
		return refuse(err, "--device: %s is no device", words[0]);
	*ret = (struct bundle_device){
		.path = inside,
		.type = S_ISCHR(st.st_mode) ? "c" : "b",
		.access = has_access ? last : "rwm",
		.major = major(st.st_rdev),
		.minor = minor(st.st_rdev),
		.mode = st.st_mode & PERMISSIONS,
		.uid = st.st_uid,
		.gid = st.st_gid,
	};
	return 0;
}

static int take_devices(struct arena *arena, const struct image_options *options, struct bundle_options *bundle,
			struct error *err)
{
	struct bundle_device *devices = arena_array(arena, str_list_length(options->device) + 1, sizeof(*devices));

	for (const char *const *text = options->device; text && *text; text++)
		if (device(arena, *text, &devices[bundle->n_devices++], err) < 0)
			return -err->code;
	bundle->devices = devices;
	return 0;
}

/* ---- ulimits ---- */

static const char *const rlimit_names[] = {
	"as",   "core",   "cpu",   "data", "fsize",  "locks",  "memlock",    "msgqueue",
	"nice", "nofile", "nproc", "rss",  "rtprio", "rttime", "sigpending", "stack",
};

static int rlimit_value(const char *text, uint64_t *ret)
{
	if (str_eq(text, "-1") || str_eq(text, "unlimited")) {
		*ret = UINT64_MAX;
		return 0;
	}
	return str_to_u64(text, UINT64_MAX, ret);
}

/* "nofile=1024", "nofile=1024:4096"; "core=-1" is without limit. */
static int ulimit(struct arena *arena, const char *text, struct bundle_rlimit *ret, struct error *err)
{
	const char *equals = strchr(text, '=');
	size_t length = equals ? (size_t)(equals - text) : 0;
	const char **words = run_split(arena, equals ? equals + 1 : "", ':');
	char *type = arena_printf(arena, "RLIMIT_%.*s", (int)length, text);

	for (char *letter = type; *letter; letter++)
		*letter = (char)toupper((unsigned char)*letter);
	for (size_t i = 0; i < ARRAY_SIZE(rlimit_names); i++) {
		const char *hard = words[0] && words[1] ? words[1] : words[0];

		if (strcasecmp(type + strlen("RLIMIT_"), rlimit_names[i]) != 0)
			continue;
		ret->type = type;
		if (rlimit_value(words[0], &ret->soft) == 0 && rlimit_value(hard, &ret->hard) == 0 &&
		    ret->soft <= ret->hard && !(words[1] && words[2]))
			return 0;
	}
	return refuse(err, "--ulimit: expected NAME=SOFT[:HARD] with a limit of getrlimit(2), found \"%.64s\"", text);
}

static int take_ulimits(struct arena *arena, const struct image_options *options, struct bundle_options *bundle,
			struct error *err)
{
	struct bundle_rlimit *limits = arena_array(arena, str_list_length(options->ulimit) + 1, sizeof(*limits));

	for (const char *const *text = options->ulimit; text && *text; text++)
		if (ulimit(arena, *text, &limits[bundle->n_rlimits++], err) < 0)
			return -err->code;
	bundle->rlimits = limits;
	return 0;
}

/* ---- limits ---- */

/* "1.5" processors are 150000 us in each 100 ms; the kernel's least is 1 ms. */
static int parse_cpus(const char *text, uint64_t *ret_quota, struct error *err)
{
	static const uint64_t least_us = 1000;
	const char *dot = strchrnul(text, '.');
	char digits[MICRO_DIGITS + 1] = "000000";
	char whole[MICRO_DIGITS + 2] = "0";
	size_t n_whole = (size_t)(dot - text);
	size_t n_part = *dot ? strlen(dot + 1) : 0;
	uint64_t processors;
	uint64_t millionths;

	if (n_whole < sizeof(whole) && n_part <= MICRO_DIGITS && n_whole + n_part > 0) {
		memcpy(whole, text, n_whole);
		whole[n_whole ? n_whole : 1] = '\0';
		memcpy(digits, dot + (*dot != '\0'), n_part);
		if (str_to_u64(whole, CPUS_MAX, &processors) == 0 && str_to_u64(digits, UINT32_MAX, &millionths) == 0) {
			*ret_quota = processors * BUNDLE_CPU_PERIOD_US + millionths / 10; /* 10^6 / the period */
			if (*ret_quota >= least_us)
				return 0;
		}
	}
	return refuse(err, "--cpus: expected a number of processors of 0.01 or more, like 1.5, found \"%.32s\"", text);
}

static int take_limits(const struct image_options *options, struct bundle_options *bundle, struct error *err)
{
	struct bundle_limits *limits = &bundle->limits;

	limits->memory = options->memory;
	limits->memory_soft = options->memory_soft;
	limits->memory_swap = options->memory_swap;
	limits->pids = options->pids_limit;
	limits->cpu_weight = options->cpu_weight;
	limits->cpus = options->cpuset_cpus;
	limits->mems = options->cpuset_mems;
	if (!options->cpus)
		return 0;
	limits->cpu_quota_us.set = true;
	return parse_cpus(options->cpus, &limits->cpu_quota_us.value, err);
}

/* ---- --security-opt ---- */

static int set_seccomp(struct arena *arena, const char *value, struct bundle_options *bundle, struct error *err)
{
	auto_free char *text = NULL;

	if (str_eq(value, "unconfined")) {
		bundle->no_seccomp = true;
		return 0;
	}
	if (fd_read_file(AT_FDCWD, value, PROFILE_MAX, &text, NULL, err) < 0)
		return context(err, "--security-opt seccomp");
	bundle->seccomp_profile = arena_strdup(arena, text);
	return 0;
}

static int set_no_new_privileges(struct arena *arena, const char *value, struct bundle_options *bundle,
				 struct error *err)
{
	(void)arena;
	bundle->no_new_privileges = true;
	if (*value && flag_parse(value, &bundle->no_new_privileges) < 0)
		return refuse(err, "--security-opt no-new-privileges: expected true or false, found \"%.32s\"", value);
	return 0;
}

static int set_apparmor(struct arena *arena, const char *value, struct bundle_options *bundle, struct error *err)
{
	(void)arena;
	(void)err;
	bundle->apparmor = str_eq(value, "unconfined") ? NULL : value;
	return 0;
}

static int set_label(struct arena *arena, const char *value, struct bundle_options *bundle, struct error *err)
{
	(void)arena;
	(void)bundle;
	if (str_eq(value, "disable"))
		return 0;
	return refuse(err, "--security-opt label: only \"disable\" is supported, not \"%.64s\"", value);
}

static int set_unmask(struct arena *arena, const char *value, struct bundle_options *bundle, struct error *err)
{
	(void)arena;
	if (strcasecmp(value, "all") != 0 && !str_eq(value, "unconfined"))
		return refuse(err, "--security-opt unmask: only ALL is supported, not \"%.64s\"", value);
	bundle->unmask = true;
	return 0;
}

static const struct {
	const char *name;
	int (*set)(struct arena *arena, const char *value, struct bundle_options *bundle, struct error *err);
} security_options[] = {
	{ "seccomp", set_seccomp },   { "no-new-privileges", set_no_new_privileges },
	{ "apparmor", set_apparmor }, { "label", set_label },
	{ "unmask", set_unmask },     { "systempaths", set_unmask },
};

/* "seccomp=FILE", and "seccomp:FILE" as older callers write it. */
static int security_option(struct arena *arena, const char *text, struct bundle_options *bundle, struct error *err)
{
	size_t length = strcspn(text, "=:");

	for (size_t i = 0; i < ARRAY_SIZE(security_options); i++)
		if (strlen(security_options[i].name) == length && strncmp(security_options[i].name, text, length) == 0)
			return security_options[i].set(arena, text[length] ? text + length + 1 : "", bundle, err);
	return refuse(err, "--security-opt: \"%.64s\" is not known", text);
}

/* ---- the rest ---- */

/* A JSON array of texts, or one program; "" is none. */
static int take_entrypoint(struct arena *arena, const char *text, struct bundle_options *bundle, struct error *err)
{
	static const struct json_limits limits = { .size = ENV_FILE_MAX, .depth = 2 };
	const char **list = arena_array(arena, 2, sizeof(*list));
	struct json *root;
	size_t count;
	int r = 0;

	if (!text)
		return 0;
	if (*text == '[') {
		r = json_parse(arena, "--entrypoint", text, strlen(text), &limits, &root, err);
		if (r == 0)
			r = json_string_list(arena, root, &list, &count, err);
	} else if (*text) {
		list[0] = text;
	}
	bundle->entrypoint = list;
	return r;
}

int run_values(struct arena *arena, const struct image_options *options, struct bundle_options *bundle,
	       struct error *err)
{
	int ignored;
	int r = take_env(arena, options, bundle, err);

	bundle->working_dir = options->workdir;
	bundle->hostname = options->hostname;
	bundle->stop_signal = options->stop_signal;
	bundle->cap_add = options->cap_add;
	bundle->cap_drop = options->cap_drop;
	bundle->terminal = options->tty;
	bundle->read_only = options->read_only;
	if (r == 0 && options->stop_signal && signal_parse(options->stop_signal, &ignored, err) < 0)
		r = context(err, "--stop-signal");
	if (r == 0)
		r = take_entrypoint(arena, options->entrypoint, bundle, err);
	if (r == 0)
		r = take_pairs(arena, options, bundle, err);
	if (r == 0)
		r = take_devices(arena, options, bundle, err);
	if (r == 0)
		r = take_ulimits(arena, options, bundle, err);
	if (r == 0)
		r = take_limits(options, bundle, err);
	for (const char *const *text = options->security_opt; r == 0 && text && *text; text++)
		r = security_option(arena, *text, bundle, err);
	return r;
}
