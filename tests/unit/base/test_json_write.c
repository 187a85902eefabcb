/* Tests of base/json_write.c: text, escapes, bytes that are no UTF-8, and misuse. */
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/json.h"

#include "../test.h"

static void compact(void)
{
	auto_json_writer struct json_writer *w = json_writer_new(false);
	size_t length;

	json_begin_object(w, NULL);
	json_put_string(w, "s", "a\"b\\c\n\t\x01/\b\f\r\x1f\x7f");
	json_put_string(w, "n", NULL);
	json_put_i64(w, "i", INT64_MIN);
	json_put_u64(w, "u", UINT64_MAX);
	json_put_bool(w, "b", true);
	json_begin_array(w, "a");
	json_put_bool(w, NULL, false);
	json_begin_object(w, NULL);
	json_end_object(w);
	json_end_array(w);
	json_end_object(w);
	CHECK_STR("{\"s\":\"a\\\"b\\\\c\\n\\t\\u0001/\\b\\f\\r\\u001F\x7f\",\"n\":null,\"i\":-9223372036854775808,"
		  "\"u\":18446744073709551615,\"b\":true,\"a\":[false,{}]}",
		  json_writer_text(w, &length));
	CHECK_INT(strlen(json_writer_text(w, NULL)), length);
}

static void nodes(void)
{
	static const char text[] = "{\"a\":[1,-2.50e3,true,null,\"t\",{\"b\":{}},[]],\"c\":18446744073709551616}";
	static const struct json_limits limits = { .size = 1024, .depth = 8 };
	auto_arena struct arena *arena = arena_new();
	auto_json_writer struct json_writer *w = json_writer_new(false);
	struct error err = { 0 };
	struct json *root;

	CHECK_INT(0, json_parse(arena, "text", text, sizeof(text) - 1, &limits, &root, &err));
	json_put_node(w, NULL, root);
	CHECK_STR(text, json_writer_text(w, NULL));
}

static void pretty(void)
{
	auto_json_writer struct json_writer *w = json_writer_new(true);

	json_begin_object(w, NULL);
	json_put_i64(w, "a", 1);
	json_begin_array(w, "b");
	json_put_string(w, NULL, "x");
	json_begin_object(w, NULL);
	json_end_object(w);
	json_put_bool(w, NULL, true);
	json_end_array(w);
	json_end_object(w);
	CHECK_STR("{\n\t\"a\": 1,\n\t\"b\": [\n\t\t\"x\",\n\t\t{},\n\t\ttrue\n\t]\n}\n", json_writer_text(w, NULL));
}

static void writes_lists(void)
{
	static const char *const two[] = { "x", "y\"", NULL };
	static const char *const none[] = { NULL };
	auto_json_writer struct json_writer *w = json_writer_new(false);

	json_begin_object(w, NULL);
	json_put_strings(w, "two", two);
	json_put_strings(w, "none", none);
	json_put_strings(w, "no list", NULL);
	json_end_object(w);
	CHECK_STR("{\"two\":[\"x\",\"y\\\"\"],\"none\":[],\"no list\":[]}", json_writer_text(w, NULL));
}

static void repairs_bytes(void)
{
	auto_json_writer struct json_writer *w = json_writer_new(false);

	json_begin_array(w, NULL);
	json_put_string(w, NULL, "gr\xc3\xbc\xc3\x9f");
	json_put_string(w, NULL,
			"\xff"
			"a\xed\xa0\x80\xc3");
	json_put_string(w, NULL, "");
	json_end_array(w);
	CHECK_STR("[\"gr\xc3\xbc\xc3\x9f\",\"\xef\xbf\xbd"
		  "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\",\"\"]",
		  json_writer_text(w, NULL));
}

/* What is written can be read, and gives the same. */
static void round_trip(void)
{
	static const struct json_limits limits = { .size = 4096, .depth = 4 };
	auto_json_writer struct json_writer *w = json_writer_new(true);
	auto_arena struct arena *arena = arena_new();
	char text[128] = "";
	struct json *root;
	struct error err;
	size_t length;

	for (int c = 1; c < 128; c++)
		text[c - 1] = (char)c;
	json_begin_object(w, NULL);
	json_put_string(w, text, text);
	json_end_object(w);
	(void)json_writer_text(w, &length);
	CHECK_INT(0, json_parse(arena, "f", json_writer_text(w, NULL), length, &limits, &root, &err));
	CHECK_STR(text, root->first->key);
	CHECK_STR(text, root->first->text);
}

static void key_in_array(struct json_writer *w)
{
	json_begin_array(w, NULL);
	json_put_i64(w, "k", 1);
}

static void no_key_in_object(struct json_writer *w)
{
	json_begin_object(w, NULL);
	json_put_i64(w, NULL, 1);
}

static void two_values(struct json_writer *w)
{
	json_put_i64(w, NULL, 1);
	json_put_i64(w, NULL, 2);
}

static void wrong_end(struct json_writer *w)
{
	json_begin_object(w, NULL);
	json_end_array(w);
}

static void text_too_early(struct json_writer *w)
{
	json_begin_object(w, NULL);
	(void)json_writer_text(w, NULL);
}

static void too_deep(struct json_writer *w)
{
	for (int i = 0; i < 1000; i++)
		json_begin_array(w, NULL);
}

static void misuse_aborts(void)
{
	static void (*const uses[])(struct json_writer *) = {
		key_in_array, no_key_in_object, two_values, wrong_end, text_too_early, too_deep,
	};

	for (size_t i = 0; i < sizeof(uses) / sizeof(*uses); i++) {
		pid_t pid = fork();
		int status;

		if (pid == 0) {
			setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
			signal(SIGABRT, SIG_DFL);
			uses[i](json_writer_new(false));
			_exit(0);
		}
		CHECK_INT(pid, waitpid(pid, &status, 0));
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT)
			test_stop(TEST_FAILED, "use %zu ended with status %#x", i, (unsigned)status);
	}
}

static const struct test tests[] = {
	TEST(compact),       TEST(nodes),      TEST(pretty),        TEST(writes_lists),
	TEST(repairs_bytes), TEST(round_trip), TEST(misuse_aborts),
};
TEST_MAIN(tests)
