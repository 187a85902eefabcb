/* test_top.c - the table of `coffer top`, once: sorted, with the watcher's word for those it knows. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <termios.h>

#include "fake_runtime.h"
#include "fake_watcher.h"

#define IS(number)                                                                                                     \
	{                                                                                                              \
		.value = (number), .set = true                                                                         \
	}

#define HEADER                                                                                                         \
	"ID      CPU     THROTTLED  MEMORY  SOFT    HARD    WAIT    OOM     PIDS    KILLS   SWAP    IO WAIT  READ    " \
	"WRITE\n"

static const struct cgroup_stats numbers = {
	.cpu_usage_us = IS(1234567),
	.cpu_throttled_us = IS(20000),
	.memory_current = IS(1536),
	.memory_high = IS(58720256),
	.memory_max = IS(UINT64_MAX),
	.memory_swap_current = IS(0),
	.memory_some = IS(1205),
	.io_some = IS(7),
	.io_read_bytes = IS(4096),
	.pids_current = IS(3),
	.memory_events_oom_kill = IS(2),
};

static void one_without_a_watcher(void)
{
	struct outcome outcome;

	fake.stats = numbers;
	outcome = RUN("top", "a");
	CHECK_STR(HEADER "a       1.23 s  0.02 s     1.5K    56.0M   max     12.05%  -       3       2       0B      "
			 "0.07%    4.0K    -\n",
		  outcome.out);
	CHECK_INT(0, outcome.exit);
}

static void the_watchers_word(void)
{
	static const struct reply replies[] = {
		{ "list", "{\"containers\":[{\"id\":\"b\",\"state\":\"frozen\"},{\"id\":\"c\"}],\"ok\":true}" },
		{ 0 },
	};
	struct outcome outcome;

	watcher_start(replies);
	fake.stats = numbers;
	outcome = RUN("--root", watcher_root, "top", "--once", "a", "b", "c");
	CHECK_STR("{\"op\":\"list\"}", watcher_stop());
	CHECK_CONTAINS("\na       1.23 s  0.02 s     1.5K    56.0M   max     12.05%  -       3", outcome.out);
	CHECK_CONTAINS("\nb       1.23 s  0.02 s     1.5K    56.0M   max     12.05%  frozen  3", outcome.out);
	CHECK_CONTAINS("\nc       1.23 s  0.02 s     1.5K    56.0M   max     12.05%  -       3", outcome.out);
}

static void all_none_and_failures(void)
{
	struct container_info infos[] = { { .state.id = "x" }, { .state.id = "y" } };
	struct outcome outcome;

	CHECK_STR(HEADER, RUN("top").out);
	fake.infos = infos;
	fake.n_infos = ARRAY_SIZE(infos);
	outcome = RUN("top");
	CHECK_CONTAINS("\nx  ", outcome.out);
	CHECK_CONTAINS("\ny  ", outcome.out);
	fake.error = (struct error){ .code = ENOENT, .text = "container `a` does not exist" };
	CHECK_CONTAINS("does not exist", RUN("top", "a").err);
	CHECK_CONTAINS("--interval: at most 3600 seconds", RUN("top", "--interval", "3601").err);
}

/* ---- on a terminal ---- */

static pid_t start_on(int terminal)
{
	const char *const argv[] = { "top", NULL };
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		(void)dup2(terminal, STDIN_FILENO);
		(void)dup2(terminal, STDOUT_FILENO);
		_exit(command_run(argv));
	}
	return pid;
}

static bool echoes(int terminal)
{
	struct termios now;

	CHECK_INT(0, tcgetattr(terminal, &now));
	return now.c_lflag & ECHO;
}

/* Reads what is shown until `text` has come, at most 5 s. */
static void wait_for_text(int master, const char *text)
{
	char seen[4096] = "";
	size_t used = 0;

	while (!strstr(seen, text)) {
		struct pollfd ready = { .fd = master, .events = POLLIN };
		ssize_t got;

		CHECK_INT(1, poll(&ready, 1, 5000));
		got = read(master, seen + used, sizeof(seen) - 1 - used);
		CHECK(got > 0);
		used += (size_t)got;
		seen[used] = '\0';
	}
}

static void signals_restore_the_terminal(void)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT };
	const struct rlimit no_core = { 0 };
	auto_fd int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	CHECK(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	auto_fd int terminal = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	CHECK(terminal >= 0 && setrlimit(RLIMIT_CORE, &no_core) == 0);
	fake_calls = memory_file();
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		pid_t pid = start_on(terminal);

		wait_for_text(master, "q: quit");
		CHECK(!echoes(terminal));
		CHECK_INT(0, kill(pid, signals[i]));
		wait_for_text(master, "\033[?25h\033[?1049l");
		CHECK_INT(128 + signals[i], proc_wait(pid));
		CHECK(echoes(terminal));
	}
}

static const struct test tests[] = {
	TEST(signals_restore_the_terminal),
	TEST(one_without_a_watcher),
	TEST(the_watchers_word),
	TEST(all_none_and_failures),
};

TEST_MAIN(tests)
