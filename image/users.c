/* users.c - see users.h. One pass a file and question; a line that is malformed is skipped, as C libraries do. */
#include "users.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"

enum { ID_MAX = INT32_MAX, FIELDS_MAX = 7, GROUPS_MAX = 65536, NUMBER_SIZE = 12 };

struct field {
	const char *text;
	size_t length;
};

struct line {
	struct field fields[FIELDS_MAX];
	size_t count;
};

/* The next line of text[*at, length) cut at its colons; false at the end. */
static bool next_line(const char *text, size_t length, size_t *at, struct line *line)
{
	const char *start;
	const char *end;

	if (!text || *at >= length)
		return false;
	start = text + *at;
	end = memchr(start, '\n', length - *at);
	end = end ? end : text + length;
	*at = (size_t)(end - text) + 1;
	line->count = 0;
	while (line->count < FIELDS_MAX) {
		const char *colon = memchr(start, ':', (size_t)(end - start));
		const char *stop = colon && line->count < FIELDS_MAX - 1 ? colon : end;

		line->fields[line->count++] = (struct field){ start, (size_t)(stop - start) };
		if (stop == end)
			break;
		start = stop + 1;
	}
	return true;
}

static bool is_text(const struct field *field, const char *text)
{
	return strlen(text) == field->length && memcmp(field->text, text, field->length) == 0;
}

static bool field_number(const struct field *field, uint32_t *ret)
{
	char digits[NUMBER_SIZE];
	uint64_t number;

	if (field->length == 0 || field->length >= sizeof(digits))
		return false;
	memcpy(digits, field->text, field->length);
	digits[field->length] = '\0';
	if (strlen(digits) != field->length || str_to_u64(digits, ID_MAX, &number) < 0)
		return false;
	*ret = (uint32_t)number;
	return true;
}

/* A path that can stand in an environment: absolute, printable. */
static const char *home_of(struct arena *arena, const struct field *field)
{
	if (field->length == 0 || field->text[0] != '/')
		return NULL;
	for (size_t i = 0; i < field->length; i++)
		if ((unsigned char)field->text[i] < ' ' || field->text[i] == '\x7f')
			return NULL;
	return arena_strndup(arena, field->text, field->length);
}

enum passwd_field { PASSWD_NAME, PASSWD_PASSWORD, PASSWD_UID, PASSWD_GID, PASSWD_GECOS, PASSWD_HOME, PASSWD_NEEDED };
enum group_field { GROUP_NAME, GROUP_PASSWORD, GROUP_GID, GROUP_MEMBERS, GROUP_NEEDED };

/* By name, or with name NULL by ret->uid. */
static bool find_user(struct arena *arena, const struct users_files *files, const char *name, struct bundle_user *ret)
{
	struct line line;
	size_t at = 0;

	while (next_line(files->passwd, files->passwd_length, &at, &line)) {
		uint32_t uid;
		uint32_t gid;

		if (line.count < PASSWD_NEEDED || !field_number(&line.fields[PASSWD_UID], &uid) ||
		    !field_number(&line.fields[PASSWD_GID], &gid))
			continue;
		if (name ? !is_text(&line.fields[PASSWD_NAME], name) : uid != ret->uid)
			continue;
		ret->uid = uid;
		ret->gid = gid;
		ret->home = home_of(arena, &line.fields[PASSWD_HOME]);
		return true;
	}
	return false;
}

static bool find_group(const struct users_files *files, const char *name, uint32_t *ret_gid)
{
	struct line line;
	size_t at = 0;

	while (next_line(files->group, files->group_length, &at, &line))
		if (line.count > GROUP_GID && is_text(&line.fields[GROUP_NAME], name) &&
		    field_number(&line.fields[GROUP_GID], ret_gid))
			return true;
	return false;
}

