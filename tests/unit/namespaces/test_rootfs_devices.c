/*
 * test_rootfs_devices.c - device nodes, the links of /dev, the console and the working directory; with mknod(2) and,
 * where that is not permitted, by binding the host's; and what a hostile root has in their places.
 */
#include "namespaces/rootfs.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/sysmacros.h>

#include "base/str.h"
#include "namespaces/caps.h"
#include "root_fixture.h"

enum { KIND = S_IFMT, PERMISSIONS = 07777 };

static bool is_device(const char *path, mode_t kind, unsigned major, unsigned minor)
{
	struct stat st;

	return lstat(path, &st) == 0 && (st.st_mode & KIND) == kind && st.st_rdev == makedev(major, minor);
}

static bool has_mode(const char *path, mode_t permissions, uid_t uid, gid_t gid)
{
	struct stat st;

	return lstat(path, &st) == 0 && (st.st_mode & PERMISSIONS) == permissions && st.st_uid == uid &&
	       st.st_gid == gid;
}

static bool links_to(const char *path, const char *target)
{
	char text[64] = "";

	return readlink(path, text, sizeof(text) - 1) > 0 && strcmp(text, target) == 0;
}

static int expect_defaults(void)
{
	static const struct {
		const char *path;
		unsigned major, minor;
	} defaults[] = {
		{ "/dev/null", 1, 3 },   { "/dev/zero", 1, 5 },    { "/dev/full", 1, 7 },
		{ "/dev/random", 1, 8 }, { "/dev/urandom", 1, 9 }, { "/dev/tty", 5, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(defaults); i++) {
		EXPECT(is_device(defaults[i].path, S_IFCHR, defaults[i].major, defaults[i].minor));
		EXPECT(has_mode(defaults[i].path, 0666, 0, 0));
	}
	EXPECT(links_to("/dev/fd", "/proc/self/fd") && links_to("/dev/stdin", "/proc/self/fd/0"));
	EXPECT(links_to("/dev/stdout", "/proc/self/fd/1") && links_to("/dev/stderr", "/proc/self/fd/2"));
	return 0;
}

/* ---- the usual ---- */

static int defaults_body(void)
{
	struct mount mounts[] = { MOUNT_DEV, MOUNT_DEVPTS };
	struct steps steps = make_steps(mounts, ARRAY_SIZE(mounts));

	EXPECT(make_root() == 0);
	EXPECT_STEPS(0, steps, up_to_pivot(&steps));
	EXPECT(expect_defaults() == 0);
	EXPECT(links_to("/dev/ptmx", "pts/ptmx"));
	return 0;
}

static void default_devices(void)
{
	in_mount_ns(defaults_body);
}

/* Without a /dev mount the nodes are the root's own, and without devpts there is no ptmx. */
static int plain_root_body(void)
{
	struct steps steps = make_steps(NULL, 0);

	EXPECT(make_root() == 0 && rmdir("/tmp/root/dev") == 0);
	EXPECT_STEPS(0, steps, up_to_pivot(&steps));
	EXPECT(expect_defaults() == 0);
	EXPECT(access("/dev/ptmx", F_OK) < 0);
	return 0;
}

static void devices_without_a_mount(void)
{
	in_mount_ns(plain_root_body);
}

static int listed_body(void)
{
	struct device_node devices[] = {
		{ .path = "/dev/fuse", .type = S_IFCHR, .major = 10, .minor = 229, .mode = 0640, .uid = 5, .gid = 6 },
		{ .path = "/dev/deep/er/block", .type = S_IFBLK, .major = 7, .minor = 0, .mode = 0600 },
		{ .path = "/run/fifo", .type = S_IFIFO, .mode = 0622 },
		{ .path = "/dev/null", .type = S_IFCHR, .major = 1, .minor = 3, .mode = 0600, .uid = 9 },
	};
	struct mount mounts[] = { MOUNT_DEV };
	struct steps steps = make_steps(mounts, ARRAY_SIZE(mounts));

	EXPECT(make_root() == 0);
	steps.rootfs.devices = devices;
	steps.rootfs.n_devices = ARRAY_SIZE(devices);
	EXPECT_STEPS(0, steps, up_to_pivot(&steps));
	EXPECT(is_device("/dev/fuse", S_IFCHR, 10, 229) && has_mode("/dev/fuse", 0640, 5, 6));
	EXPECT(is_device("/dev/deep/er/block", S_IFBLK, 7, 0) && has_mode("/dev/deep/er/block", 0600, 0, 0));
	EXPECT(is_device("/run/fifo", S_IFIFO, 0, 0) && has_mode("/run/fifo", 0622, 0, 0));
	/* A listed device stands for the default one of its name. */
	EXPECT(is_device("/dev/null", S_IFCHR, 1, 3) && has_mode("/dev/null", 0600, 9, 0));
	return 0;
}

static void listed_devices(void)
{
	in_mount_ns(listed_body);
}

/* Engines bind another device, or a file, right over a default one. */
static int mounted_over_body(void)
{
	struct mount mounts[] = { MOUNT_DEV, { .destination = "/dev/random", .source = "/dev/urandom", .bind = true } };
	struct steps steps = make_steps(mounts, ARRAY_SIZE(mounts));

	EXPECT(make_root() == 0);
	EXPECT_STEPS(0, steps, up_to_pivot(&steps));
	EXPECT(is_device("/dev/random", S_IFCHR, 1, 9));
	return 0;
}

static void mounts_stand_for_defaults(void)
{
	in_mount_ns(mounted_over_body);
}

static int directory_body(void)
{
	struct mount mounts[] = { MOUNT_DEV };
	struct steps steps = make_steps(mounts, ARRAY_SIZE(mounts));
	struct stat st;

	EXPECT(make_root() == 0);
	steps.rootfs.working_directory = "/work/deep";
	EXPECT_STEPS(0, steps, up_to_pivot(&steps));
	EXPECT(stat("/work/deep", &st) == 0 && S_ISDIR(st.st_mode) && (st.st_mode & PERMISSIONS) == 0755);
	return 0;
}

static void working_directory_is_made(void)
{
	in_mount_ns(directory_body);
}

static int directory_error_body(void)
{
	struct steps steps = make_steps(NULL, 0);

	EXPECT(make_root() == 0);
	steps.rootfs.working_directory = "/etc/name/x";
	EXPECT_STEPS(-ENOTDIR, steps, up_to_devices(&steps));
	EXPECT_TEXT("process.cwd: make /etc/name/x in the root file system: Not a directory", steps.err.text);
	return 0;
}

static void working_directory_below_a_file(void)
{
	in_mount_ns(directory_error_body);
}

/* ---- not permitted to make nodes ---- */

static int without_mknod(void)
{
	const uint64_t all = cap_own_permitted() & ~(1ULL << CAP_MKNOD);
	const struct cap_sets sets = { .bounding = all, .effective = all, .permitted = all };
	struct error err;

	EXPECT(caps_apply(&sets, &err) == 0);
	EXPECT(mknod("/tmp/probe", S_IFCHR | 0600, makedev(1, 3)) < 0 && errno == EPERM);
	return 0;
}

static int bound_body(void)
{
	struct mount mounts[] = { MOUNT_DEV };
	struct steps steps = make_steps(mounts, ARRAY_SIZE(mounts));

	EXPECT(make_root() == 0 && without_mknod() == 0);
	EXPECT_STEPS(0, steps, up_to_pivot(&steps));
	EXPECT(is_device("/dev/null", S_IFCHR, 1, 3) && is_device("/dev/tty", S_IFCHR, 5, 0));
	EXPECT(put_file("/dev/null", "swallowed"));
	return 0;
}

static void nodes_of_the_host_are_bound(void)
{
	in_mount_ns(bound_body);
}

static int not_on_the_host_body(void)
{
	struct device_node missing[] = {
		{ .path = "/dev/coffer-missing", .type = S_IFCHR, .major = 1, .minor = 5, .mode = 0666 },
	};
	struct device_node other[] = { { .path = "/dev/full", .type = S_IFCHR, .major = 1, .minor = 5, .mode = 0666 } };
	struct mount mounts[] = { MOUNT_DEV };
	struct steps steps = make_steps(mounts, ARRAY_SIZE(mounts));

	EXPECT(make_root() == 0 && without_mknod() == 0);
	steps.rootfs.devices = missing;
	steps.rootfs.n_devices = 1;
	EXPECT_STEPS(-ENOENT, steps, up_to_devices(&steps));
	EXPECT_TEXT("device /dev/coffer-missing: the host's node: No such file", steps.err.text);
	steps = make_steps(mounts, ARRAY_SIZE(mounts));
	steps.rootfs.devices = other;
	steps.rootfs.n_devices = 1;
	EXPECT_STEPS(-EINVAL, steps, up_to_devices(&steps));
	EXPECT_TEXT("device /dev/full: the host has another device there", steps.err.text);
	return 0;
}

static void host_without_the_node(void)
{
	in_mount_ns(not_on_the_host_body);
}

/* ---- hostile roots ---- */

/* Each row puts something at /tmp/root/dev/null that a careless mknod or bind would use, follow or hang on. */
static int expect_refused(const char *what)
{
	struct steps steps = make_steps(NULL, 0);

	if (up_to_devices(&steps) != -EINVAL) {
		fprintf(stderr, "# %s was taken: %s\n", what, steps.err.text);
		return 1;
	}
	EXPECT_TEXT("device /dev/null: the root file system has something else there", steps.err.text);
	rootfs_close(&steps.fds);
	return 0;
}

static int in_the_way_body(void)
{
	static const char null[] = "/tmp/root/dev/null";

	EXPECT(make_root() == 0);
	EXPECT(put_file(null, "file") && expect_refused("a file") == 0 && unlink(null) == 0);
	EXPECT(mkdir(null, 0755) == 0 && expect_refused("a directory") == 0 && rmdir(null) == 0);
	EXPECT(mkfifo(null, 0600) == 0 && expect_refused("a fifo") == 0 && unlink(null) == 0);
	EXPECT(symlink("/dev/zero", null) == 0 && expect_refused("a link") == 0 && unlink(null) == 0);
	EXPECT(symlink("../../outside", null) == 0 && expect_refused("a link out") == 0 && unlink(null) == 0);
	EXPECT(mknod(null, S_IFCHR | 0666, makedev(1, 5)) == 0 && expect_refused("zero") == 0 && unlink(null) == 0);
	EXPECT(mknod(null, S_IFBLK | 0666, makedev(1, 3)) == 0 && expect_refused("a block device") == 0);
	EXPECT(unlink(null) == 0 && strcmp(text_of("/tmp/outside"), "host") == 0);
	return 0;
}

static void something_else_in_the_way(void)
{
	in_mount_ns(in_the_way_body);
}

static int right_one_body(void)
{
	struct steps steps = make_steps(NULL, 0);

	EXPECT(make_root() == 0);
	EXPECT(mknod("/tmp/root/dev/null", S_IFCHR | 0600, makedev(1, 3)) == 0);
	EXPECT(symlink("/elsewhere", "/tmp/root/dev/stdin") == 0);
	EXPECT_STEPS(0, steps, up_to_pivot(&steps));
	EXPECT(is_device("/dev/null", S_IFCHR, 1, 3) && has_mode("/dev/null", 0600, 0, 0));
	EXPECT(links_to("/dev/stdin", "/elsewhere"));
	return 0;
}

static void the_right_device_is_kept(void)
{
	in_mount_ns(right_one_body);
}

/* /dev as a link out of the root: nodes are made where it leads inside of it. */
static int dev_link_body(void)
{
	struct steps steps = make_steps(NULL, 0);

	EXPECT(make_root() == 0 && mkdir("/tmp/dev", 0755) == 0);
	EXPECT(rmdir("/tmp/root/dev") == 0 && symlink("../../../tmp", "/tmp/root/dev") == 0);
	EXPECT_STEPS(0, steps, up_to_devices(&steps));
	EXPECT(access("/tmp/null", F_OK) < 0 && access("/tmp/dev/null", F_OK) < 0);
	EXPECT(is_device("/tmp/root/tmp/null", S_IFCHR, 1, 3));
	return 0;
}

static void dev_is_a_link_out(void)
{
	in_mount_ns(dev_link_body);
}

static int ptmx_body(void)
{
	struct mount mounts[] = { { .destination = "/dev/pts",
				    .type = "devpts",
				    .source = "devpts",
				    .data = (const char *[]){ "newinstance" },
				    .n_data = 1 } };
	struct steps steps = make_steps(mounts, ARRAY_SIZE(mounts));

	EXPECT(make_root() == 0 && mknod("/tmp/root/dev/ptmx", S_IFCHR | 0666, makedev(5, 2)) == 0);
	EXPECT_STEPS(0, steps, up_to_pivot(&steps));
	EXPECT(links_to("/dev/ptmx", "pts/ptmx"));
	return 0;
}

static void ptmx_of_the_image_is_replaced(void)
{
	in_mount_ns(ptmx_body);
}

static int ptmx_directory_body(void)
{
	struct mount mounts[] = { MOUNT_DEVPTS };
	struct steps steps = make_steps(mounts, ARRAY_SIZE(mounts));

	EXPECT(make_root() == 0 && mkdir("/tmp/root/dev/ptmx", 0755) == 0);
	EXPECT(up_to_devices(&steps) < 0);
	EXPECT_TEXT("replace /dev/ptmx: Is a directory", steps.err.text);
	return 0;
}

static void ptmx_is_a_directory(void)
{
	in_mount_ns(ptmx_directory_body);
}

static int names_in(const char *path)
{
	auto_dir DIR *dir = opendir(path);
	int count = -2; /* "." and ".." */

	while (dir && readdir(dir))
		count++;
	return dir ? count : -1;
}

/* "-v /dev:/dev" of a privileged container: a link to pts/ptmx in the host's own /dev would take its terminals away. */
static int bound_dev_body(void)
{
	struct mount mounts[] = {
		{ .destination = "/dev/", .source = "/tmp/host", .bind = true, .recursive_bind = true },
		MOUNT_DEVPTS,
	};
	struct device_node listed[] = {
		{ .path = "/dev/gone", .type = S_IFCHR, .major = 10, .minor = 200, .mode = 0600 },
		{ .path = "/devices/null", .type = S_IFCHR, .major = 1, .minor = 3, .mode = 0600 },
	};
	struct steps steps = make_steps(mounts, ARRAY_SIZE(mounts));
	struct stat st;

	EXPECT(make_root() == 0 && mkdir("/tmp/host", 0755) == 0 && mkdir("/tmp/host/pts", 0755) == 0);
	EXPECT(mknod("/tmp/host/ptmx", S_IFCHR | 0666, makedev(5, 2)) == 0);
	steps.rootfs.devices = listed;
	steps.rootfs.n_devices = ARRAY_SIZE(listed);
	EXPECT_STEPS(0, steps, up_to_pivot(&steps));
	EXPECT(names_in("/dev") == 2 && lstat("/dev/ptmx", &st) == 0 && S_ISCHR(st.st_mode));
	EXPECT(stat("/devices/null", &st) == 0 && S_ISCHR(st.st_mode));
	return 0;
}

static void bound_dev_is_left_alone(void)
{
	in_mount_ns(bound_dev_body);
}

/* ---- the console ---- */

/* In the mount namespace that init has by then: only its own mounts can be cloned. */
static int open_peer(void)
{
	auto_fd int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
		return -1;
	(void)fcntl(master, F_DUPFD_CLOEXEC, 0); /* one stays open as long as the child lives */
	return open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
}

/* With `prepare` done to the root, /dev/console is the terminal, and nothing else has become it. */
static int console_with(int (*prepare)(void))
{
	struct steps steps = make_steps(NULL, 0);
	auto_fd int peer = -1;
	struct stat terminal;
	struct stat console;

	EXPECT(make_root() == 0 && prepare() == 0);
	EXPECT_STEPS(0, steps, up_to_devices(&steps));
	peer = open_peer();
	EXPECT(peer >= 0);
	EXPECT_STEPS(0, steps, rootfs_bind_console(&steps.fds, peer, &steps.err));
	EXPECT_STEPS(0, steps, rootfs_pivot(&steps.rootfs, &steps.fds, &steps.err));
	EXPECT(fstat(peer, &terminal) == 0 && stat("/dev/console", &console) == 0);
	EXPECT(S_ISCHR(console.st_mode) && console.st_rdev == terminal.st_rdev);
	return 0;
}

static int nothing_there(void)
{
	return 0;
}

static int file_there(void)
{
	return put_file("/tmp/root/dev/console", "file") ? 0 : -1;
}

/* Opening it for writing would hang. */
static int fifo_there(void)
{
	return mkfifo("/tmp/root/dev/console", 0600);
}

/* A device without a driver, which cannot be opened. */
static int device_there(void)
{
	return mknod("/tmp/root/dev/console", S_IFCHR | 0600, makedev(120, 7));
}

static int console_body(void)
{
	return console_with(nothing_there);
}

static int console_file_body(void)
{
	return console_with(file_there);
}

static int console_fifo_body(void)
{
	return console_with(fifo_there);
}

static int console_device_body(void)
{
	return console_with(device_there);
}

static void console_over_a_device(void)
{
	in_mount_ns(console_device_body);
}

static void console(void)
{
	in_mount_ns(console_body);
}

static void console_over_a_file(void)
{
	in_mount_ns(console_file_body);
}

static void console_over_a_fifo(void)
{
	in_mount_ns(console_fifo_body);
}

/* The link is covered, or the start refused; what it points to is never touched. */
static int console_link_body(void)
{
	struct steps steps = make_steps(NULL, 0);
	auto_fd int peer = -1;
	struct stat st;

	EXPECT(make_root() == 0 && symlink("/etc/name", "/tmp/root/dev/console") == 0);
	EXPECT_STEPS(0, steps, up_to_devices(&steps));
	peer = open_peer();
	EXPECT(peer >= 0);
	(void)rootfs_bind_console(&steps.fds, peer, &steps.err);
	EXPECT_STEPS(0, steps, rootfs_pivot(&steps.rootfs, &steps.fds, &steps.err));
	EXPECT(lstat("/etc/name", &st) == 0 && S_ISREG(st.st_mode));
	EXPECT(strcmp(text_of("/etc/name"), "container") == 0);
	return 0;
}

static void console_is_a_link(void)
{
	in_mount_ns(console_link_body);
}

static int console_directory_body(void)
{
	struct steps steps = make_steps(NULL, 0);
	auto_fd int peer = -1;

	EXPECT(make_root() == 0 && mkdir("/tmp/root/dev/console", 0755) == 0);
	EXPECT_STEPS(0, steps, up_to_devices(&steps));
	peer = open_peer();
	EXPECT(peer >= 0);
	EXPECT(rootfs_bind_console(&steps.fds, peer, &steps.err) < 0);
	EXPECT_TEXT("/dev/console: attach mount", steps.err.text);
	EXPECT_STEPS(-EBADF, steps, rootfs_bind_console(&steps.fds, -1, &steps.err));
	return 0;
}

static void console_errors(void)
{
	in_mount_ns(console_directory_body);
}

static const struct test tests[] = {
	TEST(default_devices),
	TEST(devices_without_a_mount),
	TEST(listed_devices),
	TEST(mounts_stand_for_defaults),
	TEST(working_directory_is_made),
	TEST(working_directory_below_a_file),
	TEST(nodes_of_the_host_are_bound),
	TEST(host_without_the_node),
	TEST(something_else_in_the_way),
	TEST(the_right_device_is_kept),
	TEST(dev_is_a_link_out),
	TEST(ptmx_of_the_image_is_replaced),
	TEST(ptmx_is_a_directory),
	TEST(bound_dev_is_left_alone),
	TEST(console),
	TEST(console_over_a_file),
	TEST(console_over_a_fifo),
	TEST(console_over_a_device),
	TEST(console_is_a_link),
	TEST(console_errors),
};
TEST_MAIN(tests)
