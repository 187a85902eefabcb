/*
 * test_overlay.c - root file systems of layers: what is seen, where writes go, that nothing is mounted on the way, any
 * bytes in paths, many layers, and kernels that take no fds.
 */
#include "namespaces/overlay.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/xattr.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/syscalls.h"
#include "tests/unit/mount_ns.h"

enum { MANY = 120 };

static const char *const two_layers[] = { "/tmp/top", "/tmp/base" };

static int make_layers(void)
{
	static const char *const directories[] = { "base",    "base/etc", "base/dir", "top",
						   "top/etc", "c",        "c/upper",  "c/work" };

	for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
		EXPECT(mkdir(directories[i], 0755) == 0);
	EXPECT(put_file("base/etc/name", "base") && put_file("top/etc/name", "top"));
	EXPECT(put_file("base/etc/below", "below") && put_file("base/gone", "gone"));
	EXPECT(mknod("top/gone", S_IFCHR, 0) == 0);
	return 0;
}

static struct overlay overlay_of(const char *const *lowers, size_t count)
{
	return (struct overlay){ .lowers = lowers, .n_lowers = count, .dir = "/tmp/c", .fd = -1 };
}

static int open_it(const struct overlay *overlay)
{
	struct error err = { 0 };
	int fd = overlay_open(overlay, NULL, false, &err);

	if (fd < 0)
		fprintf(stderr, "# in child: %s\n", err.text);
	return fd;
}

static const char *text_at(int dir_fd, const char *path)
{
	static char text[256];
	ssize_t length = fd_read_small(dir_fd, path, text, sizeof(text));

	return length < 0 ? strerror((int)-length) : text;
}

static int write_at(int dir_fd, const char *path)
{
	auto_fd int fd = openat(dir_fd, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	return fd < 0 ? -errno : fd_write_all(fd, "new", 3);
}

static int count_mounts(void)
{
	auto_file FILE *file = fopen("/proc/self/mountinfo", "re");
	int lines = 0;
	int c;

	while (file && (c = getc(file)) != EOF)
		lines += c == '\n';
	return lines;
}

static int merged_body(void)
{
	struct overlay overlay = overlay_of(two_layers, 2);
	int before = count_mounts();
	auto_fd int fd = -1;

	EXPECT(make_layers() == 0);
	fd = open_it(&overlay);
	EXPECT(fd >= 0 && count_mounts() == before && before > 0);
	EXPECT(strcmp(text_at(fd, "etc/name"), "top") == 0 && strcmp(text_at(fd, "etc/below"), "below") == 0);
	EXPECT(faccessat(fd, "gone", F_OK, 0) < 0 && errno == ENOENT);
	EXPECT(write_at(fd, "etc/below") == 0 && write_at(fd, "etc/made") == 0);
	EXPECT(strcmp(text_of("base/etc/below"), "below") == 0 && strcmp(text_of("c/upper/etc/below"), "newow") == 0);
	EXPECT(strcmp(text_of("c/upper/etc/made"), "new") == 0);
	/* What can become a layer has no directory that only points at a lower one. */
	EXPECT(renameat(fd, "dir", fd, "moved") < 0 && errno == EXDEV);
	return 0;
}

static void merged(void)
{
	in_mount_ns(merged_body);
}

static int scratch_body(void)
{
	struct overlay overlay = overlay_of(two_layers, 2);
	int before = count_mounts();
	struct stat st;
	int fd;

	EXPECT(make_layers() == 0 && chmod("top", 0711) == 0);
	overlay.scratch = true;
	overlay.is_volatile = true;
	fd = open_it(&overlay);
	EXPECT(fd >= 0 && count_mounts() == before);
	EXPECT(fstat(fd, &st) == 0 && (st.st_mode & 07777) == 0711);
	EXPECT(write_at(fd, "etc/made") == 0 && strcmp(text_at(fd, "etc/made"), "new") == 0);
	(void)close(fd);
	EXPECT(access("c/upper/etc", F_OK) < 0 && access("base/etc/made", F_OK) < 0);
	return 0;
}

static void scratch(void)
{
	in_mount_ns(scratch_body);
}

/* One layer with each byte that option strings have a meaning for, and a path longer than an option value may be. */
static int odd_paths_body(void)
{
	char name[256];
	auto_free char *longer = NULL;
	const char *lowers[3] = { "/tmp/a:b,c\\d\ne=f \"\xff", "/tmp/base", NULL };
	struct overlay overlay;
	auto_fd int fd = -1;

	memset(name, 'x', 255);
	name[255] = '\0';
	longer = xasprintf("/tmp/%s/%s", name, name);
	EXPECT(make_layers() == 0 && mkdir(lowers[0], 0755) == 0);
	*strrchr(longer, '/') = '\0';
	EXPECT(mkdir(longer, 0755) == 0);
	longer[strlen(longer)] = '/';
	EXPECT(mkdir(longer, 0755) == 0);
	lowers[2] = longer;
	EXPECT(chdir(lowers[0]) == 0 && put_file("odd", "odd") && chdir(longer) == 0 && put_file("long", "long"));
	EXPECT(chdir("/tmp") == 0);
	overlay = overlay_of(lowers, 3);
	fd = open_it(&overlay);
	EXPECT(fd >= 0 && strcmp(text_at(fd, "odd"), "odd") == 0 && strcmp(text_at(fd, "long"), "long") == 0);
	EXPECT(strcmp(text_at(fd, "etc/name"), "base") == 0);
	return 0;
}

static void odd_paths(void)
{
	in_mount_ns(odd_paths_body);
}

static int many_body(void)
{
	const char *lowers[MANY] = { NULL };
	struct overlay overlay = overlay_of(lowers, MANY);
	auto_fd int fd = -1;

	EXPECT(make_layers() == 0);
	for (int i = 0; i < MANY; i++) {
		char file[64];

		lowers[i] = xasprintf("/tmp/layer%d", i);
		(void)snprintf(file, sizeof(file), "%s/f%d", lowers[i], i);
		EXPECT(mkdir(lowers[i], 0755) == 0 && put_file(file, lowers[i]));
	}
	fd = open_it(&overlay);
	EXPECT(fd >= 0 && strcmp(text_at(fd, "f0"), "/tmp/layer0") == 0);
	EXPECT(strcmp(text_at(fd, "f119"), "/tmp/layer119") == 0);
	return 0;
}

static void many_layers(void)
{
	in_mount_ns(many_body);
}

/* From now on this system call fails so when its second argument is this one. */
static int refuse_call(unsigned number, unsigned argument, unsigned errnum)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, argument, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | errnum),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = ARRAY_SIZE(code), .filter = code };

	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* As before Linux 6.13, which answers EINVAL to an fd as a layer, and before 6.5, EOPNOTSUPP. */
