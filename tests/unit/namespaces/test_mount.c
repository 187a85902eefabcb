/*
 * test_mount.c - mounts as the kernel shows them afterwards: file systems with their options, attributes of bind trees
 * by option word, access-time rules, propagation, id-mapping, and errors in the kernel's own words.
 */
#include "namespaces/mount.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "base/str.h"
#include "base/syscalls.h"
#include "tests/unit/mount_ns.h"

/* The mount with these option words, comma-separated. */
static int apply_words(struct arena *arena, struct mount *mount, const char *words, struct error *err)
{
	char *rest = arena_strdup(arena, words);
	const char *word;

	while (*words && (word = strsep(&rest, ",")) != NULL)
		if (mount_option_apply(arena, mount, word, err) < 0)
			return -err->code;
	return 0;
}

static int attach_at(int mount_fd, const char *path)
{
	auto_fd int target = -1;
	struct error err;

	(void)mkdir(path, 0755);
	target = open(path, O_PATH | O_CLOEXEC);
	return target < 0 ? -errno : mount_attach(mount_fd, target, &err);
}

/* Mounts a file system of `type` with the words at /tmp/m. */
static int mount_fs(const char *type, const char *words, struct error *err)
{
	auto_arena struct arena *arena = arena_new();
	struct mount mount = { .destination = "/m", .type = type, .source = "src" };
	auto_fd int fd = -1;

	if (apply_words(arena, &mount, words, err) < 0)
		return -err->code;
	fd = mount_make_fs(&mount, NULL, err);
	return fd < 0 ? fd : attach_at(fd, "/tmp/m");
}

/* ---- new file systems ---- */

static const struct {
	const char *type, *words, *options;
	const char *super[3];
} fs_rows[] = {
	{ "tmpfs", "", "rw,relatime", { "rw" } },
	{ "tmpfs",
	  "nosuid,noexec,nodev,mode=700,size=64k",
	  "rw,nosuid,nodev,noexec,relatime",
	  { "size=64k", "mode=700" } },
	{ "tmpfs", "nosuid,suid,exec,dev", "rw,relatime", { "rw" } },
	{ "tmpfs", "ro", "ro,relatime", { "ro" } },
	{ "tmpfs", "ro,rw", "rw,relatime", { "rw" } },
	{ "tmpfs", "noatime", "rw,noatime", { "rw" } },
	{ "tmpfs", "strictatime", "rw", { "rw" } },
	{ "tmpfs", "noatime,relatime", "rw,relatime", { "rw" } },
	{ "tmpfs", "noatime,atime", "rw,relatime", { "rw" } },
	{ "tmpfs", "nodiratime", "rw,nodiratime,relatime", { "rw" } },
	{ "tmpfs", "noatime,nodiratime,nosymfollow", "rw,noatime,nodiratime,nosymfollow", { "rw" } },
	{ "tmpfs", "sync,dirsync,lazytime", "rw,relatime", { "sync", "dirsync", "lazytime" } },
	{ "tmpfs", "sync,async", "rw,relatime", { "rw" } },
	{ "proc", "nosuid,noexec,nodev", "rw,nosuid,nodev,noexec,relatime", { "rw" } },
	{ "mqueue", "", "rw,relatime", { "rw" } },
	{ "devpts",
	  "newinstance,ptmxmode=0666,mode=0620,gid=5",
	  "rw,relatime",
	  { "gid=5", "mode=620", "ptmxmode=666" } },
};

static int new_file_systems_body(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(fs_rows); i++) {
		struct error err = { 0 };
		int r;

		r = mount_fs(fs_rows[i].type, fs_rows[i].words, &err);
		if (r != 0 || strcmp(mount_options("/tmp/m"), fs_rows[i].options) != 0)
			fprintf(stderr, "# %s %s: %d %s: \"%s\"\n", fs_rows[i].type, fs_rows[i].words, r, err.text,
				mount_options("/tmp/m"));
		EXPECT(r == 0 && strcmp(mount_options("/tmp/m"), fs_rows[i].options) == 0);
		for (size_t j = 0; j < ARRAY_SIZE(fs_rows[i].super) && fs_rows[i].super[j]; j++)
			EXPECT(has_option(super_options("/tmp/m"), fs_rows[i].super[j]));
		EXPECT(umount2("/tmp/m", MNT_DETACH) == 0);
	}
	return 0;
}

