/*
 * json_decode.c - typed values of nodes, and structs filled by tables; see json.h.
 *
 * A table is searched for each member of the object, so the first error is the first one in the document; what is
 * required but missing is found last.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "json.h"
#include "str.h"

enum { NAMES_TEXT_MAX = 300, FIELDS_MAX = 64 };

static const char *const type_names[] = {
	[JSON_NULL] = "null",       [JSON_BOOL] = "true or false", [JSON_NUMBER] = "a number",
	[JSON_STRING] = "a string", [JSON_ARRAY] = "an array",     [JSON_OBJECT] = "an object",
};

static_assert(ARRAY_SIZE(type_names) == JSON_OBJECT + 1, "one name a type");

const char *json_type_name(enum json_type type)
{
	return type_names[type];
}

static int expect(const struct json *node, enum json_type type, struct error *err)
{
	if (node->type == type)
		return 0;
	return json_refuse(node, err, "expected %s, found %s", type_names[type], type_names[node->type]);
}

int json_string(const struct json *node, const char **ret, struct error *err)
{
	int r = expect(node, JSON_STRING, err);

	if (r == 0)
		*ret = node->text;
	return r;
}

int json_bool(const struct json *node, bool *ret, struct error *err)
{
	int r = expect(node, JSON_BOOL, err);

	if (r == 0)
		*ret = node->boolean;
	return r;
}

static int expect_whole_number(const struct json *node, struct error *err)
{
	if (node->type != JSON_NUMBER)
		return json_refuse(node, err, "expected a whole number, found %s", type_names[node->type]);
	if (node->text[strcspn(node->text, ".eE")])
		return json_refuse(node, err, "expected a whole number, found %.40s", node->text);
	return 0;
}

int json_i64(const struct json *node, int64_t min, int64_t max, int64_t *ret, struct error *err)
{
	int r = expect_whole_number(node, err);

	if (r < 0)
		return r;
	if (str_to_i64(node->text, min, max, ret) < 0)
		return json_refuse(node, err, "expected a whole number from %lld to %lld, found %.40s", (long long)min,
				   (long long)max, node->text);
	return 0;
}

int json_u64(const struct json *node, uint64_t max, uint64_t *ret, struct error *err)
{
	int r = expect_whole_number(node, err);

	if (r < 0)
		return r;
	if (str_to_u64(node->text, max, ret) < 0)
		return json_refuse(node, err, "expected a whole number from 0 to %llu, found %.40s",
				   (unsigned long long)max, node->text);
	return 0;
}

int json_string_list(struct arena *arena, const struct json *node, const char ***ret, size_t *ret_count,
		     struct error *err)
{
	const char **list;
	size_t count = 0;
	int r = expect(node, JSON_ARRAY, err);

	if (r < 0)
		return r;
	list = arena_array(arena, node->count + 1, sizeof(*list));
	for (const struct json *item = node->first; item; item = item->next) {
		r = json_string(item, &list[count++], err);
		if (r < 0)
			return r;
	}
	*ret = list;
	if (ret_count)
		*ret_count = count;
	return 0;
}

static int refuse_name(const struct json *node, const struct json_name *names, struct error *err)
{
	char list[NAMES_TEXT_MAX] = "";

	for (const struct json_name *name = names; name->name; name++) {
		size_t used = strlen(list);

		(void)snprintf(list + used, sizeof(list) - used, "%s%s", used ? ", " : "", name->name);
	}
	return json_refuse(node, err, "\"%.64s\" is not known; it can be %s", node->text, list);
}

int json_enum(const struct json *node, const struct json_name *names, uint64_t *ret, struct error *err)
{
	int r = expect(node, JSON_STRING, err);

	if (r < 0)
		return r;
	for (const struct json_name *name = names; name->name; name++)
		if (strcmp(name->name, node->text) == 0) {
			*ret = name->value;
			return 0;
		}
	return refuse_name(node, names, err);
}

static int decode_flags(const struct json *node, const struct json_name *names, uint64_t *ret, struct error *err)
{
	int r = expect(node, JSON_ARRAY, err);
	uint64_t flags = 0;
	uint64_t flag = 0;

	for (const struct json *item = node->first; r == 0 && item; item = item->next) {
		r = json_enum(item, names, &flag, err);
		if (r == 0)
			flags |= flag;
	}
	if (r == 0)
		*ret = flags;
	return r;
}

/* Any struct of two string pointers, key first: the table's owner asserts that. */
struct pair {
	const char *key, *value;
};

static int decode_map(struct arena *arena, const struct json *node, void *slot, size_t *ret_count, struct error *err)
{
	struct pair *pairs;
	size_t count = 0;
	int r = expect(node, JSON_OBJECT, err);

	if (r < 0)
		return r;
	pairs = arena_array(arena, node->count, sizeof(*pairs));
	for (const struct json *item = node->first; item; item = item->next) {
		pairs[count].key = item->key;
		r = json_string(item, &pairs[count++].value, err);
		if (r < 0)
			return r;
	}
	memcpy(slot, &pairs, sizeof(pairs));
	if (ret_count)
		*ret_count = count;
	return 0;
}

