/*
 * test_log.c - lines of the log as text and as JSON: levels, escapes, UTF-8 unharmed, RFC 3339 time. The sink is the
 * process's, so every case runs in a child with a file of its own.
 */
#include "base/log.h"

#include <ctype.h>
#include <errno.h>
#include <time.h>

#include "base/arena.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/str.h"
#include "tests/unit/temporary.h"
#include "tests/unit/child.h"

/* One message, logged in a child. */
struct job {
	const char *target;
	bool json;
	enum log_level level;
	const char *text;
};

static int log_it(const void *argument)
{
	const struct job *job = argument;
	const struct log_options options = { .target = job->target, .json = job->json, .level = job->level };
	struct error err;

	EXPECT(log_open(&options, &err) == 0);
	log_message(LOG_LEVEL_ERROR, "%s", job->text);
	return 0;
}

static const char *logged(bool json, const char *text)
{
	static char line[8192];
	char target[128];
	const struct job job = { target, json, LOG_LEVEL_WARNING, text };

	(void)snprintf(target, sizeof(target), "%s/log", temporary_directory());
	CHECK_INT(0, in_child(log_it, &job));
	CHECK(fd_read_small(AT_FDCWD, target, line, sizeof(line)) >= 0);
	return line;
}

/* The member of the line as a JSON reader gets it, a strict one: UTF-8 and escapes are checked there. */
static const char *member(struct arena *arena, const char *line, const char *key)
{
	const struct json_limits limits = { .size = 16384, .depth = 2 };
	struct json *json = NULL;
	const struct json *found;
	struct error err = { 0 };

	if (json_parse(arena, "log", line, strlen(line), &limits, &json, &err) < 0)
		test_stop(TEST_FAILED, "%s: %s", err.text, line);
	found = json_get(json, key);
	return found ? found->text : NULL;
}

static void text_lines(void)
{
	CHECK_STR("coffer: error: mount /x: busy", logged(false, "mount /x: busy"));
	CHECK_STR("coffer: error: gr\xc3\xbc\xc3\x9f", logged(false, "gr\xc3\xbc\xc3\x9f"));
}

static void json_lines(void)
{
	auto_arena struct arena *arena = arena_new();
	const char *line = logged(true, "plain");

	CHECK_STR("plain", member(arena, line, "msg"));
	CHECK_STR("error", member(arena, line, "level"));
	CHECK(member(arena, line, "time") != NULL);
}

/* What a reader gets back is what went in: quotes, backslashes, control characters, UTF-8 of every length. */
static void escapes_come_back(void)
{
	static const char *const texts[] = {
		"",
		"\"",
		"\\",
		"\\\"\\",
		"open \"/a\\b\": no",
		"a\nb\r\tc\b\f",
		"\x01\x02\x1b[31mred\x1f",
		"\x7f",
		"</script>",
		"\xc2\x80 \xc3\xbc",
		"\xe2\x82\xac",
		"\xef\xbf\xbd",
		"\xf0\x9f\x98\x80 end",
		"\xe2\x80\xa8",
	};
	auto_arena struct arena *arena = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		CHECK_STR(texts[i], member(arena, logged(true, texts[i]), "msg"));
}

/* A line stays one line, and what a terminal would obey does not reach it raw. */
static void no_raw_control_characters(void)
{
	char all[32];
	const char *line;

	for (int i = 1; i < 32; i++)
		all[i - 1] = (char)i;
	all[31] = '\0';
	line = logged(true, all);
	for (const char *c = line; *c; c++)
		CHECK((unsigned char)*c >= 0x20);
	CHECK_CONTAINS("\\u0001\\u0002", line);
}

static void utf8_is_not_escaped(void)
{
	CHECK_CONTAINS("\"gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80\"", logged(true, "gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80"));
}

