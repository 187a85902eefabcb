/* test_pid_file.c - digits and nothing else, mode 0644, replaced in one step, never through a link. */
#include "runtime/pid_file.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "tests/unit/temporary.h"
#include "tests/unit/test.h"

static const char *path_in(const char *directory)
{
	static char path[128];

	(void)snprintf(path, sizeof(path), "%s/pid", directory);
	return path;
}

static void digits_only(void)
{
	const char *path = path_in(temporary_directory());
	mode_t before = umask(022);
	auto_free char *text = NULL;
	size_t length;
	struct stat st;
	struct error err;

	CHECK_INT(0, pid_file_write(path, 4194304, &err));
	CHECK_INT(0, fd_read_file(AT_FDCWD, path, 100, &text, &length, &err));
	CHECK_STR("4194304", text);
	CHECK_INT(7, length);
	CHECK_INT(0, stat(path, &st));
	CHECK_INT(S_IFREG | 0644, st.st_mode);
	(void)umask(before);
}

static void replaced_in_one_step(void)
{
	const char *path = path_in(temporary_directory());
	auto_fd int old = -1;
	char text[16] = "";
	struct error err;

	CHECK_INT(0, pid_file_write(path, 1234567, &err));
	old = open(path, O_RDONLY | O_CLOEXEC);
	CHECK_INT(0, pid_file_write(path, 89, &err));
	/* Who had it open reads the whole old one. */
	CHECK_INT(7, read(old, text, sizeof(text) - 1));
	CHECK_STR("1234567", text);
	CHECK_INT(2, fd_read_small(AT_FDCWD, path, text, sizeof(text)));
	CHECK_STR("89", text);
}

static void links_are_replaced(void)
{
	const char *directory = temporary_directory();
	const char *path = path_in(directory);
	char victim[128];
	char text[16];
	struct stat st;
	struct error err;

	(void)snprintf(victim, sizeof(victim), "%s/victim", directory);
	temporary_write(AT_FDCWD, victim, "safe", 4);
	CHECK_INT(0, symlink("victim", path));
	CHECK_INT(0, pid_file_write(path, 5, &err));
	CHECK_INT(4, fd_read_small(AT_FDCWD, victim, text, sizeof(text)));
	CHECK(lstat(path, &st) == 0 && S_ISREG(st.st_mode));
}

static void errors(void)
{
	struct error err;

	CHECK_INT(-ENOENT, pid_file_write("/nonexistent/pid", 5, &err));
	CHECK_CONTAINS("pid file: ", err.text);
	CHECK_CONTAINS("No such file or directory", err.text);
	CHECK_INT(-EISDIR, pid_file_write(temporary_directory(), 5, &err));
}

static const struct test tests[] = {
	TEST(digits_only),
	TEST(replaced_in_one_step),
	TEST(links_are_replaced),
	TEST(errors),
};
TEST_MAIN(tests)
