/* test_print.c - the alignment of tables, and a write that fails. */
#include "cli/print.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "../test.h"

static void columns_are_aligned(void)
{
	static const char *const cells[] = { "ID", "PID", "OWNER", "a-name-of-16-char", "7", "0" };
	auto_arena struct arena *arena = arena_new();

	CHECK_STR("ID                  PID         OWNER\n"
		  "a-name-of-16-char   7           0\n",
		  table_text(arena, cells, 2, 3));
	CHECK_STR("ID                 PID     OWNER\n"
		  "a-name-of-16-char  7       0\n",
		  table_narrow(arena, cells, 2, 3));
}

static void control_characters_are_shown(void)
{
	static const char *const cells[] = { "A\x1b[2J", "b\nc\x7f\xc3\xa9" };
	auto_arena struct arena *arena = arena_new();

	CHECK_STR("A?[2J\nb?c?\xc3\xa9\n", table_text(arena, cells, 2, 1));
}

static void only_a_header(void)
{
	static const char *const cells[] = { "ID", "PID" };
	auto_arena struct arena *arena = arena_new();

	CHECK_STR("ID          PID\n", table_text(arena, cells, 1, 2));
}

/* Runs print_text with stdout on `path`. */
static int print_to(const char *path, const char *text, struct error *err)
{
	int saved = dup(STDOUT_FILENO);
	int target = open(path, O_WRONLY | O_CLOEXEC);
	int r;

	CHECK(saved >= 0 && target >= 0);
	(void)fflush(stdout);
	CHECK(dup2(target, STDOUT_FILENO) == STDOUT_FILENO);
	r = print_text(text, err);
	CHECK(dup2(saved, STDOUT_FILENO) == STDOUT_FILENO);
	(void)close(saved);
	(void)close(target);
	return r;
}

static void a_full_disk_is_an_error(void)
{
	struct error err = { 0 };

	CHECK_INT(-ENOSPC, print_to("/dev/full", "text", &err));
	CHECK_STR("write to standard output: No space left on device", err.text);
	CHECK_INT(0, print_to("/dev/null", "text", &err));
}

static const struct test tests[] = {
	TEST(columns_are_aligned),
	TEST(control_characters_are_shown),
	TEST(only_a_header),
	TEST(a_full_disk_is_an_error),
};

TEST_MAIN(tests)
