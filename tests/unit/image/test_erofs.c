/* test_erofs.c - images that are written, mounted by the kernel and read back: every kind of node, edges of sizes. */
#include "image/erofs.h"

#include <dirent.h>
#include <errno.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "base/syscalls.h"
#include "tests/unit/mount_ns.h"

static struct error err;

static const struct erofs_attributes plain = { .mode = S_IFREG | 0644, .mtime = 1 };
static const struct erofs_attributes folder = { .mode = S_IFDIR | 0755, .mtime = 2 };
static const struct erofs_attributes symlink_attributes = { .mode = S_IFLNK | 0777, .mtime = 3 };

/* A nameless file on a disk: the kernel does not mount images in a tmpfs. */
static int image_file(void)
{
	return open("/var/tmp", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
}

/* Mounts the image on /tmp/mnt; -1 and errno where this kernel cannot. */
static int mount_image(int fd)
{
	int context = sys_fsopen("erofs", FSOPEN_CLOEXEC);
	char source[32];
	int tree;

	(void)snprintf(source, sizeof(source), "/proc/self/fd/%d", fd);
	if (context < 0 || sys_fsconfig(context, FSCONFIG_SET_STRING, "source", source, 0) < 0 ||
	    sys_fsconfig(context, FSCONFIG_SET_FLAG, "ro", NULL, 0) < 0 ||
	    sys_fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -1;
	tree = sys_fsmount(context, FSMOUNT_CLOEXEC, 0);
	if (tree < 0 || (mkdir("/tmp/mnt", 0755) < 0 && errno != EEXIST))
		return -1;
	return sys_move_mount(tree, "", AT_FDCWD, "/tmp/mnt", MOVE_MOUNT_F_EMPTY_PATH);
}

/* True where files can be mounted as erofs: Linux 6.12 and later with the file system. */
static bool kernel_can(void)
{
	int fd = image_file();
	struct erofs *erofs = erofs_new(fd);
	bool can = erofs_finish(erofs, &err) == 0 && mount_image(fd) == 0;

	erofs_free(erofs);
	(void)close(fd);
	(void)umount2("/tmp/mnt", MNT_DETACH);
	return can;
}

static int probe_body(void)
{
	return kernel_can() ? 0 : 1;
}

static int probe(const void *unused)
{
	(void)unused;
	return mount_ns_enter() ? 2 : probe_body();
}

/* Builds an image by `build`, mounts it, and checks it by `check`. */
struct image_test {
	int (*build)(struct erofs *erofs);
	int (*check)(void);
};

static int image_body(const void *context)
{
	const struct image_test *test = context;
	struct erofs *erofs;
	int fd;

	EXPECT(mount_ns_enter() == 0);
	fd = image_file();
	erofs = erofs_new(fd);
	EXPECT(test->build(erofs) == 0);
	EXPECT(erofs_finish(erofs, &err) == 0);
	erofs_free(erofs);
	EXPECT(mount_image(fd) == 0);
	return test->check();
}

static void image(int (*build)(struct erofs *erofs), int (*check)(void))
{
	const struct image_test test = { build, check };

	if (geteuid() != 0)
		TEST_SKIP("mounts need root");
	if (in_child(probe, NULL) != 0)
		TEST_SKIP("this kernel does not mount files of /var/tmp as erofs");
	CHECK_INT(0, in_child(image_body, &test));
}

static const size_t sizes[] = { 0, 1, 4095, 4096, 4097, 8192, (1 << 20) + 3 };

static unsigned char byte_at(size_t file, size_t at)
{
	return (unsigned char)(file * 31 + at * 7 + at / 4096);
}

static int build_files(struct erofs *erofs)
{
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		unsigned char part[1000];
		char name[16];
		struct erofs_node *node;

		(void)snprintf(name, sizeof(name), "%zu", sizes[i]);
		node = erofs_add(erofs, erofs_root(erofs), name, &plain);
		for (size_t at = 0; at < sizes[i];) {
			size_t count = sizes[i] - at < sizeof(part) ? sizes[i] - at : sizeof(part);

			for (size_t k = 0; k < count; k++)
				part[k] = byte_at(i, at + k);
			EXPECT(erofs_write(erofs, node, part, count, &err) == 0);
			at += count;
		}
	}
	return 0;
}

static int check_files(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		unsigned char *bytes;
		char name[32];
		struct stat st;
		int fd;

		(void)snprintf(name, sizeof(name), "/tmp/mnt/%zu", sizes[i]);
		fd = open(name, O_RDONLY | O_CLOEXEC);
		EXPECT(fd >= 0 && fstat(fd, &st) == 0 && (size_t)st.st_size == sizes[i] && st.st_nlink == 1);
		bytes = sizes[i] ? mmap(NULL, sizes[i], PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
		for (size_t at = 0; at < sizes[i]; at++)
			EXPECT(bytes[at] == byte_at(i, at));
	}
	return 0;
}

static void files(void)
{
	image(build_files, check_files);
}

static int build_kinds(struct erofs *erofs)
{
	struct erofs_node *root = erofs_root(erofs);
	struct erofs_node *dir = erofs_add(erofs, root, "dir", &folder);
	struct erofs_node *sub = erofs_add(erofs, dir, "sub", &folder);
	struct erofs_node *file = erofs_add(erofs, sub, "file",
					    &(struct erofs_attributes){ S_IFREG | 06755, 4000000000, 70000,
									1234567890123, 999999999, 0, 0 });
	static char target[4096];

	memset(target, 't', 4095);
	erofs_set_attributes(root, &(struct erofs_attributes){ .mode = S_IFDIR | 01777, .uid = 5, .mtime = -7 });
	EXPECT(erofs_write(erofs, file, "hello", 5, &err) == 0);
	EXPECT(erofs_link(erofs, dir, "link", file, &err) == 0);
	EXPECT(erofs_set_target(erofs_add(erofs, root, "short", &symlink_attributes), "dir/sub", &err) == 0);
	EXPECT(erofs_set_target(erofs_add(erofs, root, "long", &symlink_attributes), target, &err) == 0);
	(void)erofs_add(erofs, root, "whiteout", &(struct erofs_attributes){ .mode = S_IFCHR });
	(void)erofs_add(erofs, root, "device",
			&(struct erofs_attributes){ .mode = S_IFBLK | 0600, .major = 259, .minor = 70000 });
	(void)erofs_add(erofs, root, "pipe", &(struct erofs_attributes){ .mode = S_IFIFO | 0640 });
	(void)erofs_add(erofs, root, "socket", &(struct erofs_attributes){ .mode = S_IFSOCK | 0666 });
	file = erofs_add(erofs, root, "hole", &plain);
	EXPECT(erofs_write(erofs, file, "a", 1, &err) == 0);
	EXPECT(erofs_write_hole(erofs, file, 1 << 20, &err) == 0);
	EXPECT(erofs_write(erofs, file, "b", 1, &err) == 0);
	return 0;
}

static bool is_device(const char *path, mode_t mode, unsigned major, unsigned minor)
{
	struct stat st;

	return lstat(path, &st) == 0 && st.st_mode == mode && st.st_rdev == makedev(major, minor);
}

static bool has_target(const char *path, size_t length, char first)
{
	char target[4200] = "";

	return readlink(path, target, sizeof(target)) == (ssize_t)length && target[0] == first &&
	       target[length - 1] != '\0';
}

static int check_kinds(void)
{
	char bytes[3] = "";
	struct stat st;
	struct stat other;
	int fd;

	EXPECT(stat("/tmp/mnt", &st) == 0 && st.st_mode == (S_IFDIR | 01777) && st.st_uid == 5 && st.st_nlink == 3);
	EXPECT(st.st_mtime == -7);
	EXPECT(stat("/tmp/mnt/dir/sub/file", &st) == 0 && st.st_mode == (S_IFREG | 06755) && st.st_nlink == 2);
	EXPECT(st.st_uid == 4000000000 && st.st_gid == 70000);
	EXPECT(st.st_mtim.tv_sec == 1234567890123 && st.st_mtim.tv_nsec == 999999999);
	EXPECT(stat("/tmp/mnt/dir/link", &other) == 0 && other.st_ino == st.st_ino);
	EXPECT(strcmp(text_of("/tmp/mnt/short/file"), "hello") == 0);
	EXPECT(has_target("/tmp/mnt/long", 4095, 't') && has_target("/tmp/mnt/short", 7, 'd'));
	EXPECT(is_device("/tmp/mnt/whiteout", S_IFCHR, 0, 0));
	EXPECT(is_device("/tmp/mnt/device", S_IFBLK | 0600, 259, 70000));
	EXPECT(lstat("/tmp/mnt/pipe", &st) == 0 && st.st_mode == (S_IFIFO | 0640));
	EXPECT(lstat("/tmp/mnt/socket", &st) == 0 && st.st_mode == (S_IFSOCK | 0666));
	fd = open("/tmp/mnt/hole", O_RDONLY | O_CLOEXEC);
	EXPECT(fstat(fd, &st) == 0 && st.st_size == (1 << 20) + 2);
	EXPECT(pread(fd, bytes, 2, 0) == 2 && bytes[0] == 'a' && bytes[1] == '\0');
	EXPECT(pread(fd, bytes, 2, 1 << 20) == 2 && bytes[0] == '\0' && bytes[1] == 'b');
	return 0;
}

static void kinds(void)
{
	image(build_kinds, check_kinds);
}

enum { MANY = 5000 };

static void many_name(char *name, size_t size, int number)
{
	(void)snprintf(name, size, "%c%0*d", "!-.~aZ"[number % 6], 1 + number % 200, number);
}

static int build_many(struct erofs *erofs)
{
	struct erofs_node *dir = erofs_add(erofs, erofs_root(erofs), "many", &folder);

	for (int i = 0; i < MANY; i++) {
		char name[256];

		many_name(name, sizeof(name), i);
		EXPECT(!erofs_find(dir, name));
		(void)erofs_add(erofs, dir, name, &plain);
		EXPECT(erofs_find(dir, name));
	}
	return 0;
}

static int check_many(void)
{
	DIR *dir = opendir("/tmp/mnt/many");
	int count = 0;

	for (int i = 0; i < MANY; i++) {
		struct stat st;
		char name[300];

		(void)snprintf(name, sizeof(name), "/tmp/mnt/many/");
		many_name(name + strlen(name), 256, i);
		EXPECT(lstat(name, &st) == 0 && S_ISREG(st.st_mode));
	}
	EXPECT(access("/tmp/mnt/many/none", F_OK) < 0 && errno == ENOENT);
	while (dir && readdir(dir))
		count++;
	EXPECT(count == MANY + 2);
	return 0;
}

static void large_directories(void)
{
	image(build_many, check_many);
}

static int build_xattrs(struct erofs *erofs)
{
	static char value[5000];
	struct erofs_node *file = erofs_add(erofs, erofs_root(erofs), "file", &plain);
	struct erofs_node *link = erofs_add(erofs, erofs_root(erofs), "link", &symlink_attributes);
	struct erofs_node *dir = erofs_add(erofs, erofs_root(erofs), "dir", &folder);

	memset(value, 'v', sizeof(value));
	EXPECT(erofs_set_xattr(file, "user.a", "first", 5, &err) == 0);
	EXPECT(erofs_set_xattr(file, "user.empty", NULL, 0, &err) == 0);
	EXPECT(erofs_set_xattr(file, "user.a", "second!", 7, &err) == 0);
	EXPECT(erofs_set_xattr(file, "trusted.large", value, sizeof(value), &err) == 0);
	EXPECT(erofs_set_xattr(link, "trusted.x", value, 4000, &err) == 0);
	EXPECT(erofs_set_target(link, "a target beside large attributes", &err) == 0);
	EXPECT(erofs_set_xattr(dir, "trusted.overlay.opaque", "y", 1, &err) == 0);
	EXPECT(erofs_set_xattr(file, "other.x", "", 0, &err) == -EOPNOTSUPP);
	for (int i = 0; i < 60; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "user.n%d", i);
		if (erofs_set_xattr(dir, name, value, sizeof(value), &err) < 0)
			return err.code == E2BIG ? 0 : __LINE__;
	}
	return __LINE__;
}

