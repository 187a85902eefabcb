/* test_oom_client.c - the watcher's answers as its clients read them, from a socket pair. */
#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fd.h"
#include "base/str.h"
#include "runtime/oom.h"
#include "tests/unit/temporary.h"
#include "tests/unit/test.h"

static struct error err;

static void answers(void)
{
	static const struct {
		const char *answer, *error; /* NULL: it is one */
	} cases[] = {
		{ "{\"ok\":true}\n", NULL },
		{ "{\"a\":{\"b\":[1,2]},\"ok\":true}\n", NULL },
		{ "{\"ok\":false,\"error\":\"why not\"}\n", "why not" },
		{ "{\"ok\":false,\"error\":\"%s%n\"}\n", "%s%n" },
		{ "{\"ok\":false}\n", "no answer that is one" },
		{ "{\"ok\":false,\"error\":7}\n", "no answer that is one" },
		{ "{\"ok\":1}\n", "no answer that is one" },
		{ "{\"ok\":\"true\"}\n", "no answer that is one" },
		{ "{}\n", "no answer that is one" },
		{ "[]\n", "no answer that is one" },
		{ "\n", "answer" },
		{ "{\"ok\":true\n", "answer" },
		{ "[[[[[[[[[[[1]]]]]]]]]]]\n", "answer" },
		{ "{\"ok\":true}", "read from the oom watcher" }, /* and its end */
		{ "", "read from the oom watcher" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_arena struct arena *arena = arena_new();
		struct json *answer = NULL;
		char asked[16] = "";
		int pair[2];
		int r;

		CHECK_INT(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
		CHECK_INT(0, fd_write_all(pair[1], cases[i].answer, strlen(cases[i].answer)));
		CHECK_INT(0, shutdown(pair[1], SHUT_WR));
		r = oom_request(pair[0], arena, "{}", &answer, &err);
		CHECK_INT(3, recv(pair[1], asked, sizeof(asked), 0));
		CHECK_STR("{}\n", asked);
		CHECK_INT(!cases[i].error, r == 0);
		CHECK_INT(!cases[i].error, answer != NULL);
		if (cases[i].error)
			CHECK_CONTAINS(cases[i].error, err.text);
		(void)close(pair[0]);
		(void)close(pair[1]);
	}
}

/* What comes behind the answer is an event, for whoever reads next. */
static void what_is_behind_it_stays(void)
{
	static const char text[] = "{\"ok\":true}\n{\"type\":\"oom\"}\n";
	auto_arena struct arena *arena = arena_new();
	struct json *answer = NULL;
	char rest[64] = "";
	int pair[2];

	CHECK_INT(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	CHECK_INT(0, fd_write_all(pair[1], text, strlen(text)));
	CHECK_INT(0, oom_request(pair[0], arena, "{}", &answer, &err));
	CHECK_INT(strlen("{\"type\":\"oom\"}\n"), recv(pair[0], rest, sizeof(rest) - 1, MSG_DONTWAIT));
	CHECK_STR("{\"type\":\"oom\"}\n", rest);
	(void)close(pair[0]);
	(void)close(pair[1]);
}

/* Whoever made it first, in /tmp say, would have been asked, and its lock and socket used. */
static void only_ones_own_root(void)
{
	const char *root = temporary_directory();

	CHECK_INT(0, chmod(root, 0777));
	for (int start = 0; start < 2; start++) {
		CHECK_INT(-EPERM, oom_connect(root, start, &err));
		CHECK_CONTAINS("can be written by every user", err.text);
	}
	CHECK_INT(0, chmod(root, 0700));
	if (geteuid() != 0)
		return;
	CHECK_INT(0, chown(root, 12345, 12345));
	CHECK_INT(-EPERM, oom_connect(root, true, &err));
	CHECK_CONTAINS("belongs to uid 12345", err.text);
}

static void no_watcher_for_nobody(void)
{
	const char *root = temporary_directory();

	CHECK_INT(-ENOENT, oom_connect_if_needed("/nonexistent", &err));
	CHECK_INT(-ENOENT, oom_connect_if_needed(root, &err));
	CHECK(access(root, F_OK) == 0 && !oom_is_frozen(root, "a"));
}

static const struct test tests[] = {
	TEST(answers),
	TEST(what_is_behind_it_stays),
	TEST(only_ones_own_root),
	TEST(no_watcher_for_nobody),
};

TEST_MAIN(tests)