static void new_file_systems(void)
{
	in_mount_ns(new_file_systems_body);
}

/* runtime-spec writes "cgroup" for what is cgroup2 on a unified host. */
static int cgroup_body(void)
{
	struct error err;

	EXPECT(mount_fs("cgroup", "nosuid,noexec", &err) == 0);
	EXPECT(strstr(mount_line("/tmp/m"), " - cgroup2 src "));
	EXPECT(strcmp(mount_options("/tmp/m"), "rw,nosuid,noexec,relatime") == 0);
	EXPECT(umount2("/tmp/m", MNT_DETACH) == 0);
	EXPECT(mount_fs("cgroup2", "", &err) == 0);
	EXPECT(strstr(mount_line("/tmp/m"), " - cgroup2 src "));
	return 0;
}

static void cgroup_is_cgroup2(void)
{
	in_mount_ns(cgroup_body);
}

static int source_body(void)
{
	const struct mount without = { .destination = "/m", .type = "tmpfs" };
	struct error err;
	auto_fd int fd = mount_make_fs(&without, NULL, &err);

	EXPECT(fd >= 0 && attach_at(fd, "/tmp/m") == 0);
	EXPECT(strstr(mount_line("/tmp/m"), " - tmpfs tmpfs "));
	return 0;
}

static void source_defaults_to_the_type(void)
{
	in_mount_ns(source_body);
}

/* No kernel knows this label, with or without SELinux; what is labelled by policy does not get it. */
static int label_body(void)
{
	struct mount mount = { .destination = "/m", .type = "tmpfs" };
	struct error err;

	EXPECT(mount_make_fs(&mount, "no:such:label", &err) < 0);
	EXPECT(strstr(err.text, "mount /m: linux.mountLabel: SELinux context \"no:such:label\": ") == err.text);
	mount.type = "mqueue";
	auto_fd int fd = mount_make_fs(&mount, "no:such:label", &err);
	EXPECT(fd >= 0);
	return 0;
}

static void labels_of_mounts(void)
{
	in_mount_ns(label_body);
}

static const struct {
	const char *type, *words;
	int result;
	const char *text;
} error_rows[] = {
	{ "nosuchfs", "", -ENODEV, "mount /m: file system nosuchfs: No such device" },
	{ "tmpfs", "size=abc", -EINVAL,
	  "mount /m: option \"size=abc\" of file system tmpfs: Invalid argument (tmpfs: Bad value for 'size')" },
	{ "tmpfs", "unknown=1", -EINVAL, "(tmpfs: Unknown parameter 'unknown')" },
	{ "tmpfs", "unknown", -EINVAL, "option \"unknown\" of file system tmpfs: Invalid argument" },
	{ "tmpfs", "a_key_that_is_much_longer_than_any_that_a_file_system_of_linux_could_have=1", -EINVAL,
	  "Invalid argument" },
	{ "tmpfs", "=1", -EINVAL, "option \"=1\"" },
	{ "proc", "hidepid=99", -EINVAL, "option \"hidepid=99\" of file system proc" },
	{ "overlay", "", -EINVAL, "mount /m: create file system overlay: Invalid argument" },
};

static int fs_errors_body(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(error_rows); i++) {
		struct error err = { 0 };
		int r = mount_fs(error_rows[i].type, error_rows[i].words, &err);

		/* An overlay module may be missing. */
		if (strcmp(error_rows[i].type, "overlay") == 0 && r == -ENODEV)
			continue;
		if (r != error_rows[i].result || !strstr(err.text, error_rows[i].text))
			fprintf(stderr, "# %s %s: %d %s\n", error_rows[i].type, error_rows[i].words, r, err.text);
		EXPECT(r == error_rows[i].result && strstr(err.text, error_rows[i].text));
		EXPECT(mount_line("/tmp/m") == NULL);
	}
	return 0;
}

