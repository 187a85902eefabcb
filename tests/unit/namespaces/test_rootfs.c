/*
 * test_rootfs.c - from the host's tree to pivot_root, in a child with its own mount namespace: what the container sees
 * and what it does not, propagation to and from the host, and roots with hostile entries where mounts go.
 */
#include "namespaces/rootfs.h"

#include <dirent.h>
#include <errno.h>
#include <linux/magic.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/syscalls.h"
#include "root_fixture.h"

static int open_fds(void)
{
	auto_dir DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	while (dir && readdir(dir))
		count++;
	return count;
}

/* ---- the whole way ---- */

static int whole_way_body(void)
{
	struct mount mounts[] = {
		MOUNT_PROC,
		MOUNT_DEV,
		MOUNT_DEVPTS,
		{ .destination = "/data", .source = "/tmp/volume", .bind = true, .attr_set = MOUNT_ATTR_RDONLY },
		{ .destination = "/etc/made/hosts", .source = "outside", .bind = true },
	};
	struct steps steps = make_steps(mounts, ARRAY_SIZE(mounts));
	struct stat before;
	struct stat after;
	char cwd[64];

	EXPECT(make_root() == 0 && mkdir("/tmp/volume", 0755) == 0 && put_file("/tmp/volume/v", "volume"));
	EXPECT(stat("/tmp/root", &before) == 0);
	EXPECT_STEPS(0, steps, up_to_pivot(&steps));
	EXPECT(stat("/", &after) == 0 && before.st_ino == after.st_ino && before.st_dev == after.st_dev);
	EXPECT(getcwd(cwd, sizeof(cwd)) && strcmp(cwd, "/") == 0);
	EXPECT(strcmp(text_of("/etc/name"), "container") == 0);
	EXPECT(access("/tmp/root", F_OK) < 0 && access("/tmp/outside", F_OK) < 0);
	EXPECT(strcmp(text_of("/data/v"), "volume") == 0);
	EXPECT(strcmp(text_of("/etc/made/hosts"), "host") == 0);
	EXPECT(strcmp(mount_options("/data"), "ro,relatime") == 0);
	EXPECT(strcmp(mount_options("/proc"), "rw,nosuid,relatime") == 0);
	EXPECT(strcmp(mount_options("/dev"), "rw,nosuid,relatime") == 0);
	EXPECT(path_on_fs(steps.fds.devpts, DEVPTS_SUPER_MAGIC));
	rootfs_close(&steps.fds);
	EXPECT(steps.fds.root == -1 && steps.fds.devpts == -1 && steps.fds.mounts == NULL);
	return 0;
}

static void whole_way(void)
{
	in_mount_ns(whole_way_body);
}

/* All there is are the root and what the config names. */
static int nothing_left_body(void)
{
	struct mount mounts[] = { MOUNT_PROC };
	struct steps steps = make_steps(mounts, ARRAY_SIZE(mounts));
	int lines = 0;

	EXPECT(make_root() == 0);
	EXPECT_STEPS(0, steps, up_to_pivot(&steps));
	for (const char *c = text_of("/proc/self/mountinfo"); *c; c++)
		lines += *c == '\n';
	EXPECT(lines == 1); /* "/" and "/proc"; the last newline is cut */
	/* ".." of the root, and of a directory below it, end at the root. */
	EXPECT(access("/../tmp/outside", F_OK) < 0 && access("/proc/../../tmp/outside", F_OK) < 0);
	return 0;
}

static void nothing_of_the_host_is_left(void)
{
	in_mount_ns(nothing_left_body);
}

static int no_pivot_body(void)
{
	struct mount mounts[] = { MOUNT_PROC };
	struct steps steps = make_steps(mounts, ARRAY_SIZE(mounts));

	EXPECT(make_root() == 0);
	steps.rootfs.no_pivot = true;
	EXPECT_STEPS(0, steps, up_to_pivot(&steps));
	EXPECT(strcmp(text_of("/etc/name"), "container") == 0);
	EXPECT(access("/tmp/outside", F_OK) < 0 && access("/../tmp/outside", F_OK) < 0);
	return 0;
}

