/* test_seccomp_cache.c - hits give the same bytes, what is doubtful is compiled again, the directory stays small. */
#include "namespaces/seccomp_cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "profile.h"
#include "tests/unit/test.h"

static const char *const nothing[] = { NULL };

/* A cache directory with the large profile in it, and what compiling without a cache gives. */
struct setup {
	char path[40];
	int dir_fd;
	struct large_profile large;
	struct seccomp_filter plain;
	char name[NAME_MAX + 1];
};

static size_t count_files(int dir_fd, char *ret_name)
{
	auto_dir DIR *dir = fdopendir(openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	const struct dirent *item;
	size_t count = 0;

	while ((item = readdir(dir)) != NULL) {
		if (item->d_name[0] == '.')
			continue;
		count++;
		if (ret_name)
			(void)snprintf(ret_name, NAME_MAX + 1, "%s", item->d_name);
	}
	return count;
}

static void compile(const struct setup *s, struct seccomp_filter *filter)
{
	struct error err;

	CHECK_INT(0, seccomp_compile(&s->large.profile, s->dir_fd, filter, &err));
}

static void check_same(const struct setup *s)
{
	struct seccomp_filter filter;
	int same;

	compile(s, &filter);
	CHECK_INT(s->plain.count, filter.count);
	same = memcmp(s->plain.code, filter.code, filter.count * sizeof(struct sock_filter)) == 0;
	seccomp_filter_free(&filter);
	CHECK(same);
}

static void begin(struct setup *s)
{
	struct error err;

	(void)snprintf(s->path, sizeof(s->path), "/tmp/coffer-test-cache-XXXXXX");
	CHECK(mkdtemp(s->path));
	s->dir_fd = open(s->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	large_profile_make(&s->large, nothing);
	s->large.profile.n_architectures = 1; /* with all three, libseccomp takes 20 ms each time */
	CHECK_INT(0, seccomp_compile(&s->large.profile, -1, &s->plain, &err));
	check_same(s);
	CHECK_INT(1, count_files(s->dir_fd, s->name));
}

static void end(struct setup *s)
{
	char command[64];

	(void)snprintf(command, sizeof(command), "rm -rf %s", s->path);
	(void)close(s->dir_fd);
	seccomp_filter_free(&s->plain);
	large_profile_free(&s->large);
	CHECK_INT(0, system(command));
}

static struct stat status(const struct setup *s)
{
	struct stat st = { 0 };

	CHECK_INT(0, fstatat(s->dir_fd, s->name, &st, AT_SYMLINK_NOFOLLOW));
	return st;
}

/* True if the file was used as it is: a rewritten one has another inode. */
static bool hits(const struct setup *s)
{
	int keep =
		openat(s->dir_fd, s->name, O_PATH | O_NOFOLLOW | O_CLOEXEC); /* so that the inode number stays taken */
	struct stat before = status(s);
	struct stat after;

	check_same(s);
	after = status(s);
	(void)close(keep);
	return before.st_ino == after.st_ino;
}

static void hit_is_identical(void)
{
	struct setup s = { 0 };
	struct stat st;

	begin(&s);
	st = status(&s);
	CHECK_INT(0600, st.st_mode & 07777);
	CHECK_INT(SECCOMP_CACHE_NAME_LENGTH, strlen(s.name));
	CHECK(hits(&s));
	CHECK(hits(&s));
	CHECK_INT(1, count_files(s.dir_fd, NULL));
	end(&s);
}

/* Compiles a changed profile: one more file, and none when it comes from there. */
static void check_new_file(const struct setup *s)
{
	size_t files = count_files(s->dir_fd, NULL);
	struct seccomp_filter filter;

	for (int i = 0; i < 2; i++) {
		compile(s, &filter);
		seccomp_filter_free(&filter);
		CHECK_INT(files + 1, count_files(s->dir_fd, NULL));
	}
}

static void every_field_is_in_the_key(void)
{
	struct setup s = { 0 };
	struct seccomp_filter filter;
	size_t names;

	begin(&s);
	s.large.profile.default_action ^= 3;
	check_new_file(&s);
	s.large.rules[2].action = SCMP_ACT_LOG;
	check_new_file(&s);
	s.large.clone.value++;
	check_new_file(&s);
	s.large.clone.value_two = 1;
	check_new_file(&s);
	s.large.clone.index = 1;
	check_new_file(&s);
	s.large.clone.op = SCMP_CMP_NE;
	check_new_file(&s);
	s.large.rules[2].n_args = 0;
	check_new_file(&s);
	s.large.clone_name = "clone3";
	check_new_file(&s);
	s.large.profile.n_rules--;
	check_new_file(&s);
	s.large.profile.n_architectures = 0;
	check_new_file(&s);
	s.large.profile.flags = 2;
	check_new_file(&s);
	compile(&s, &filter);
	CHECK_INT(2, filter.flags);
	seccomp_filter_free(&filter);
	names = s.large.rules[0].n_names--;
	check_new_file(&s);
	s.large.rules[0].n_names = names;
	end(&s);
}

static void damaged_files_are_replaced(void)
{
	struct setup s = { 0 };
	off_t size;

	begin(&s);
	size = status(&s).st_size;
	/* A byte of the magic, of each header part, of the key and of the instructions: first, last and between. */
	for (off_t offset = 0; offset < size; offset += offset < 64 ? 1 : 509) {
		auto_fd int fd = openat(s.dir_fd, s.name, O_RDWR | O_CLOEXEC);
		unsigned char byte;

		CHECK_INT(1, pread(fd, &byte, 1, offset));
		byte ^= 0x10;
		CHECK_INT(1, pwrite(fd, &byte, 1, offset));
		CHECK(!hits(&s));
		CHECK(hits(&s));
	}
	end(&s);
}

static void wrong_sizes(void)
{
	static const off_t cut[] = { 1, 7, 8, 16, 100 };
	struct setup s = { 0 };
	off_t size;

	begin(&s);
	size = status(&s).st_size;
	for (size_t i = 0; i < ARRAY_SIZE(cut); i++) {
		char path[NAME_MAX + 64];

		(void)snprintf(path, sizeof(path), "%s/%s", s.path, s.name);
		CHECK_INT(0, truncate(path, size - cut[i]));
		CHECK(!hits(&s));
		CHECK_INT(0, truncate(path, size + cut[i]));
		CHECK(!hits(&s));
		CHECK_INT(0, truncate(path, cut[i]));
		CHECK(!hits(&s));
		CHECK_INT(0, truncate(path, 0));
		CHECK(!hits(&s));
		CHECK_INT(0, truncate(path, 1 << 30));
		CHECK(!hits(&s));
		CHECK(hits(&s));
	}
	end(&s);
}

static void files_of_others_are_not_trusted(void)
{
	struct setup s = { 0 };

	if (geteuid() != 0)
		TEST_SKIP("needs root to give files away");
	begin(&s);
	CHECK_INT(0, fchmodat(s.dir_fd, s.name, 0602, 0));
	CHECK(!hits(&s));
	CHECK_INT(0, fchmodat(s.dir_fd, s.name, 0620, 0));
	CHECK(!hits(&s));
	CHECK_INT(0, fchmodat(s.dir_fd, s.name, 0644, 0));
	CHECK(hits(&s));
	CHECK_INT(0, fchownat(s.dir_fd, s.name, 1000, 1000, 0));
	CHECK(!hits(&s));
	CHECK_INT(0, status(&s).st_uid);

	CHECK_INT(0, renameat(s.dir_fd, s.name, s.dir_fd, "good"));
	CHECK_INT(0, symlinkat("good", s.dir_fd, s.name));
	CHECK(!hits(&s));
	CHECK(S_ISREG(status(&s).st_mode));
	CHECK_INT(0, unlinkat(s.dir_fd, s.name, 0));
	CHECK_INT(0, mkfifoat(s.dir_fd, s.name, 0600));
	CHECK(!hits(&s)); /* and does not hang */
	CHECK_INT(0, unlinkat(s.dir_fd, s.name, 0));
	CHECK_INT(0, mkdirat(s.dir_fd, s.name, 0700));
	check_same(&s); /* cannot be replaced: compiled each time */
	CHECK(S_ISDIR(status(&s).st_mode));
	end(&s);
}

static void number_of_files_is_bounded(void)
{
	struct setup s = { 0 };
	struct seccomp_cache_key key = { .length = 4 };
	const struct sock_filter code = { 6, 0, 0, SCMP_ACT_ALLOW };
	unsigned char bytes[4] = "key";
	void *found = NULL;
	uint16_t count = 0;

	begin(&s);
	key.bytes = bytes;
	CHECK_INT(0, close(openat(s.dir_fd, "not-ours", O_CREAT | O_WRONLY, 0600)));
	for (unsigned i = 0; i < SECCOMP_CACHE_FILES_MAX + 10; i++) {
		const struct timespec times[2] = { { 1000 + (long)i, 0 }, { 1000 + (long)i, 0 } };

		key.hash.low = i;
		(void)snprintf(key.name, sizeof(key.name), "%032x", i);
		seccomp_cache_store(s.dir_fd, &key, &code, 1);
		CHECK_INT(0, utimensat(s.dir_fd, key.name, times, 0));
		CHECK(count_files(s.dir_fd, NULL) <= SECCOMP_CACHE_FILES_MAX + 1);
	}
	CHECK_INT(SECCOMP_CACHE_FILES_MAX + 1, count_files(s.dir_fd, NULL));
	CHECK_INT(0, faccessat(s.dir_fd, "not-ours", F_OK, 0));
	/* The newest is there and the oldest is not. */
	CHECK(seccomp_cache_load(s.dir_fd, &key, &found, &count));
	CHECK_INT(1, count);
	CHECK(memcmp(found, &code, sizeof(code)) == 0);
	free(found);
	(void)snprintf(key.name, sizeof(key.name), "%032x", 0);
	CHECK(!seccomp_cache_load(s.dir_fd, &key, &found, &count));
	end(&s);
}

/* The same name with other key bytes: what a collision of the hash would be. */
static void collision_is_no_hit(void)
{
	struct setup s = { 0 };
	unsigned char bytes[4] = "key";
	struct seccomp_cache_key key = { .name = "00000000000000000000000000000001", .bytes = bytes, .length = 4 };
	const struct sock_filter code = { 6, 0, 0, SCMP_ACT_ALLOW };
	void *found = NULL;
	uint16_t count = 0;

	begin(&s);
	seccomp_cache_store(s.dir_fd, &key, &code, 1);
	CHECK(seccomp_cache_load(s.dir_fd, &key, &found, &count));
	free(found);
	bytes[0] = 'K';
	CHECK(!seccomp_cache_load(s.dir_fd, &key, &found, &count));
	bytes[0] = 'k';
	key.length = 3;
	CHECK(!seccomp_cache_load(s.dir_fd, &key, &found, &count));
	end(&s);
}

static void unusable_directory_is_no_error(void)
{
	struct setup s = { 0 };
	int dir_fd;

	begin(&s);
	dir_fd = s.dir_fd;
	s.dir_fd = open("/proc/self/fdinfo", O_PATH | O_DIRECTORY | O_CLOEXEC); /* nothing can be made there */
	check_same(&s);
	(void)close(s.dir_fd);
	s.dir_fd = dir_fd;
	end(&s);
}

static double now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static double best_us(const struct setup *s, int dir_fd, int turns)
{
	double best = 1e9;

	for (int i = 0; i < turns; i++) {
		struct seccomp_filter filter;
		struct error err;
		double start = now_us();
		double took;

		CHECK_INT(0, seccomp_compile(&s->large.profile, dir_fd, &filter, &err));
		took = now_us() - start;
		best = took < best ? took : best;
		seccomp_filter_free(&filter);
	}
	return best;
}

static void hit_is_much_cheaper(void)
{
	struct setup s = { 0 };
	double compiled, hit;

	begin(&s);
	s.large.profile.n_architectures = 3;
	compiled = best_us(&s, -1, 10);
	hit = best_us(&s, s.dir_fd, 200);
	printf("# %zu names, 3 architectures: compile %.0f us, cache hit %.1f us, ratio %.0f\n",
	       s.large.rules[0].n_names, compiled, hit, compiled / hit);
	CHECK(hit * 3 < compiled);
	end(&s);
}

static const struct test tests[] = {
	TEST(hit_is_identical),    TEST(every_field_is_in_the_key),       TEST(damaged_files_are_replaced),
	TEST(wrong_sizes),         TEST(files_of_others_are_not_trusted), TEST(number_of_files_is_bounded),
	TEST(collision_is_no_hit), TEST(unusable_directory_is_no_error),  TEST(hit_is_much_cheaper),
};
TEST_MAIN(tests)
