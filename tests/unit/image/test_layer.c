/* test_layer.c - layer_unpack() as its caller sees it: results, limits, progress, both forms, one thread and two. */
#include "image/layer.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "image/hash.h"
#include "image/layer_whiteout.h"
#include "tests/unit/image/tape.h"
#include "tests/unit/temporary.h"
#include "tests/unit/test.h"

static int blob_of(struct tape *tape)
{
	int fd = memfd_create("blob", MFD_CLOEXEC);

	CHECK_INT(tape->size, write(fd, tape->bytes, tape->size));
	tape_free(tape);
	return fd;
}

static int unpack(int dir, struct tape *tape, const struct layer_options *options, struct layer_result *result,
		  struct error *err)
{
	auto_fd int blob = blob_of(tape);

	return layer_unpack(dir, blob, DIGEST_SHA256, DIGEST_SHA512, options, result, err);
}

/* The content of a file, or "-". */
static const char *content(int dir, const char *name)
{
	static char text[64];
	auto_fd int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (got < 0)
		return "-";
	text[got] = '\0';
	return text;
}

static bool is_whiteout(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == 0;
}

static bool is_opaque(int dir, const char *name)
{
	auto_fd int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char value[4];

	return fd >= 0 && fgetxattr(fd, "trusted.overlay.opaque", value, sizeof(value)) == 1 && value[0] == 'y';
}

static void need_root(void)
{
	if (geteuid() != 0)
		TEST_SKIP("needs root: owners, devices and trusted attributes");
}

static void file(struct tape *tape, const char *name, const char *data)
{
	(void)tape_entry(tape, &(struct tape_entry){ .name = name, .mode = 0644, .data = data });
}

static void directory(struct tape *tape, const char *name, unsigned mtime)
{
	(void)tape_entry(tape, &(struct tape_entry){ .name = name, .type = '5', .mode = 0750, .mtime = mtime });
}

static void results(void)
{
	struct tape tape = { 0 };
	auto_fd int dir = temporary_open();
	struct digest blob, diff_id;
	struct layer_result result;
	struct error err;

	need_root();
	file(&tape, "a/f", "data");
	(void)tape_entry(&tape, &(struct tape_entry){ .name = "n", .type = '3', .major = 1, .minor = 3 });
	tape_end(&tape);
	tape_bytes(&tape, "behind the end", 14);
	hash_bytes(tape.bytes, tape.size, DIGEST_SHA256, &blob);
	hash_bytes(tape.bytes, tape.size, DIGEST_SHA512, &diff_id);
	CHECK_INT(0, unpack(dir, &tape, &(struct layer_options){ .no_devices = true }, &result, &err));
	CHECK(digest_eq(&blob, &result.blob));
	CHECK(digest_eq(&diff_id, &result.diff_id));
	CHECK_INT(3 * 512 + 1024 + 14, result.tar_size);
	CHECK_INT(result.tar_size, result.blob_size);
	CHECK_INT(2, result.entries);
	CHECK_INT(1, result.skipped_devices);
	CHECK_INT(1, result.implied);
	CHECK(!result.has_top && !result.opaque_root);
	CHECK_STR("data", content(dir, "a/f"));
	CHECK_STR("-", content(dir, "n"));
}

/* More than the ring between the threads holds. */
static void one_thread_and_two(void)
{
	for (int one = 0; one < 2; one++) {
		struct tape tape = { 0 };
		auto_fd int dir = temporary_open();
		auto_fd int blob = -1;
		struct layer_options options = { .one_thread = one };
		struct layer_result result;
		struct error err;

		(void)tape_entry(&tape, &(struct tape_entry){ .name = "big", .mode = 0600, .size = 40 << 20 });
		blob = blob_of(&tape);
		CHECK_INT(0, ftruncate(blob, 512 + (40 << 20)));
		CHECK_INT(0, layer_unpack(dir, blob, DIGEST_SHA256, DIGEST_SHA256, &options, &result, &err));
		CHECK(digest_eq(&result.blob, &result.diff_id));
		CHECK_INT(512 + (40 << 20), result.tar_size);
	}
}