static void without_pivot_root(void)
{
	in_mount_ns(no_pivot_body);
}

/* ---- opening ---- */

static int open_errors_body(void)
{
	struct mount mounts[] = {
		{ .destination = "/data", .source = "/tmp/root", .bind = true },
		{ .destination = "/etc", .source = "/tmp/missing", .bind = true },
	};
	struct steps steps = make_steps(mounts, ARRAY_SIZE(mounts));
	int before;

	EXPECT(make_root() == 0);
	before = open_fds();
	EXPECT_STEPS(-ENOENT, steps, rootfs_open(&steps.rootfs, "/tmp", NULL, false, &steps.fds, &steps.err));
	EXPECT_TEXT("mount /etc: bind source /tmp/missing: No such file", steps.err.text);
	EXPECT(open_fds() == before);
	steps.rootfs.path = "/tmp/nowhere";
	EXPECT_STEPS(-ENOENT, steps, rootfs_open(&steps.rootfs, "/tmp", NULL, false, &steps.fds, &steps.err));
	EXPECT_TEXT("root.path: /tmp/nowhere: No such file or directory", steps.err.text);
	steps.rootfs.path = "/tmp/outside";
	EXPECT_STEPS(-ENOTDIR, steps, rootfs_open(&steps.rootfs, "/tmp", NULL, false, &steps.fds, &steps.err));
	EXPECT_TEXT("root.path: /tmp/outside: Not a directory", steps.err.text);
	EXPECT(open_fds() == before);
	return 0;
}

static void open_errors(void)
{
	in_mount_ns(open_errors_body);
}

static void close_of_nothing(void)
{
	struct rootfs_fds fds = { .root = -1, .devpts = -1, .proc = -1 };

	rootfs_close(&fds);
	rootfs_close(&fds);
	CHECK_INT(-1, fds.root);
}

/* ---- hostile roots ---- */

static int kernel_targets_body(void)
{
	struct mount mounts[] = { MOUNT_PROC };
	struct steps steps = make_steps(mounts, ARRAY_SIZE(mounts));

	EXPECT(make_root() == 0);
	EXPECT(rmdir("/tmp/root/proc") == 0 && symlink("data", "/tmp/root/proc") == 0);
	EXPECT_STEPS(-EINVAL, steps, up_to_mounts(&steps));
	EXPECT_TEXT("mount /proc: the root file system has a symbolic link there", steps.err.text);
	return 0;
}

static void proc_over_a_link_is_refused(void)
{
	in_mount_ns(kernel_targets_body);
}

/* Links that lead out for whoever walks the path: the mount has to end up inside, where the link means it. */
static int links_out_body(void)
{
	struct mount mounts[] = {
		{ .destination = "/up/x", .type = "tmpfs", .source = "one" },
		{ .destination = "/absolute/y", .type = "tmpfs", .source = "two" },
	};
	struct steps steps = make_steps(mounts, ARRAY_SIZE(mounts));
	struct stat host;
	struct stat at;

	EXPECT(make_root() == 0 && mkdir("/tmp/x", 0755) == 0 && mkdir("/tmp/y", 0755) == 0);
	EXPECT(symlink("../../../../..", "/tmp/root/up") == 0 && symlink("/tmp", "/tmp/root/absolute") == 0);
	EXPECT_STEPS(0, steps, up_to_mounts(&steps));
	/* Before pivot_root a path still begins at the host's root. */
	EXPECT(stat("/tmp", &host) == 0);
	EXPECT(stat("/tmp/x", &at) == 0 && at.st_dev == host.st_dev);
	EXPECT(stat("/tmp/y", &at) == 0 && at.st_dev == host.st_dev);
	EXPECT(fchdir(steps.fds.root) == 0);
	EXPECT(stat("x", &at) == 0 && at.st_dev != host.st_dev);
	EXPECT(stat("tmp/y", &at) == 0 && at.st_dev != host.st_dev);
	return 0;
}

static void links_lead_nowhere_out(void)
{
	in_mount_ns(links_out_body);
}