/* File names are bytes; a reader that insists on UTF-8 must still get its line. */
static void invalid_utf8_is_replaced(void)
{
	static const struct {
		const char *text, *expected;
	} rows[] = {
		{ "a\xff"
		  "b",
		  "a\xef\xbf\xbd"
		  "b" },
		{ "\xc3", "\xef\xbf\xbd" },
		{ "\xc3(", "\xef\xbf\xbd(" },
		{ "\xc0\x80", "\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xed\xa0\x80x", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdx" },
		{ "\xf0\x9f\x98", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
	};
	auto_arena struct arena *arena = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		CHECK_STR(rows[i].expected, member(arena, logged(true, rows[i].text), "msg"));
}

/* Whatever the text grows to by escapes, the line is whole JSON, and its message is the beginning of the text. */
static void long_texts_are_cut_between_characters(void)
{
	static const char *const units[] = {
		"a", "\"", "\x01", "\xff", "\xc3\xbc", "\xe2\x82\xac", "\xf0\x9f\x98\x80"
	};
	auto_arena struct arena *arena = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		char text[4000] = "";
		const char *message;
		size_t unit = strlen(units[i]);

		for (size_t at = 0; at + unit < sizeof(text); at += unit)
			memcpy(text + at, units[i], unit + 1);
		message = member(arena, logged(true, text), "msg");
		CHECK(message && strlen(message) > 300);
		if (units[i][0] == '\xff')
			continue;
		/* The text itself is cut first, perhaps inside of a character. */
		if (str_ends(message, "\xef\xbf\xbd"))
			message = arena_strndup(arena, message, strcspn(message, "\xef"));
		CHECK_INT(0, strlen(message) % unit);
		CHECK(str_starts(text, message));
	}
}

/* "2026-01-02T03:04:05.123456Z": RFC 3339, UTC, whatever the caller's time zone and locale. */
static void time_is_rfc3339(void)
{
	static const char form[] = "dddd-dd-ddTdd:dd:dd.ddddddZ";
	auto_arena struct arena *arena = arena_new();
	time_t before = time(NULL);
	const char *stamp;
	struct tm tm = { 0 };

	(void)setenv("TZ", "Asia/Kolkata", 1);
	tzset();
	stamp = member(arena, logged(true, "x"), "time");
	CHECK_INT(strlen(form), strlen(stamp));
	for (size_t i = 0; form[i]; i++)
		CHECK(form[i] == 'd' ? isdigit((unsigned char)stamp[i]) : form[i] == stamp[i]);
	CHECK(strptime(stamp, "%Y-%m-%dT%H:%M:%S", &tm) != NULL);
	CHECK(timegm(&tm) >= before && timegm(&tm) <= time(NULL));
}

/* ---- levels and targets ---- */

static int levels_in_child(const void *level)
{
	const struct log_options options = { .target = NULL, .level = *(const enum log_level *)level };
	struct error err;

	EXPECT(log_is_enabled(LOG_LEVEL_WARNING) && !log_is_enabled(LOG_LEVEL_INFO));
	EXPECT(log_open(&options, &err) == 0);
	for (enum log_level i = LOG_LEVEL_ERROR; i <= LOG_LEVEL_DEBUG; i++)
		EXPECT(log_is_enabled(i) == (i <= options.level));
	return 0;
}

static void levels(void)
{
	for (enum log_level level = LOG_LEVEL_ERROR; level <= LOG_LEVEL_DEBUG; level++)
		CHECK_INT(0, in_child(levels_in_child, &level));
}

static int log_every_level(const void *target)
{
	const struct log_options options = { .target = target, .level = LOG_LEVEL_INFO };
	struct error err;

	EXPECT(log_open(&options, &err) == 0);
	for (enum log_level level = LOG_LEVEL_ERROR; level <= LOG_LEVEL_DEBUG; level++)
		log_message(level, "%d", (int)level);
	return 0;
}

/* Appended, never truncated: engines give the same file to every command. */
static void file_is_appended_to(void)
{
	char target[128];
	char text[256];

	(void)snprintf(target, sizeof(target), "file:%s/log", temporary_directory());
	CHECK_INT(0, in_child(log_every_level, target));
	CHECK_INT(0, in_child(log_every_level, target + strlen("file:")));
	CHECK(fd_read_small(AT_FDCWD, target + strlen("file:"), text, sizeof(text)) > 0);
	CHECK_STR("coffer: error: 0\ncoffer: warning: 1\ncoffer: info: 2\n"
		  "coffer: error: 0\ncoffer: warning: 1\ncoffer: info: 2",
		  text);
}

static int unusable_target(const void *unused)
{
	const struct log_options options = { .target = "/nonexistent/log" };
	struct error err;
	int ends[2];
	char text[64] = "";

	(void)unused;
	EXPECT(log_open(&options, &err) == -ENOENT);
	EXPECT(strcmp(err.text, "open log file /nonexistent/log: No such file or directory") == 0);
	/* Messages still have somewhere to go. */
	EXPECT(pipe(ends) == 0 && dup2(ends[1], STDERR_FILENO) >= 0);
	log_message(LOG_LEVEL_ERROR, "heard");
	EXPECT(read(ends[0], text, sizeof(text) - 1) > 0);
	return strcmp(text, "coffer: error: heard\n") == 0 ? 0 : __LINE__;
}

static void unusable_target_falls_back_to_stderr(void)
{
	CHECK_INT(0, in_child(unusable_target, NULL));
}

static const struct test tests[] = {
	TEST(text_lines),
	TEST(json_lines),
	TEST(escapes_come_back),
	TEST(no_raw_control_characters),
	TEST(utf8_is_not_escaped),
	TEST(invalid_utf8_is_replaced),
	TEST(long_texts_are_cut_between_characters),
	TEST(time_is_rfc3339),
	TEST(levels),
	TEST(file_is_appended_to),
	TEST(unusable_target_falls_back_to_stderr),
};
TEST_MAIN(tests)