static int stop_at_once(void *context, uint64_t bytes)
{
	++*(int *)context;
	return bytes > 0;
}

static void progress_stops(void)
{
	struct tape tape = { 0 };
	auto_fd int dir = temporary_open();
	int calls = 0;
	const struct layer_options options = { .progress = stop_at_once, .context = &calls };
	struct layer_result result;
	struct error err;

	file(&tape, "f", "data");
	CHECK_INT(-ECANCELED, unpack(dir, &tape, &options, &result, &err));
	CHECK_INT(1, calls);
}

static void errors_name_the_entry(void)
{
	struct tape tape = { 0 }, lies = { 0 };
	auto_fd int dir = temporary_open();
	struct layer_result result;
	struct error err;

	file(&tape, "good", "data");
	file(&tape, "../bad", "data");
	CHECK_INT(-EINVAL, unpack(dir, &tape, &(struct layer_options){ 0 }, &result, &err));
	CHECK_STR("entry 2 (../bad): the name has the component ..", err.text);
	CHECK_INT(-EBADF,
		  layer_unpack(dir, -1, DIGEST_SHA256, DIGEST_SHA256, &(struct layer_options){ 0 }, &result, &err));
	CHECK_CONTAINS("read the blob", err.text);
	file(&lies, "f", "data");
	CHECK_INT(-EINVAL,
		  unpack(dir, &lies, &(struct layer_options){ .compression = COMPRESSION_GZIP }, &result, &err));
	CHECK_CONTAINS("should be gzip", err.text);
}

static void limits_hold(void)
{
	struct layer_limits limits = layer_limits_default;
	const struct layer_options options = { .limits = &limits };
	struct layer_result result;
	struct error err;

	for (int i = 0; i < 4; i++) {
		auto_fd int dir = temporary_open();
		struct tape tape = { 0 };

		file(&tape, "a/b/c/d", "data");
		file(&tape, "f", "data");
		limits = layer_limits_default;
		limits.bytes = i == 0 ? 1000 : limits.bytes;
		limits.entries = i == 1 ? 1 : limits.entries;
		limits.depth = i == 2 ? 3 : limits.depth;
		limits.entries = i == 3 ? 3 : limits.entries;
		CHECK_INT(-EINVAL, unpack(dir, &tape, &options, &result, &err));
		CHECK_CONTAINS(((const char *[]){ "more than 1000 bytes", "more than 1 entries",
						  "more than 3 components",
						  "more than 3 entries, with 3 directories that none" })[i],
			       err.text);
	}
}

/* What an image's tree costs in memory: names and attributes, and how deep it is, through symlinks too. */
static void limits_of_images(void)
{
	static const char d[] = "d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d";
	struct layer_limits limits = layer_limits_default;
	const struct layer_options options = { .form = LAYER_IMAGE, .limits = &limits };
	auto_fd int image = memfd_create("image", MFD_CLOEXEC);
	struct tape deep = { 0 }, wide = { 0 };
	struct layer_result result;
	struct error err;

	directory(&deep, d, 0);
	for (int i = 0; i < 20; i++) {
		char name[2][100], link[3] = { (char)('A' + i) };

		(void)snprintf(name[0], sizeof(name[0]), "%c/%s", 'A' + i - 1, d);
		(void)snprintf(name[1], sizeof(name[1]), "%c/%s", 'A' + i, d);
		(void)tape_entry(&deep, &(struct tape_entry){ .name = link, .type = '2', .link = i ? name[0] : d });
		directory(&deep, name[1], 0);
	}
	CHECK_INT(-EINVAL, unpack(image, &deep, &options, &result, &err));
	CHECK_CONTAINS("more than 512 directories deep", err.text);
	limits.tree = 900;
	tape_pax(&wide, 'x', "SCHILY.xattr.user.a", d, "SCHILY.xattr.user.b", d, TAPE_END);
	file(&wide, "a", "data");
	file(&wide, "b", "data");
	file(&wide, "c/c/c", "data");
	CHECK_INT(-EINVAL, unpack(image, &wide, &options, &result, &err));
	CHECK_STR("entry 3 (c/c/c): more than 900 bytes of names, links and attributes for one image", err.text);
}

