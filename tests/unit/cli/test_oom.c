/* test_oom.c - `coffer oom`, its requests and its screen, with a watcher that answers from a table. */
#include "fake_runtime.h"
#include "fake_watcher.h"

#include "cli/oom_request.h"
#include "cli/oom_screen.h"

#define CONTAINER                                                                                                      \
	"\"id\":\"a\",\"state\":\"frozen\",\"usage\":60000000,\"limit\":67108864,\"peak\":61000000,\"hits\":2,"        \
	"\"kernelKills\":0,\"default\":\"stay\""

static const struct reply replies[] = {
	{ "list", "{\"containers\":[{" CONTAINER "},{\"id\":\"b\",\"state\":\"armed\"}],\"ok\":true}" },
	{ "show",
	  "{" CONTAINER ",\"processCount\":1,\"processes\":[{\"pid\":12,\"name\":\"x\\u001b[2Jy\",\"state\":\"S\","
	  "\"anon\":1048576,\"shmem\":0,\"file\":524288,\"swap\":0,\"oomScore\":-5}],\"ok\":true}" },
	{ "raise", "{\"ok\":true}" },
	{ "kill", "{\"ok\":true}" },
	{ "kill-all", "{\"ok\":true}" },
	{ "resume", "{\"ok\":false,\"error\":\"container `a` stays frozen\"}" },
	{ 0 },
};

/* ---- texts ---- */

static void members(void)
{
	static const char text[] = "{\"s\":\"word\",\"n\":2097152,\"f\":1.5,\"b\":true,\"z\":null,\"o\":{},"
				   "\"most\":18446744073709551615,\"more\":18446744073709551616,\"less\":-1,"
				   "\"part\":1572864,\"few\":104857}";
	static const struct {
		const char *key, *text, *mib;
	} cases[] = {
		{ "s", "word", "-" },
		{ "n", "2097152", "2.0M" },
		{ "f", "1.5", "-" },
		{ "b", "-", "-" },
		{ "z", "-", "-" },
		{ "o", "-", "-" },
		{ "none", "-", "-" },
		{ "most", "18446744073709551615", "17592186044415.9M" },
		{ "more", "18446744073709551616", "-" },
		{ "less", "-1", "-" },
		{ "part", "1572864", "1.5M" },
		{ "few", "104857", "0.0M" },
	};
	const struct json_limits limits = { .size = sizeof(text), .depth = 4 };
	auto_arena struct arena *arena = arena_new();
	struct json *root = NULL;
	struct error err;

	CHECK_INT(0, json_parse(arena, "answer", text, sizeof(text) - 1, &limits, &root, &err));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CHECK_STR(cases[i].text, oom_text(arena, root, cases[i].key));
		CHECK_STR(cases[i].mib, oom_mib(arena, root, cases[i].key));
	}
	CHECK_STR("-", oom_text(arena, NULL, "s"));
}