/* As /etc/resolv.conf of images that were made on a machine with systemd. */
static int dangling_body(void)
{
	struct mount mounts[] = { { .destination = "/etc/link", .source = "outside", .bind = true } };
	struct steps steps = make_steps(mounts, ARRAY_SIZE(mounts));

	EXPECT(make_root() == 0 && symlink("../run/made/file", "/tmp/root/etc/link") == 0);
	EXPECT_STEPS(0, steps, up_to_mounts(&steps));
	EXPECT(fchdir(steps.fds.root) == 0);
	EXPECT(strcmp(text_of("run/made/file"), "host") == 0);
	return 0;
}

static void dangling_target_is_made(void)
{
	in_mount_ns(dangling_body);
}

/* A file cannot be mounted over a directory, nor a file system over a file. */
static int kinds_body(void)
{
	struct mount file_on_directory[] = { { .destination = "/data", .source = "outside", .bind = true } };
	struct mount fs_on_file[] = { { .destination = "/etc/name", .type = "tmpfs", .source = "one" } };
	struct mount below_file[] = { { .destination = "/etc/name/x", .type = "tmpfs", .source = "one" } };
	struct steps steps = make_steps(file_on_directory, 1);

	EXPECT(make_root() == 0);
	EXPECT(up_to_mounts(&steps) < 0);
	EXPECT_TEXT("mount /data: attach mount: ", steps.err.text);
	steps = make_steps(fs_on_file, 1);
	EXPECT(up_to_mounts(&steps) < 0);
	EXPECT_TEXT("mount /etc/name: attach mount: ", steps.err.text);
	steps = make_steps(below_file, 1);
	EXPECT_STEPS(-ENOTDIR, steps, up_to_mounts(&steps));
	EXPECT_TEXT("mount /etc/name/x: make /etc/name/x in the root file system: Not a directory", steps.err.text);
	return 0;
}

static void kinds_must_fit(void)
{
	in_mount_ns(kinds_body);
}

/* A mount's source is the host's, and a second one may not go through a magic link of the first. */
static int magic_link_body(void)
{
	struct mount mounts[] = {
		MOUNT_PROC,
		{ .destination = "/proc/self/root/tmp/escape", .type = "tmpfs", .source = "one" },
	};
	struct steps steps = make_steps(mounts, ARRAY_SIZE(mounts));

	EXPECT(make_root() == 0);
	EXPECT_STEPS(-ELOOP, steps, up_to_mounts(&steps));
	EXPECT(access("/tmp/escape", F_OK) < 0);
	return 0;
}

static void magic_links_are_refused(void)
{
	in_mount_ns(magic_link_body);
}

static int nofollow_body(void)
{
	struct mount mounts[] = {
		{ .destination = "/link", .source = "outside", .bind = true, .destination_nofollow = true }
	};
	struct steps steps = make_steps(mounts, ARRAY_SIZE(mounts));

	EXPECT(make_root() == 0 && symlink("etc/name", "/tmp/root/link") == 0);
	EXPECT_STEPS(0, steps, up_to_pivot(&steps));
	/* The link itself is covered: what it pointed to is as it was. */
	EXPECT(strcmp(text_of("/etc/name"), "container") == 0);
	return 0;
}

static void destination_nofollow(void)
{
	in_mount_ns(nofollow_body);
}

/* ---- kinds of mounts ---- */

static int copy_symlink_body(void)
{
	struct mount mounts[] = {
		{ .destination = "/etc/deep/link", .source = "/tmp/link", .bind = true, .copy_symlink = true },
		{ .destination = "/etc/file", .source = "/tmp/outside", .bind = true, .copy_symlink = true }
	};
	struct steps steps = make_steps(mounts, ARRAY_SIZE(mounts));
	char target[64] = "";

	EXPECT(make_root() == 0 && symlink("/some/target", "/tmp/link") == 0);
	EXPECT_STEPS(0, steps, up_to_pivot(&steps));
	EXPECT(readlink("/etc/deep/link", target, sizeof(target) - 1) > 0 && strcmp(target, "/some/target") == 0);
	EXPECT(strcmp(text_of("/etc/file"), "host") == 0);
	return 0;
}

static void copy_symlink(void)
{
	in_mount_ns(copy_symlink_body);
}