static bool has_xattr(const char *path, const char *name, const char *value, size_t size)
{
	char got[6000];

	return lgetxattr(path, name, got, sizeof(got)) == (ssize_t)size && memcmp(got, value, strlen(value)) == 0;
}

static int check_xattrs(void)
{
	char list[4096];

	EXPECT(has_xattr("/tmp/mnt/file", "user.a", "second!", 7));
	EXPECT(has_xattr("/tmp/mnt/file", "user.empty", "", 0));
	EXPECT(has_xattr("/tmp/mnt/file", "trusted.large", "vvv", 5000));
	EXPECT(llistxattr("/tmp/mnt/file", list, sizeof(list)) == 7 + 11 + 14);
	EXPECT(has_xattr("/tmp/mnt/link", "trusted.x", "vvv", 4000));
	EXPECT(has_target("/tmp/mnt/link", 32, 'a'));
	EXPECT(has_xattr("/tmp/mnt/dir", "trusted.overlay.opaque", "y", 1));
	EXPECT(has_xattr("/tmp/mnt/dir", "user.n40", "vvv", 5000));
	return 0;
}

static void extended_attributes(void)
{
	image(build_xattrs, check_xattrs);
}

static int build_removed(struct erofs *erofs)
{
	struct erofs_node *root = erofs_root(erofs);
	struct erofs_node *dir = erofs_add(erofs, root, "dir", &folder);
	struct erofs_node *file = erofs_add(erofs, dir, "file", &plain);
	struct erofs_node *other = erofs_add(erofs, root, "other", &plain);

	EXPECT(erofs_write(erofs, file, "kept", 4, &err) == 0);
	EXPECT(erofs_link(erofs, root, "kept", file, &err) == 0);
	EXPECT(erofs_write(erofs, other, "x", 1, &err) == 0);
	EXPECT(erofs_write(erofs, file, "y", 1, &err) == -EBUSY);
	erofs_remove(erofs, root, "dir");
	erofs_remove(erofs, root, "other");
	erofs_remove(erofs, root, "other");
	file = erofs_add(erofs, root, "other", &plain);
	EXPECT(erofs_write(erofs, file, "new", 3, &err) == 0);
	return 0;
}

