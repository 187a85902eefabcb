/*
 * test_path.c - paths below a hostile root: links out, "..", magic links, dangling links, files where directories
 * should be, names too long, and a root that is renamed under the walk. Nothing outside may be reached or made.
 */
#include "base/path.h"

#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/syscalls.h"
#include "tests/unit/temporary.h"
#include "tests/unit/child.h"

/* outside/secret and root/: every test has its own. */
struct tree {
	int outside, root;
};

static void close_tree(struct tree *tree)
{
	(void)close(tree->outside);
	(void)close(tree->root);
}

#define auto_tree auto_cleanup(close_tree)

static struct tree make_tree(void)
{
	struct tree tree = { .outside = temporary_open() };

	temporary_write(tree.outside, "secret", "outside", 7);
	CHECK_INT(0, mkdirat(tree.outside, "root", 0755));
	tree.root = openat(tree.outside, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(tree.root >= 0);
	return tree;
}

static ino_t inode(int fd)
{
	struct stat st;

	CHECK_INT(0, fstat(fd, &st));
	return st.st_ino;
}

static ino_t inode_at(int dirfd, const char *path)
{
	struct stat st;

	CHECK_INT(0, fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW));
	return st.st_ino;
}

static bool exists(int dirfd, const char *path)
{
	struct stat st;

	return fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* ---- opening ---- */

static void opens_what_is_there(void)
{
	auto_tree struct tree tree = make_tree();
	auto_fd int top = path_open(tree.root, "/", 0);
	auto_fd int empty = path_open(tree.root, "", 0);
	auto_fd int file = -1;

	temporary_write(tree.root, "file", "x", 1);
	file = path_open(tree.root, "/file", 0);
	CHECK_INT(inode(tree.root), inode(top));
	CHECK_INT(inode(tree.root), inode(empty));
	CHECK_INT(inode_at(tree.root, "file"), inode(file));
	CHECK_INT(O_PATH, fcntl(file, F_GETFL) & O_PATH);
	CHECK_INT(FD_CLOEXEC, fcntl(file, F_GETFD));
	CHECK_INT(-ENOENT, path_open(tree.root, "/missing", 0));
	CHECK_INT(-ENOTDIR, path_open(tree.root, "/file/x", 0));
	CHECK_INT(-ENOTDIR, path_open(tree.root, "/file", O_DIRECTORY));
	CHECK_INT(-EBADF, path_open(-1, "/file", 0));
}

static void real_opens(void)
{
	auto_tree struct tree tree = make_tree();
	auto_fd int made = path_open_flags(tree.root, "/made", O_WRONLY | O_CREAT | O_EXCL, 0600);
	auto_fd int read_only = path_open_flags(tree.root, "/made", O_RDONLY, 0777);

	CHECK(made >= 0 && read_only >= 0);
	CHECK_INT(FD_CLOEXEC, fcntl(made, F_GETFD));
	CHECK_INT(O_RDONLY, fcntl(read_only, F_GETFL) & O_ACCMODE);
	CHECK_INT(-EEXIST, path_open_flags(tree.root, "/made", O_WRONLY | O_CREAT | O_EXCL, 0600));
}

/* Each of these leads to outside/secret for a walk that does not stay inside. */
static void links_stay_inside(void)
{
	auto_tree struct tree tree = make_tree();
	auto_free char *absolute = NULL;
	auto_fd int itself = -1;
	char here[PATH_MAX];
	char link[32];
	ssize_t length;

	length = readlink(path_of_fd(tree.outside, link), here, sizeof(here));
	CHECK(length > 0);
	absolute = xasprintf("%.*s/secret", (int)length, here);
	CHECK_INT(0, symlinkat(absolute, tree.root, "absolute"));
	CHECK_INT(-ENOENT, path_open(tree.root, "/absolute", 0));
	CHECK_INT(0, symlinkat("../secret", tree.root, "up"));
	CHECK_INT(0, symlinkat("../../../../../../../../secret", tree.root, "far-up"));
	CHECK_INT(0, symlinkat("/", tree.root, "top"));
	CHECK_INT(0, symlinkat("..", tree.root, "parent"));
	CHECK_INT(-ENOENT, path_open(tree.root, "/up", 0));
	CHECK_INT(-ENOENT, path_open(tree.root, "/far-up", 0));
	CHECK_INT(-ENOENT, path_open(tree.root, "../secret", 0));
	CHECK_INT(-ENOENT, path_open(tree.root, "/../../secret", 0));
	CHECK_INT(-ENOENT, path_open(tree.root, "/parent/secret", 0));
	CHECK_INT(-ENOENT, path_open(tree.root, "/top/../secret", 0));
	itself = path_open(tree.root, "/top/parent/../top", 0);
	CHECK_INT(inode(tree.root), inode(itself));
}

static void absolute_links_are_the_roots(void)
{
	auto_tree struct tree tree = make_tree();
	auto_fd int found = -1;

	CHECK_INT(0, mkdirat(tree.root, "etc", 0755));
	temporary_write(tree.root, "etc/passwd", "own", 3);
	CHECK_INT(0, symlinkat("/etc", tree.root, "link"));
	found = path_open_flags(tree.root, "/link/passwd", O_RDONLY, 0);
	CHECK_INT(inode_at(tree.root, "etc/passwd"), inode(found));
}

static void links_in_a_circle(void)
{
	auto_tree struct tree tree = make_tree();
	struct error err;

	CHECK_INT(0, symlinkat("b", tree.root, "a"));
	CHECK_INT(0, symlinkat("a", tree.root, "b"));
	CHECK_INT(-ELOOP, path_open(tree.root, "/a", 0));
	CHECK_INT(-ELOOP, path_open(tree.root, "/a/x", 0));
	CHECK_INT(-ELOOP, path_make(tree.root, "/a/x", PATH_FILE, &err));
	CHECK_INT(-ELOOP, path_make(tree.root, "/a", PATH_DIRECTORY, &err));
}

/* /proc/self/root of a procfs inside of the root is the host's root for everyone but openat2. */
static void magic_links_are_refused(void)
{
	auto_fd int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_fd int ordinary = -1;
	struct error err;

	CHECK_INT(-ELOOP, path_open(root, "/proc/self/root", 0));
	CHECK_INT(-ELOOP, path_open(root, "/proc/self/cwd/x", 0));
	CHECK_INT(-ELOOP, path_open(root, "/proc/self/exe", 0));
	CHECK_INT(-ELOOP, path_open_flags(root, "/proc/self/fd/0", O_RDONLY, 0));
	CHECK_INT(-ELOOP, path_make(root, "/proc/self/root/tmp/coffer-test-never", PATH_DIRECTORY, &err));
	/* A link of procfs that is an ordinary one is followed. */
	ordinary = path_open(root, "/proc/mounts", 0);
	CHECK(ordinary >= 0);
}

/* ---- making ---- */

static void makes_what_is_missing(void)
{
	auto_tree struct tree tree = make_tree();
	mode_t before = umask(0);
	struct error err;
	auto_fd int directory = path_make(tree.root, "/a/b//c/", PATH_DIRECTORY, &err);
	auto_fd int file = path_make(tree.root, "a/b/f", PATH_FILE, &err);
	auto_fd int again = path_make(tree.root, "/a/b/f", PATH_FILE, &err);
	struct stat st;

	(void)umask(before);
	CHECK_INT(0, fstat(directory, &st));
	CHECK_INT(S_IFDIR | 0755, st.st_mode);
	CHECK_INT(inode_at(tree.root, "a/b/c"), st.st_ino);
	CHECK_INT(0, fstat(file, &st));
	CHECK_INT(S_IFREG | 0644, st.st_mode);
	CHECK_INT(0, st.st_size);
	CHECK_INT(st.st_ino, inode(again));
	CHECK_INT(0, fstatat(tree.root, "a", &st, 0));
	CHECK_INT(S_IFDIR | 0755, st.st_mode);
	CHECK_INT(O_PATH, fcntl(file, F_GETFL) & O_PATH);
}

static void making_the_root_is_opening_it(void)
{
	static const char *const names[] = { "/", "", "//", ".", "/..", "../..", "/./" };
	auto_tree struct tree tree = make_tree();

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct error err;
		auto_fd int fd = path_make(tree.root, names[i], PATH_DIRECTORY, &err);

		CHECK(fd >= 0);
		CHECK_INT(inode(tree.root), inode(fd));
	}
}

