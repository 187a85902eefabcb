/* test_creds.c - user, groups and umask of a child, with and without a user namespace that denies setgroups. */
#include "namespaces/creds.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "tests/unit/child.h"
#include "tests/unit/test.h"

static int full_change(const void *unused)
{
	uint32_t gids[] = { 7, 4000000000u };
	const struct user user = {
		.uid = 1000,
		.gid = 1001,
		.additional_gids = gids,
		.n_additional_gids = 2,
		.umask = { 027, true },
	};
	uid_t uid[3];
	gid_t gid[3];
	gid_t groups[8];
	struct error err;

	(void)unused;
	EXPECT(user_apply(&user, false, &err) == 0);
	EXPECT(getresuid(&uid[0], &uid[1], &uid[2]) == 0);
	EXPECT(uid[0] == 1000 && uid[1] == 1000 && uid[2] == 1000);
	EXPECT(getresgid(&gid[0], &gid[1], &gid[2]) == 0);
	EXPECT(gid[0] == 1001 && gid[1] == 1001 && gid[2] == 1001);
	EXPECT(getgroups(8, groups) == 2 && groups[0] == 7 && groups[1] == 4000000000u);
	EXPECT(umask(0) == 027);
	EXPECT(prctl(PR_GET_KEEPCAPS) == 0);
	EXPECT(setresuid(0, 0, 0) < 0);
	return 0;
}

static int groups_are_dropped(const void *unused)
{
	const gid_t host_groups[] = { 4, 27 };
	const struct user user = { .uid = 1000, .gid = 1000 };
	struct error err;

	(void)unused;
	(void)umask(0135);
	EXPECT(setgroups(2, host_groups) == 0);
	EXPECT(user_apply(&user, true, &err) == 0);
	EXPECT(getgroups(0, NULL) == 0);
	EXPECT(umask(0) == 0135);
	EXPECT(prctl(PR_GET_KEEPCAPS) == 1);
	return 0;
}

/* The state of every rootless container that maps the own gid only. */
static int userns_denies(const void *unused)
{
	uint32_t gid = 0;
	const struct user plain = { .uid = 0, .gid = 0 };
	const struct user with_groups = { .uid = 0, .gid = 0, .additional_gids = &gid, .n_additional_gids = 1 };
	const gid_t host_groups[] = { 4, 27 };
	struct error err;

	(void)unused;
	EXPECT(setgroups(2, host_groups) == 0);
	EXPECT(unshare(CLONE_NEWUSER) == 0);
	EXPECT(fd_write_existing(AT_FDCWD, "/proc/self/setgroups", "deny") == 0);
	EXPECT(fd_write_existing(AT_FDCWD, "/proc/self/uid_map", "0 0 1") == 0);
	EXPECT(fd_write_existing(AT_FDCWD, "/proc/self/gid_map", "0 0 1") == 0);
	EXPECT(user_apply(&plain, true, &err) == 0);
	EXPECT(user_apply(&with_groups, true, &err) == -EPERM);
	EXPECT(strstr(err.text, "additional groups: the user namespace denies setgroups"));
	return 0;
}

/* No right to change groups, and there are some: they must not come along in silence. */
static int unprivileged_with_groups(const void *unused)
{
	const gid_t host_groups[] = { 4, 27 };
	const struct user same = { .uid = 1000, .gid = 1000 };
	struct error err;

	(void)unused;
	EXPECT(setgroups(2, host_groups) == 0);
	EXPECT(setresgid(1000, 1000, 1000) == 0 && setresuid(1000, 1000, 1000) == 0);
	EXPECT(user_apply(&same, false, &err) == -EPERM);
	EXPECT(strstr(err.text, "drop the additional groups"));
	return 0;
}

static int unprivileged_without_groups(const void *unused)
{
	const struct user same = { .uid = 1000, .gid = 1000 };
	const struct user other_uid = { .uid = 1001, .gid = 1000 };
	const struct user other_gid = { .uid = 1000, .gid = 1001 };
	struct error err;

	(void)unused;
	EXPECT(setgroups(0, NULL) == 0);
	EXPECT(setresgid(1000, 1000, 1000) == 0 && setresuid(1000, 1000, 1000) == 0);
	EXPECT(user_apply(&same, false, &err) == 0);
	EXPECT(user_apply(&other_uid, false, &err) == -EPERM);
	EXPECT(strcmp(err.text, "set uid 1001: Operation not permitted") == 0);
	EXPECT(user_apply(&other_gid, false, &err) == -EPERM);
	EXPECT(strcmp(err.text, "set gid 1001: Operation not permitted") == 0);
	return 0;
}

static void need_root(void)
{
	if (geteuid() != 0)
		TEST_SKIP("changing the user needs root");
}

static void changes_everything(void)
{
	need_root();
	CHECK_INT(0, in_child(full_change, NULL));
}

static void drops_host_groups(void)
{
	need_root();
	CHECK_INT(0, in_child(groups_are_dropped, NULL));
}

static void setgroups_denied(void)
{
	need_root();
	CHECK_INT(0, in_child(userns_denies, NULL));
}

static void without_privilege(void)
{
	need_root();
	CHECK_INT(0, in_child(unprivileged_with_groups, NULL));
	CHECK_INT(0, in_child(unprivileged_without_groups, NULL));
}

/* setresuid(-1) changes nothing: a config with this uid would run as root. */
static void reserved_ids_and_umask(void)
{
	const struct user uid = { .uid = UINT32_MAX, .gid = 1 };
	const struct user gid = { .uid = 1, .gid = UINT32_MAX };
	const struct user mask = { .umask = { 01000, true } };
	struct error err;

	CHECK_INT(-EINVAL, user_apply(&uid, false, &err));
	CHECK_CONTAINS("4294967295 are reserved", err.text);
	CHECK_INT(-EINVAL, user_apply(&gid, false, &err));
	CHECK_INT(-EINVAL, user_apply(&mask, false, &err));
	CHECK_CONTAINS("umask 01000 is above 0777", err.text);
}

static int raise_score(const void *unused)
{
	char text[16];
	struct error err;

	(void)unused;
	EXPECT(oom_score_adj_write(getpid(), 777, &err) == 0);
	EXPECT(fd_read_small(AT_FDCWD, "/proc/self/oom_score_adj", text, sizeof(text)) > 0);
	EXPECT(strcmp(text, "777") == 0);
	return 0;
}

static void oom_score_adj(void)
{
	struct error err;

	CHECK_INT(0, in_child(raise_score, NULL));
	CHECK_INT(-EINVAL, oom_score_adj_write(getpid(), 1001, &err));
	CHECK_STR("oomScoreAdj 1001 is not in -1000..1000", err.text);
	CHECK_INT(-EINVAL, oom_score_adj_write(getpid(), -1001, &err));
	CHECK_INT(-ENOENT, oom_score_adj_write(0x7ffffff0, 0, &err));
	CHECK_CONTAINS("/proc/2147483632/oom_score_adj", err.text);
}

static const struct test tests[] = {
	TEST(changes_everything), TEST(drops_host_groups),      TEST(setgroups_denied),
	TEST(without_privilege),  TEST(reserved_ids_and_umask), TEST(oom_score_adj),
};
TEST_MAIN(tests)