static int check_removed(void)
{
	struct stat st;

	EXPECT(access("/tmp/mnt/dir", F_OK) < 0);
	EXPECT(strcmp(text_of("/tmp/mnt/kept"), "kept") == 0 && stat("/tmp/mnt/kept", &st) == 0 && st.st_nlink == 1);
	EXPECT(strcmp(text_of("/tmp/mnt/other"), "new") == 0);
	EXPECT(stat("/tmp/mnt", &st) == 0 && st.st_nlink == 2);
	return 0;
}

static void removed_names(void)
{
	image(build_removed, check_removed);
}

/* An image without its superblock is no image: what a crash leaves is not mounted. */
static void unfinished(void)
{
	int fd = memfd_create("image", MFD_CLOEXEC);
	auto_erofs struct erofs *erofs = erofs_new(fd);
	struct erofs_node *file = erofs_add(erofs, erofs_root(erofs), "file", &plain);
	char super[4] = "";

	CHECK_INT(0, erofs_write(erofs, file, "data", 4, &err));
	CHECK_INT(4, pread(fd, super, sizeof(super), 1024));
	CHECK_INT(0, super[0] | super[1] | super[2] | super[3]);
	CHECK_INT(0, erofs_finish(erofs, &err));
	CHECK_INT(4, pread(fd, super, sizeof(super), 1024));
	CHECK_INT(0xe2, (unsigned char)super[0]);
	(void)close(fd);
}

static const struct test tests[] = {
	TEST(files),         TEST(kinds),      TEST(large_directories), TEST(extended_attributes),
	TEST(removed_names), TEST(unfinished),
};

TEST_MAIN(tests)