static void sizes(void)
{
	static const struct {
		const char *text;
		uint64_t bytes; /* 0: refused */
	} cases[] = {
		{ "128m", 134217728 }, { "1", 1 },
		{ "2g", 2147483648 },  { "0", 0 },
		{ "-1", 0 },           { "", 0 },
		{ "max", 0 },          { "1.5g", 0 },
		{ "1x", 0 },           { "9223372036854775808", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = { 0 };
		uint64_t bytes = 0;
		int r = oom_size(cases[i].text, &bytes, &err);

		CHECK_INT(cases[i].bytes ? 0 : -EINVAL, r);
		CHECK_INT(cases[i].bytes, bytes);
		if (r < 0)
			CHECK_CONTAINS("expected a size like 128m", err.text);
	}
}

/* ---- actions ---- */

/* coffer oom ARGUMENTS on its own, of a watcher that is there. */
#define OOM(...) RUN("--root", watcher_root, "oom", __VA_ARGS__)

static void each_action_asks_once(void)
{
	static const struct {
		const char *arguments[4], *asked, *out, *err;
	} cases[] = {
		{ { "list" },
		  "{\"op\":\"list\"}",
		  "a           frozen      57.2M       64.0M       2           0              stay\n"
		  "b           armed       -           -           -           -              -\n",
		  NULL },
		{ { "show", "a" }, "{\"op\":\"show\",\"id\":\"a\"}", "\"oomScore\": -5", NULL },
		{ { "raise", "a", "2m" }, "{\"op\":\"raise\",\"id\":\"a\",\"bytes\":2097152}", "", NULL },
		{ { "kill", "a", "12", "13" }, "{\"op\":\"kill\",\"id\":\"a\",\"pids\":[12,13]}", "", NULL },
		{ { "kill", "--all", "a" }, "{\"op\":\"kill-all\",\"id\":\"a\"}", "", NULL },
		{ { "resume", "a" }, "{\"op\":\"resume\",\"id\":\"a\"}", "", "container `a` stays frozen\n" },
		{ { "raise", "a", "much" }, "", "", "expected a size like" },
		{ { "raise", "a" }, "", "", "oom raise: an argument is missing: coffer oom raise ID SIZE" },
		{ { "kill", "a", "0" }, "", "", "\"0\" is not a process id" },
		{ { "kill", "a" }, "", "", "or --all" },
		{ { "kill", "--all", "a", "1" }, "", "", "or --all" },
		{ { "dance" },
		  "",
		  "",
		  "oom: unknown command \"dance\"; commands: list show watch raise kill reclaim resume dump (see: " },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *const *given = cases[i].arguments;
		struct outcome outcome;

		watcher_start(replies);
		outcome = OOM(given[0], given[1], given[2], given[3]);
		CHECK_STR(cases[i].asked, watcher_stop());
		CHECK_CONTAINS(cases[i].out, outcome.out);
		CHECK_CONTAINS(cases[i].err ? cases[i].err : "", outcome.err);
		CHECK_INT(cases[i].err ? 1 : 0, outcome.exit);
		CHECK(!strstr(outcome.out, "\"ok\"") && !strchr(outcome.out, '\033'));
	}
}

/* The watcher tells how many, the kernel's log whom. */
static void whom_the_kernel_killed(void)
{
	static const struct reply killed[] = { { "show", "{\"id\":\"a\",\"kernelKills\":1,\"ok\":true}" }, { 0 } };
	struct outcome outcome;

	fake.victims = (struct oom_victims){ .list = { { .pid = 9, .name = "tail", .cgroup = "/a" } }, .count = 1 };
	watcher_start(killed);
	outcome = OOM("show", "a");
	(void)watcher_stop();
	CHECK_CONTAINS("\"pid\": 9", outcome.out);
	CHECK_CONTAINS("\"limitOf\": null", outcome.out);
	watcher_start(replies);
	outcome = OOM("show", "a");
	(void)watcher_stop();
	CHECK(!strstr(outcome.out, "\"killed\""));
}

/* Not an answer in any sense: refused, and nothing of it printed. */
static void answers_that_are_none(void)
{
	static const char *const answers[] = {
		"", "[]", "{}", "{\"ok\":1}", "{\"ok\":false}", "{\"ok\":tru", "rubbish"
	};

	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		const struct reply reply[] = { { "show", answers[i] }, { 0 } };
		struct outcome outcome;

		watcher_start(reply);
		outcome = OOM("show", "a");
		(void)watcher_stop();
		CHECK_INT(1, outcome.exit);
		CHECK_STR("", outcome.out);
		CHECK_CONTAINS("coffer: error: ", outcome.err);
	}
}

static void without_a_watcher(void)
{
	struct outcome outcome = RUN("--root", "/nonexistent", "oom", "list");

	CHECK_INT(0, outcome.exit);
	CHECK_CONTAINS("ID ", outcome.out);
	CHECK_CONTAINS("has no freezing oom policy, or does not exist",
		       RUN("--root", "/nonexistent", "oom", "raise", "a", "1g").err);
}

/* ---- the screen ---- */

/* What a person types, and what is on the screen then. */
static const char *screen(const char *typed)
{
	static char text[16384];
	const struct runtime runtime = { .root = watcher_root };
	int in = memory_file();
	int out = memory_file();
	pid_t pid;

	CHECK_INT(strlen(typed), pwrite(in, typed, strlen(typed), 0));
	(void)fflush(stdout);
	pid = fork();
	if (pid == 0) {
		auto_arena struct arena *arena = arena_new();
		const struct invocation invocation = { .runtime = &runtime, .arena = arena };
		struct error err = { 0 };

		(void)dup2(in, STDIN_FILENO);
		(void)dup2(out, STDOUT_FILENO);
		_exit(oom_screen(&invocation, &err) < 0);
	}
	CHECK_INT(0, proc_wait(pid));
	take_output(out, text, sizeof(text));
	(void)close(in);
	return text;
}

