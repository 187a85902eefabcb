/* test_override.c - what a file says meanwhile and afterwards, on plain files that stand for those of a cgroup. */
#include "cgroups/override.h"

#include <fcntl.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "tests/unit/temporary.h"
#include "tests/unit/test.h"

static int dir = -1;

static void put(const char *text)
{
	int fd = openat(dir, "cpu.max", O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);

	CHECK_INT(0, fd_write_all(fd, text, strlen(text)));
	(void)close(fd);
}

static const char *get(void)
{
	static char text[64];

	return fd_read_small(dir, "cpu.max", text, sizeof(text)) < 0 ? "(none)" : text;
}

static const char *note(void)
{
	static char text[64];
	ssize_t length = fgetxattr(dir, "trusted.coffer.cpu.max", text, sizeof(text) - 1);

	text[length < 0 ? 0 : length] = '\0';
	return text;
}

static struct override start(void)
{
	dir = temporary_open();
	if (fsetxattr(dir, "trusted.coffer.test", "", 0, 0) < 0)
		TEST_SKIP("no trusted extended attributes here: needs root, and a file system that has them");
	return (struct override){ .file = "cpu.max", .meanwhile = "1000", .fine = "max" };
}

static void there_and_back(void)
{
	struct override override = start();

	override_begin(dir, &override); /* no such file */
	override_end(dir, &override);
	CHECK_STR("(none)", get());
	put("5000 100000\n");
	override_begin(dir, &override);
	CHECK_STR("1000 100000", get());
	CHECK_STR("5000 100000", note());
	override_begin(dir, &override); /* once is enough */
	CHECK_STR("5000 100000", note());
	override_end(dir, &override);
	CHECK_STR("5000 100000", get());
	CHECK_STR("", note());
	put("6000 100000");
	override_end(dir, &override);
	CHECK_STR("6000 100000", get());
}

static void nothing_to_do(void)
{
	struct override override = start();

	put("max 100000\n");
	override_begin(dir, &override);
	CHECK_STR("max 100000", get());
	CHECK_STR("", note());
	put("maximal\n"); /* another word */
	override_begin(dir, &override);
	CHECK_STR("1000mal", get());
}

static void what_others_write_stays(void)
{
	struct override override = start();

	put("5000 100000\n");
	override_begin(dir, &override);
	put("10000 100000\n"); /* not what it says meanwhile, though it begins so */
	override_end(dir, &override);
	CHECK_STR("10000 100000", get());
	CHECK_STR("", note());
}

static void after_a_death(void)
{
	struct override override = start();
	struct override next = override;

	override_adopt(dir, &next);
	override_end(dir, &next);
	CHECK_STR("(none)", get());
	put("5000 100000\n");
	override_begin(dir, &override);
	override_adopt(dir, &next);
	override_end(dir, &next);
	CHECK_STR("5000 100000", get());
	CHECK_STR("", note());
}

static const struct test tests[] = {
	TEST(there_and_back),
	TEST(nothing_to_do),
	TEST(what_others_write_stays),
	TEST(after_a_death),
};

TEST_MAIN(tests)