/* What is missing behind a link is made where the link leads inside of the root, and nowhere else. */
static void makes_through_links_inside(void)
{
	auto_tree struct tree tree = make_tree();
	struct error err;
	auto_fd int made = -1;
	auto_fd int up = -1;
	auto_fd int far_up = -1;

	CHECK_INT(0, mkdirat(tree.root, "real", 0755));
	CHECK_INT(0, symlinkat("/real", tree.root, "link"));
	CHECK_INT(0, symlinkat("..", tree.root, "parent"));
	made = path_make(tree.root, "/link/new/file", PATH_FILE, &err);
	CHECK(made >= 0);
	CHECK(exists(tree.root, "real/new/file"));
	up = path_make(tree.root, "/parent/new", PATH_DIRECTORY, &err);
	CHECK(up >= 0);
	CHECK(exists(tree.root, "new") && !exists(tree.outside, "new"));
	far_up = path_make(tree.root, "/x/../../../y", PATH_DIRECTORY, &err);
	CHECK(far_up >= 0);
	CHECK(exists(tree.root, "x") && exists(tree.root, "y") && !exists(tree.outside, "y"));
}

static void dangling_links_lead_to_what_is_made(void)
{
	static const struct {
		const char *link, *target, *path, *made;
		enum path_kind kind;
	} cases[] = {
		{ "dangling", "nothing", "/dangling", "nothing", PATH_FILE },
		{ "outward", "../../../up", "/outward", "up", PATH_DIRECTORY },
		{ "absolute", "/deep/down/file", "/absolute", "deep/down/file", PATH_FILE },
		{ "dir/relative", "../run/./x", "/dir/relative/y", "run/x/y", PATH_FILE },
		{ "chain", "dir/next", "/chain", "end", PATH_FILE }, /* by way of the next one */
		{ "slash", "with/", "/slash", "with", PATH_DIRECTORY },
	};
	auto_tree struct tree tree = make_tree();
	struct error err;

	CHECK_INT(0, mkdirat(tree.root, "dir", 0755));
	CHECK_INT(0, symlinkat("/end", tree.root, "dir/next"));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_fd int fd = -1;
		struct stat made;
		struct stat opened;

		CHECK_INT(0, symlinkat(cases[i].target, tree.root, cases[i].link));
		fd = path_make(tree.root, cases[i].path, cases[i].kind, &err);
		CHECK(fd >= 0 && fstat(fd, &opened) == 0);
		CHECK_INT(0, fstatat(tree.root, cases[i].made, &made, AT_SYMLINK_NOFOLLOW));
		CHECK(made.st_ino == opened.st_ino && made.st_dev == opened.st_dev);
		CHECK((S_ISDIR(made.st_mode) ? PATH_DIRECTORY : PATH_FILE) == cases[i].kind);
	}
	CHECK(!exists(tree.outside, "up") && !exists(tree.outside, "nothing"));
}

