/* test_options.c - every form of an option, every kind of value, and what is refused. */
#include "cli/options.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "runtime/container.h"
#include "../test.h"

struct values {
	bool force, detach;
	const char *bundle;
	const char *const *env;
	unsigned fds, format;
	struct opt_u64 period;
	struct opt_i64 quota, memory;
	enum tristate rootless;
};

static const char *const formats[] = { "table", "json", NULL };

static const struct cli_option table[] = {
	FLAG_ROW(struct values, force, "force", 'f', "force"),
	FLAG_ROW(struct values, detach, "detach", 'd', "detach"),
	TEXT_ROW(struct values, bundle, "bundle", 'b', "DIR", "bundle"),
	LIST_ROW(struct values, env, "env", 'e', "NAME=VALUE", "env"),
	UNSIGNED_ROW(struct values, fds, "preserve-fds", 0, "N", "fds"),
	CHOICE_ROW(struct values, format, formats, "format", 0, "FORMAT", "format"),
	NUMBER_ROW(struct values, period, "cpu-period", 0, "US", "period", .alias = "period"),
	INTEGER_ROW(struct values, quota, "cpu-quota", 0, "US", "quota"),
	SIZE_ROW(struct values, memory, "memory", 'm', "SIZE", "memory"),
	TRISTATE_ROW(struct values, rootless, "rootless", 0, "auto|true|false", "rootless"),
	UNSUPPORTED_ROW("schema", "SCHEMA", "not supported: no such hardware"),
	END_ROW,
};

struct outcome {
	struct values values;
	struct parsed parsed;
	struct error err;
	int r;
};

/* The arena outlives the outcome: one for the whole program. */
static struct arena *memory(void)
{
	static struct arena *arena;

	if (!arena)
		arena = arena_new();
	return arena;
}

static struct outcome parse_in(enum option_order order, const char *const *argv)
{
	struct outcome outcome = { .r = 0 };

	outcome.r = options_parse(memory(), table, order, argv, &outcome.values, &outcome.parsed, &outcome.err);
	return outcome;
}

#define PARSE(...)       parse_in(OPTIONS_ANYWHERE, (const char *const[]){ __VA_ARGS__, NULL })
#define PARSE_FIRST(...) parse_in(OPTIONS_FIRST, (const char *const[]){ __VA_ARGS__, NULL })

static void check_refused(struct outcome outcome, const char *text)
{
	CHECK_INT(-EINVAL, outcome.r);
	CHECK_INT(EINVAL, outcome.err.code);
	CHECK_STR(text, outcome.err.text);
}

static void forms_of_a_value(void)
{
	CHECK_STR("/x", PARSE("--bundle", "/x").values.bundle);
	CHECK_STR("/x", PARSE("--bundle=/x").values.bundle);
	CHECK_STR("/x", PARSE("-b", "/x").values.bundle);
	CHECK_STR("/x", PARSE("-b/x").values.bundle);
	CHECK_STR("/x", PARSE("-b=/x").values.bundle);
	CHECK_STR("/x", PARSE("-bundle", "/x").values.bundle);
	CHECK_STR("/x", PARSE("-bundle=/x").values.bundle);
	CHECK_STR("", PARSE("--bundle=").values.bundle);
	CHECK_STR("", PARSE("--bundle", "").values.bundle);
	CHECK_STR("a=b", PARSE("--bundle=a=b").values.bundle);
	CHECK_STR("--force", PARSE("--bundle", "--force").values.bundle);
	CHECK_STR("--", PARSE("-b", "--").values.bundle);
	CHECK_STR("/2", PARSE("-b", "/1", "--bundle=/2").values.bundle);
}

static void forms_of_a_flag(void)
{
	CHECK(PARSE("--force").values.force);
	CHECK(PARSE("-force").values.force);
	CHECK(PARSE("-f").values.force);
	CHECK(PARSE("--force=true").values.force);
	CHECK(PARSE("--force=T").values.force);
	CHECK(!PARSE("--force=false").values.force);
	CHECK(!PARSE("--force", "--force=0").values.force);
	CHECK(!PARSE("-f=false").values.force);

	struct outcome both = PARSE("-fd", "id");

	CHECK(both.values.force && both.values.detach);
	CHECK_INT(1, both.parsed.n_arguments);

	struct outcome three = PARSE("-fdb", "/x");

	CHECK(three.values.force && three.values.detach);
	CHECK_STR("/x", three.values.bundle);
	check_refused(PARSE("--force=maybe"), "--force: expected true or false, found \"maybe\"");
	check_refused(PARSE("-f=maybe"), "--force: expected true or false, found \"maybe\"");
}

static void a_flag_takes_no_next_word(void)
{
	struct outcome outcome = PARSE("--force", "false");

	CHECK(outcome.values.force);
	CHECK_STR("false", outcome.parsed.arguments[0]);
}