static void fs_errors_have_the_kernels_reason(void)
{
	in_mount_ns(fs_errors_body);
}

/* ---- bind trees ---- */

/* A tmpfs at /tmp/s with the given attributes, and another at /tmp/s/sub with the same. */
static int make_source(unsigned long flags)
{
	(void)umount2("/tmp/s", MNT_DETACH);
	(void)mkdir("/tmp/s", 0755);
	EXPECT(mount("tmpfs", "/tmp/s", "tmpfs", flags & ~(unsigned long)MS_RDONLY, NULL) == 0);
	EXPECT(mkdir("/tmp/s/sub", 0755) == 0);
	EXPECT(put_file("/tmp/s/file", "text"));
	EXPECT(mount("tmpfs", "/tmp/s/sub", "tmpfs", flags & ~(unsigned long)MS_RDONLY, NULL) == 0);
	if (!(flags & MS_RDONLY))
		return 0;
	EXPECT(mount(NULL, "/tmp/s", NULL, MS_REMOUNT | MS_BIND | flags, NULL) == 0);
	EXPECT(mount(NULL, "/tmp/s/sub", NULL, MS_REMOUNT | MS_BIND | flags, NULL) == 0);
	return 0;
}

/* Binds /tmp/s to /tmp/m with the words. */
static int bind(const char *words, struct error *err)
{
	auto_arena struct arena *arena = arena_new();
	struct mount mount = { .destination = "/m", .source = "/tmp/s" };
	auto_fd int fd = -1;

	(void)umount2("/tmp/m", MNT_DETACH);
	if (apply_words(arena, &mount, words, err) < 0)
		return -err->code;
	fd = mount_open_source(&mount, "/", err);
	if (fd < 0 || mount_set_attributes(&mount, fd, -1, err) < 0)
		return -err->code;
	return attach_at(fd, "/tmp/m");
}

static const struct {
	unsigned long source;
	const char *words, *top, *sub;
} bind_rows[] = {
	{ 0, "rbind", "rw,relatime", "rw,relatime" },
	{ 0, "rbind,ro,nosuid", "ro,nosuid,relatime", "rw,relatime" },
	{ 0, "rbind,rro,rnosuid", "ro,nosuid,relatime", "ro,nosuid,relatime" },
	{ 0, "rbind,rro,rw", "ro,relatime", "ro,relatime" },
	{ 0, "rbind,noatime", "rw,noatime", "rw,relatime" },
	{ 0, "rbind,rnoatime", "rw,noatime", "rw,noatime" },
	{ 0, "rbind,rstrictatime", "rw", "rw" },
	{ 0, "rbind,noatime,strictatime", "rw", "rw,relatime" },
	{ 0, "rbind,nodiratime,noatime", "rw,noatime,nodiratime", "rw,relatime" },
	{ 0, "rbind,rnoexec,exec", "rw,noexec,relatime", "rw,noexec,relatime" },
	{ 0, "rbind,rnodev,rnosymfollow", "rw,nodev,relatime,nosymfollow", "rw,nodev,relatime,nosymfollow" },
	/* What the words do not name stays as the source has it. */
	{ MS_NOSUID | MS_NODEV, "rbind", "rw,nosuid,nodev,relatime", "rw,nosuid,nodev,relatime" },
	{ MS_NOSUID | MS_NODEV, "rbind,noexec", "rw,nosuid,nodev,noexec,relatime", "rw,nosuid,nodev,relatime" },
	{ MS_NOSUID | MS_NODEV, "rbind,suid,dev", "rw,relatime", "rw,nosuid,nodev,relatime" },
	{ MS_NOSUID | MS_NODEV, "rbind,rsuid,rdev", "rw,relatime", "rw,relatime" },
	{ MS_NOATIME, "rbind", "rw,noatime", "rw,noatime" },
	{ MS_NOATIME, "rbind,nosuid", "rw,nosuid,noatime", "rw,noatime" },
	{ MS_NOATIME, "rbind,atime", "rw,relatime", "rw,noatime" },
	{ MS_NOATIME, "rbind,relatime", "rw,relatime", "rw,noatime" },
	{ MS_NOATIME, "rbind,rrelatime", "rw,relatime", "rw,relatime" },
	{ MS_NOATIME, "rbind,strictatime", "rw", "rw,noatime" },
	{ MS_NODIRATIME | MS_NOATIME, "rbind,rstrictatime", "rw,nodiratime", "rw,nodiratime" },
	{ MS_NODIRATIME, "rbind,rdiratime", "rw,relatime", "rw,relatime" },
	{ MS_RDONLY, "rbind", "ro,relatime", "ro,relatime" },
	{ MS_RDONLY, "rbind,rw", "rw,relatime", "ro,relatime" },
	{ MS_RDONLY, "rbind,rrw", "rw,relatime", "rw,relatime" },
};