/* Marks before and behind what they mean, and things that come in the place of a whiteout. */
static void overlay_whiteouts(void)
{
	struct tape tape = { 0 };
	auto_fd int dir = temporary_open();
	struct layer_result result;
	struct error err;
	struct stat st;

	need_root();
	file(&tape, ".wh.gone", "");
	file(&tape, ".wh.back", "");
	file(&tape, "back", "new");
	file(&tape, "kept", "new");
	file(&tape, ".wh.kept", "");
	file(&tape, ".wh.dir", "");
	directory(&tape, "dir", 5);
	directory(&tape, "later", 6);
	file(&tape, ".wh.later", "");
	file(&tape, ".wh.implied", "");
	file(&tape, "implied/x", "x");
	file(&tape, "late/x", "x");
	file(&tape, ".wh.late", "");
	file(&tape, "opaque/.wh.hidden", "");
	file(&tape, "opaque/deep/.wh.hidden", "");
	file(&tape, "opaque/.wh..wh..opq", "");
	file(&tape, "opaque/.wh.again", "");
	CHECK_INT(0, unpack(dir, &tape, &(struct layer_options){ 0 }, &result, &err));
	CHECK(is_whiteout(dir, "gone"));
	CHECK_STR("new", content(dir, "back"));
	CHECK_STR("new", content(dir, "kept"));
	CHECK(is_opaque(dir, "dir") && is_opaque(dir, "later") && is_opaque(dir, "implied") &&
	      is_opaque(dir, "opaque"));
	CHECK(!is_opaque(dir, "opaque/deep"));
	CHECK(!is_whiteout(dir, "opaque/hidden") && !is_whiteout(dir, "opaque/deep/hidden"));
	CHECK(!is_whiteout(dir, "opaque/again"));
	CHECK(fstatat(dir, "later", &st, 0) == 0 && st.st_mtim.tv_sec == 6);
	/* Without an entry: removed first or afterwards it is new; opaque it is theirs below. */
	CHECK(fstatat(dir, "implied", &st, 0) == 0 && !layer_is_implied(&st) && st.st_mtim.tv_sec == 0);
	CHECK(fstatat(dir, "late", &st, 0) == 0 && !layer_is_implied(&st) && st.st_mtim.tv_sec == 0);
	CHECK(is_opaque(dir, "late"));
	CHECK(fstatat(dir, "opaque", &st, 0) == 0 && layer_is_implied(&st));
}

static void opaque_top(void)
{
	struct tape tape = { 0 };
	auto_fd int dir = temporary_open();
	struct layer_result result;
	struct error err;

	need_root();
	directory(&tape, "./", 7);
	file(&tape, ".wh..wh..opq", "");
	CHECK_INT(0, unpack(dir, &tape, &(struct layer_options){ 0 }, &result, &err));
	CHECK(result.opaque_root && result.has_top);
}

