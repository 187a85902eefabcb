/* test_verbs.c - the table of verbs, and from argv to the runtime's struct for the verbs that are one call. */
#include "fake_runtime.h"

#include <signal.h>

static void the_table_is_sound(void)
{
	size_t count = 0;

	for (const struct verb *const *at = verb_list_all(); *at; at++, count++) {
		const struct verb *verb = *at;

		CHECK(verb_find(verb->name) == verb);
		CHECK(verb->run && verb->options && verb->summary && verb->arguments);
		CHECK(verb->min_arguments <= verb->max_arguments);
		CHECK(verb->max_arguments == 0 || *verb->arguments);
		for (const struct cli_option *option = verb->options; option->name; option++) {
			CHECK(option->offset < verb->options_size || option->kind == OPTION_UNSUPPORTED);
			CHECK(option->help && *option->help);
			CHECK((option->kind == OPTION_FLAG) == !option->argument);
		}
	}
	CHECK_INT(24, count);
	CHECK(!verb_find("creat"));
	CHECK(!verb_find(""));
}

static void names_and_letters_are_used_once(void)
{
	for (const struct verb *const *at = verb_list_all(); *at; at++) {
		for (const struct cli_option *a = (*at)->options; a->name; a++) {
			CHECK(a->letter != 'h' && strcmp(a->name, "help") != 0);
			for (const struct cli_option *b = a + 1; b->name; b++) {
				CHECK(strcmp(a->name, b->name) != 0);
				CHECK(!a->letter || a->letter != b->letter);
			}
		}
	}
}

static void create(void)
{
	check_call(CALL("create") " id=c fds=0\n", RUN("create", "c"));
	check_call(CALL("create") " id=c bundle=/b config=/f pid-file=/p console=/s fds=3 no-pivot no-new-keyring\n",
		   RUN("create", "-b", "/b", "-f/f", "--pid-file=/p", "--console-socket", "/s", "--preserve-fds=3",
		       "--no-pivot", "c", "--no-new-keyring"));
	check_usage("unknown option --detach (see: coffer create --help)", RUN("create", "--detach", "c"));
}

static void run_verb(void)
{
	check_call(CALL("run") " id=c bundle=/b fds=0 detach keep no-subreaper\n",
		   RUN("run", "-d", "--keep", "-no-subreaper", "-bundle", "/b", "c"));
	check_call(CALL("run") " id=c fds=0\n", RUN("run", "--detach=false", "c"));
}

static void one_call_verbs(void)
{
	check_call(CALL("start") " id=c\n", RUN("start", "c"));
	check_call(CALL("pause") " id=c\n", RUN("pause", "c"));
	check_call(CALL("resume") " id=c\n", RUN("resume", "c"));
	check_call(CALL("start") " id=-c\n", RUN("start", "--", "-c"));
}

static void delete (void)
{
	check_call(CALL("delete") " id=c\n", RUN("delete", "c"));
	check_call("force " CALL("delete") " id=c\n", RUN("delete", "-f", "c"));
	check_call("force " CALL("delete") " id=c\n", RUN("delete", "c", "--force"));
	check_usage("delete: an argument is missing: coffer delete ID (see: coffer delete --help)",
		    RUN("delete", "--force"));
}

static void check_kill(int signal, const char *text)
{
	char calls[128];

	(void)snprintf(calls, sizeof(calls), "%d %s id=c\n", signal, CALL("kill"));
	check_call(calls, RUN("kill", "c", text));
}

static void kill_takes_names_and_numbers(void)
{
	check_call("15 " CALL("kill") " id=c\n", RUN("kill", "c"));
	check_call("9 all " CALL("kill") " id=c\n", RUN("kill", "--all", "c", "9"));
	check_call("9 all " CALL("kill") " id=c\n", RUN("kill", "c", "KILL", "-a"));
	check_kill(0, "0");
	check_kill(SIGKILL, "KILL");
	check_kill(SIGKILL, "SIGKILL");
	check_kill(SIGTERM, "term");
	check_kill(SIGTERM, "sigterm");
	check_kill(37, "RTMIN+3");
	check_kill(64, "64");
}

static void kill_refuses_other_signals(void)
{
	static const char *const bad[] = {
		"", "65", "9x", "SIG", "SIGNOTHING", "KILLS", "RTMIN+99", "1 ", "99999999999"
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct outcome outcome = RUN("kill", "c", bad[i]);

		CHECK_INT(1, outcome.exit);
		CHECK_STR("", outcome.calls);
		CHECK_CONTAINS("signal", outcome.err);
	}
}

static const struct test tests[] = {
	TEST(the_table_is_sound),
	TEST(names_and_letters_are_used_once),
	TEST(create),
	TEST(run_verb),
	TEST(one_call_verbs),
	TEST(delete),
	TEST(kill_takes_names_and_numbers),
	TEST(kill_refuses_other_signals),
};

TEST_MAIN(tests)