static int refuse_fds(unsigned errnum)
{
	return refuse_call(SYS_fsconfig, FSCONFIG_SET_FD, errnum);
}

static int links_body(void)
{
	return refuse_fds(EINVAL) == 0 ? odd_paths_body() : __LINE__;
}

static int list_body(void)
{
	return refuse_fds(EOPNOTSUPP) == 0 ? odd_paths_body() : __LINE__;
}

static void links_instead_of_fds(void)
{
	in_mount_ns(links_body);
}

static void list_instead_of_fds(void)
{
	in_mount_ns(list_body);
}

/* The upper layer's tmpfs is attached in a namespace of the own only. */
static int attached_scratch_body(void)
{
	struct overlay overlay = overlay_of(two_layers, 2);
	struct error err = { 0 };
	auto_fd int fd = -1;

	EXPECT(make_layers() == 0 && mkdir("/tmp/point", 0755) == 0 && refuse_fds(EINVAL) == 0);
	overlay.scratch = true;
	overlay.dir = "/tmp/point";
	fd = overlay_open(&overlay, NULL, false, &err);
	if (fd < 0) {
		EXPECT(fd == -EOPNOTSUPP);
		fd = overlay_open(&overlay, NULL, true, &err);
	}
	EXPECT(fd >= 0 && strcmp(text_at(fd, "etc/name"), "top") == 0 && write_at(fd, "etc/made") == 0);
	return 0;
}

static void attached_scratch(void)
{
	in_mount_ns(attached_scratch_body);
}

static bool kernel_is(unsigned major, unsigned minor)
{
	struct utsname name;
	unsigned found[2] = { 0 };

	return uname(&name) == 0 && sscanf(name.release, "%u.%u", &found[0], &found[1]) == 2 &&
	       (found[0] > major || (found[0] == major && found[1] >= minor));
}

