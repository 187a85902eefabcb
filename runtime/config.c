/*
 * config.c - config.json to struct config; see config.h.
 *
 * Order: bytes (bounded) -> base/json tree -> the tables, from the root one here down to those of config_process.c,
 * config_mounts.c, config_hooks.c, config_linux.c, config_resources.c and config_seccomp.c -> the few values that need
 * more than one member (the root's path against the bundle). Rules between members are validate.c's.
 */
#include "config.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/utf8.h"
#include "config_parts.h"

static const struct json_limits limits = { .size = CONFIG_SIZE_MAX, .depth = CONFIG_DEPTH_MAX };

#define C(member) offsetof(struct config, member)

static const struct json_field root_fields[] = {
	{ "path", JSON_AS_STRING, C(rootfs.path), .required = true },
	{ "readonly", JSON_AS_BOOL, C(rootfs.read_only) },
	{ NULL },
};

static int decode_process(struct arena *arena, const struct json *node, void *target, struct error *err)
{
	struct config_process *process = arena_alloc(arena, sizeof(*process));
	int r = json_decode(arena, node, config_process_fields, process, err);

	if (r < 0)
		return r;
	if (!process->env)
		process->env = arena_array(arena, 1, sizeof(*process->env));
	*(struct config_process **)target = process;
	return 0;
}

static const struct json_field top_fields[] = {
	{ "ociVersion", JSON_AS_STRING, C(oci_version), .required = true },
	{ "root", JSON_AS_OBJECT, 0, .required = true, .fields = root_fields },
	{ "mounts", JSON_AS_ARRAY, C(rootfs.mounts), .count_offset = C(rootfs.n_mounts), .size = sizeof(struct mount),
	  .decode = config_decode_mount },
	{ "process", JSON_AS_CUSTOM, C(process), .decode = decode_process },
	{ "hostname", JSON_AS_OPT_STRING, C(hostname) },
	{ "domainname", JSON_AS_OPT_STRING, C(domainname) },
	{ "hooks", JSON_AS_OBJECT, 0, .fields = config_hooks_fields },
	{ "annotations", JSON_AS_STRING_MAP, C(annotations), .count_offset = C(n_annotations) },
	{ "linux", JSON_AS_OBJECT, 0, .fields = config_linux_fields },
	{ NULL },
};

static_assert(sizeof(struct key_value) == 2 * sizeof(char *) && offsetof(struct key_value, key) == 0,
	      "JSON_AS_STRING_MAP items");

void config_error_one_line(struct error *err)
{
	utf8_one_line(err->text);
}

static const char *below(struct arena *arena, const char *directory, const char *path)
{
	/* An empty path stays one: validate.c has the words for it. */
	if (*path == '/' || *path == '\0')
		return path;
	return arena_printf(arena, "%s/%s", directory, path);
}

static int fill(struct config *config, const char *text, size_t length, struct error *err)
{
	struct json *root;
	int r = json_parse(config->arena, config->name, text, length, &limits, &root, err);

	if (r < 0)
		return r;
	if (json_decode(config->arena, root, top_fields, config, err) < 0)
		return context(err, "%s", config->name);
	config->rootfs.path = below(config->arena, config->bundle, config->rootfs.path);
	return 0;
}

int config_parse(const char *bundle, const char *name, const char *text, size_t length, struct config **ret_config,
		 struct error *err)
{
	auto_arena struct arena *arena = arena_new();
	struct config *config = arena_alloc(arena, sizeof(*config));
	int r;

	config->arena = arena;
	config->bundle = arena_strdup(arena, bundle);
	config->name = arena_strdup(arena, name);
	r = fill(config, text, length, err);
	if (r < 0) {
		config_error_one_line(err);
		return r;
	}
	(void)take_ptr(arena);
	*ret_config = config;
	return 0;
}

static int load_named(const char *bundle, const char *name, const char *text, size_t length, struct config **ret_config,
		      struct error *err)
{
	if (config_parse(bundle, name, text, length, ret_config, err) < 0)
		return -err->code;
	(*ret_config)->text = arena_strndup((*ret_config)->arena, text, length);
	(*ret_config)->length = length;
	return 0;
}

int config_load(const char *bundle, const char *file, struct config **ret_config, struct error *err)
{
	char absolute[PATH_MAX];
	auto_free char *path = NULL;
	auto_free char *text = NULL;
	size_t length;

	if (!realpath(bundle, absolute))
		return fail(err, errno, "bundle %s", bundle);
	path = file ? xstrdup(file) : xasprintf("%s/config.json", absolute);
	if (fd_read_file(AT_FDCWD, path, CONFIG_SIZE_MAX, &text, &length, err) < 0)
		return -err->code;
	return load_named(absolute, file ? file : "config.json", text, length, ret_config, err);
}

int config_load_text(const char *bundle, const char *text, size_t length, struct config **ret_config, struct error *err)
{
	return load_named(bundle, "config.json", text, length, ret_config, err);
}

/* A document of its own, with the same limits; an error names the file. "-" is stdin. */
static int load_part(struct arena *arena, const char *file, const struct json_field *fields, void *target,
		     struct error *err)
{
	const char *path = str_eq(file, "-") ? "/proc/self/fd/0" : file;
	const char *name = str_eq(file, "-") ? "stdin" : file;
	auto_free char *text = NULL;
	struct json *root;
	size_t length;
	int r = fd_read_file(AT_FDCWD, path, CONFIG_SIZE_MAX, &text, &length, err);

	if (r == 0)
		r = json_parse(arena, name, text, length, &limits, &root, err);
	if (r == 0 && json_decode(arena, root, fields, target, err) < 0)
		r = context(err, "%s", name);
	if (r < 0)
		config_error_one_line(err);
	return r;
}

int config_load_process(struct arena *arena, const char *file, struct config_process **ret_process, struct error *err)
{
	struct config_process *process = arena_alloc(arena, sizeof(*process));
	int r = load_part(arena, file, config_process_fields, process, err);

	if (r < 0)
		return r;
	if (!process->env)
		process->env = arena_array(arena, 1, sizeof(*process->env));
	*ret_process = process;
	return 0;
}

int config_load_resources(struct arena *arena, const char *file, struct cgroup_limits *ret_limits,
			  struct device_rule **ret_rules, size_t *ret_n_rules, struct error *err)
{
	struct config_resources resources = { 0 };
	int r = load_part(arena, file, config_resources_fields, &resources, err);

	if (r < 0)
		return r;
	*ret_limits = resources.limits;
	*ret_rules = resources.rules;
	*ret_n_rules = resources.n_rules;
	return 0;
}

void config_free(struct config *config)
{
	if (config)
		arena_free(config->arena); /* the struct itself lives there */
}

const char *config_annotation(const struct config *config, const char *key)
{
	for (size_t i = 0; i < config->n_annotations; i++)
		if (str_eq(config->annotations[i].key, key))
			return config->annotations[i].value;
	return NULL;
}