static int bind_attributes_body(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(bind_rows); i++) {
		struct error err = { 0 };
		char top[1024];
		int r;

		EXPECT(make_source(bind_rows[i].source) == 0);
		r = bind(bind_rows[i].words, &err);
		(void)snprintf(top, sizeof(top), "%s", mount_options("/tmp/m"));
		if (r != 0 || strcmp(top, bind_rows[i].top) != 0 ||
		    strcmp(mount_options("/tmp/m/sub"), bind_rows[i].sub) != 0)
			fprintf(stderr, "# row %zu, %s: %d %s: \"%s\", below \"%s\"\n", i, bind_rows[i].words, r,
				err.text, top, mount_options("/tmp/m/sub"));
		EXPECT(r == 0);
		EXPECT(strcmp(top, bind_rows[i].top) == 0);
		EXPECT(strcmp(mount_options("/tmp/m/sub"), bind_rows[i].sub) == 0);
	}
	return 0;
}

static void bind_attributes(void)
{
	in_mount_ns(bind_attributes_body);
}

/* The access-time field is cleared by the mount itself: a caller need not know that it is one. */
static int atime_body(void)
{
	struct mount mount = { .destination = "/m", .source = "/tmp/s", .bind = true, .attr_set = MOUNT_ATTR_NOATIME };
	struct mount recursive = { .destination = "/m",
				   .source = "/tmp/s",
				   .bind = true,
				   .recursive_bind = true,
				   .recursive_set = MOUNT_ATTR_STRICTATIME };
	struct error err;
	auto_fd int first = -1;
	auto_fd int second = -1;

	EXPECT(make_source(0) == 0);
	first = mount_open_source(&mount, "/", &err);
	EXPECT(first >= 0 && mount_set_attributes(&mount, first, -1, &err) == 0 && attach_at(first, "/tmp/m") == 0);
	EXPECT(strcmp(mount_options("/tmp/m"), "rw,noatime") == 0);
	second = mount_open_source(&recursive, "/", &err);
	EXPECT(second >= 0 && mount_set_attributes(&recursive, second, -1, &err) == 0);
	EXPECT(attach_at(second, "/tmp/n") == 0);
	EXPECT(strcmp(mount_options("/tmp/n"), "rw") == 0 && strcmp(mount_options("/tmp/n/sub"), "rw") == 0);
	return 0;
}

static void access_time_is_one_field(void)
{
	in_mount_ns(atime_body);
}

