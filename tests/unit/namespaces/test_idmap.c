/* test_idmap.c - checks of maps, and maps of real user namespaces, privileged and as an ordinary user. */
#include "namespaces/idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/proc.h"
#include "tests/unit/child.h"
#include "tests/unit/test.h"

static int validate_uids(struct id_map *uids, size_t n_uids, struct error *err)
{
	struct id_map gid = { 0, 0, 1 };
	const struct id_maps maps = { .uids = uids, .n_uids = n_uids, .gids = &gid, .n_gids = 1 };

	return idmap_validate(&maps, err);
}

static void good_maps(void)
{
	struct id_map usual[] = { { 0, 1000, 1 }, { 1, 100000, 65536 } };
	struct id_map all = { 0, 0, UINT32_MAX };
	struct id_map last = { UINT32_MAX - 1, UINT32_MAX - 1, 1 };
	struct id_map neighbours[] = { { 10, 10, 5 }, { 5, 15, 5 }, { 15, 5, 5 } };
	struct error err;

	CHECK_INT(0, validate_uids(usual, 2, &err));
	CHECK_INT(0, validate_uids(&all, 1, &err));
	CHECK_INT(0, validate_uids(&last, 1, &err));
	CHECK_INT(0, validate_uids(neighbours, 3, &err));
	CHECK_INT(0, validate_uids(NULL, 0, &err));
}

static void wrong_maps(void)
{
	struct id_map empty[] = { { 0, 1000, 1 }, { 1, 100000, 0 } };
	struct id_map container_wrap = { UINT32_MAX, 0, 1 };
	struct id_map host_wrap = { 0, 2, UINT32_MAX - 1 };
	struct id_map container_overlap[] = { { 0, 1000, 10 }, { 9, 5000, 2 } };
	struct id_map host_overlap[] = { { 0, 1000, 10 }, { 10, 1, 1000 } };
	struct id_map inside[] = { { 0, 1000, 10 }, { 20, 1003, 1 } };
	struct error err;

	CHECK_INT(-EINVAL, validate_uids(empty, 2, &err));
	CHECK_STR("uidMappings[1]: size is 0", err.text);
	CHECK_INT(-EINVAL, validate_uids(&container_wrap, 1, &err));
	CHECK_STR("uidMappings[0]: the range goes beyond the last id", err.text);
	CHECK_INT(-EINVAL, validate_uids(&host_wrap, 1, &err));
	CHECK_INT(-EINVAL, validate_uids(container_overlap, 2, &err));
	CHECK_STR("uidMappings[1]: container ids overlap with uidMappings[0]", err.text);
	CHECK_INT(-EINVAL, validate_uids(host_overlap, 2, &err));
	CHECK_STR("uidMappings[1]: host ids overlap with uidMappings[0]", err.text);
	CHECK_INT(-EINVAL, validate_uids(inside, 2, &err));
}

static void at_most_340_lines(void)
{
	struct id_map maps[341];
	const struct id_maps gids = { .gids = maps, .n_gids = 341 };
	struct error err;

	for (uint32_t i = 0; i < 341; i++)
		maps[i] = (struct id_map){ i, i, 1 };
	CHECK_INT(0, validate_uids(maps, 340, &err));
	CHECK_INT(-EINVAL, validate_uids(maps, 341, &err));
	CHECK_CONTAINS("uidMappings[340]", err.text);
	CHECK_INT(-EINVAL, idmap_validate(&gids, &err));
	CHECK_CONTAINS("gidMappings[340]", err.text);
}

static void to_host(void)
{
	const struct id_map maps[] = { { 0, 1000, 1 }, { 1, 4294900000u, 60000 } };

	CHECK_INT(1000, idmap_to_host(maps, 2, 0));
	CHECK_INT(4294900000LL, idmap_to_host(maps, 2, 1));
	CHECK_INT(4294959999LL, idmap_to_host(maps, 2, 60000));
	CHECK_INT(-EOVERFLOW, idmap_to_host(maps, 2, 60001));
	CHECK_INT(-EOVERFLOW, idmap_to_host(maps, 2, UINT32_MAX));
	CHECK_INT(4294967295LL, idmap_to_host(NULL, 0, UINT32_MAX));
}

/* Reads a map of a namespace as "container host size " triples with single spaces. */
static void read_map(int proc_fd, const char *file, char *text, size_t size)
{
	char raw[4096] = "";
	size_t used = 0;

	text[0] = '\0';
	(void)fd_read_small(proc_fd, file, raw, sizeof(raw));
	for (char *word = strtok(raw, " \n"); word && used + strlen(word) + 2 < size; word = strtok(NULL, " \n"))
		used += (size_t)snprintf(text + used, size - used, "%s ", word);
}