static int idmapped_body(void)
{
	struct id_map map = { .container_id = 0, .host_id = 100000, .size = 65536 };
	struct id_maps maps = { .uids = &map, .gids = &map, .n_uids = 1, .n_gids = 1 };
	struct overlay overlay = overlay_of(two_layers, 2);
	struct error err = { 0 };
	struct stat st;
	auto_fd int fd = -1;

	EXPECT(make_layers() == 0 && chown("base/etc/below", 7, 8) == 0);
	overlay.idmap = true;
	fd = overlay_open(&overlay, &maps, false, &err);
	if (fd == -EOPNOTSUPP)
		return strstr(err.text, "--userns=host") && !kernel_is(6, 15) ? 0 : __LINE__;
	EXPECT(fd >= 0);
	EXPECT(fstatat(fd, "etc/below", &st, 0) == 0 && st.st_uid == 100007 && st.st_gid == 100008);
	/* The upper directory has the host's ids. */
	EXPECT(fchmodat(fd, "etc", 0777, 0) == 0 && setegid(100005) == 0 && seteuid(100005) == 0);
	EXPECT(write_at(fd, "etc/made") == 0);
	EXPECT(seteuid(0) == 0 && stat("c/upper/etc/made", &st) == 0 && st.st_uid == 100005 && st.st_gid == 100005);
	return 0;
}

static void idmapped(void)
{
	in_mount_ns(idmapped_body);
}

static int lowers_body(void)
{
	struct overlay overlay = overlay_of(two_layers, 2);
	struct error err = { 0 };
	auto_fd int both = -1;
	auto_fd int one = -1;

	EXPECT(make_layers() == 0);
	both = overlay_open_lowers(&overlay, &err);
	overlay.n_lowers = 1;
	one = overlay_open_lowers(&overlay, &err);
	EXPECT(both >= 0 && one >= 0);
	EXPECT(strcmp(text_at(both, "etc/below"), "below") == 0 && write_at(both, "x") == -EROFS);
	EXPECT(strcmp(text_at(one, "etc/name"), "top") == 0);
	return 0;
}

static void lowers_alone(void)
{
	in_mount_ns(lowers_body);
}

static int failures_body(void)
{
	const char *const missing[] = { "/tmp/top", "/tmp/missing" };
	struct overlay overlay = overlay_of(missing, 2);
	struct error err = { 0 };

	EXPECT(make_layers() == 0);
	EXPECT(overlay_open(&overlay, NULL, false, &err) == -ENOENT);
	EXPECT(strstr(err.text, "/tmp/missing (`coffer image verify` makes it again)"));
	overlay = overlay_of(two_layers, 2);
	overlay.dir = "/tmp/top";
	EXPECT(overlay_open(&overlay, NULL, false, &err) == -ENOENT && strstr(err.text, "upper"));
	/* An upper directory that is a link to somewhere is none. */
	EXPECT(rmdir("c/upper") == 0 && symlink("/etc", "c/upper") == 0);
	overlay.dir = "/tmp/c";
	EXPECT(overlay_open(&overlay, NULL, false, &err) == -ENOTDIR);
	return 0;
}

static void failures(void)
{
	in_mount_ns(failures_body);
}

static int is_told(void)
{
	struct overlay overlay = overlay_of(two_layers, 2);
	struct error err = { 0 };

	EXPECT(overlay_open(&overlay, NULL, false, &err) == -EPERM);
	EXPECT(strstr(err.text, "not allowed here; it takes root, or") && strstr(err.text, "`coffer image unpack`"));
	overlay.scratch = true;
	EXPECT(overlay_open(&overlay, NULL, false, &err) == -EPERM && strstr(err.text, "not allowed here"));
	return 0;
}

/* To others than root, as a kernel before 5.11 does; then as a security module or a seccomp filter may. */
static int forbidden_body(void)
{
	int r = make_layers();

	if (r == 0)
		r = refuse_call(SYS_fsconfig, FSCONFIG_CMD_CREATE, EPERM) == 0 ? is_told() : __LINE__;
	if (r == 0)
		r = refuse_call(SYS_fsopen, FSOPEN_CLOEXEC, EPERM) == 0 ? is_told() : __LINE__;
	return r;
}

static void forbidden(void)
{
	in_mount_ns(forbidden_body);
}

static const struct test tests[] = {
	TEST(merged),
	TEST(scratch),
	TEST(odd_paths),
	TEST(many_layers),
	TEST(forbidden),
	TEST(links_instead_of_fds),
	TEST(list_instead_of_fds),
	TEST(attached_scratch),
	TEST(idmapped),
	TEST(lowers_alone),
	TEST(failures),
};

TEST_MAIN(tests)
