/*
 * test_rootfs_protect.c - masked and read-only paths and a read-only root, seen from inside afterwards; their order;
 * and roots that have links, other devices or nothing at the places in question.
 */
#include "namespaces/rootfs.h"

#include <dirent.h>
#include <errno.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#include "base/str.h"
#include "root_fixture.h"

static bool is_null(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3);
}

static bool is_empty(const char *path)
{
	auto_dir DIR *dir = opendir(path);
	int count = 0;

	while (dir && readdir(dir))
		count++;
	return dir && count == 2;
}

static bool refuses_writing(const char *path)
{
	auto_fd int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	return fd < 0 && errno == EROFS;
}

/* All steps over a fresh root with these lists. */
static int protect(struct steps *steps, const char **masked, const char **read_only)
{
	steps->rootfs.masked_paths = masked;
	steps->rootfs.n_masked_paths = str_list_length((const char *const *)masked);
	steps->rootfs.readonly_paths = read_only;
	steps->rootfs.n_readonly_paths = str_list_length((const char *const *)read_only);
	return all_steps(steps);
}

/* ---- masked ---- */

static int masked_body(void)
{
	struct mount mounts[] = { MOUNT_PROC };
	const char *masked[] = { "/etc/name", "/data", "/etc/fifo", "/bin", "/proc/kcore", "/proc/acpi", NULL };
	struct steps steps = make_steps(mounts, ARRAY_SIZE(mounts));
	struct statvfs fs;

	EXPECT(make_root() == 0 && put_file("/tmp/root/data/secret", "x") && put_file("/tmp/root/bin/tool", "x"));
	EXPECT(mkfifo("/tmp/root/etc/fifo", 0600) == 0);
	EXPECT_STEPS(0, steps, protect(&steps, masked, NULL));
	EXPECT(is_null("/etc/name") && is_null("/etc/fifo") && strcmp(text_of("/etc/name"), "") == 0);
	EXPECT(is_empty("/data") && is_empty("/bin"));
	EXPECT(refuses_writing("/data/new") && refuses_writing("/bin/new"));
	EXPECT(statvfs("/bin", &fs) == 0 && (fs.f_flag & (ST_RDONLY | ST_NOSUID)) == (ST_RDONLY | ST_NOSUID));
	EXPECT(access("/proc/kcore", F_OK) < 0 || is_null("/proc/kcore"));
	EXPECT(access("/proc/acpi", F_OK) < 0 || is_empty("/proc/acpi"));
	return 0;
}

static void masked_paths(void)
{
	in_mount_ns(masked_body);
}

/* One empty file system for all directories. */
static int shared_empty_body(void)
{
	const char *masked[] = { "/data", "/bin", "/tmp", NULL };
	struct steps steps = make_steps(NULL, 0);
	struct stat st[3];

	EXPECT(make_root() == 0);
	EXPECT_STEPS(0, steps, protect(&steps, masked, NULL));
	EXPECT(stat("/data", &st[0]) == 0 && stat("/bin", &st[1]) == 0 && stat("/tmp", &st[2]) == 0);
	EXPECT(st[0].st_dev == st[1].st_dev && st[0].st_dev == st[2].st_dev);
	return 0;
}

static void masked_directories_share_one(void)
{
	in_mount_ns(shared_empty_body);
}

/* What is missing, or below a file, needs no mask; what an earlier mask hid does not either. */
static int missing_body(void)
{
	const char *masked[] = { "/missing", "/etc/name/below", "/missing/deep", "/etc", "/etc/name", NULL };
	const char *read_only[] = { "/missing", "/dev/null/below", NULL };
	struct steps steps = make_steps(NULL, 0);

	EXPECT(make_root() == 0);
	EXPECT_STEPS(0, steps, protect(&steps, masked, read_only));
	EXPECT(access("/missing", F_OK) < 0 && is_empty("/etc"));
	return 0;
}

static void missing_paths_are_skipped(void)
{
	in_mount_ns(missing_body);
}

