/* test_ps.c - `coffer ps`: rows by their PID column, and the real ps(1). */
#include "fake_runtime.h"

#include <errno.h>

#include "cli/ps.h"

static char *filter(struct arena *arena, const char *output, const pid_t *pids, size_t count)
{
	struct error err = { 0 };
	char *text = NULL;

	CHECK_INT(0, ps_filter(arena, arena_strdup(arena, output), pids, count, &text, &err));
	return text;
}

static void rows_by_pid(void)
{
	static const pid_t pids[] = { 12, 7 };
	auto_arena struct arena *arena = arena_new();

	CHECK_STR("UID   PID  PPID CMD\nroot    7     1 b\nroot   12     7 a 99\n",
		  filter(arena,
			 "UID   PID  PPID CMD\nroot    1     0 init 7\nroot    7     1 b\nroot   12     7 a 99\n"
			 "root  127    12 c\n\n",
			 pids, 2));
	CHECK_STR("PID\n7\n", filter(arena, "PID\n7", pids, 2));
	CHECK_STR("CMD   PID\nx 12\n", filter(arena, "CMD   PID\nx 12\ny z 12\nshort\n", pids, 2));
	CHECK_STR("PID\n", filter(arena, "PID\n7\n", pids, 0));
}

static void odd_output(void)
{
	static const pid_t pids[] = { 7 };
	auto_arena struct arena *arena = arena_new();
	struct error err = { 0 };
	char *text = NULL;

	CHECK_STR("PID\n", filter(arena, "PID\n-7\n7x\n99999999999999999999\n 0x7\n", pids, 1));
	CHECK_INT(-EINVAL, ps_filter(arena, arena_strdup(arena, "CMD PPID\n"), pids, 1, &text, &err));
	CHECK_STR("ps: no PID column in what ps(1) printed: add pid to its output format", err.text);
	CHECK_INT(-EINVAL, ps_filter(arena, arena_strdup(arena, ""), pids, 1, &text, &err));
}

static void give(const pid_t *pids, size_t count)
{
	fake.pids = pids;
	fake.n_pids = count;
}

static void json(void)
{
	static const pid_t pids[] = { 1, 4194304, 2147483647 };

	give(pids, 3);
	CHECK_STR("[1,4194304,2147483647]\n", RUN("ps", "--format", "json", "c").out);
	give(pids, 0);
	CHECK_STR("[]\n", RUN("ps", "-f=json", "c").out);
}

static void with_the_real_ps(void)
{
	const pid_t pids[] = { getpid() };
	char row[32];
	struct outcome outcome;

	if (access("/bin/ps", X_OK) < 0 && access("/usr/bin/ps", X_OK) < 0)
		TEST_SKIP("no ps(1) here");
	(void)snprintf(row, sizeof(row), "%d", getpid());
	give(pids, 1);
	outcome = RUN("ps", "c");
	CHECK_STR("", outcome.err);
	CHECK_CONTAINS("UID ", outcome.out);
	CHECK_CONTAINS(row, outcome.out);
	CHECK_CONTAINS(program_invocation_short_name, strchr(outcome.out, '\n'));
	give(pids, 1);
	outcome = RUN("ps", "c", "-e", "-o", "pid,ppid");
	CHECK(strstr(outcome.out, "CMD") == NULL);
	CHECK_CONTAINS(row, outcome.out);
	give(pids, 1);
	outcome = RUN("ps", "--format", "table", "c", "--", "-eo", "comm");
	CHECK_INT(1, outcome.exit);
	CHECK_CONTAINS("no PID column", outcome.err);
}

static void without_ps(void)
{
	static const pid_t pids[] = { 1 };
	auto_free char *path = xstrdup(getenv("PATH"));
	struct outcome outcome;

	give(pids, 1);
	CHECK(setenv("PATH", "/nonexistent", 1) == 0);
	outcome = RUN("ps", "c");
	CHECK(setenv("PATH", path, 1) == 0);
	CHECK_STR("coffer: error: ps: ps(1) is not installed (package procps); --format json needs none\n",
		  outcome.err);
	CHECK_STR("", outcome.out);
	CHECK_INT(1, outcome.exit);
}

static void ps_that_fails(void)
{
	static const pid_t pids[] = { 1 };

	if (access("/bin/ps", X_OK) < 0 && access("/usr/bin/ps", X_OK) < 0)
		TEST_SKIP("no ps(1) here");
	give(pids, 1);
	CHECK_CONTAINS("coffer: error: ps: ps(1) failed with status 1\n", RUN("ps", "c", "--no-such-option").err);
}

static const struct test tests[] = {
	TEST(rows_by_pid), TEST(odd_output), TEST(json), TEST(with_the_real_ps), TEST(without_ps), TEST(ps_that_fails),
};

TEST_MAIN(tests)
