/*
 * subid.c - see subid.h. Both files are lines of fields between colons; a line is taken apart where it lies, without a
 * copy, and everything that is not exactly as it should be makes the line not count.
 */
#include "subid.h"

#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"

enum { NUMBER_DIGITS_MAX = 10, SUBID_FIELDS = 3, PASSWD_FIELDS_MIN = 3 };

/* Part of a larger text: not NUL-terminated. */
struct piece {
	const char *text;
	size_t length;
};

/* Cuts the part before the next separator off rest; false when rest is used up. */
static bool cut(struct piece *rest, char separator, struct piece *ret_part)
{
	const char *end;

	if (!rest->text)
		return false;
	end = memchr(rest->text, separator, rest->length);
	ret_part->text = rest->text;
	ret_part->length = end ? (size_t)(end - rest->text) : rest->length;
	rest->text = end ? end + 1 : NULL;
	rest->length -= ret_part->length + (end ? 1 : 0);
	return true;
}

static bool number(const struct piece *piece, uint32_t *ret)
{
	char digits[NUMBER_DIGITS_MAX + 1] = "";
	uint64_t value;

	/* A NUL byte in the field would end the copy early and hide what follows it. */
	if (piece->length > NUMBER_DIGITS_MAX || memchr(piece->text, '\0', piece->length))
		return false;
	memcpy(digits, piece->text, piece->length);
	if (str_to_u64(digits, UINT32_MAX, &value) < 0)
		return false;
	*ret = (uint32_t)value;
	return true;
}

static bool is_user(const struct piece *owner, const char *name, uint32_t id)
{
	uint32_t numeric;

	if (name && owner->length == strlen(name) && memcmp(owner->text, name, owner->length) == 0)
		return true;
	return number(owner, &numeric) && numeric == id;
}

static bool range_of(struct piece line, const char *name, uint32_t id, struct subid_range *ret)
{
	struct piece fields[SUBID_FIELDS];

	for (size_t i = 0; i < SUBID_FIELDS; i++)
		if (!cut(&line, ':', &fields[i]))
			return false;
	if (line.text || !is_user(&fields[0], name, id))
		return false;
	if (!number(&fields[1], &ret->start) || !number(&fields[2], &ret->count) || ret->count == 0)
		return false;
	/* UINT32_MAX itself is no id: it is (uid_t)-1. */
	return ret->count <= UINT32_MAX - ret->start;
}

size_t subid_parse(const char *text, size_t length, const char *name, uint32_t id, struct subid_range *ranges,
		   size_t max)
{
	struct piece rest = { text, length };
	struct piece line;
	size_t count = 0;

	while (count < max && cut(&rest, '\n', &line))
		if (range_of(line, name, id, &ranges[count]))
			count++;
	return count;
}

char *passwd_name(const char *text, size_t length, uint32_t id)
{
	struct piece rest = { text, length };
	struct piece line;

	while (cut(&rest, '\n', &line)) {
		struct piece fields[PASSWD_FIELDS_MIN];
		uint32_t uid;
		bool whole = true;
		char *name;

		for (size_t i = 0; whole && i < PASSWD_FIELDS_MIN; i++)
			whole = cut(&line, ':', &fields[i]);
		if (!whole || fields[0].length == 0 || !number(&fields[2], &uid) || uid != id)
			continue;
		if (memchr(fields[0].text, '\0', fields[0].length))
			continue;
		name = xcalloc(fields[0].length + 1, 1);
		memcpy(name, fields[0].text, fields[0].length);
		return name;
	}
	return NULL;
}