/* Each link leads a little further: an end must come. */
static void endless_links_are_refused(void)
{
	auto_tree struct tree tree = make_tree();
	char name[16];
	char target[16];
	struct error err;

	for (int i = 0; i < 60; i++) {
		(void)snprintf(name, sizeof(name), "l%d", i);
		(void)snprintf(target, sizeof(target), "l%d", i + 1);
		CHECK_INT(0, symlinkat(target, tree.root, name));
	}
	CHECK_INT(0, symlinkat("itself", tree.root, "itself"));
	CHECK_INT(-ELOOP, path_make(tree.root, "/l0", PATH_FILE, &err));
	CHECK_INT(-ELOOP, path_make(tree.root, "/itself/x", PATH_FILE, &err));
	CHECK(!exists(tree.root, "l60"));
}

static void files_where_directories_should_be(void)
{
	auto_tree struct tree tree = make_tree();
	struct error err;

	temporary_write(tree.root, "file", "x", 1);
	CHECK_INT(-ENOTDIR, path_make(tree.root, "/file/x", PATH_DIRECTORY, &err));
	CHECK_INT(-ENOTDIR, path_make(tree.root, "/file/x/y", PATH_FILE, &err));
	CHECK_STR("make /file/x/y in the root file system: Not a directory", err.text);
	CHECK_INT(0, mknodat(tree.root, "fifo", S_IFIFO | 0600, 0));
	CHECK_INT(-ENOTDIR, path_make(tree.root, "/fifo/x", PATH_FILE, &err));
}

