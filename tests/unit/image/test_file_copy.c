/* test_file_copy.c - what is appended is the rest of the file, however it got there. */
#include "image/file_copy.h"

#include <errno.h>

#include "base/cleanup.h"
#include "tests/unit/temporary.h"
#include "tests/unit/test.h"

enum { SIZE = 300000 };

static int stop(void *context_, uint64_t bytes)
{
	*(uint64_t *)context_ = bytes;
	return 1;
}

static int open_file(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	CHECK(fd >= 0);
	return fd;
}

static void whole_and_rest(void)
{
	static const uint64_t haves[] = { 0, 1, 4096, SIZE - 1, SIZE };
	auto_fd int dir = temporary_open();
	auto_free char *data = malloc(SIZE);
	auto_free char *seen = malloc(SIZE + 1);
	auto_fd int from = -1;
	struct error err = { 0 };

	CHECK(data && seen);
	for (size_t i = 0; i < SIZE; i++)
		data[i] = (char)(i * 7 % 251);
	temporary_write(dir, "from", data, SIZE);
	from = open_file(dir, "from");
	for (size_t i = 0; i < ARRAY_SIZE(haves); i++) {
		auto_fd int to = -1;

		temporary_write(dir, "to", data, haves[i]);
		to = open_file(dir, "to");
		CHECK_INT(0, file_copy_tail(from, to, haves[i], SIZE, NULL, &err));
		CHECK_INT(SIZE, pread(to, seen, SIZE + 1, 0));
		CHECK_INT(0, memcmp(data, seen, SIZE));
	}
}

static void other_sizes(void)
{
	auto_fd int dir = temporary_open();
	auto_fd int from = -1;
	auto_fd int to = open_file(dir, "to");
	struct error err = { 0 };

	temporary_write(dir, "from", "abc", 3);
	from = open_file(dir, "from");
	CHECK_INT(-EBADMSG, file_copy_tail(from, to, 0, 2, NULL, &err));
	CHECK_INT(-EBADMSG, file_copy_tail(from, to, 0, 4, NULL, &err));
	CHECK_CONTAINS("has 3 bytes", err.text);
	CHECK_INT(0, lseek(to, 0, SEEK_END));
}

static void stopped(void)
{
	uint64_t bytes = 0;
	const struct fetch_progress progress = { .report = stop, .context = &bytes };
	auto_fd int dir = temporary_open();
	auto_fd int from = -1;
	auto_fd int to = open_file(dir, "to");
	struct error err = { 0 };

	temporary_write(dir, "from", "abc", 3);
	from = open_file(dir, "from");
	CHECK_INT(-ECANCELED, file_copy_tail(from, to, 0, 3, &progress, &err));
	CHECK_INT(3, bytes);
}

static const struct test tests[] = {
	TEST(whole_and_rest),
	TEST(other_sizes),
	TEST(stopped),
};

TEST_MAIN(tests)