static int copyup_body(void)
{
	struct mount mounts[] = {
		{ .destination = "/etc", .type = "tmpfs", .source = "t", .tmpcopyup = true },
		{ .destination = "/new", .type = "tmpfs", .source = "t", .tmpcopyup = true },
	};
	struct steps steps = make_steps(mounts, ARRAY_SIZE(mounts));

	EXPECT(make_root() == 0);
	EXPECT_STEPS(0, steps, up_to_pivot(&steps));
	EXPECT(strcmp(text_of("/etc/name"), "container") == 0);
	EXPECT(put_file("/etc/name", "changed") && umount("/etc") == 0);
	EXPECT(strcmp(text_of("/etc/name"), "container") == 0);
	EXPECT(umount("/new") == 0);
	return 0;
}

static void tmpcopyup(void)
{
	in_mount_ns(copyup_body);
}

static int remount_body(void)
{
	struct mount mounts[] = {
		MOUNT_PROC,
		{ .destination = "/data", .source = "/tmp/root/etc", .bind = true },
		{ .destination = "/data", .bind = true, .remount = true, .attr_set = MOUNT_ATTR_RDONLY },
	};
	struct mount missing[] = { { .destination = "/nowhere", .remount = true, .attr_set = MOUNT_ATTR_RDONLY } };
	struct mount no_mount[] = { { .destination = "/etc", .remount = true, .attr_set = MOUNT_ATTR_RDONLY } };
	struct steps steps = make_steps(missing, 1);

	EXPECT(make_root() == 0);
	EXPECT_STEPS(-ENOENT, steps, up_to_mounts(&steps));
	EXPECT_TEXT("remount /nowhere: No such file or directory", steps.err.text);
	steps = make_steps(no_mount, 1);
	EXPECT_STEPS(-EINVAL, steps, up_to_mounts(&steps));
	EXPECT_TEXT("mount /etc: attributes: ", steps.err.text);
	steps = make_steps(mounts, ARRAY_SIZE(mounts));
	EXPECT_STEPS(0, steps, up_to_pivot(&steps));
	EXPECT(strcmp(mount_options("/data"), "ro,relatime") == 0);
	EXPECT(open("/data/name", O_WRONLY) < 0 && errno == EROFS);
	EXPECT(put_file("/etc/name", "still writable"));
	return 0;
}

static void remounts(void)
{
	in_mount_ns(remount_body);
}

/* Attributes of a new file system below which nothing is: the recursive words count as well. */
static int recursive_fs_body(void)
{
	struct mount mounts[] = {
		MOUNT_PROC,
		{ .destination = "/data",
		  .type = "tmpfs",
		  .source = "t",
		  .attr_set = MOUNT_ATTR_NOSUID,
		  .recursive_set = MOUNT_ATTR_RDONLY,
		  .propagation = MS_UNBINDABLE },
	};
	struct steps steps = make_steps(mounts, ARRAY_SIZE(mounts));

	EXPECT(make_root() == 0);
	EXPECT_STEPS(0, steps, all_steps(&steps));
	EXPECT(strcmp(mount_options("/data"), "ro,nosuid,relatime") == 0);
	EXPECT(strstr(mount_line("/data"), "unbindable"));
	return 0;
}

static void recursive_attributes_of_a_file_system(void)
{
	in_mount_ns(recursive_fs_body);
}

/* A procfs that was made beforehand is used in place of a new one. */
static int given_proc_body(void)
{
	struct mount mounts[] = { MOUNT_PROC };
	struct steps steps = make_steps(mounts, ARRAY_SIZE(mounts));
	const struct mount given = { .destination = "/proc", .type = "proc", .source = "given" };

	EXPECT(make_root() == 0);
	EXPECT_STEPS(0, steps, open_and_attach(&steps));
	steps.fds.proc = mount_make_fs(&given, NULL, &steps.err);
	EXPECT(steps.fds.proc >= 0);
	EXPECT_STEPS(0, steps, rootfs_mount_all(&steps.rootfs, &steps.fds, &steps.err));
	EXPECT(steps.fds.proc == -1);
	EXPECT_STEPS(0, steps, rootfs_pivot(&steps.rootfs, &steps.fds, &steps.err));
	EXPECT(strstr(mount_line("/proc"), " - proc given "));
	return 0;
}

