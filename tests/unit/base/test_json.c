/* Tests of base/json.c: what is taken, what is refused, and where errors point. */
#include "base/json.h"

#include "../test.h"

static const struct json_limits limits = { .size = 4096, .depth = 4 };

static struct error err;

static int parse(struct arena *arena, const char *text, size_t length, struct json **ret)
{
	err = (struct error){ 0 };
	return json_parse(arena, "f.json", text, length, &limits, ret, &err);
}

static void tree(void)
{
	static const char text[] =
		"{\"a\": [1, -2.5e3, \"x\\n\\u00fc\\ud83d\\ude00\", true, null], \"b\": {\"c\": {}}}";
	auto_arena struct arena *arena = arena_new();
	const struct json *a;
	struct json *root;

	CHECK_INT(0, parse(arena, text, strlen(text), &root));
	CHECK_INT(JSON_OBJECT, root->type);
	CHECK_INT(2, root->count);
	a = json_get(root, "a");
	CHECK(a != NULL && a->parent == root);
	CHECK_INT(5, a->count);
	CHECK_STR("1", a->first->text);
	CHECK_STR("-2.5e3", a->first->next->text);
	CHECK_STR("x\n\xc3\xbc\xf0\x9f\x98\x80", a->first->next->next->text);
	CHECK(a->first->next->next->next->boolean);
	CHECK_INT(JSON_NULL, a->first->next->next->next->next->type);
	CHECK(a->first->key == NULL);
	CHECK_INT(0, json_get(json_get(root, "b"), "c")->count);
	CHECK(json_get(root, "nope") == NULL);
	CHECK(json_get(NULL, "a") == NULL);
	CHECK(json_get(a, "a") == NULL);
}

static void keeps_numbers_as_written(void)
{
	auto_arena struct arena *arena = arena_new();
	struct json *root;

	CHECK_INT(0, parse(arena, "18446744073709551615", 20, &root));
	CHECK_STR("18446744073709551615", root->text);
	CHECK_INT(0, parse(arena, " 1e400 ", 7, &root));
	CHECK_STR("1e400", root->text);
}

static const struct {
	const char *text, *error;
} bad[] = {
	{ "", "f.json:1:1: premature EOF" },
	{ "  \n ", "f.json:2:2: premature EOF" },
	{ "{", "f.json:1:2: premature EOF" },
	{ "{\"a\": 1", "premature EOF" },
	{ "{\"a\": \"x", "premature EOF" },
	{ "{}x", "f.json:1:3: " },
	{ "{} {}", "f.json:1:4: " },
	{ "[1,]", "f.json:1:4: " },
	{ "{\"a\":1,}", "f.json:1:8: " },
	{ "{\n \"a\": tru\n}", "f.json:2:" },
	{ "{'a': 1}", "f.json:1:2: " },
	{ "{a: 1}", "f.json:1:2: " },
	{ "[01]", "f.json:1:3: " },
	{ "[+1]", "f.json:1:2: " },
	{ "[NaN]", "f.json:1:2: " },
	{ "[Infinity]", "f.json:1:2: " },
	{ "[1.]", "f.json:1:" },
	{ "[.5]", "f.json:1:2: " },
	{ "[0x10]", "f.json:1:" },
	{ "// c\n{}", "f.json:1:1: " },
	{ "\xef\xbb\xbf{}", "f.json:1:1: " }, /* byte order mark */
	{ "[\"a\tb\"]", "f.json:1:" },        /* raw control character */
	{ "[\"\\x41\"]", "f.json:1:" },
	{ "[\"\\u12\"]", "f.json:1:" },
	{ "[\"\xff\"]", "f.json:1:3: not valid UTF-8" },
	{ "{\"k\":\n \"\xc0\x80\"}", "f.json:2:3: not valid UTF-8" },
	{ "[\"\xed\xa0\x80\"]", "not valid UTF-8" },
	{ "[\"\\ud800\"]", "f.json:1:3: half of a surrogate pair" },
	{ "[\"\\ud800\\u0041\"]", "half of a surrogate pair" },
	{ "[\"a\\udc00\"]", "f.json:1:4: half of a surrogate pair" },
	{ "[\"\\u0000\"]", "NUL character" },
	{ "{\"a\\u0000b\": 1}", "NUL character" },
	{ "[[[[[1]]]]]", "f.json:1:5: arrays and objects are nested too deeply" },
	{ "{\"a\": 1, \"a\": 2}", "f.json: a: the member is given twice" },
	{ "{\"x\": [{\"a\": 1, \"b\": 2, \"a\": 1}]}", "f.json: x[0].a: the member is given twice" },
	{ "{\"a\": 1, \"\\u0061\": 2}", "f.json: a: the member is given twice" },
};