/* A link is followed inside of the root: what is meant is hidden under every name. */
static int masked_links_body(void)
{
	const char *masked[] = { "/link", "/up", NULL };
	struct steps steps = make_steps(NULL, 0);

	EXPECT(make_root() == 0 && put_file("/tmp/root/tmp/outside", "inside"));
	EXPECT(symlink("/data", "/tmp/root/link") == 0 && put_file("/tmp/root/data/secret", "x"));
	EXPECT(symlink("../../tmp/outside", "/tmp/root/up") == 0);
	EXPECT_STEPS(0, steps, protect(&steps, masked, NULL));
	EXPECT(is_empty("/data") && is_empty("/link"));
	EXPECT(is_null("/tmp/outside"));
	return 0;
}

static void masked_links(void)
{
	in_mount_ns(masked_links_body);
}

/* /dev/null of a hostile image would be bound over /proc/sysrq-trigger and the like: CVE-2025-31133. */
static int other_null_body(void)
{
	const char *masked[] = { "/etc/name", NULL };
	struct steps steps = make_steps(NULL, 0);

	EXPECT(make_root() == 0);
	EXPECT_STEPS(0, steps, up_to_pivot(&steps));
	steps.rootfs.masked_paths = masked;
	steps.rootfs.n_masked_paths = 1;
	EXPECT(unlink("/dev/null") == 0);
	EXPECT_STEPS(-ENOENT, steps, rootfs_protect(&steps.rootfs, &steps.fds, &steps.err));
	EXPECT_TEXT("linux.maskedPaths: /dev/null in the root file system: No such file", steps.err.text);
	EXPECT(symlink("/dev/zero", "/dev/null") == 0);
	EXPECT_STEPS(-EINVAL, steps, rootfs_protect(&steps.rootfs, &steps.fds, &steps.err));
	EXPECT_TEXT("/dev/null in the root file system is not the null device", steps.err.text);
	EXPECT(unlink("/dev/null") == 0 && put_file("/dev/null", "bait"));
	EXPECT_STEPS(-EINVAL, steps, rootfs_protect(&steps.rootfs, &steps.fds, &steps.err));
	EXPECT(unlink("/dev/null") == 0 && mknod("/dev/null", S_IFCHR | 0666, makedev(1, 5)) == 0);
	EXPECT_STEPS(-EINVAL, steps, rootfs_protect(&steps.rootfs, &steps.fds, &steps.err));
	EXPECT(strcmp(text_of("/etc/name"), "container") == 0);
	/* Nobody asks for it when nothing is masked. */
	steps.rootfs.n_masked_paths = 0;
	EXPECT_STEPS(0, steps, rootfs_protect(&steps.rootfs, &steps.fds, &steps.err));
	return 0;
}

static void null_device_of_a_hostile_root(void)
{
	in_mount_ns(other_null_body);
}

static int errors_body(void)
{
	struct mount mounts[] = { MOUNT_PROC };
	const char *masked[] = { "/etc/name", "/proc/self/root/etc", NULL };
	const char *read_only[] = { "/circle", NULL };
	struct steps steps = make_steps(mounts, ARRAY_SIZE(mounts));

	EXPECT(make_root() == 0 && symlink("circle", "/tmp/root/circle") == 0);
	EXPECT_STEPS(-ELOOP, steps, protect(&steps, masked, NULL));
	EXPECT_TEXT("linux.maskedPaths[1]: /proc/self/root/etc: open: ", steps.err.text);
	steps.rootfs.n_masked_paths = 0;
	steps.rootfs.readonly_paths = read_only;
	steps.rootfs.n_readonly_paths = 1;
	EXPECT_STEPS(-ELOOP, steps, rootfs_protect(&steps.rootfs, &steps.fds, &steps.err));
	EXPECT_TEXT("linux.readonlyPaths[0]: /circle: ", steps.err.text);
	return 0;
}

static void errors_name_the_path(void)
{
	in_mount_ns(errors_body);
}

/* ---- read-only ---- */

