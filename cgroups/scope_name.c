/* scope_name.c - see scope_name.h. */
#include "scope_name.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"

static const char slice_suffix[] = ".slice";

static bool is_unit_char(char c)
{
	return isalnum((unsigned char)c) || (c && strchr(":-_.\\", c));
}

/* systemd's own way to have any byte in a unit's name: systemd-escape(1). The caller frees. */
static char *escape(const char *text)
{
	char *escaped = xcalloc(strlen(text) + 1, strlen("\\xff"));
	size_t length = 0;

	for (; *text; text++)
		if (is_unit_char(*text))
			escaped[length++] = *text;
		else
			length += (size_t)sprintf(escaped + length, "\\x%02x", (unsigned char)*text);
	return escaped;
}

/* "-.slice", or names with single dashes between them, each of which is a slice further up. */
static bool is_slice(const char *name)
{
	size_t length = strlen(name);

	if (!str_ends(name, slice_suffix) || length >= SCOPE_NAME_SIZE)
		return false;
	if (str_eq(name, "-.slice"))
		return true;
	for (size_t i = 0; i < length; i++)
		if (!is_unit_char(name[i]))
			return false;
	return name[0] != '.' && name[0] != '-' && !strstr(name, "--") && !str_ends(name, "-.slice");
}

static int name_scope(const char *prefix, const char *name, struct scope_name *ret_name, struct error *err)
{
	auto_free char *first = escape(prefix);
	auto_free char *second = escape(name);
	int length = snprintf(ret_name->unit, sizeof(ret_name->unit), "%s%s%s.scope", first, *first ? "-" : "", second);

	if (length >= (int)sizeof(ret_name->unit))
		return refuse(err, "\"%.100s...\" is longer than a name of systemd may be (%d bytes)", ret_name->unit,
			      NAME_MAX);
	return 0;
}

static int refuse_form(const char *text, struct error *err)
{
	return refuse(err,
		      "\"%.200s\" is not SLICE:PREFIX:NAME, which the cgroup manager systemd expects "
		      "(\"system.slice:engine:id\"); for a path, use --cgroup-manager cgroupfs",
		      text);
}

static int parse_parts(char *text, const char *whole, struct scope_name *ret_name, struct error *err)
{
	char *prefix = strchr(text, ':');
	char *name = prefix ? strchr(prefix + 1, ':') : NULL;

	if (!name || name[1] == '\0' || strpbrk(text, "/"))
		return refuse_form(whole, err);
	*prefix++ = '\0';
	*name++ = '\0';
	if (str_ends(name, slice_suffix))
		return refuse(err, "\"%.200s\" names a slice, and a container is put into a scope", whole);
	if (*text && !is_slice(text))
		return refuse(err, "\"%.200s\" is not the name of a slice of systemd (\"a-b.slice\")", text);
	if (*text)
		(void)snprintf(ret_name->slice, sizeof(ret_name->slice), "%s", text);
	return name_scope(prefix, name, ret_name, err);
}

int scope_name_parse(const char *text, const char *id, const char *default_slice, struct scope_name *ret_name,
		     struct error *err)
{
	auto_free char *parts = xstrdup(text ? text : "");

	(void)snprintf(ret_name->slice, sizeof(ret_name->slice), "%s", default_slice);
	return *parts ? parse_parts(parts, text, ret_name, err) : name_scope("coffer", id, ret_name, err);
}

/*
 * A unit whose name could be one of the kernel's files in a cgroup ("memory.slice", "cgroup.scope") has "_" before it
 * in its cgroup's name, and so has what begins with "_" itself: cg_needs_escape() of systemd, with its controllers.
 */
static bool needs_escape(const char *unit)
{
	static const char *const kernel[] = { "cgroup", "cpu",    "cpuacct", "cpuset", "io",
					      "blkio",  "memory", "devices", "pids" };
	size_t length = strcspn(unit, ".");

	for (size_t i = 0; i < ARRAY_SIZE(kernel); i++)
		if (strlen(kernel[i]) == length && strncmp(unit, kernel[i], length) == 0)
			return true;
	return unit[0] == '_' || unit[0] == '.';
}

static char *below(const char *above, const char *unit)
{
	return xasprintf("%s/%s%s", above, needs_escape(unit) ? "_" : "", unit);
}

/* "a-b.slice" is "/a.slice/a-b.slice". */
static char *slice_path(const char *manager, const char *slice)
{
	size_t stem = strlen(slice) - strlen(slice_suffix);
	char *path = xstrdup(manager);

	if (str_eq(slice, "-.slice"))
		return path;
	for (size_t end = 0; end < stem; end++) {
		auto_free char *above = path;
		auto_free char *unit = NULL;

		end += strcspn(slice + end, "-");
		end = end < stem ? end : stem;
		unit = xasprintf("%.*s%s", (int)end, slice, slice_suffix);
		path = below(above, unit);
	}
	return path;
}

char *scope_name_path(const struct scope_name *name, const char *manager)
{
	auto_free char *slice = slice_path(manager, name->slice);

	return below(slice, name->unit);
}

static void copy_last_name(char name[SCOPE_NAME_SIZE], const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *last = slash ? slash + 1 : "";

	(void)snprintf(name, SCOPE_NAME_SIZE, "%s", last + (*last == '_'));
}

int scope_name_of_path(const char *path, const char *manager, struct scope_name *ret_name)
{
	const char *slash = strrchr(path, '/');
	auto_free char *above = xasprintf("%.*s", slash ? (int)(slash - path) : 0, path);
	auto_free char *given = NULL;

	copy_last_name(ret_name->unit, path);
	if (str_eq(above, manager))
		(void)snprintf(ret_name->slice, sizeof(ret_name->slice), "-.slice");
	else
		copy_last_name(ret_name->slice, above);
	if (!is_slice(ret_name->slice))
		return -ENOENT;
	given = scope_name_path(ret_name, manager);
	return str_eq(given, path) ? 0 : -ENOENT;
}