static void proc_made_beforehand(void)
{
	in_mount_ns(given_proc_body);
}

static int idmapped_body(void)
{
	struct id_map own[] = { { .container_id = 0, .host_id = 7000, .size = 10 } };
	struct id_map container[] = { { .container_id = 0, .host_id = 5000, .size = 10 } };
	const struct id_maps container_maps = { .uids = container, .gids = container, .n_uids = 1, .n_gids = 1 };
	struct mount mounts[] = {
		{ .destination = "/a", .source = "/tmp/root/etc", .bind = true, .idmap = MOUNT_IDMAP_PLAIN },
		{ .destination = "/b",
		  .source = "/tmp/root/etc",
		  .bind = true,
		  .idmap = MOUNT_IDMAP_PLAIN,
		  .id_maps = { .uids = own, .gids = own, .n_uids = 1, .n_gids = 1 } },
	};
	struct steps steps = make_steps(mounts, ARRAY_SIZE(mounts));
	struct stat st;

	EXPECT(make_root() == 0);
	if (rootfs_open(&steps.rootfs, "/tmp", &container_maps, false, &steps.fds, &steps.err) == -EINVAL)
		return 0; /* tmpfs before Linux 6.3 */
	EXPECT(unshare(CLONE_NEWNS) == 0);
	EXPECT_STEPS(0, steps, rootfs_attach(&steps.rootfs, &steps.fds, &steps.err));
	EXPECT_STEPS(0, steps, rootfs_mount_all(&steps.rootfs, &steps.fds, &steps.err));
	EXPECT_STEPS(0, steps, rootfs_pivot(&steps.rootfs, &steps.fds, &steps.err));
	EXPECT(stat("/a/name", &st) == 0 && st.st_uid == 5000 && st.st_gid == 5000);
	EXPECT(stat("/b/name", &st) == 0 && st.st_uid == 7000 && st.st_gid == 7000);
	return 0;
}

static void idmapped_binds(void)
{
	in_mount_ns(idmapped_body);
}

/* ---- propagation ---- */

/* What the container mounts appears nowhere on the host, even where the host's mounts are shared. */
static int to_the_host(const void *propagation)
{
	struct mount mounts[] = {
		{ .destination = "/data", .type = "tmpfs", .source = "in-container" },
		{ .destination = "/vol", .source = "/tmp/volume", .bind = true, .recursive_bind = true },
		{ .destination = "/vol/x", .type = "tmpfs", .source = "in-container" },
	};
	struct steps steps = make_steps(mounts, ARRAY_SIZE(mounts));

	steps.rootfs.propagation = *(const uint64_t *)propagation;
	EXPECT_STEPS(0, steps, up_to_pivot(&steps));
	EXPECT(mount("tmpfs", "/etc", "tmpfs", 0, NULL) == 0);
	return 0;
}

static int nothing_reaches_the_host_body(void)
{
	static const uint64_t values[] = { 0,        MS_PRIVATE | MS_REC, MS_SLAVE | MS_REC, MS_SHARED | MS_REC,
					   MS_SLAVE, MS_PRIVATE,          MS_SHARED,         MS_UNBINDABLE };

	EXPECT(make_root() == 0 && mkdir("/tmp/volume", 0755) == 0 && mkdir("/tmp/volume/x", 0755) == 0);
	EXPECT(mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL) == 0);
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		EXPECT(in_child(to_the_host, &values[i]) == 0);
		EXPECT(strstr(text_of("/proc/self/mountinfo"), "in-container") == NULL);
		EXPECT(mount_line("/tmp/root/data") == NULL && mount_line("/tmp/root/etc") == NULL);
		EXPECT(mount_line("/tmp/volume/x") == NULL);
	}
	return 0;
}

static void nothing_reaches_the_host(void)
{
	in_mount_ns(nothing_reaches_the_host_body);
}

