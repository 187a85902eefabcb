/*
 * test_copyup.c - copies of hostile trees: kinds, owners, modes, times; links not followed, mounts not crossed, other
 * kinds skipped, depth bounded, and a tree that changes under the copy.
 */
#include "namespaces/copyup.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/syscalls.h"
#include "tests/unit/mount_ns.h"

/* Copies /tmp/from to an empty /tmp/to. */
static int copy(struct error *err)
{
	auto_fd int from = open("/tmp/from", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_fd int to = -1;

	(void)umount2("/tmp/to", MNT_DETACH);
	(void)mkdir("/tmp/to", 0755);
	if (mount("tmpfs", "/tmp/to", "tmpfs", 0, NULL) < 0)
		return -errno;
	to = open("/tmp/to", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return copyup_tree(from, to, err);
}

static bool is_same(const char *name)
{
	char path[2][64];
	struct stat st[2];

	(void)snprintf(path[0], sizeof(path[0]), "/tmp/from/%s", name);
	(void)snprintf(path[1], sizeof(path[1]), "/tmp/to/%s", name);
	return lstat(path[0], &st[0]) == 0 && lstat(path[1], &st[1]) == 0 && st[0].st_mode == st[1].st_mode &&
	       st[0].st_uid == st[1].st_uid && st[0].st_gid == st[1].st_gid &&
	       (S_ISLNK(st[0].st_mode) ||
		(st[0].st_mtim.tv_sec == st[1].st_mtim.tv_sec && st[0].st_mtim.tv_nsec == st[1].st_mtim.tv_nsec)) &&
	       (S_ISDIR(st[0].st_mode) || st[0].st_size == st[1].st_size);
}

static int attributes_body(void)
{
	static const struct timespec old[2] = { { .tv_sec = 1000, .tv_nsec = 1 }, { .tv_sec = 2000, .tv_nsec = 5 } };
	char target[64] = "";
	struct error err;

	EXPECT(mkdir("/tmp/from", 0755) == 0 && mkdir("/tmp/from/dir", 01750) == 0);
	EXPECT(put_file("/tmp/from/dir/file", "some text") && put_file("/tmp/from/empty", ""));
	EXPECT(chown("/tmp/from/dir/file", 11, 12) == 0 && chmod("/tmp/from/dir/file", 06751) == 0);
	EXPECT(symlink("/does/not/exist", "/tmp/from/link") == 0 && lchown("/tmp/from/link", 3, 4) == 0);
	EXPECT(mkdir("/tmp/from/locked", 0) == 0 && chown("/tmp/from/locked", 7, 8) == 0);
	EXPECT(utimensat(AT_FDCWD, "/tmp/from/dir/file", old, 0) == 0);
	EXPECT(utimensat(AT_FDCWD, "/tmp/from/dir", old, 0) == 0);
	EXPECT(chown("/tmp/from", 21, 22) == 0);
	EXPECT(copy(&err) == 0);
	EXPECT(strcmp(text_of("/tmp/to/dir/file"), "some text") == 0);
	EXPECT(is_same("dir/file") && is_same("dir") && is_same("empty") && is_same("link") && is_same("locked"));
	EXPECT(readlink("/tmp/to/link", target, sizeof(target) - 1) > 0 && strcmp(target, "/does/not/exist") == 0);
	return 0;
}

static void kinds_and_attributes(void)
{
	in_mount_ns(attributes_body);
}

/* The owner of what is covered comes along; the mode is what the mount's own options say. */
static int top_body(void)
{
	struct error err;
	struct stat st;

	EXPECT(mkdir("/tmp/from", 0700) == 0 && chown("/tmp/from", 21, 22) == 0);
	EXPECT(copy(&err) == 0);
	EXPECT(stat("/tmp/to", &st) == 0 && st.st_uid == 21 && st.st_gid == 22);
	EXPECT((st.st_mode & 07777) == 01777);
	return 0;
}

static void owner_of_the_top(void)
{
	in_mount_ns(top_body);
}

static int big_file_body(void)
{
	enum { SIZE = 3 * 1024 * 1024 + 17 };
	auto_free char *bytes = malloc(SIZE + 1);
	auto_free char *copied = NULL;
	size_t length = 0;
	struct error err;

	EXPECT(bytes && mkdir("/tmp/from", 0755) == 0);
	for (size_t i = 0; i < SIZE; i++)
		bytes[i] = (char)('a' + i % 23);
	bytes[SIZE] = '\0';
	EXPECT(put_file("/tmp/from/big", bytes) && copy(&err) == 0);
	EXPECT(fd_read_file(AT_FDCWD, "/tmp/to/big", SIZE, &copied, &length, &err) == 0);
	EXPECT(length == SIZE && memcmp(bytes, copied, SIZE) == 0);
	return 0;
}

static void file_of_several_chunks(void)
{
	in_mount_ns(big_file_body);
}

/* A FIFO would hang the copy, a device be opened by it. */
static int other_kinds_body(void)
{
	struct error err;

	EXPECT(mkdir("/tmp/from", 0755) == 0 && mkfifo("/tmp/from/fifo", 0600) == 0);
	EXPECT(mknod("/tmp/from/zero", S_IFCHR | 0600, makedev(1, 5)) == 0);
	EXPECT(mknod("/tmp/from/socket", S_IFSOCK | 0600, 0) == 0 && put_file("/tmp/from/file", "x"));
	EXPECT(copy(&err) == 0);
	EXPECT(access("/tmp/to/fifo", F_OK) < 0 && access("/tmp/to/zero", F_OK) < 0);
	EXPECT(access("/tmp/to/socket", F_OK) < 0 && access("/tmp/to/file", F_OK) == 0);
	return 0;
}

static void other_kinds_are_skipped(void)
{
	in_mount_ns(other_kinds_body);
}

/* Links are copied as links: nothing of what they point to is read. */
static int links_out_body(void)
{
	struct error err;
	struct stat st;

	EXPECT(mkdir("/tmp/from", 0755) == 0 && put_file("/tmp/secret", "host"));
	EXPECT(symlink("../secret", "/tmp/from/file") == 0 && symlink("/etc", "/tmp/from/dir") == 0);
	EXPECT(symlink(".", "/tmp/from/self") == 0);
	EXPECT(copy(&err) == 0);
	EXPECT(lstat("/tmp/to/file", &st) == 0 && S_ISLNK(st.st_mode));
	EXPECT(lstat("/tmp/to/dir", &st) == 0 && S_ISLNK(st.st_mode));
	EXPECT(lstat("/tmp/to/self", &st) == 0 && S_ISLNK(st.st_mode));
	return 0;
}

static void links_are_not_followed(void)
{
	in_mount_ns(links_out_body);
}

static int mounts_body(void)
{
	struct error err;

	EXPECT(mkdir("/tmp/from", 0755) == 0 && mkdir("/tmp/from/mounted", 0755) == 0);
	EXPECT(mount("tmpfs", "/tmp/from/mounted", "tmpfs", 0, "mode=700") == 0);
	EXPECT(put_file("/tmp/from/mounted/file", "not part of the image"));
	EXPECT(copy(&err) == 0);
	EXPECT(access("/tmp/to/mounted", F_OK) == 0 && access("/tmp/to/mounted/file", F_OK) < 0);
	return 0;
}

static void mounts_are_not_crossed(void)
{
	in_mount_ns(mounts_body);
}

/* `depth` directories in each other, the last with a file. */
static int make_depth(int depth)
{
	auto_fd int at = open("/tmp/from", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (int i = 1; i < depth; i++) {
		int next;

		EXPECT(mkdirat(at, "d", 0755) == 0);
		next = openat(at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		EXPECT(next >= 0);
		(void)close(at);
		at = next;
	}
	return 0;
}

static int depth_body(void)
{
	struct error err;

	EXPECT(mkdir("/tmp/from", 0755) == 0 && make_depth(64) == 0);
	EXPECT(copy(&err) == 0);
	EXPECT(rename("/tmp/from/d", "/tmp/d") == 0 && mkdir("/tmp/from/d", 0755) == 0);
	EXPECT(rename("/tmp/d", "/tmp/from/d/d") == 0);
	EXPECT(copy(&err) == -EINVAL);
	EXPECT(strcmp(err.text, "tmpcopyup: deeper than 64 directories") == 0);
	return 0;
}

static void depth_is_bounded(void)
{
	in_mount_ns(depth_body);
}

/* Many siblings are no depth. */
static int siblings_body(void)
{
	struct error err;
	char path[64];

	EXPECT(mkdir("/tmp/from", 0755) == 0);
	for (int i = 0; i < 200; i++) {
		(void)snprintf(path, sizeof(path), "/tmp/from/%d", i);
		EXPECT(mkdir(path, 0755) == 0);
	}
	EXPECT(copy(&err) == 0);
	EXPECT(access("/tmp/to/0", F_OK) == 0 && access("/tmp/to/199", F_OK) == 0);
	return 0;
}

static void many_siblings(void)
{
	in_mount_ns(siblings_body);
}

static bool holds_secret(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISREG(st.st_mode) && strcmp(text_of(path), "host") == 0;
}

/* Another process turns a file into a link out and back: the copy has the file, or the link as a link, or an error. */
static int race_body(void)
{
	enum { TURNS = 200 };
	bool leaked = false;
	struct error err;
	pid_t swapper;

	EXPECT(mkdir("/tmp/from", 0755) == 0 && put_file("/tmp/secret", "host"));
	EXPECT(put_file("/tmp/from/file", "mine") && symlink("../secret", "/tmp/from/link") == 0);
	swapper = fork();
	if (swapper == 0)
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (swapper == 0)
		for (;;)
			(void)sys_renameat2(AT_FDCWD, "/tmp/from/file", AT_FDCWD, "/tmp/from/link", RENAME_EXCHANGE);
	EXPECT(swapper > 0);
	for (int i = 0; i < TURNS && !leaked; i++) {
		(void)copy(&err);
		leaked = holds_secret("/tmp/to/file") || holds_secret("/tmp/to/link");
	}
	(void)kill(swapper, SIGKILL);
	EXPECT(waitpid(swapper, NULL, 0) == swapper && !leaked);
	return 0;
}

static void tree_changes_under_the_copy(void)
{
	in_mount_ns(race_body);
}

static int errors_body(void)
{
	auto_fd int to = -1;
	struct error err;

	EXPECT(mkdir("/tmp/from", 0755) == 0 && mkdir("/tmp/to", 0755) == 0);
	to = open("/tmp/to", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	EXPECT(copyup_tree(-1, to, &err) == -EBADF);
	EXPECT(strncmp(err.text, "tmpcopyup: look at source: ", 27) == 0);
	EXPECT(put_file("/tmp/from/file", "x") && put_file("/tmp/to/file", "in the way"));
	{
		auto_fd int from = open("/tmp/from", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		EXPECT(copyup_tree(from, to, &err) == -EEXIST);
	}
	EXPECT(strcmp(err.text, "tmpcopyup: copy file: File exists") == 0);
	EXPECT(strcmp(text_of("/tmp/to/file"), "in the way") == 0);
	return 0;
}

static void errors(void)
{
	in_mount_ns(errors_body);
}

static const struct test tests[] = {
	TEST(kinds_and_attributes),
	TEST(owner_of_the_top),
	TEST(file_of_several_chunks),
	TEST(other_kinds_are_skipped),
	TEST(links_are_not_followed),
	TEST(mounts_are_not_crossed),
	TEST(depth_is_bounded),
	TEST(many_siblings),
	TEST(tree_changes_under_the_copy),
	TEST(errors),
};
TEST_MAIN(tests)