/* Makes a child in a user namespace that waits for a signal, writes the maps, and gives back what the kernel has. */
static int map_child(const struct id_maps *maps, char *uids, char *gids, char *setgroups_word, struct error *err)
{
	char path[32];
	int proc_fd;
	int r;
	pid_t pid = proc_clone(CLONE_NEWUSER, -1, NULL);

	if (pid < 0)
		return pid;
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			(void)pause();
	}
	r = idmap_write(pid, maps, err);
	(void)snprintf(path, sizeof(path), "/proc/%d", pid);
	proc_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	read_map(proc_fd, "uid_map", uids, 256);
	read_map(proc_fd, "gid_map", gids, 256);
	(void)fd_read_small(proc_fd, "setgroups", setgroups_word, 16);
	(void)close(proc_fd);
	(void)kill(pid, SIGKILL);
	(void)proc_wait(pid);
	return r;
}

static void privileged_writes_directly(void)
{
	struct id_map uids[] = { { 0, 100000, 1000 }, { 1000, 0, 1 } };
	struct id_map gids[] = { { 0, 200000, 500 } };
	const struct id_maps maps = { uids, gids, 2, 1 };
	char uid_text[256], gid_text[256], word[16];
	struct error err;

	if (geteuid() != 0)
		TEST_SKIP("needs root");
	CHECK_INT(0, map_child(&maps, uid_text, gid_text, word, &err));
	CHECK_STR("0 100000 1000 1000 0 1 ", uid_text);
	CHECK_STR("0 200000 500 ", gid_text);
	CHECK_STR("allow", word);
}

static void errors_of_the_kernel(void)
{
	struct id_map many[340];
	const struct id_maps maps = { .uids = many, .n_uids = 340 };
	struct error err;

	for (uint32_t i = 0; i < 340; i++)
		many[i] = (struct id_map){ 1000000000 + i, 1000000000 + i, 1 };
	CHECK_INT(-ENOENT, idmap_write(0x7ffffff0, &maps, &err));
	CHECK_CONTAINS("open /proc/2147483632", err.text);
	CHECK_INT(-EINVAL, idmap_write(getpid(), &maps, &err));
	CHECK_CONTAINS("uidMappings: 340 entries are more text than the kernel takes", err.text);
}

static int become(uid_t uid)
{
	EXPECT(setgroups(0, NULL) == 0);
	EXPECT(setresgid(uid, uid, uid) == 0 && setresuid(uid, uid, uid) == 0);
	/* The change of user made /proc/self belong to root. */
	EXPECT(prctl(PR_SET_DUMPABLE, 1) == 0);
	return 0;
}

static int unprivileged_own_id(const void *unused)
{
	struct id_map uid = { 0, 4242, 1 }, gid = { 7, 4242, 1 };
	const struct id_maps maps = { &uid, &gid, 1, 1 };
	char uids[256], gids[256], word[16];
	struct error err;

	(void)unused;
	EXPECT(become(4242) == 0);
	EXPECT(map_child(&maps, uids, gids, word, &err) == 0);
	EXPECT(strcmp(uids, "0 4242 1 ") == 0);
	EXPECT(strcmp(gids, "7 4242 1 ") == 0);
	EXPECT(strcmp(word, "deny") == 0);
	return 0;
}

/* Puts a file of this text over path, in a mount namespace of our own. */
static int replace_file(const char *path, const char *text)
{
	char temporary[] = "/tmp/coffer-test-idmap-XXXXXX";
	int fd = mkstemp(temporary);

	EXPECT(fd >= 0);
	EXPECT(fchmod(fd, 0644) == 0);
	EXPECT(fd_write_all(fd, text, strlen(text)) == 0);
	EXPECT(mount(temporary, path, NULL, MS_BIND, NULL) == 0);
	EXPECT(unlink(temporary) == 0 && close(fd) == 0);
	return 0;
}