static bool has_member(const struct field *members, const char *name)
{
	const char *at = members->text;
	const char *end = at + members->length;

	while (at < end) {
		const char *comma = memchr(at, ',', (size_t)(end - at));
		struct field member = { at, (size_t)((comma ? comma : end) - at) };

		if (is_text(&member, name))
			return true;
		at += member.length + 1;
	}
	return false;
}

static int add_groups(struct arena *arena, const struct users_files *files, const char *name, struct bundle_user *user,
		      struct error *err)
{
	uint32_t *groups = NULL;
	size_t room = 0;
	struct line line;
	size_t at = 0;

	while (next_line(files->group, files->group_length, &at, &line)) {
		uint32_t gid;

		if (line.count < GROUP_NEEDED || !has_member(&line.fields[GROUP_MEMBERS], name) ||
		    !field_number(&line.fields[GROUP_GID], &gid) || gid == user->gid)
			continue;
		if (user->n_groups == GROUPS_MAX)
			return refuse(err, "user \"%.64s\" is in more than %d groups of the image", name, GROUPS_MAX);
		if (user->n_groups == room) {
			uint32_t *grown = arena_array(arena, room * 2 + 8, sizeof(*grown));

			if (room)
				memcpy(grown, groups, room * sizeof(*grown));
			room = room * 2 + 8;
			groups = grown;
		}
		groups[user->n_groups++] = gid;
	}
	user->groups = groups;
	return 0;
}

/* "-1" and what is too large are meant as numbers, and are none. */
static bool looks_numeric(const char *text)
{
	text += *text == '-' || *text == '+';
	return *text && text[strspn(text, "0123456789")] == '\0';
}

static int parse_id(const char *text, const char *what, uint32_t *ret, struct error *err)
{
	uint64_t number;

	if (str_to_u64(text, ID_MAX, &number) < 0)
		return refuse(err, "%s \"%.64s\" is not a number from 0 to %d", what, text, ID_MAX);
	*ret = (uint32_t)number;
	return 0;
}

static int resolve_user(struct arena *arena, const char *name, const struct users_files *files, bool with_groups,
			struct bundle_user *ret, struct error *err)
{
	if (!*name)
		name = "0";
	if (looks_numeric(name)) {
		struct bundle_user found;
		int r = parse_id(name, "user", &ret->uid, err);

		found = *ret;
		if (r == 0 && find_user(arena, files, NULL, &found))
			*ret = found;
		return r;
	}
	if (!files->passwd)
		return refuse_as(err, ENOENT, "user \"%.64s\": the image's /etc/passwd %s", name,
				 files->passwd_why ? files->passwd_why : "is missing");
	if (!find_user(arena, files, name, ret))
		return refuse_as(err, ENOENT, "user \"%.64s\" is not in the image's /etc/passwd", name);
	return with_groups ? add_groups(arena, files, name, ret, err) : 0;
}

static int resolve_group(const char *name, const struct users_files *files, struct bundle_user *ret, struct error *err)
{
	if (looks_numeric(name))
		return parse_id(name, "group", &ret->gid, err);
	if (!files->group)
		return refuse_as(err, ENOENT, "group \"%.64s\": the image's /etc/group %s", name,
				 files->group_why ? files->group_why : "is missing");
	if (!find_group(files, name, &ret->gid))
		return refuse_as(err, ENOENT, "group \"%.64s\" is not in the image's /etc/group", name);
	return 0;
}

int users_resolve(struct arena *arena, const char *user, const struct users_files *files, struct bundle_user *ret,
		  struct error *err)
{
	const char *colon = user ? strchr(user, ':') : NULL;
	const char *name = colon ? arena_strndup(arena, user, (size_t)(colon - user)) : user ? user : "";
	struct bundle_user found = { 0 };
	int r;

	if (colon && !colon[1])
		return refuse(err, "user \"%.64s\": the group behind the colon is empty", user);
	r = resolve_user(arena, name, files, !colon, &found, err);
	if (r == 0 && colon)
		r = resolve_group(colon + 1, files, &found, err);
	if (r == 0)
		*ret = found;
	return r;
}
