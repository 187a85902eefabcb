/* test_signal_name.c - what engines and people write for a signal. */
#include <errno.h>
#include <signal.h>

#include "base/cleanup.h"
#include "runtime/container.h"
#include "tests/unit/test.h"

static void accepts(void)
{
	const struct {
		const char *text;
		int number;
	} cases[] = {
		{ "0", 0 },
		{ "9", 9 },
		{ "64", 64 },
		{ "KILL", SIGKILL },
		{ "SIGKILL", SIGKILL },
		{ "kill", SIGKILL },
		{ "sigterm", SIGTERM },
		{ "SigHup", SIGHUP },
		{ "CHLD", SIGCHLD },
		{ "CLD", SIGCHLD },
		{ "IOT", SIGABRT },
		{ "ABRT", SIGABRT },
		{ "IO", SIGIO },
		{ "POLL", SIGIO },
		{ "SYS", SIGSYS },
		{ "STKFLT", 16 },
		{ "PWR", SIGPWR },
		{ "USR1", SIGUSR1 },
		{ "WINCH", SIGWINCH },
		{ "RTMIN", 34 },
		{ "RTMIN+0", 34 },
		{ "SIGRTMIN+3", 37 },
		{ "rtmin+15", 49 },
		{ "RTMAX", 64 },
		{ "RTMAX-1", 63 },
		{ "RTMAX-30", 34 },
		{ "09", 9 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = { 0 };
		int number = -1;

		if (signal_parse(cases[i].text, &number, &err) < 0)
			test_stop(TEST_FAILED, "%s: %s", cases[i].text, err.text);
		CHECK_INT(cases[i].number, number);
	}
}

static void refuses(void)
{
	static const char *const cases[] = {
		"",       " ",        "-1",         "65",       "+9",     "9 ",      " 9",
		"0x9",    "SIG",      "SIGSIGKILL", "KIL",      "KILLL",  "RTMIN-1", "RTMIN+31",
		"RTMIN+", "RTMIN+-1", "RTMAX+1",    "RTMAX-31", "RTMAX-", "RTMINx",  "99999999999999999999",
		"SIG9",   "RT"
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = { 0 };
		int number = -7;

		if (signal_parse(cases[i], &number, &err) != -EINVAL)
			test_stop(TEST_FAILED, "\"%s\" is taken as %d", cases[i], number);
		CHECK_INT(-7, number);
		CHECK_CONTAINS("unknown signal `", err.text);
	}
}

static const struct test tests[] = { TEST(accepts), TEST(refuses) };
TEST_MAIN(tests)