static void order_is_free(void)
{
	struct outcome outcome = PARSE("one", "-f", "two", "--bundle", "/x", "-", "three");

	CHECK_INT(0, outcome.r);
	CHECK_INT(4, outcome.parsed.n_arguments);
	CHECK_STR("one", outcome.parsed.arguments[0]);
	CHECK_STR("-", outcome.parsed.arguments[2]);
	CHECK_STR("three", outcome.parsed.arguments[3]);
	CHECK(!outcome.parsed.arguments[4]);
	CHECK(outcome.values.force);
}

static void first_argument_ends_options(void)
{
	struct outcome outcome = PARSE_FIRST("-f", "id", "ls", "-d", "--", "--help");

	CHECK_INT(0, outcome.r);
	CHECK(outcome.values.force && !outcome.values.detach && !outcome.parsed.help);
	CHECK_INT(5, outcome.parsed.n_arguments);
	CHECK_STR("-d", outcome.parsed.arguments[2]);
	CHECK_STR("--", outcome.parsed.arguments[3]);
	CHECK_STR("--help", outcome.parsed.arguments[4]);
}

static void two_dashes_end_options(void)
{
	struct outcome outcome = PARSE("-f", "--", "-d", "--", "--nothing");

	CHECK_INT(0, outcome.r);
	CHECK(!outcome.values.detach);
	CHECK_INT(3, outcome.parsed.n_arguments);
	CHECK_STR("-d", outcome.parsed.arguments[0]);
	CHECK_STR("--", outcome.parsed.arguments[1]);
	CHECK_STR("--nothing", outcome.parsed.arguments[2]);
}

static void nothing_at_all(void)
{
	const char *const empty[] = { NULL };
	struct outcome outcome = parse_in(OPTIONS_ANYWHERE, empty);

	CHECK_INT(0, outcome.r);
	CHECK_INT(0, outcome.parsed.n_arguments);
	CHECK(!outcome.parsed.arguments[0]);
}

static void help_stops(void)
{
	CHECK(PARSE("--help", "--nothing").parsed.help);
	CHECK(PARSE("-h").parsed.help);
	CHECK(PARSE("-help").parsed.help);
	CHECK(PARSE("-fh").parsed.help);
	CHECK(!PARSE("--", "--help").parsed.help);
	CHECK(!PARSE("-b", "--help").parsed.help);
}

static void unknown_options(void)
{
	check_refused(PARSE("--nothing"), "unknown option --nothing");
	check_refused(PARSE("-x"), "unknown option -x");
	check_refused(PARSE("-fx"), "unknown option -x in -fx");
	check_refused(PARSE("--bundel", "x"), "unknown option --bundel; did you mean --bundle?");
	check_refused(PARSE("-no-such-thing"), "unknown option -no-such-thing");
	check_refused(PARSE("--=x"), "unknown option --=x");
	check_refused(PARSE("-=x"), "unknown option -=x");
}

static void names_are_not_abbreviated(void)
{
	CHECK_INT(-EINVAL, PARSE("--bund", "x").r);
	CHECK_INT(-EINVAL, PARSE("--b", "x").r);
	CHECK_INT(-EINVAL, PARSE("--f").r);
	CHECK_INT(-EINVAL, PARSE("--bundles", "x").r);
	CHECK_INT(-EINVAL, PARSE("--preserve", "1").r);
}

static void a_value_is_missing(void)
{
	check_refused(PARSE("--bundle"), "option --bundle needs a value: DIR");
	check_refused(PARSE("-b"), "option --bundle needs a value: DIR");
	check_refused(PARSE("-fb"), "option --bundle needs a value: DIR");
}

static void lists_grow(void)
{
	const char *argv[201];
	struct outcome outcome;

	for (size_t i = 0; i < 200; i += 2) {
		argv[i] = "-e";
		argv[i + 1] = i % 4 ? "A=1" : "B=2";
	}
	argv[200] = NULL;
	outcome = parse_in(OPTIONS_ANYWHERE, argv);
	CHECK_INT(100, str_list_length(outcome.values.env));
	CHECK_STR("B=2", outcome.values.env[0]);
	CHECK_STR("A=1", outcome.values.env[99]);

	CHECK(!PARSE("-f").values.env);
	CHECK_STR("X", PARSE("-e=X").values.env[0]);
	CHECK_STR("X=Y", PARSE("-eX=Y").values.env[0]);
	CHECK_INT(3, str_list_length(PARSE("-eX", "--env", "Y", "--env=Z").values.env));
}

