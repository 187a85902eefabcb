/* scope_name.c - see scope_name.h. */
#include "scope_name.h"

#include <ctype.h>
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

/* "a-b.slice" is "/a.slice/a-b.slice". */
static char *slice_path(const char *slice)
{
	size_t stem = strlen(slice) - strlen(slice_suffix);
	char *path = xstrdup("");

	if (str_eq(slice, "-.slice"))
		return path;
	for (size_t end = 0; end < stem; end++) {
		auto_free char *above = path;

		end += strcspn(slice + end, "-");
		end = end < stem ? end : stem;
		path = xasprintf("%s/%.*s%s", above, (int)end, slice, slice_suffix);
	}
	return path;
}

char *scope_name_path(const struct scope_name *name, const char *manager)
{
	auto_free char *slice = slice_path(name->slice);

	return xasprintf("%s%s/%s", manager, slice, name->unit);
}