/* What the layer itself has brought stays, wherever the mark stands. */
static void applied_whiteouts(void)
{
	const struct layer_options options = { .form = LAYER_APPLY };
	struct tape lower = { 0 }, upper = { 0 };
	auto_fd int dir = temporary_open();
	struct layer_result result;
	struct error err;
	struct stat st;

	directory(&lower, "a", 5);
	file(&lower, "a/old", "old");
	file(&lower, "a/b/old", "old");
	file(&lower, "a/c/old", "old");
	file(&lower, "kept", "old");
	directory(&lower, "touched", 6);
	CHECK_INT(0, unpack(dir, &lower, &options, &result, &err));
	file(&upper, "a/b/new", "new");
	file(&upper, "a/.wh..wh..opq", "");
	file(&upper, "a/new", "new");
	file(&upper, "kept", "new");
	file(&upper, ".wh.kept", "");
	file(&upper, "touched/new", "new");
	file(&upper, "absent/.wh.x", "");
	CHECK_INT(0, unpack(dir, &upper, &options, &result, &err));
	CHECK_STR("new", content(dir, "a/b/new"));
	CHECK_STR("new", content(dir, "a/new"));
	CHECK_STR("new", content(dir, "kept"));
	CHECK_STR("-", content(dir, "a/old"));
	CHECK_STR("-", content(dir, "a/b/old"));
	CHECK_INT(-1, fstatat(dir, "a/c", &st, 0));
	CHECK_INT(-1, fstatat(dir, "absent", &st, 0));
	CHECK(fstatat(dir, "touched", &st, 0) == 0 && st.st_mtim.tv_sec == 6);
}

static void escaped_attributes(void)
{
	struct tape tape = { 0 };
	auto_fd int dir = temporary_open();
	auto_fd int sub = -1;
	struct layer_result result;
	struct error err;
	char value[4];

	need_root();
	tape_pax(&tape, 'x', "SCHILY.xattr.trusted.overlay.opaque", "y", "SCHILY.xattr.security.selinux", "label",
		 "SCHILY.xattr.trusted.x", "z", TAPE_END);
	directory(&tape, "d", 5);
	CHECK_INT(0, unpack(dir, &tape, &(struct layer_options){ 0 }, &result, &err));
	CHECK_INT(0, result.skipped_xattrs);
	CHECK(!is_opaque(dir, "d"));
	sub = openat(dir, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK_INT(1, fgetxattr(sub, "trusted.overlay.overlay.opaque", value, sizeof(value)));
	CHECK_INT(1, fgetxattr(sub, "trusted.x", value, sizeof(value)));
	CHECK(fgetxattr(sub, "security.selinux", value, sizeof(value)) != 5);
}

static mode_t mode_of(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? st.st_mode & 07777 : (mode_t)-1;
}

static void modes_whatever_the_umask(void)
{
	static const mode_t modes[] = { 0644, 0666, 0777, 0600, 0444, 0, 04755, 02755, 01644 };
	char name[] = "0";
	struct tape tape = { 0 };
	auto_fd int dir = temporary_open();
	struct layer_result result;
	struct error err;
	mode_t before = umask(027);
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		name[0] = (char)('0' + i);
		(void)tape_entry(&tape, &(struct tape_entry){ .name = name, .mode = modes[i], .data = "data" });
	}
	r = unpack(dir, &tape, &(struct layer_options){ 0 }, &result, &err);
	(void)umask(before);
	CHECK_INT(0, r);
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		name[0] = (char)('0' + i);
		CHECK_INT(modes[i], mode_of(dir, name));
	}
}

