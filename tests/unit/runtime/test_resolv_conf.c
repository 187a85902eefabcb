/* test_resolv_conf.c - the file of a bundle: written once, in place, and never through a link. */
#include "runtime/resolv_conf.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "tests/unit/temporary.h"
#include "tests/unit/test.h"

static const char line[] = "nameserver 10.0.0.1\n";

static void only_what_is_empty_is_written(void)
{
	auto_arena struct arena *arena = arena_new();
	const char *bundle = temporary_directory();
	auto_fd int dir = open(bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_fd int file = -1;
	char text[64];
	struct error err;

	CHECK(!resolv_conf_read(arena, bundle));
	CHECK(!resolv_conf_is_empty(bundle));
	CHECK_INT(0, resolv_conf_fill(bundle, line, &err));
	CHECK(faccessat(dir, RESOLV_CONF, F_OK, 0) < 0);
	temporary_write(dir, RESOLV_CONF, "", 0);
	file = openat(dir, RESOLV_CONF, O_RDONLY | O_CLOEXEC);
	CHECK_STR("", resolv_conf_read(arena, bundle));
	CHECK(resolv_conf_is_empty(bundle));
	CHECK_INT(0, resolv_conf_fill(bundle, line, &err));
	CHECK_STR(line, resolv_conf_read(arena, bundle));
	CHECK(!resolv_conf_is_empty(bundle));
	CHECK_INT(0, resolv_conf_fill(bundle, "other", &err));
	CHECK_INT(sizeof(line) - 1, read(file, text, sizeof(text))); /* the same file: it is mounted */
	temporary_write(dir, RESOLV_CONF, "a\0b", 3);
	CHECK(!resolv_conf_read(arena, bundle));
}

static void links_are_not_followed(void)
{
	auto_arena struct arena *arena = arena_new();
	const char *bundle = temporary_directory();
	auto_fd int dir = open(bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_free char *text = NULL;
	struct error err;

	temporary_write(dir, "other", "", 0);
	CHECK_INT(0, symlinkat("other", dir, RESOLV_CONF));
	CHECK(!resolv_conf_is_empty(bundle));
	CHECK(!resolv_conf_read(arena, bundle));
	CHECK_INT(0, resolv_conf_fill(bundle, line, &err));
	CHECK_INT(0, fd_read_file(dir, "other", 100, &text, NULL, &err));
	CHECK_STR("", text);
}

/* Read as the name server reads it, and as resolvers do. */
static void of_the_host(void)
{
	auto_arena struct arena *arena = arena_new();

	CHECK_STR("# x\nsearch y\nnameserver 192.0.2.54\nnameserver 192.0.2.55\nnameserver fd00::1\nnameservers z\n",
		  resolv_conf_of_host(arena, "# x\nsearch y\nnameserver 192.0.2.54 \nnameserver\t192.0.2.55\r\n\n"
					     "nameserver\t127.0.0.1\nnameserver ::1\nnameserver fe80::1%eth0\n"
					     "nameserver  fd00::1 # y\nnameserver z\nnameservers z"));
	CHECK_STR("", resolv_conf_of_host(arena, ""));
}

static const struct test tests[] = { TEST(only_what_is_empty_is_written), TEST(links_are_not_followed),
				     TEST(of_the_host) };
TEST_MAIN(tests)