static void numbers(void)
{
	struct outcome outcome = PARSE("--preserve-fds", "3", "--cpu-period=0", "--cpu-quota", "-1");

	CHECK_INT(3, outcome.values.fds);
	CHECK(outcome.values.period.set && outcome.values.period.value == 0);
	CHECK(outcome.values.quota.set && outcome.values.quota.value == -1);
	CHECK(!outcome.values.memory.set);
	CHECK(PARSE("--period", "7").values.period.value == 7);
	CHECK(PARSE("--cpu-period", "18446744073709551615").values.period.value == UINT64_MAX);
	check_refused(PARSE("--cpu-period", "18446744073709551616"),
		      "--cpu-period: expected a number, 0 or more, found \"18446744073709551616\"");
	check_refused(PARSE("--cpu-period", "-1"), "--cpu-period: expected a number, 0 or more, found \"-1\"");
	check_refused(PARSE("--preserve-fds", "2147483648"),
		      "--preserve-fds: expected a number from 0 to 2147483647, found \"2147483648\"");
	check_refused(PARSE("--preserve-fds="), "--preserve-fds: expected a number from 0 to 2147483647, found \"\"");
	check_refused(PARSE("--cpu-quota", "1x"), "--cpu-quota: expected a whole number, found \"1x\"");
}

static void choices(void)
{
	CHECK_INT(1, PARSE("--format=json").values.format);
	CHECK_INT(0, PARSE("--format", "table").values.format);
	check_refused(PARSE("--format", "xml"), "--format: expected one of table, json, found \"xml\"");
	check_refused(PARSE("--format", "JSON"), "--format: expected one of table, json, found \"JSON\"");
}

static void tristate(void)
{
	struct outcome outcome = PARSE("--rootless", "list");

	CHECK_INT(AUTO, PARSE("-f").values.rootless);
	CHECK_INT(YES, outcome.values.rootless);
	CHECK_STR("list", outcome.parsed.arguments[0]);
	CHECK_INT(YES, PARSE("--rootless").values.rootless);
	outcome = PARSE("--rootless", "false", "list");
	CHECK_INT(NO, outcome.values.rootless);
	CHECK_INT(1, outcome.parsed.n_arguments);
	CHECK_INT(YES, PARSE("--rootless=true").values.rootless);
	CHECK_INT(NO, PARSE("--rootless=false").values.rootless);
	CHECK_INT(AUTO, PARSE("--rootless", "--rootless=auto").values.rootless);
	check_refused(PARSE("--rootless=no"), "--rootless: expected auto, true or false, found \"no\"");
}

static void unsupported(void)
{
	check_refused(PARSE("--schema", "L3:0=f"), "--schema: not supported: no such hardware");
	check_refused(PARSE("--schema"), "option --schema needs a value: SCHEMA");
}

static void sizes(void)
{
	CHECK(PARSE("-m", "64m").values.memory.value == 64 << 20);
	check_refused(PARSE("--memory", "lots"),
		      "--memory: expected a size like 1048576, 512k, 64m or 1g, or -1 for no "
		      "limit, found \"lots\"");
}

static void flags_as_words(void)
{
	bool value = false;

	CHECK(flag_parse("TRUE", &value) == 0 && value);
	CHECK(flag_parse("F", &value) == 0 && !value);
	CHECK_INT(-EINVAL, flag_parse("", &value));
	CHECK_INT(-EINVAL, flag_parse("yes", &value));
}

static void distances(void)
{
	CHECK_INT(0, text_distance("create", "create"));
	CHECK_INT(2, text_distance("craete", "create"));
	CHECK_INT(1, text_distance("delet", "delete"));
	CHECK_INT(3, text_distance("kitten", "sitting"));
	CHECK_INT(4, text_distance("", "kill"));
	CHECK(text_distance("a23456789012345678901234567890123", "a") > 100);
	CHECK_INT(0, text_distance("a234567890123456789012345678901", "a234567890123456789012345678901"));
}

/* A value longer than the text of an error is cut, not written past its end. */
static void hostile_lengths(void)
{
	char word[4096];
	char *option;
	struct outcome outcome;

	memset(word, 'x', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	option = arena_printf(memory(), "--format=%s", word);
	outcome = PARSE(option);
	CHECK_INT(-EINVAL, outcome.r);
	CHECK_INT(sizeof(outcome.err.text) - 1, strlen(outcome.err.text));
	option = arena_printf(memory(), "--%s", word);
	CHECK_INT(-EINVAL, PARSE(option).r);
	option = arena_printf(memory(), "-%s", word);
	CHECK_INT(-EINVAL, PARSE(option).r);
}

static const struct test tests[] = {
	TEST(forms_of_a_value),
	TEST(forms_of_a_flag),
	TEST(a_flag_takes_no_next_word),
	TEST(order_is_free),
	TEST(first_argument_ends_options),
	TEST(two_dashes_end_options),
	TEST(nothing_at_all),
	TEST(help_stops),
	TEST(unknown_options),
	TEST(names_are_not_abbreviated),
	TEST(a_value_is_missing),
	TEST(lists_grow),
	TEST(numbers),
	TEST(choices),
	TEST(tristate),
	TEST(unsupported),
	TEST(sizes),
	TEST(flags_as_words),
	TEST(distances),
	TEST(hostile_lengths),
};

TEST_MAIN(tests)
