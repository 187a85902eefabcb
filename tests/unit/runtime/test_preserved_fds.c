/* test_preserved_fds.c - which fds stay open for the container: --preserve-fds, LISTEN_FDS, and numbers that lie. */
#include "runtime/preserved_fds.h"

#include <errno.h>
#include <limits.h>
#include <linux/close_range.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "tests/unit/child.h"
#include "tests/unit/test.h"

static const struct row {
	const char *listen_fds; /* NULL: not set */
	unsigned preserve, open;
	bool valid;
	unsigned kept, listened;
} rows[] = {
	{ NULL, 0, 0, true, 0, 0 },
	{ NULL, 2, 2, true, 2, 0 },
	{ NULL, 1, 2, true, 1, 0 },
	{ NULL, 3, 2, false, 0, 0 },
	{ NULL, 1, 0, false, 0, 0 },
	{ "2", 0, 2, true, 2, 2 },
	{ "1", 1, 2, true, 2, 1 },
	{ "2", 1, 2, false, 0, 0 },
	{ "0", 0, 0, true, 0, 0 },
	{ "", 0, 0, true, 0, 0 },
	{ "x", 0, 0, true, 0, 0 },
	{ "-1", 0, 0, true, 0, 0 },
	{ "2000000", 0, 0, true, 0, 0 },
	{ "4294967296", 0, 0, true, 0, 0 },
	/* The sum must not wrap round to a small number. */
	{ NULL, UINT_MAX, 2, false, 0, 0 },
	{ "1", UINT_MAX, 2, false, 0, 0 },
	{ "4", UINT_MAX - 2, 2, false, 0, 0 },
	{ NULL, INT_MAX, 2, false, 0, 0 },
};

static int check_row(const void *argument)
{
	const struct row *row = argument;
	struct process_start start = { 0 };
	struct error err = { 0 };
	int r;

	EXPECT(syscall(SYS_close_range, 3, ~0U, 0) == 0);
	for (unsigned i = 0; i < row->open; i++)
		EXPECT(dup(STDERR_FILENO) == 3 + (int)i);
	(void)unsetenv("LISTEN_FDS");
	EXPECT(!row->listen_fds || setenv("LISTEN_FDS", row->listen_fds, 1) == 0);
	r = preserved_fds_check(row->preserve, &start, &err);
	if (row->valid) {
		EXPECT(r == 0 && start.preserve_fds == row->kept && start.listen_fds == row->listened);
		return 0;
	}
	EXPECT(r == -EINVAL && start.preserve_fds == 0);
	EXPECT(strstr(err.text, "--preserve-fds ") && strstr(err.text, " is not open"));
	return 0;
}

static void which_are_kept(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (in_child(check_row, &rows[i]) != 0)
			test_stop(TEST_FAILED, "row %zu: LISTEN_FDS %s, --preserve-fds %u", i,
				  rows[i].listen_fds ? rows[i].listen_fds : "unset", rows[i].preserve);
}

static int names_first_missing(const void *unused)
{
	struct process_start start = { 0 };
	struct error err;

	(void)unused;
	EXPECT(syscall(SYS_close_range, 3, ~0U, 0) == 0 && dup(STDERR_FILENO) == 3);
	EXPECT(preserved_fds_check(3, &start, &err) == -EINVAL);
	EXPECT(strcmp(err.text, "--preserve-fds 3: fd 4 is not open") == 0);
	return 0;
}

static void error_names_the_missing_one(void)
{
	CHECK_INT(0, in_child(names_first_missing, NULL));
}

static const struct test tests[] = { TEST(which_are_kept), TEST(error_names_the_missing_one) };
TEST_MAIN(tests)
