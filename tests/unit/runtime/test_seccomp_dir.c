/* test_seccomp_dir.c - the cache directory below a state root: made private, found again, missing without harm. */
#include "runtime/seccomp_dir.h"

#include "base/cleanup.h"
#include "tests/unit/temporary.h"
#include "tests/unit/test.h"

static void made_and_found_again(void)
{
	const char *root = temporary_directory();
	auto_fd int first = seccomp_dir_open(root);
	auto_fd int again = seccomp_dir_open(root);
	char path[128];
	struct stat st;
	struct stat by_path;

	CHECK(first >= 0 && again >= 0);
	CHECK_INT(FD_CLOEXEC, fcntl(first, F_GETFD));
	CHECK_INT(0, fstat(first, &st));
	CHECK_INT(S_IFDIR | 0700, st.st_mode);
	(void)snprintf(path, sizeof(path), "%s/.cache/seccomp", root);
	CHECK(stat(path, &by_path) == 0 && by_path.st_ino == st.st_ino);
	(void)snprintf(path, sizeof(path), "%s/.cache", root);
	CHECK(stat(path, &by_path) == 0 && by_path.st_mode == (S_IFDIR | 0700));
	CHECK_INT(0, fstat(again, &by_path));
	CHECK_INT(st.st_ino, by_path.st_ino);
	/* It lists and takes files. */
	temporary_write(again, "filter", "x", 1);
	CHECK_INT(0, faccessat(first, "filter", R_OK, 0));
}

static void root_that_cannot_have_one(void)
{
	const char *root = temporary_directory();
	char path[128];

	CHECK_INT(-1, seccomp_dir_open("/nonexistent/root"));
	CHECK_INT(-1, seccomp_dir_open("/etc/passwd"));
	(void)snprintf(path, sizeof(path), "%s/.cache", root);
	temporary_write(AT_FDCWD, path, "in the way", 10);
	CHECK_INT(-1, seccomp_dir_open(root));
}

static void link_in_its_place(void)
{
	const char *root = temporary_directory();
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/.cache", root);
	CHECK_INT(0, mkdir(path, 0700));
	(void)snprintf(path, sizeof(path), "%s/.cache/seccomp", root);
	CHECK_INT(0, symlink("/tmp", path));
	CHECK_INT(-1, seccomp_dir_open(root));
}

static const struct test tests[] = {
	TEST(made_and_found_again),
	TEST(root_that_cannot_have_one),
	TEST(link_in_its_place),
};
TEST_MAIN(tests)