static int own_subids(void)
{
	EXPECT(unshare(CLONE_NEWNS) == 0);
	EXPECT(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	EXPECT(replace_file("/etc/passwd", "root:x:0:0:::/bin/sh\ntester:x:4242:4242:::/bin/sh\n") == 0);
	EXPECT(replace_file("/etc/subuid",
			    "tester:500000:1000\n4242:600000:10\nother:1:9\ntester:500500:1\ntester:4242:1\n") == 0);
	EXPECT(replace_file("/etc/subgid", "tester:700000:1000\n") == 0);
	return become(4242);
}

static int caller_with_ranges(const void *unused)
{
	auto_arena struct arena *arena = arena_new();
	struct id_maps maps;
	struct id_map beyond[] = { { 0, 4242, 1 }, { 1, 500000, 1001 } };
	char uids[256], gids[256], word[16];
	struct error err;

	(void)unused;
	EXPECT(own_subids() == 0);
	EXPECT(idmap_for_caller(arena, &maps, &err) == 0);
	EXPECT(maps.n_uids == 3 && maps.n_gids == 2); /* what overlaps or is the own id is left out */
	EXPECT(idmap_validate(&maps, &err) == 0);
	EXPECT(maps.uids[2].container_id == 1001 && maps.uids[2].host_id == 600000 && maps.uids[2].size == 10);
	EXPECT(map_child(&maps, uids, gids, word, &err) == 0);
	EXPECT(strcmp(uids, "0 4242 1 1 500000 1000 1001 600000 10 ") == 0);
	EXPECT(strcmp(gids, "0 4242 1 1 700000 1000 ") == 0);
	EXPECT(strcmp(word, "allow") == 0);

	maps.uids = beyond;
	maps.n_uids = 2;
	EXPECT(map_child(&maps, uids, gids, word, &err) == -EPERM);
	EXPECT(strstr(err.text,
		      "newuidmap refused uidMappings (status 1): see the ranges of this user in /etc/subuid"));
	return 0;
}

static int nobody_has_no_ranges(const void *unused)
{
	auto_arena struct arena *arena = arena_new();
	struct id_maps maps;
	struct error err;

	(void)unused;
	EXPECT(become(4343) == 0);
	EXPECT(idmap_for_caller(arena, &maps, &err) == 0);
	EXPECT(maps.n_uids == 1 && maps.n_gids == 1);
	EXPECT(maps.uids[0].container_id == 0 && maps.uids[0].host_id == 4343 && maps.uids[0].size == 1);
	EXPECT(maps.gids[0].host_id == 4343);
	return 0;
}

static int helper_missing(const void *unused)
{
	struct id_map uids[] = { { 0, 4242, 1 }, { 1, 500000, 1 } };
	const struct id_maps maps = { .uids = uids, .n_uids = 2 };
	char uid_text[256], gid_text[256], word[16];
	auto_arena struct arena *arena = arena_new();
	struct id_maps own;
	struct error err;

	(void)unused;
	EXPECT(unshare(CLONE_NEWNS) == 0);
	EXPECT(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	EXPECT(mount("/dev/null", "/usr/bin/newuidmap", NULL, MS_BIND, NULL) == 0);
	EXPECT(own_subids() == 0);
	EXPECT(setenv("PATH", "relative:/nonexistent", 1) == 0);
	EXPECT(map_child(&maps, uid_text, gid_text, word, &err) == -EPERM);
	EXPECT(strstr(err.text, "needs newuidmap, which is not installed (package uidmap)"));
	EXPECT(idmap_for_caller(arena, &own, &err) == 0);
	EXPECT(own.n_uids == 1 && own.n_gids == 2);
	return 0;
}

static void need_helpers(void)
{
	if (geteuid() != 0)
		TEST_SKIP("needs root to become another user");
	if (access("/usr/bin/newuidmap", X_OK) != 0)
		TEST_SKIP("newuidmap is not installed");
}

static void own_id_without_privilege(void)
{
	if (geteuid() != 0)
		TEST_SKIP("needs root to become another user");
	CHECK_INT(0, in_child(unprivileged_own_id, NULL));
}

static void ranges_by_newuidmap(void)
{
	need_helpers();
	CHECK_INT(0, in_child(caller_with_ranges, NULL));
}

static void no_range_no_helper(void)
{
	need_helpers();
	CHECK_INT(0, in_child(nobody_has_no_ranges, NULL));
	CHECK_INT(0, in_child(helper_missing, NULL));
}

static void userns_fd(void)
{
	struct id_map uids[] = { { 0, 100000, 65536 } };
	struct id_map wrong[] = { { 0, 1, 0 } };
	const struct id_maps maps = { uids, uids, 1, 1 };
	const struct id_maps bad = { .uids = wrong, .n_uids = 1 };
	struct stat own, made;
	struct error err;
	auto_fd int fd = -1;

	if (geteuid() != 0)
		TEST_SKIP("needs root");
	fd = idmap_userns_fd(&maps, &err);
	CHECK(fd >= 0);
	CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	CHECK_INT(0, stat("/proc/self/ns/user", &own));
	CHECK_INT(0, fstat(fd, &made));
	CHECK(own.st_ino != made.st_ino);
	CHECK_INT(-EINVAL, idmap_userns_fd(&bad, &err));
	CHECK_CONTAINS("uid_map", err.text);
	CHECK(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
}

static const struct test tests[] = {
	TEST(good_maps),
	TEST(wrong_maps),
	TEST(at_most_340_lines),
	TEST(to_host),
	TEST(privileged_writes_directly),
	TEST(errors_of_the_kernel),
	TEST(own_id_without_privilege),
	TEST(ranges_by_newuidmap),
	TEST(no_range_no_helper),
	TEST(userns_fd),
};
TEST_MAIN(tests)
