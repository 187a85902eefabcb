/* test_layer_pack.c - what is packed is what was unpacked: marks, links, attributes; and what cannot be packed. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/cleanup.h"
#include "image/layer.h"
#include "tests/unit/image/tape.h"
#include "tests/unit/temporary.h"
#include "tests/unit/test.h"

static const struct tar_limits limits = { .bytes = 1 << 20, .entries = 99, .path = 999, .header = 9999, .xattrs = 999 };

/* "TYPE NAME" of each entry, separated by spaces. */
static void list(int fd, char *ret)
{
	struct tape tape = { 0 };
	const struct tar_source source = { .next = tape_next, .context = &tape };
	auto_tar struct tar *tar = tar_open(&source, &limits);
	struct tar_entry entry;
	struct error err;

	tape_bytes(&tape, NULL, (size_t)lseek(fd, 0, SEEK_END));
	CHECK_INT(tape.size, pread(fd, tape.bytes, tape.size, 0));
	*ret = '\0';
	while (tar_next(tar, &entry, &err) > 0) {
		ret += sprintf(ret, "%s%s", entry.number > 1 ? " " : "", entry.name);
		if (entry.kind == TAR_HARDLINK)
			ret += sprintf(ret, "=%s", entry.link);
		for (size_t i = 0; i < entry.n_xattrs; i++)
			ret += sprintf(ret, "{%s}", entry.xattrs[i].name);
	}
	tape_free(&tape);
}

static int pack(int dir, char *ret_list, struct error *err)
{
	auto_fd int fd = memfd_create("tar", MFD_CLOEXEC);
	struct digest digest;
	uint64_t size;
	int r = layer_pack(dir, fd, false, &digest, &size, err);

	if (r == 0) {
		CHECK_INT(size, lseek(fd, 0, SEEK_END));
		list(fd, ret_list);
	}
	return r;
}

static void overlay_form(void)
{
	auto_fd int dir = temporary_open();
	char got[1024];
	struct error err;

	if (geteuid() != 0)
		TEST_SKIP("needs root: devices and trusted attributes");
	CHECK_INT(0, mkdirat(dir, "d", 0755));
	CHECK_INT(0, mknodat(dir, "d/gone", S_IFCHR, 0));
	temporary_write(dir, "a", "x", 1);
	temporary_write(dir, "c", "x", 1);
	CHECK_INT(0, linkat(dir, "c", dir, "b", 0));
	CHECK_INT(0, symlinkat("a", dir, "s"));
	CHECK_INT(0, mknodat(dir, "socket", S_IFSOCK | 0600, 0));
	CHECK_INT(0, pack(dir, got, &err));
	CHECK_STR("a b c=b d/ d/.wh.gone s", got);
	{
		auto_fd int sub = openat(dir, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		CHECK_INT(0, fsetxattr(sub, "trusted.overlay.opaque", "y", 1, 0));
		CHECK_INT(0, fsetxattr(sub, "trusted.overlay.origin", "z", 1, 0));
		CHECK_INT(0, fsetxattr(sub, "trusted.overlay.overlay.x", "z", 1, 0));
	}
	CHECK_INT(0, pack(dir, got, &err));
	CHECK_STR("a b c=b d/{trusted.overlay.x} d/.wh..wh..opq d/.wh.gone s", got);
}

static void not_packed(void)
{
	auto_fd int dir = temporary_open();
	auto_fd int other = temporary_open();
	auto_fd int fd = -1;
	char got[1024];
	struct error err;

	temporary_write(dir, ".wh.x", "x", 1);
	CHECK_INT(-EINVAL, pack(dir, got, &err));
	CHECK_CONTAINS("means a whiteout: .wh.x", err.text);
	if (geteuid() != 0)
		TEST_SKIP("needs root: trusted attributes");
	temporary_write(other, "f", "x", 1);
	fd = openat(other, "f", O_RDONLY | O_CLOEXEC);
	CHECK_INT(0, fsetxattr(fd, "trusted.overlay.metacopy", "", 0, 0));
	CHECK_INT(-EINVAL, pack(other, got, &err));
	CHECK_CONTAINS("keeps a part of it in a lower layer", err.text);
}

/* What ustar has no room for goes through a pax header and comes back. */
static void large_values(void)
{
	auto_fd int dir = temporary_open();
	auto_fd int again = temporary_open();
	auto_fd int blob = memfd_create("tar", MFD_CLOEXEC);
	char *name = xasprintf("%0200d", 7), *target = xasprintf("%0300d", 8);
	const struct timespec times[2] = { { 0 }, { .tv_sec = -5, .tv_nsec = 250000000 } };
	struct layer_result result;
	struct digest digest;
	struct error err;
	struct stat st;
	uint64_t size;
	char link[400];

	if (geteuid() != 0)
		TEST_SKIP("needs root: owners");
	temporary_write(dir, name, "x", 1);
	CHECK_INT(0, fchownat(dir, name, 3000000, 4000000000U, 0));
	CHECK_INT(0, utimensat(dir, name, times, 0));
	CHECK_INT(0, symlinkat(target, dir, "s"));
	CHECK_INT(0, layer_pack(dir, blob, false, &digest, &size, &err));
	CHECK_INT(0,
		  layer_unpack(again, blob, DIGEST_SHA256, DIGEST_SHA256, &(struct layer_options){ 0 }, &result, &err));
	CHECK(digest_eq(&digest, &result.diff_id) && size == result.tar_size);
	CHECK_INT(0, fstatat(again, name, &st, 0));
	CHECK_INT(3000000, st.st_uid);
	CHECK_INT(4000000000, st.st_gid);
	CHECK_INT(-5, st.st_mtim.tv_sec);
	CHECK_INT(250000000, st.st_mtim.tv_nsec);
	CHECK_INT(300, readlinkat(again, "s", link, sizeof(link)));
	free(name);
	free(target);
}

static const struct test tests[] = {
	TEST(overlay_form),
	TEST(not_packed),
	TEST(large_values),
};

TEST_MAIN(tests)