static int read_only_body(void)
{
	struct mount mounts[] = { MOUNT_PROC, { .destination = "/data/sub", .type = "tmpfs", .source = "t" } };
	const char *read_only[] = { "/data", "/etc/name", "/proc/sys", NULL };
	struct steps steps = make_steps(mounts, ARRAY_SIZE(mounts));

	EXPECT(make_root() == 0 && put_file("/tmp/root/data/file", "kept"));
	EXPECT_STEPS(0, steps, protect(&steps, NULL, read_only));
	EXPECT(strcmp(text_of("/data/file"), "kept") == 0);
	EXPECT(refuses_writing("/data/file") && refuses_writing("/data/new") && refuses_writing("/data/sub/new"));
	EXPECT(refuses_writing("/etc/name") && refuses_writing("/proc/sys/kernel/hostname"));
	/* Beside them all is as it was. */
	EXPECT(put_file("/etc/other", "x") && put_file("/proc/self/comm", "x"));
	return 0;
}

static void read_only_paths(void)
{
	in_mount_ns(read_only_body);
}

static int masked_first_body(void)
{
	const char *both[] = { "/data", "/etc/name", NULL };
	struct steps steps = make_steps(NULL, 0);

	EXPECT(make_root() == 0 && put_file("/tmp/root/data/secret", "x"));
	EXPECT_STEPS(0, steps, protect(&steps, both, both));
	EXPECT(is_empty("/data") && is_null("/etc/name"));
	return 0;
}

static void masked_and_read_only(void)
{
	in_mount_ns(masked_first_body);
}

/* Devices, mount points and copies go into a tmpfs first, whatever it is to be then. */
static int tmpfs_body(void)
{
	struct mount mounts[] = {
		{ .destination = "/dev",
		  .type = "tmpfs",
		  .source = "dev",
		  .attr_set = MOUNT_ATTR_RDONLY,
		  .super_read_only = true },
		{ .destination = "/dev/shm", .type = "tmpfs", .source = "shm" },
		{ .destination = "/etc",
		  .type = "tmpfs",
		  .source = "etc",
		  .recursive_set = MOUNT_ATTR_RDONLY,
		  .tmpcopyup = true },
		{ .destination = "/etc/made/file", .source = "outside", .bind = true },
	};
	struct steps steps = make_steps(mounts, ARRAY_SIZE(mounts));

	EXPECT(make_root() == 0);
	EXPECT_STEPS(0, steps, all_steps(&steps));
	EXPECT(is_null("/dev/null") && refuses_writing("/dev/new") && put_file("/dev/shm/new", "x"));
	EXPECT(strcmp(text_of("/etc/name"), "container") == 0 && refuses_writing("/etc/new"));
	EXPECT(put_file("/etc/made/file", "x"));
	return 0;
}

static void read_only_tmpfs(void)
{
	in_mount_ns(tmpfs_body);
}

static int root_body(void)
{
	struct mount mounts[] = { { .destination = "/data", .type = "tmpfs", .source = "t" } };
	struct steps steps = make_steps(mounts, ARRAY_SIZE(mounts));
	const char *masked[] = { "/bin", NULL };

	EXPECT(make_root() == 0);
	steps.rootfs.read_only = true;
	EXPECT_STEPS(0, steps, protect(&steps, masked, NULL));
	EXPECT(refuses_writing("/new") && refuses_writing("/etc/name"));
	/* Mounts of their own are not meant. */
	EXPECT(put_file("/data/new", "x"));
	return 0;
}

static void read_only_root(void)
{
	in_mount_ns(root_body);
}

/* The root on the host is not made read-only with it: only the container's view is. */
static int root_in_child(const void *unused)
{
	struct steps steps = make_steps(NULL, 0);

	(void)unused;
	steps.rootfs.read_only = true;
	EXPECT_STEPS(0, steps, all_steps(&steps));
	return refuses_writing("/new") ? 0 : __LINE__;
}

static int host_view_body(void)
{
	EXPECT(make_root() == 0);
	EXPECT(in_child(root_in_child, NULL) == 0);
	EXPECT(put_file("/tmp/root/new", "x"));
	return 0;
}

static void host_keeps_its_view(void)
{
	in_mount_ns(host_view_body);
}

static const struct test tests[] = {
	TEST(masked_paths),    TEST(masked_directories_share_one),  TEST(missing_paths_are_skipped),
	TEST(masked_links),    TEST(null_device_of_a_hostile_root), TEST(errors_name_the_path),
	TEST(read_only_paths), TEST(masked_and_read_only),          TEST(read_only_root),
	TEST(read_only_tmpfs), TEST(host_keeps_its_view),
};
TEST_MAIN(tests)
