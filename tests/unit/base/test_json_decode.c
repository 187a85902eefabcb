/* Tests of base/json_decode.c: every kind of row, its range, and its error. */
#include "base/json.h"

#include "base/str.h"

#include "../test.h"

struct inner {
	uint32_t number;
	const char *word;
};

struct pair {
	const char *key, *value;
};

struct sample {
	const char *text, *maybe, *empty;
	bool yes, present;
	uint32_t u32, word;
	int32_t i32;
	uint64_t u64, flags;
	int64_t i64;
	struct opt_u64 ou;
	struct opt_i64 oi;
	const char **list;
	size_t n_list;
	struct pair *map;
	size_t n_map;
	struct inner inner;
	struct inner *items;
	size_t n_items;
	int custom;
};

#define S(member) offsetof(struct sample, member)

static const struct json_name words[] = { { "one", 1 }, { "two", 2 }, { "four", 4 }, { NULL, 0 } };

static const struct json_field inner_fields[] = {
	{ "number", JSON_AS_U32, offsetof(struct inner, number), .required = true },
	{ "word", JSON_AS_STRING, offsetof(struct inner, word) },
	{ NULL },
};

static int decode_custom(struct arena *arena, const struct json *node, void *target, struct error *err)
{
	(void)arena;
	(void)err;
	*(int *)target = (int)node->count;
	return 0;
}

static const struct json_field fields[] = {
	{ "text", JSON_AS_STRING, S(text), .required = true },
	{ "maybe", JSON_AS_OPT_STRING, S(maybe) },
	{ "empty", JSON_AS_OPT_STRING, S(empty) },
	{ "yes", JSON_AS_BOOL, S(yes) },
	{ "present", JSON_AS_PRESENT, S(present) },
	{ "u32", JSON_AS_U32, S(u32) },
	{ "small", JSON_AS_U32, S(u32), .max = 10 },
	{ "i32", JSON_AS_I32, S(i32) },
	{ "range", JSON_AS_I32, S(i32), .min = -5, .max = 5 },
	{ "u64", JSON_AS_U64, S(u64) },
	{ "i64", JSON_AS_I64, S(i64) },
	{ "ou", JSON_AS_OPT_U64, S(ou) },
	{ "oi", JSON_AS_OPT_I64, S(oi), .min = -1, .max = INT64_MAX },
	{ "word", JSON_AS_ENUM, S(word), .names = words },
	{ "flags", JSON_AS_FLAGS, S(flags), .names = words },
	{ "list", JSON_AS_STRING_LIST, S(list), .count_offset = S(n_list) },
	{ "map", JSON_AS_STRING_MAP, S(map), .count_offset = S(n_map) },
	{ "inner", JSON_AS_OBJECT, S(inner), .fields = inner_fields },
	{ "items", JSON_AS_ARRAY, S(items), .count_offset = S(n_items), .size = sizeof(struct inner),
	  .fields = inner_fields },
	{ "custom", JSON_AS_CUSTOM, S(custom), .decode = decode_custom },
	{ NULL },
};

static struct error err;

static int decode(struct arena *arena, const char *text, struct sample *sample)
{
	static const struct json_limits limits = { .size = 4096, .depth = 8 };
	struct json *root;
	int r = json_parse(arena, "f", text, strlen(text), &limits, &root, &err);

	if (r < 0)
		test_stop(TEST_FAILED, "%s", err.text);
	return json_decode(arena, root, fields, sample, &err);
}

static void every_kind(void)
{
	auto_arena struct arena *arena = arena_new();
	struct sample s = { 0 };

	CHECK_INT(0, decode(arena,
			    "{\"text\": \"\", \"maybe\": \"t\", \"empty\": \"\", \"yes\": true, \"present\": [1], "
			    "\"u32\": 4294967295, \"i32\": -2147483648,"
			    "\"u64\": 18446744073709551615, \"i64\": -9223372036854775808, \"ou\": 0, \"oi\": -1,"
			    "\"word\": \"two\", \"flags\": [\"one\", \"four\", \"one\"], \"list\": [\"a\", \"b\"],"
			    "\"map\": {\"k\": \"v\", \"l\": \"w\"}, \"inner\": {\"number\": 7},"
			    "\"items\": [{\"number\": 1, \"word\": \"x\"}, {\"number\": 2}], \"custom\": [1, 2, 3],"
			    "\"unknown\": {\"ignored\": [null]}}",
			    &s));
	CHECK_STR("", s.text);
	CHECK_STR("t", s.maybe);
	CHECK(!s.empty);
	CHECK(s.yes && s.present);
	CHECK(s.u32 == UINT32_MAX && s.i32 == INT32_MIN && s.u64 == UINT64_MAX && s.i64 == INT64_MIN);
	CHECK(s.ou.set && s.ou.value == 0 && s.oi.set && s.oi.value == -1);
	CHECK_INT(2, s.word);
	CHECK_INT(5, s.flags);
	CHECK_INT(2, s.n_list);
	CHECK(str_eq(s.list[0], "a") && str_eq(s.list[1], "b") && s.list[2] == NULL);
	CHECK_INT(2, s.n_map);
	CHECK(str_eq(s.map[1].key, "l") && str_eq(s.map[1].value, "w"));
	CHECK(s.inner.number == 7 && s.inner.word == NULL);
	CHECK_INT(2, s.n_items);
	CHECK(s.items[0].number == 1 && str_eq(s.items[0].word, "x") && s.items[1].number == 2);
	CHECK_INT(3, s.custom);
}

