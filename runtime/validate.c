/*
 * validate.c - the rules between members of a config; see validate.h.
 *
 * One list of checks in the order of the document; the first that fails says where, what, and what to do, on one line.
 * Types, names and number ranges were checked while reading (config_*.c); what limits mean is limits_plan()'s.
 */
#include "validate.h"

#include <limits.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "config_parts.h"
#include "validate_parts.h"

enum { ID_LENGTH_MAX = 255 /* NAME_MAX: it names a directory and a cgroup */ };

static const char digits[] = "0123456789";
static const char semver_word[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-.";
static const char id_characters[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_+.-";

/* One number of a semantic version: no leading zero. NULL if there is none. */
static const char *skip_number(const char *text)
{
	size_t length = strspn(text, digits);

	return length == 0 || (length > 1 && *text == '0') ? NULL : text + length;
}

/* semver.org: MAJOR.MINOR.PATCH, then "-" prerelease and "+" build. */
static bool is_semver(const char *text)
{
	for (int numbers = 1; numbers <= 3; numbers++) {
		text = skip_number(text);
		if (!text)
			return false;
		if (numbers < 3 && *text++ != '.')
			return false;
	}
	for (const char *mark = "-+"; *mark; mark++) {
		size_t length;

		if (*text != *mark)
			continue;
		length = strspn(text + 1, semver_word);
		if (length == 0)
			return false;
		text += 1 + length;
	}
	return *text == '\0';
}

static int validate_version(const struct config *config, struct error *err)
{
	const char *version = config->oci_version;

	if (!is_semver(version))
		return refuse(err, "ociVersion: \"%.64s\" is no semantic version; write for example \"1.3.0\"",
			      version);
	if (!str_starts(version, "1."))
		return refuse(err, "ociVersion: %.64s is not supported; coffer takes runtime-spec 1.x, known up to 1.3",
			      version);
	return 0;
}

static int validate_root(const struct config *config, struct error *err)
{
	if (*config->rootfs.path == '\0')
		return refuse(err, "root.path: empty; write the directory of the root file system");
	return 0;
}

static int validate_own_process(const struct config *config, struct error *err)
{
	return config->process ? validate_process(config->process, "process.", err) : 0;
}

static const char *const stage_names[] = {
	[HOOK_PRESTART] = "prestart",
	[HOOK_CREATE_RUNTIME] = "createRuntime",
	[HOOK_CREATE_CONTAINER] = "createContainer",
	[HOOK_START_CONTAINER] = "startContainer",
	[HOOK_POSTSTART] = "poststart",
	[HOOK_POSTSTOP] = "poststop",
};

static int validate_hooks(const struct config *config, struct error *err)
{
	for (size_t stage = 0; stage < ARRAY_SIZE(stage_names); stage++)
		for (size_t i = 0; i < config->hooks[stage].count; i++) {
			const char *path = config->hooks[stage].items[i].path;

			if (*path != '/')
				return refuse(err,
					      "hooks.%s[%zu].path: \"%.100s\" is not absolute; write it from \"/\" on",
					      stage_names[stage], i, path);
		}
	return 0;
}

static int validate_annotations(const struct config *config, struct error *err)
{
	for (size_t i = 0; i < config->n_annotations; i++)
		if (*config->annotations[i].key == '\0')
			return refuse(err, "annotations[\"\"]: an empty key; remove it");
	return 0;
}

typedef int check_fn(const struct config *config, struct error *err);

static check_fn *const checks[] = {
	validate_version,     validate_root,
	validate_mounts,      validate_own_process,
	validate_hostnames,   validate_hooks,
	validate_annotations, validate_namespaces,
	validate_ids,         validate_time_offsets,
	validate_devices,     validate_cgroups_path,
	validate_sysctls,     validate_protected_paths,
	validate_net_devices, validate_unsupported,
};

int config_validate(const struct config *config, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++)
		if (checks[i](config, err) < 0) {
			(void)context(err, "%s", config->name);
			config_error_one_line(err);
			return -err->code;
		}
	return 0;
}

int config_validate_process(const struct config_process *process, struct error *err)
{
	int r = validate_process(process, "", err);

	if (r < 0)
		config_error_one_line(err);
	return r;
}

int container_id_validate(const char *id, struct error *err)
{
	size_t length = strlen(id);

	if (length == 0)
		return refuse(err, "container id: empty; give one of 1 to %d characters", ID_LENGTH_MAX);
	if (length > ID_LENGTH_MAX)
		return refuse(err, "container id: %zu characters; at most %d are allowed", length, ID_LENGTH_MAX);
	if (id[strspn(id, id_characters)])
		return refuse(err, "container id: character %zu is not allowed; use letters, digits and _ + . - only",
			      strspn(id, id_characters) + 1);
	if (id[0] == '.')
		return refuse(err, "container id: \"%s\" starts with a dot; use another one", id);
	return 0;
}