static void owners_whatever_the_directory(void)
{
	static const char *const names[] = { "d/f", "d/l", "d/sub", "e/f", "f" };
	struct tape tape = { 0 };
	auto_fd int dir = temporary_open();
	struct layer_result result;
	struct error err;
	struct stat st;

	need_root();
	(void)tape_entry(&tape, &(struct tape_entry){ .name = "d", .type = '5', .mode = 02755, .gid = 7 });
	file(&tape, "d/f", "data");
	(void)tape_entry(&tape, &(struct tape_entry){ .name = "d/l", .type = '2', .link = "f" });
	directory(&tape, "d/sub", 5);
	(void)tape_entry(&tape, &(struct tape_entry){ .name = "e", .type = '5', .mode = 0755, .gid = 7 });
	file(&tape, "e/f", "data");
	file(&tape, "f", "data");
	(void)tape_entry(&tape, &(struct tape_entry){ .name = "m", .type = '2', .link = "f", .gid = 8 });
	(void)tape_entry(&tape, &(struct tape_entry){ .name = "u", .mode = 0600, .uid = 7, .data = "data" });
	CHECK_INT(0, unpack(dir, &tape, &(struct layer_options){ 0 }, &result, &err));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		CHECK(fstatat(dir, names[i], &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_uid == 0 && st.st_gid == 0);
	CHECK(fstatat(dir, "m", &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_uid == 0 && st.st_gid == 8);
	CHECK(fstatat(dir, "u", &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_uid == 7 && st.st_gid == 0);
	CHECK_INT(02755, mode_of(dir, "d"));
	CHECK_INT(0750, mode_of(dir, "d/sub"));
}

static const unsigned char owner_only[] = {
	2,  0, 0, 0,                         /* version; then each with kind, rights and no id: */
	1,  0, 7, 0, 0xff, 0xff, 0xff, 0xff, /* the owner */
	4,  0, 0, 0, 0xff, 0xff, 0xff, 0xff, /* the group */
	32, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, /* others */
};
static const char default_acl[] = "system.posix_acl_default";

static void directory_with_acl(struct tape *tape, const char *name)
{
	char text[128];
	const size_t at = (size_t)sprintf(text, "70 SCHILY.xattr.%s=", default_acl);

	memcpy(text + at, owner_only, sizeof(owner_only));
	text[at + sizeof(owner_only)] = '\n';
	CHECK_INT(70, at + sizeof(owner_only) + 1);
	(void)tape_entry(tape, &(struct tape_entry){ .name = "PaxHeaders/x", .type = 'x', .size = 70 });
	tape_data(tape, text, 70);
	directory(tape, name, 5);
}

static void modes_whatever_the_directory_hands_down(void)
{
	struct tape tape = { 0 };
	auto_fd int dir = temporary_open();
	struct layer_result result;
	struct error err;

	need_root();
	directory_with_acl(&tape, "d");
	file(&tape, "d/f", "data");
	CHECK_INT(0, unpack(dir, &tape, &(struct layer_options){ 0 }, &result, &err));
	if (result.skipped_xattrs)
		TEST_SKIP("no ACLs on this file system");
	CHECK_INT(0644, mode_of(dir, "d/f"));
	CHECK_INT(0, fsetxattr(dir, default_acl, owner_only, sizeof(owner_only), 0));
	file(&tape, "g", "data");
	CHECK_INT(0, unpack(dir, &tape, &(struct layer_options){ 0 }, &result, &err));
	CHECK_INT(0644, mode_of(dir, "g"));
}

static void links_to_what_is_not_there(void)
{
	struct tape tape = { 0 };
	auto_fd int dir = temporary_open();
	struct layer_result result;
	struct error err;

	(void)tape_entry(&tape, &(struct tape_entry){ .name = "h", .link = "lower/f", .type = '1' });
	CHECK_INT(-ENOENT, unpack(dir, &tape, &(struct layer_options){ 0 }, &result, &err));
	CHECK_CONTAINS("entry 1 (h): hard link to lower/f, which is not in this layer", err.text);
}

static const struct test tests[] = {
	TEST(results),
	TEST(one_thread_and_two),
	TEST(progress_stops),
	TEST(errors_name_the_entry),
	TEST(limits_hold),
	TEST(limits_of_images),
	TEST(overlay_whiteouts),
	TEST(opaque_top),
	TEST(applied_whiteouts),
	TEST(escaped_attributes),
	TEST(modes_whatever_the_umask),
	TEST(modes_whatever_the_directory_hands_down),
	TEST(owners_whatever_the_directory),
	TEST(links_to_what_is_not_there),
};

TEST_MAIN(tests)