static void null_is_absent(void)
{
	auto_arena struct arena *arena = arena_new();
	struct sample s = { 0 };

	CHECK_INT(0, decode(arena, "{\"text\": \"t\", \"present\": null, \"ou\": null, \"list\": null}", &s));
	CHECK(!s.present && !s.ou.set && s.list == NULL);
	CHECK(decode(arena, "{\"text\": null}", &s) < 0);
	CHECK_STR("text: required, but missing", err.text);
}

static const struct {
	const char *member, *error;
} bad[] = {
	{ "\"x\": 1", "text: required, but missing" },
	{ "\"text\": 1", "text: expected a string, found a number" },
	{ "\"yes\": \"true\"", "yes: expected true or false, found a string" },
	{ "\"yes\": 1", "yes: expected true or false, found a number" },
	{ "\"u32\": 4294967296", "u32: expected a whole number from 0 to 4294967295, found 4294967296" },
	{ "\"u32\": -1", "u32: expected a whole number from 0 to 4294967295, found -1" },
	{ "\"u32\": 1.5", "u32: expected a whole number, found 1.5" },
	{ "\"u32\": 1e3", "u32: expected a whole number, found 1e3" },
	{ "\"u32\": \"1\"", "u32: expected a whole number, found a string" },
	{ "\"u32\": true", "u32: expected a whole number, found true or false" },
	{ "\"small\": 11", "small: expected a whole number from 0 to 10, found 11" },
	{ "\"i32\": 2147483648", "i32: expected a whole number from -2147483648 to 2147483647" },
	{ "\"range\": -6", "range: expected a whole number from -5 to 5, found -6" },
	{ "\"u64\": 18446744073709551616", "u64: expected a whole number from 0 to 18446744073709551615" },
	{ "\"u64\": 99999999999999999999999999999999999999999999999999",
	  "found 9999999999999999999999999999999999999999" },
	{ "\"i64\": 9223372036854775808", "i64: expected a whole number from -9223372036854775808" },
	{ "\"ou\": -1", "ou: expected" },
	{ "\"oi\": -2", "oi: expected a whole number from -1 to" },
	{ "\"word\": \"three\"", "word: \"three\" is not known; it can be one, two, four" },
	{ "\"word\": 1", "word: expected a string, found a number" },
	{ "\"flags\": [\"one\", \"x\"]", "flags[1]: \"x\" is not known" },
	{ "\"flags\": \"one\"", "flags: expected an array, found a string" },
	{ "\"list\": \"a\"", "list: expected an array, found a string" },
	{ "\"list\": [\"a\", null]", "list[1]: expected a string, found null" },
	{ "\"list\": [\"a\", [\"b\"]]", "list[1]: expected a string, found an array" },
	{ "\"map\": [\"a\"]", "map: expected an object, found an array" },
	{ "\"map\": {\"a.b\": 1}", "map[\"a.b\"]: expected a string, found a number" },
	{ "\"inner\": []", "inner: expected an object, found an array" },
	{ "\"inner\": {}", "inner.number: required, but missing" },
	{ "\"items\": {}", "items: expected an array, found an object" },
	{ "\"items\": [{\"number\": 1}, 2]", "items[1]: expected an object, found a number" },
	{ "\"items\": [{\"number\": 1}, {\"number\": \"x\"}]", "items[1].number: expected a whole number" },
};

static void refuses(void)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		auto_arena struct arena *arena = arena_new();
		struct sample s = { 0 };
		char text[512];

		snprintf(text, sizeof(text), "{%s}", bad[i].member);
		if (decode(arena, text, &s) >= 0 || !strstr(err.text, bad[i].error))
			test_stop(TEST_FAILED, "%s: \"%s\", expected \"%s\"", text, err.text, bad[i].error);
	}
}

/* The first error of the document is reported, not the first of the table. */
static void document_order(void)
{
	auto_arena struct arena *arena = arena_new();
	struct sample s = { 0 };

	CHECK(decode(arena, "{\"custom\": [], \"i32\": \"x\", \"yes\": 1}", &s) < 0);
	CHECK_CONTAINS("i32: ", err.text);
}

static void top_level(void)
{
	auto_arena struct arena *arena = arena_new();
	struct sample s = { 0 };

	CHECK(decode(arena, "[]", &s) < 0);
	CHECK_STR("top level: expected an object, found an array", err.text);
}

static const struct test tests[] = {
	TEST(every_kind), TEST(null_is_absent), TEST(refuses), TEST(document_order), TEST(top_level),
};
TEST_MAIN(tests)
