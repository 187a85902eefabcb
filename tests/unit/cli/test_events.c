/* test_events.c - the lines of `coffer events`: numbers by the names and in the units of runc, and an end. */
#include "fake_runtime.h"

#include "../temporary.h"
#include "runtime/state.h"

#define IS(number)                                                                                                     \
	{                                                                                                              \
		.value = (number), .set = true                                                                         \
	}

static void numbers(void)
{
	struct outcome outcome;

	fake.stats = (struct cgroup_stats){
		.cpu_usage_us = IS(3),
		.cpu_system_us = IS(1),
		.cpu_user_us = IS(2),
		.cpu_periods = IS(10),
		.cpu_throttled_us = IS(7),
		.cpu_throttled_periods = IS(4),
		.memory_file = IS(11),
		.memory_max = IS(12),
		.memory_current = IS(13),
		.memory_peak = IS(14),
		.memory_anon = IS(15),
		.memory_events_max = IS(16),
		.pids_current = IS(5),
		.pids_max = IS(6),
		.io_read_bytes = IS(8),
	};
	outcome = RUN("events", "--stats", "a");
	CHECK_STR("{\"type\":\"stats\",\"id\":\"a\",\"data\":{\"cpu\":{\"usage\":{\"total\":3000,\"kernel\":1000,"
		  "\"user\":"
		  "2000},\"throttling\":{\"periods\":10,\"throttledPeriods\":4,\"throttledTime\":7000}},\"memory\":{"
		  "\"cache\":11,\"usage\":{\"limit\":12,\"usage\":13,\"max\":14,\"failcnt\":16},\"swap\":{\"limit\":"
		  "18446744073709551615,\"usage\":0,\"max\":0,\"failcnt\":0},\"raw\":{\"anon\":15,\"file\":11,"
		  "\"shmem\":0,"
		  "\"kernel\":0}},\"pids\":{\"current\":5,\"limit\":6},\"io\":{\"readBytes\":8,\"writeBytes\":0}}}\n",
		  outcome.out);
	CHECK_INT(0, outcome.exit);
}

/* No pids limit is 0 there, and what does not fit into nanoseconds stays what it is. */
static void numbers_at_the_edge(void)
{
	struct outcome outcome;

	fake.stats = (struct cgroup_stats){ .cpu_usage_us = IS(UINT64_MAX / 1000 + 1), .pids_max = IS(UINT64_MAX) };
	outcome = RUN("events", "--stats", "a");
	CHECK_CONTAINS("\"total\":18446744073709552,", outcome.out);
	CHECK_CONTAINS("\"pids\":{\"current\":0,\"limit\":0}", outcome.out);
}

static void intervals(void)
{
	static const struct {
		const char *text;
		bool ok;
	} cases[] = {
		{ "0", true },    { "1", true },
		{ "3600", true }, { "500ms", true },
		{ "60m", true },  { "3601", false },
		{ "61m", false }, { "", false },
		{ "s", false },   { "1h", false },
		{ "-1", false },  { "1.5", false },
		{ "1 s", false }, { "99999999999999999999ms", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		/* Of a container that is not there: what is right is only missed after the interval was read. */
		struct outcome outcome = RUN("--root", "/nonexistent", "events", "--interval", cases[i].text, "a");

		CHECK_INT(1, outcome.exit);
		CHECK_CONTAINS(cases[i].ok ? "container `a` does not exist" : "--interval: expected a time like 5s",
			       outcome.err);
	}
}

static void an_end(void)
{
	const char *root = temporary_directory();
	struct state_dir dir;
	struct state state = { .id = "a", .bundle = "/", .rootfs = "/", .created = "2026-01-01T00:00:00Z" };
	struct outcome outcome;
	struct error err;
	pid_t pid = fork();

	if (pid == 0) {
		(void)usleep(200 * 1000);
		_exit(0);
	}
	state.pid = pid;
	state.start_time = proc_start_time(pid);
	CHECK_INT(0, state_dir_reserve(root, "a", &dir, &err));
	CHECK_INT(0, state_write(&dir, &state, &err));
	state_dir_close(&dir);
	outcome = RUN("--root", root, "events", "--interval", "0", "a");
	CHECK_INT(pid, waitpid(pid, NULL, 0));
	CHECK_STR("{\"type\":\"exit\",\"id\":\"a\"}\n", outcome.out);
	CHECK_INT(0, outcome.exit);
}

static const struct test tests[] = {
	TEST(numbers),
	TEST(numbers_at_the_edge),
	TEST(intervals),
	TEST(an_end),
};

TEST_MAIN(tests)