static void refuses(void)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		auto_arena struct arena *arena = arena_new();
		struct json *root;
		int r = parse(arena, bad[i].text, strlen(bad[i].text), &root);

		if (r >= 0 || err.code == 0 || !strstr(err.text, bad[i].error) || strchr(err.text, '\n'))
			test_stop(TEST_FAILED, "row %zu (%s): %d, \"%s\", expected \"%s\"", i, bad[i].text, r, err.text,
				  bad[i].error);
	}
}

static void refuses_nul_byte(void)
{
	auto_arena struct arena *arena = arena_new();
	struct json *root;

	CHECK(parse(arena, "[\"a\0b\"]", 7, &root) < 0);
	CHECK(parse(arena, "{}\0", 3, &root) < 0);
}

static void bounds(void)
{
	auto_arena struct arena *arena = arena_new();
	struct json *root;
	char text[5000];

	memset(text, ' ', sizeof(text));
	text[0] = '1';
	CHECK_INT(0, parse(arena, text, 4096, &root));
	CHECK(parse(arena, text, 4097, &root) < 0);
	CHECK_CONTAINS("f.json: 4097 bytes; at most 4096 are read", err.text);
	CHECK_INT(0, parse(arena, "[[[[1]]]]", 9, &root));
}

/* More members than the pairwise search takes: the sorted one must find the same. */
static void many_members(void)
{
	auto_arena struct arena *arena = arena_new();
	struct json *root;
	char text[2048] = "{";

	for (int i = 0; i < 100; i++)
		sprintf(text + strlen(text), "\"k%d\": %d, ", i * 7 % 100, i);
	strcat(text, "\"last\": 0}");
	CHECK_INT(0, parse(arena, text, strlen(text), &root));
	CHECK_INT(101, root->count);
	CHECK_STR("1", json_get(root, "k7")->text);
	strcpy(text + strlen(text) - strlen("\"last\": 0}"), "\"k42\": 0}");
	CHECK(parse(arena, text, strlen(text), &root) < 0);
	CHECK_CONTAINS("f.json: k42: the member is given twice", err.text);
}

/* Escapes are decoded in the parser's own memory, and nesting is noted there: on the stack first, then on the heap. */
static void more_than_the_parser_has_room_for(void)
{
	enum { STRINGS = 40, LENGTH = 1500, DEPTH = 3000 };
	static const struct json_limits large = { .size = 1 << 20, .depth = DEPTH + 1 };
	static char text[STRINGS * (2 * LENGTH + 3) + 2 * DEPTH + 3];
	auto_arena struct arena *arena = arena_new();
	const struct json *node;
	struct json *root;
	size_t at = 0;

	memset(text, '[', DEPTH);
	at += DEPTH;
	for (int i = 0; i < STRINGS; i++) {
		at += (size_t)sprintf(text + at, "%s\"", i ? "," : "");
		for (int j = 0; j < LENGTH - i; j++)
			at += (size_t)sprintf(text + at, "\\n");
		text[at++] = '"';
	}
	memset(text + at, ']', DEPTH);
	at += DEPTH;
	CHECK_INT(0, json_parse(arena, "f.json", text, at, &large, &root, &err));
	for (node = root; node->type == JSON_ARRAY; node = node->first)
		;
	for (size_t i = 0; i < STRINGS; i++, node = node->next) {
		CHECK_INT(LENGTH - i, strlen(node->text));
		CHECK_INT(LENGTH - i, strspn(node->text, "\n"));
	}
	CHECK(node == NULL);
}

static void paths(void)
{
	static const char text[] = "{\"a\": {\"b-c\": [0, {\"x.y\\n\": 1}]}}";
	auto_arena struct arena *arena = arena_new();
	const struct json *node;
	struct json *root;

	CHECK_INT(0, parse(arena, text, strlen(text), &root));
	node = json_get(json_get(root, "a"), "b-c")->first->next;
	CHECK_INT(-22, json_refuse(node, &err, "no %d", 5));
	CHECK_STR("a.b-c[1]: no 5", err.text);
	(void)json_refuse(node->first, &err, "line\nbreak");
	CHECK_STR("a.b-c[1][\"x.y?\"]: line?break", err.text);
	(void)json_refuse(root, &err, "no");
	CHECK_STR("top level: no", err.text);
	err.code = 95;
	CHECK_INT(-95, json_context(node, &err));
}

static const struct test tests[] = {
	TEST(tree),
	TEST(keeps_numbers_as_written),
	TEST(refuses),
	TEST(refuses_nul_byte),
	TEST(bounds),
	TEST(many_members),
	TEST(more_than_the_parser_has_room_for),
	TEST(paths),
};
TEST_MAIN(tests)