static void a_dialogue(void)
{
	static const struct {
		const char *typed, *asked, *shown;
	} cases[] = {
		{ "q\n", "{\"op\":\"list\"}", "1           a           frozen      57.2M" },
		{ "", "{\"op\":\"list\"}", "number: choose" },
		{ "0\nq\n", "{\"op\":\"list\"}\n{\"op\":\"list\"}", "that is no number of the list" },
		{ "3\nq\n", "{\"op\":\"list\"}\n{\"op\":\"list\"}", "that is no number of the list" },
		{ "1\nb\nq\n", "{\"op\":\"list\"}\n{\"op\":\"show\",\"id\":\"a\"}\n{\"op\":\"list\"}",
		  "a: frozen, 57.2M in use of 64.0M, peak 58.1M; 1 processes, 0 killed by the kernel" },
		{ "1\nr 2m\nq\n",
		  "{\"op\":\"list\"}\n{\"op\":\"show\",\"id\":\"a\"}\n{\"op\":\"raise\",\"id\":\"a\",\"bytes\":2097152}"
		  "\n"
		  "{\"op\":\"show\",\"id\":\"a\"}",
		  "done" },
		{ "1\nk 12 13\nq\n",
		  "{\"op\":\"list\"}\n{\"op\":\"show\",\"id\":\"a\"}\n{\"op\":\"kill\",\"id\":\"a\",\"pids\":[12,13]}\n"
		  "{\"op\":\"show\",\"id\":\"a\"}",
		  "done" },
		{ "1\nK\nq\n",
		  "{\"op\":\"list\"}\n{\"op\":\"show\",\"id\":\"a\"}\n{\"op\":\"kill-all\",\"id\":\"a\"}\n"
		  "{\"op\":\"show\",\"id\":\"a\"}",
		  "done" },
		{ "1\nc\nq\n",
		  "{\"op\":\"list\"}\n{\"op\":\"show\",\"id\":\"a\"}\n{\"op\":\"resume\",\"id\":\"a\"}\n"
		  "{\"op\":\"show\",\"id\":\"a\"}",
		  "container `a` stays frozen" },
		{ "1\nr\nr much\nk\nk x\nx\n\nq\n", NULL, "\"x\" is none of r, k, K, c, b and q" },
		{ "1\nk x\nq\n", NULL, "\"x\" is not a process id" },
		{ "1\nr much\nq\n", NULL, "expected a size like 128m" },
		{ "1\nr\nq\n", NULL, "r SIZE, like: r 256m" },
		{ "1\nk\nq\n", NULL, "k PID..., like: k 4711" },
		{ "1\nq\n", NULL, "12          x?[2Jy      S           1.0M" }, /* a name that steers no terminal */
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *shown;

		watcher_start(replies);
		shown = screen(cases[i].typed);
		if (cases[i].asked)
			CHECK_STR(cases[i].asked, watcher_stop());
		else
			(void)watcher_stop();
		CHECK_CONTAINS(cases[i].shown, shown);
		CHECK(!strchr(shown, '\033'));
	}
}

/* More words than there is place for, and a container that is gone when it is looked at. */
static void odd_lines(void)
{
	const struct reply gone[] = { { "list", replies[0].answer }, { 0 } };
	char typed[512] = "1\nk";

	for (int i = 0; i < 100; i++)
		strcat(typed, " 1");
	strcat(typed, "\nq\n");
	watcher_start(replies);
	CHECK_CONTAINS("done", screen(typed));
	CHECK_CONTAINS("\"pids\":[1,1,", watcher_stop());
	watcher_start(gone);
	CHECK_CONTAINS("not expected", screen("1\nq\n"));
	CHECK_STR("{\"op\":\"list\"}\n{\"op\":\"show\",\"id\":\"a\"}\n{\"op\":\"list\"}", watcher_stop());
}

static const struct test tests[] = {
	TEST(members),
	TEST(sizes),
	TEST(each_action_asks_once),
	TEST(whom_the_kernel_killed),
	TEST(answers_that_are_none),
	TEST(without_a_watcher),
	TEST(a_dialogue),
	TEST(odd_lines),
};

TEST_MAIN(tests)