static int decode_array(struct arena *arena, const struct json *node, const struct json_field *field, void *slot,
			size_t *ret_count, struct error *err)
{
	unsigned char *items;
	size_t count = 0;
	int r = expect(node, JSON_ARRAY, err);

	if (r < 0)
		return r;
	items = arena_array(arena, node->count, field->size);
	for (const struct json *item = node->first; item; item = item->next, count++) {
		void *target = items + count * field->size;

		r = field->decode ? field->decode(arena, item, target, err)
				  : json_decode(arena, item, field->fields, target, err);
		if (r < 0)
			return r;
	}
	memcpy(slot, &items, sizeof(items));
	if (ret_count)
		*ret_count = count;
	return 0;
}

static bool has_range(const struct json_field *field)
{
	return field->min != 0 || field->max != 0;
}

static int decode_i64(const struct json *node, const struct json_field *field, int64_t least, int64_t most,
		      int64_t *ret, struct error *err)
{
	return json_i64(node, has_range(field) ? field->min : least, has_range(field) ? (int64_t)field->max : most, ret,
			err);
}

static int decode_u64(const struct json *node, const struct json_field *field, uint64_t most, uint64_t *ret,
		      struct error *err)
{
	return json_u64(node, has_range(field) ? field->max : most, ret, err);
}

static int decode_number(const struct json *node, const struct json_field *field, void *slot, struct error *err)
{
	uint64_t u = 0;
	int64_t i = 0;
	int r = field->kind == JSON_AS_I32   ? decode_i64(node, field, INT32_MIN, INT32_MAX, &i, err)
		: field->kind == JSON_AS_I64 ? decode_i64(node, field, INT64_MIN, INT64_MAX, &i, err)
		: field->kind == JSON_AS_U32 ? decode_u64(node, field, UINT32_MAX, &u, err)
		: field->kind == JSON_AS_U64 ? decode_u64(node, field, UINT64_MAX, &u, err)
					     : json_enum(node, field->names, &u, err);

	if (r < 0)
		return r;
	if (field->kind == JSON_AS_I32)
		*(int32_t *)slot = (int32_t)i;
	else if (field->kind == JSON_AS_I64)
		*(int64_t *)slot = i;
	else if (field->kind == JSON_AS_U64)
		*(uint64_t *)slot = u;
	else
		*(uint32_t *)slot = (uint32_t)u;
	return 0;
}

static int decode_opt_u64(const struct json *node, const struct json_field *field, struct opt_u64 *slot,
			  struct error *err)
{
	int r = decode_u64(node, field, UINT64_MAX, &slot->value, err);

	slot->set = r == 0;
	return r;
}

static int decode_opt_i64(const struct json *node, const struct json_field *field, struct opt_i64 *slot,
			  struct error *err)
{
	int r = decode_i64(node, field, INT64_MIN, INT64_MAX, &slot->value, err);

	slot->set = r == 0;
	return r;
}

static int decode_opt_string(const struct json *node, const char **slot, struct error *err)
{
	const char *text = NULL;
	int r = json_string(node, &text, err);

	if (r == 0)
		*slot = *text ? text : NULL;
	return r;
}

static int decode_field(struct arena *arena, const struct json *node, const struct json_field *field, void *target,
			struct error *err)
{
	void *slot = (char *)target + field->offset;
	size_t *count = field->count_offset ? (size_t *)(void *)((char *)target + field->count_offset) : NULL;

	switch (field->kind) {
	case JSON_AS_STRING:
		return json_string(node, slot, err);
	case JSON_AS_OPT_STRING:
		return decode_opt_string(node, slot, err);
	case JSON_AS_BOOL:
		return json_bool(node, slot, err);
	case JSON_AS_PRESENT:
		*(bool *)slot = true;
		return 0;
	case JSON_AS_U32:
	case JSON_AS_I32:
	case JSON_AS_U64:
	case JSON_AS_I64:
	case JSON_AS_ENUM:
		return decode_number(node, field, slot, err);
	case JSON_AS_OPT_U64:
		return decode_opt_u64(node, field, slot, err);
	case JSON_AS_OPT_I64:
		return decode_opt_i64(node, field, slot, err);
	case JSON_AS_FLAGS:
		return decode_flags(node, field->names, slot, err);
	case JSON_AS_STRING_LIST:
		return json_string_list(arena, node, slot, count, err);
	case JSON_AS_STRING_MAP:
		return decode_map(arena, node, slot, count, err);
	case JSON_AS_OBJECT:
		return json_decode(arena, node, field->fields, slot, err);
	case JSON_AS_ARRAY:
		return decode_array(arena, node, field, slot, count, err);
	case JSON_AS_CUSTOM:
		return field->decode(arena, node, slot, err);
	}
	abort();
}

static int check_required(const struct json *node, const struct json_field *fields, uint64_t seen, struct error *err)
{
	for (size_t i = 0; fields[i].key; i++)
		if (fields[i].required && !(seen & (uint64_t)1 << i)) {
			struct json missing = { .key = fields[i].key, .parent = node };

			return json_refuse(&missing, err, "required, but missing");
		}
	return 0;
}

int json_decode(struct arena *arena, const struct json *node, const struct json_field *fields, void *target,
		struct error *err)
{
	uint64_t seen = 0;
	int r = expect(node, JSON_OBJECT, err);

	for (const struct json *item = node->first; r == 0 && item; item = item->next) {
		size_t i = 0;

		while (fields[i].key && strcmp(fields[i].key, item->key) != 0)
			i++;
		if (!fields[i].key || item->type == JSON_NULL)
			continue;
		if (i >= FIELDS_MAX)
			abort();
		seen |= (uint64_t)1 << i;
		r = decode_field(arena, item, &fields[i], target, err);
	}
	return r < 0 ? r : check_required(node, fields, seen, err);
}