static void names_too_long(void)
{
	auto_tree struct tree tree = make_tree();
	char name[NAME_MAX + 2];
	static char component[4097];
	static char deep[2 * PATH_MAX];
	struct error err;
	auto_fd int longest = -1;

	memset(name, 'n', NAME_MAX + 1);
	name[NAME_MAX] = '\0';
	longest = path_make(tree.root, name, PATH_FILE, &err);
	CHECK(longest >= 0);
	name[NAME_MAX] = 'n';
	name[NAME_MAX + 1] = '\0';
	CHECK_INT(-ENAMETOOLONG, path_make(tree.root, name, PATH_FILE, &err));
	memset(component, 'c', sizeof(component) - 1);
	CHECK_INT(-ENAMETOOLONG, path_make(tree.root, component, PATH_DIRECTORY, &err));
	CHECK_INT(-ENAMETOOLONG, path_open(tree.root, component, 0));
	/* The one that is missing comes before the one too long. */
	(void)snprintf(deep, sizeof(deep), "/missing/%s", name);
	CHECK_INT(-ENAMETOOLONG, path_make(tree.root, deep, PATH_DIRECTORY, &err));
	for (size_t at = 0; at + 2 < sizeof(deep); at += 2)
		memcpy(deep + at, "/d", 3);
	CHECK_INT(-ENAMETOOLONG, path_make(tree.root, deep, PATH_DIRECTORY, &err));
}

/* PATH_MAX bytes with the NUL are the kernel's limit; just below it a tree of many levels is made. */
static void deepest_path(void)
{
	auto_tree struct tree tree = make_tree();
	static char deep[PATH_MAX];
	struct error err;
	auto_fd int fd = -1;

	for (size_t at = 0; at + 41 < sizeof(deep); at += 40)
		(void)snprintf(deep + at, sizeof(deep) - at, "/%039zu", at);
	fd = path_make(tree.root, deep, PATH_DIRECTORY, &err);
	CHECK(fd >= 0);
}

/* ---- parents ---- */

static void makes_parents(void)
{
	static const struct {
		const char *path, *parent, *name;
	} rows[] = {
		{ "/dev/null", "dev", "null" }, { "/dev//null//", "dev", "null" }, { "null", ".", "null" },
		{ "/null", ".", "null" },       { "/a/b/c", "a/b", "c" },          { "/a/../d/e", "d", "e" },
		{ "/dev/..x", "dev", "..x" },   { "/dev/...", "dev", "..." },
	};
	auto_tree struct tree tree = make_tree();

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char name[NAME_MAX + 1] = "";
		struct error err;
		auto_fd int fd = path_make_parent(tree.root, rows[i].path, name, &err);

		CHECK(fd >= 0);
		CHECK_STR(rows[i].name, name);
		CHECK_INT(inode_at(tree.root, rows[i].parent), inode(fd));
		CHECK(!exists(fd, name));
	}
}

static void parents_refused(void)
{
	static const char *const paths[] = { "", "/", "//", ".", "..", "/a/.", "/a/..", "/a/../", "/dev/./" };
	auto_tree struct tree tree = make_tree();
	char name[NAME_MAX + 1];
	static char too_long[PATH_MAX + 10];
	struct error err;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		CHECK_INT(-EINVAL, path_make_parent(tree.root, paths[i], name, &err));
	CHECK_CONTAINS("/dev/./ ends in .", err.text);
	memset(too_long, 'x', NAME_MAX + 1);
	CHECK_INT(-EINVAL, path_make_parent(tree.root, too_long, name, &err));
	for (size_t at = 0; at + 2 < sizeof(too_long); at += 2)
		memcpy(too_long + at, "/d", 3);
	CHECK_INT(-EINVAL, path_make_parent(tree.root, too_long, name, &err));
	temporary_write(tree.root, "file", "x", 1);
	CHECK_INT(-ENOTDIR, path_make_parent(tree.root, "/file/x/y", name, &err));
	CHECK(!exists(tree.root, "a"));
}

static void parent_link_leads_nowhere_else(void)
{
	auto_tree struct tree tree = make_tree();
	char name[NAME_MAX + 1];
	struct error err;
	auto_fd int fd = -1;

	CHECK_INT(0, symlinkat("..", tree.root, "dev"));
	fd = path_make_parent(tree.root, "/dev/null", name, &err);
	CHECK_INT(inode(tree.root), inode(fd));
}

/* ---- races ---- */

/* A directory and a link out take turns under one name, as fast as the kernel lets them. */
static pid_t start_swapper(int root)
{
	pid_t pid;

	CHECK_INT(0, mkdirat(root, "turn", 0755));
	CHECK_INT(0, symlinkat("..", root, "other"));
	(void)fflush(stdout);
	pid = fork();
	if (pid != 0)
		return pid;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		(void)sys_renameat2(root, "turn", root, "other", RENAME_EXCHANGE);
}

static void stop(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
}

static void make_once(int root, int turn)
{
	struct error err;
	char path[64];
	auto_fd int fd = -1;

	(void)snprintf(path, sizeof(path), "/turn/../turn/d%d/file", turn);
	fd = path_make(root, path, PATH_FILE, &err);
	/* Refusing is right as well: ENOENT when the parent went between the steps, EAGAIN when it never held still. */
	if (fd < 0 && fd != -ENOENT && fd != -EAGAIN)
		test_stop(TEST_FAILED, "%s: %s", path, err.text);
}