static int binds_body(void)
{
	struct error err;

	EXPECT(make_source(0) == 0);
	EXPECT(bind("bind", &err) == 0);
	EXPECT(strcmp(text_of("/tmp/m/file"), "text") == 0);
	EXPECT(mount_line("/tmp/m/sub") == NULL);
	EXPECT(bind("rbind", &err) == 0);
	EXPECT(mount_line("/tmp/m/sub") != NULL);
	/* The source itself has not changed. */
	EXPECT(bind("rbind,rro,rnoatime", &err) == 0);
	EXPECT(strcmp(mount_options("/tmp/s"), "rw,relatime") == 0);
	EXPECT(strcmp(mount_options("/tmp/s/sub"), "rw,relatime") == 0);
	return 0;
}

static void binds_plain_and_recursive(void)
{
	in_mount_ns(binds_body);
}

static int propagation_body(void)
{
	static const struct {
		const char *words, *top, *sub; /* the optional field, NULL: none */
	} rows[] = {
		{ "rbind,private", NULL, "shared:" },      { "rbind,rprivate", NULL, NULL },
		{ "rbind,slave", "master:", "shared:" },   { "rbind,rslave", "master:", "master:" },
		{ "rbind,rshared", "shared:", "shared:" }, { "rbind,unbindable", "unbindable", "shared:" },
		{ "rbind,rprivate,ro", NULL, NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct error err = { 0 };
		const char *line;

		EXPECT(make_source(0) == 0);
		EXPECT(mount(NULL, "/tmp/s", NULL, MS_REC | MS_SHARED, NULL) == 0);
		EXPECT(bind(rows[i].words, &err) == 0);
		line = mount_line("/tmp/m");
		EXPECT(line && (rows[i].top ? strstr(line, rows[i].top) != NULL
					    : !strstr(line, "shared:") && !strstr(line, "master:")));
		line = mount_line("/tmp/m/sub");
		EXPECT(line && (rows[i].sub ? strstr(line, rows[i].sub) != NULL
					    : !strstr(line, "shared:") && !strstr(line, "master:")));
	}
	return 0;
}

static void propagation(void)
{
	in_mount_ns(propagation_body);
}

static int sources_body(void)
{
	struct mount mount = { .destination = "/m", .source = "dir/file", .bind = true };
	struct error err;
	struct stat st;
	int fd;

	EXPECT(mkdir("/tmp/base", 0755) == 0 && mkdir("/tmp/base/dir", 0755) == 0);
	EXPECT(put_file("/tmp/base/dir/file", "relative"));
	EXPECT(symlink("dir/file", "/tmp/base/link") == 0);
	fd = mount_open_source(&mount, "/tmp/base", &err);
	EXPECT(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
	EXPECT(fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == 8);
	(void)close(fd);
	mount.source = "link";
	fd = mount_open_source(&mount, "/tmp/base", &err);
	EXPECT(fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode));
	(void)close(fd);
	mount.source_nofollow = true;
	fd = mount_open_source(&mount, "/tmp/base", &err);
	EXPECT(fd >= 0 && fstat(fd, &st) == 0 && S_ISLNK(st.st_mode));
	(void)close(fd);
	mount.source_nofollow = false;
	mount.copy_symlink = true;
	fd = mount_open_source(&mount, "/tmp/base", &err);
	EXPECT(fd >= 0 && fstat(fd, &st) == 0 && S_ISLNK(st.st_mode));
	(void)close(fd);
	mount.source = "missing";
	EXPECT(mount_open_source(&mount, "/tmp/base", &err) == -ENOENT);
	EXPECT(strcmp(err.text, "mount /m: bind source missing: No such file or directory") == 0);
	EXPECT(mount_open_source(&mount, "/tmp/nowhere", &err) == -ENOENT);
	EXPECT(strcmp(err.text, "open /tmp/nowhere: No such file or directory") == 0);
	EXPECT(mount_open_source(&mount, "/tmp/base/dir/file", &err) == -ENOTDIR);
	return 0;
}

static void sources(void)
{
	in_mount_ns(sources_body);
}

/* ---- id-mapping ---- */

static int idmapped_body(void)
{
	struct id_map ids[] = { { .container_id = 0, .host_id = 5000, .size = 10 } };
	const struct id_maps maps = { .uids = ids, .gids = ids, .n_uids = 1, .n_gids = 1 };
	struct mount mount = { .destination = "/m",
			       .source = "/tmp/s",
			       .idmap = MOUNT_IDMAP_PLAIN,
			       .bind = true,
			       .recursive_bind = true };
	struct error err;
	auto_fd int userns = idmap_userns_fd(&maps, &err);
	auto_fd int fd = -1;
	struct stat st;

	EXPECT(userns >= 0);
	EXPECT(make_source(0) == 0);
	EXPECT(put_file("/tmp/s/sub/file", "below"));
	fd = mount_open_source(&mount, "/", &err);
	EXPECT(fd >= 0);
	if (mount_set_attributes(&mount, fd, userns, &err) < 0) {
		EXPECT(err.code == EINVAL); /* tmpfs before Linux 6.3 */
		return 0;
	}
	EXPECT(attach_at(fd, "/tmp/m") == 0);
	EXPECT(stat("/tmp/m/file", &st) == 0 && st.st_uid == 5000 && st.st_gid == 5000);
	EXPECT(stat("/tmp/s/file", &st) == 0 && st.st_uid == 0);
	EXPECT(stat("/tmp/m/sub/file", &st) == 0 && st.st_uid == 0);
	return 0;
}

static void idmapped(void)
{
	in_mount_ns(idmapped_body);
}

static int not_idmappable_body(void)
{
	struct id_map ids[] = { { .container_id = 0, .host_id = 5000, .size = 10 } };
	const struct id_maps maps = { .uids = ids, .gids = ids, .n_uids = 1, .n_gids = 1 };
	struct mount mount = { .destination = "/m", .source = "/proc", .idmap = MOUNT_IDMAP_PLAIN, .bind = true };
	struct error err;
	auto_fd int userns = idmap_userns_fd(&maps, &err);
	auto_fd int fd = mount_open_source(&mount, "/", &err);

	EXPECT(userns >= 0 && fd >= 0);
	EXPECT(mount_set_attributes(&mount, fd, userns, &err) == -EINVAL);
	EXPECT(strcmp(err.text, "mount /m: id-mapping of /proc (does its file system support idmapped mounts?): "
				"Invalid argument") == 0);
	return 0;
}

static void not_idmappable(void)
{
	in_mount_ns(not_idmappable_body);
}

/* ---- attaching ---- */

static int attach_errors_body(void)
{
	struct mount mount = { .destination = "/m", .source = "/tmp/f", .bind = true };
	struct error err;
	auto_fd int directory = -1;
	auto_fd int file = -1;

	EXPECT(put_file("/tmp/f", "x") && mkdir("/tmp/d", 0755) == 0);
	directory = open("/tmp/d", O_PATH | O_CLOEXEC);
	file = mount_open_source(&mount, "/", &err);
	EXPECT(directory >= 0 && file >= 0);
	EXPECT(mount_attach(file, directory, &err) < 0);
	EXPECT(strncmp(err.text, "attach mount: ", 14) == 0);
	EXPECT(mount_attach(-1, directory, &err) == -EBADF);
	EXPECT(mount_attach(file, -1, &err) == -EBADF);
	return 0;
}

static void attach_errors(void)
{
	in_mount_ns(attach_errors_body);
}

static const struct test tests[] = {
	TEST(new_file_systems),
	TEST(cgroup_is_cgroup2),
	TEST(source_defaults_to_the_type),
	TEST(labels_of_mounts),
	TEST(fs_errors_have_the_kernels_reason),
	TEST(bind_attributes),
	TEST(access_time_is_one_field),
	TEST(binds_plain_and_recursive),
	TEST(propagation),
	TEST(sources),
	TEST(idmapped),
	TEST(not_idmappable),
	TEST(attach_errors),
};
TEST_MAIN(tests)
