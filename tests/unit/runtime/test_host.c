/* test_host.c - what is probed: who counts as privileged, which user namespace this is, when cgroups are left out. */
#include "runtime/host.h"

#include <sched.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "tests/unit/child.h"
#include "tests/unit/test.h"

static int probe(struct arena *arena, enum tristate rootless, enum cgroup_manager manager, struct host *ret)
{
	const struct runtime runtime = { .root = "/nonexistent", .cgroup_manager = manager, .rootless = rootless };
	struct error err = { 0 };
	int r = host_probe(&runtime, arena, ret, &err);

	if (r < 0)
		fprintf(stderr, "# %s\n", err.text);
	return r;
}

static void privilege(void)
{
	static const struct {
		enum tristate rootless;
		bool as_root, as_user;
	} rows[] = { { AUTO, true, false }, { YES, false, false }, { NO, true, true } };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_arena struct arena *arena = arena_new();
		struct host host;

		CHECK_INT(0, probe(arena, rows[i].rootless, CGROUP_MANAGER_DISABLED, &host));
		CHECK_INT(geteuid(), host.uid);
		CHECK_INT(getegid(), host.gid);
		CHECK_INT(geteuid() == 0 ? rows[i].as_root : rows[i].as_user, host.privileged);
		/* Ids are looked up for those only who need a user namespace of their own. */
		CHECK_INT(!host.privileged, host.caller_maps.n_uids > 0);
		if (!host.privileged) {
			CHECK_INT(0, host.caller_maps.uids[0].container_id);
			CHECK_INT(geteuid(), host.caller_maps.uids[0].host_id);
		}
		host_close(&host);
	}
}

static void without_cgroups(void)
{
	auto_arena struct arena *arena = arena_new();
	struct host host;

	CHECK_INT(0, probe(arena, AUTO, CGROUP_MANAGER_DISABLED, &host));
	CHECK_INT(-1, host.cgroup.root_fd);
	host_close(&host);
}

static void with_cgroups(void)
{
	auto_arena struct arena *arena = arena_new();
	struct host host;

	if (access("/sys/fs/cgroup", F_OK) < 0)
		TEST_SKIP("no cgroup mount");
	CHECK_INT(0, probe(arena, AUTO, CGROUP_MANAGER_CGROUPFS, &host));
	CHECK(host.cgroup.root_fd == -1 || host.cgroup.mount_point[0] == '/');
	host_close(&host);
}

static int as_user(const void *unused)
{
	auto_arena struct arena *arena = arena_new();
	struct host host;

	(void)unused;
	EXPECT(setresgid(1000, 1000, 1000) == 0 && setresuid(1000, 1000, 1000) == 0);
	EXPECT(probe(arena, AUTO, CGROUP_MANAGER_DISABLED, &host) == 0);
	EXPECT(host.uid == 1000 && host.gid == 1000 && !host.privileged);
	EXPECT(host.caller_maps.n_uids >= 1 && host.caller_maps.uids[0].host_id == 1000);
	return 0;
}

static void an_ordinary_user(void)
{
	if (geteuid() != 0)
		TEST_SKIP("needs root to become a user");
	CHECK_INT(0, in_child(as_user, NULL));
}

static int in_own_user_ns(const void *unused)
{
	auto_arena struct arena *arena = arena_new();
	struct host host;

	(void)unused;
	EXPECT(host_in_initial_user_ns());
	EXPECT(unshare(CLONE_NEWUSER) == 0);
	EXPECT(!host_in_initial_user_ns());
	EXPECT(probe(arena, NO, CGROUP_MANAGER_DISABLED, &host) == 0 && !host.initial_user_ns);
	return 0;
}

static void another_user_namespace(void)
{
	if (!host_in_initial_user_ns())
		TEST_SKIP("not in the initial user namespace");
	CHECK_INT(0, in_child(in_own_user_ns, NULL));
}

static void close_of_nothing(void)
{
	struct host host = { .cgroup = { .root_fd = -1 } };

	host_close(&host);
	CHECK_INT(-1, host.cgroup.root_fd);
}

static const struct test tests[] = {
	TEST(privilege),        TEST(without_cgroups),        TEST(with_cgroups),
	TEST(an_ordinary_user), TEST(another_user_namespace), TEST(close_of_nothing),
};
TEST_MAIN(tests)