static void renames_under_the_walk(void)
{
	enum { TURNS = 300 };
	auto_tree struct tree tree = make_tree();
	pid_t swapper = start_swapper(tree.root);
	char name[16];

	CHECK(swapper > 0);
	for (int turn = 0; turn < TURNS; turn++) {
		make_once(tree.root, turn);
		(void)snprintf(name, sizeof(name), "d%d", turn);
		if (exists(tree.outside, name)) {
			stop(swapper);
			test_stop(TEST_FAILED, "turn %d came out of the root", turn);
		}
	}
	stop(swapper);
	CHECK(exists(tree.outside, "secret") && exists(tree.outside, "root"));
}

/* The directory walked through moves out of the root: ".." may not lead from there to what is outside. */
static void directory_moves_out(void)
{
	enum { TURNS = 300 };
	auto_tree struct tree tree = make_tree();
	pid_t mover;

	CHECK_INT(0, mkdirat(tree.root, "a", 0755));
	CHECK_INT(0, mkdirat(tree.root, "a/b", 0755));
	(void)fflush(stdout);
	mover = fork();
	CHECK(mover >= 0);
	if (mover == 0)
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (mover == 0)
		for (;;) {
			(void)renameat(tree.root, "a/b", tree.outside, "b");
			(void)renameat(tree.outside, "b", tree.root, "a/b");
		}
	for (int turn = 0; turn < TURNS; turn++) {
		auto_fd int fd = path_open(tree.root, "/a/b/../../../secret", 0);

		if (fd >= 0) {
			stop(mover);
			test_stop(TEST_FAILED, "turn %d reached the secret", turn);
		}
	}
	stop(mover);
}

/* ---- what an fd is ---- */

static void file_systems_and_devices(void)
{
	auto_fd int proc = open("/proc", O_PATH | O_CLOEXEC);
	auto_fd int null = open("/dev/null", O_PATH | O_CLOEXEC);

	CHECK(path_on_fs(proc, PROC_SUPER_MAGIC));
	CHECK(!path_on_fs(proc, TMPFS_MAGIC));
	CHECK(!path_on_fs(-1, PROC_SUPER_MAGIC));
	CHECK(path_is_device(null, 1, 3));
	CHECK(!path_is_device(null, 1, 5) && !path_is_device(null, 5, 3));
	CHECK(!path_is_device(proc, 1, 3));
	CHECK(!path_is_device(-1, 1, 3));
}

static void fd_names(void)
{
	char buffer[32];

	CHECK_STR("/proc/self/fd/7", path_of_fd(7, buffer));
	CHECK_STR("/proc/self/fd/2147483647", path_of_fd(INT_MAX, buffer));
}

static void clean_paths(void)
{
	static const struct {
		const char *path;
		bool clean;
	} rows[] = {
		{ "/", true },        { "/a", true },       { "//a//b/", true },  { "/a/./b", true }, { "/..a", true },
		{ "/a..", true },     { "/...", true },     { "/.a/..b", true },  { "", false },      { "a", false },
		{ "./a", false },     { "../a", false },    { "/..", false },     { "/../", false },  { "//..", false },
		{ "/a/../b", false }, { "/a/b/..", false }, { "/a/..//", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (path_is_clean(rows[i].path) != rows[i].clean)
			test_stop(TEST_FAILED, "\"%s\" is %sclean", rows[i].path, rows[i].clean ? "not " : "");
}

static const struct test tests[] = {
	TEST(opens_what_is_there),
	TEST(real_opens),
	TEST(links_stay_inside),
	TEST(absolute_links_are_the_roots),
	TEST(links_in_a_circle),
	TEST(magic_links_are_refused),
	TEST(makes_what_is_missing),
	TEST(making_the_root_is_opening_it),
	TEST(makes_through_links_inside),
	TEST(dangling_links_lead_to_what_is_made),
	TEST(endless_links_are_refused),
	TEST(files_where_directories_should_be),
	TEST(names_too_long),
	TEST(deepest_path),
	TEST(makes_parents),
	TEST(parents_refused),
	TEST(parent_link_leads_nowhere_else),
	TEST(renames_under_the_walk),
	TEST(directory_moves_out),
	TEST(file_systems_and_devices),
	TEST(fd_names),
	TEST(clean_paths),
};
TEST_MAIN(tests)