static int root_propagation(const void *propagation)
{
	struct mount mounts[] = { MOUNT_PROC };
	struct steps steps = make_steps(mounts, ARRAY_SIZE(mounts));
	const char *line;

	steps.rootfs.propagation = *(const uint64_t *)propagation;
	EXPECT_STEPS(0, steps, up_to_pivot(&steps));
	line = mount_line("/");
	EXPECT(line);
	EXPECT((strstr(line, " shared:") != NULL) == ((steps.rootfs.propagation & MS_SHARED) != 0));
	EXPECT((strstr(line, " unbindable") != NULL) == ((steps.rootfs.propagation & MS_UNBINDABLE) != 0));
	EXPECT((strstr(line, " master:") != NULL) ==
	       (!(steps.rootfs.propagation & (MS_PRIVATE | MS_SHARED | MS_UNBINDABLE))));
	return 0;
}

static int propagation_body(void)
{
	static const uint64_t values[] = { 0,         MS_PRIVATE | MS_REC, MS_SLAVE | MS_REC, MS_SHARED | MS_REC,
					   MS_SHARED, MS_UNBINDABLE };

	EXPECT(make_root() == 0);
	EXPECT(mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL) == 0);
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		EXPECT(in_child(root_propagation, &values[i]) == 0);
	return 0;
}

static void propagation_of_the_root(void)
{
	in_mount_ns(propagation_body);
}

/* "rslave" for a volume: what the host mounts there later is seen in the container. */
static int slave_volume(const void *pipes)
{
	const int *fds = pipes;
	struct mount mounts[] = { { .destination = "/vol",
				    .source = "/tmp/volume",
				    .bind = true,
				    .recursive_bind = true,
				    .propagation = MS_SLAVE | MS_REC } };
	struct steps steps = make_steps(mounts, ARRAY_SIZE(mounts));
	char byte;

	EXPECT_STEPS(0, steps, up_to_pivot(&steps));
	EXPECT(write(fds[1], "r", 1) == 1 && read(fds[2], &byte, 1) == 1);
	EXPECT(strcmp(text_of("/vol/x/file"), "later") == 0);
	return 0;
}

static int from_the_host_body(void)
{
	int fds[4];
	int status = -1;
	char byte;
	pid_t pid;

	EXPECT(make_root() == 0 && mkdir("/tmp/volume", 0755) == 0 && mkdir("/tmp/volume/x", 0755) == 0);
	EXPECT(mount("tmpfs", "/tmp/volume", "tmpfs", 0, NULL) == 0 && mkdir("/tmp/volume/x", 0755) == 0);
	EXPECT(mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL) == 0);
	EXPECT(pipe(fds) == 0 && pipe(fds + 2) == 0);
	pid = fork();
	if (pid == 0)
		_exit(slave_volume(fds) ? 1 : 0);
	EXPECT(pid > 0);
	(void)close(fds[1]);
	EXPECT(read(fds[0], &byte, 1) == 1);
	EXPECT(mount("tmpfs", "/tmp/volume/x", "tmpfs", 0, NULL) == 0 && put_file("/tmp/volume/x/file", "later"));
	EXPECT(write(fds[3], "g", 1) == 1);
	EXPECT(waitpid(pid, &status, 0) == pid && status == 0);
	return 0;
}

static void slaves_follow_the_host(void)
{
	in_mount_ns(from_the_host_body);
}

static const struct test tests[] = {
	TEST(whole_way),
	TEST(nothing_of_the_host_is_left),
	TEST(without_pivot_root),
	TEST(open_errors),
	TEST(close_of_nothing),
	TEST(proc_over_a_link_is_refused),
	TEST(links_lead_nowhere_out),
	TEST(dangling_target_is_made),
	TEST(kinds_must_fit),
	TEST(magic_links_are_refused),
	TEST(destination_nofollow),
	TEST(copy_symlink),
	TEST(tmpcopyup),
	TEST(remounts),
	TEST(recursive_attributes_of_a_file_system),
	TEST(proc_made_beforehand),
	TEST(idmapped_binds),
	TEST(nothing_reaches_the_host),
	TEST(propagation_of_the_root),
	TEST(slaves_follow_the_host),
};
TEST_MAIN(tests)
