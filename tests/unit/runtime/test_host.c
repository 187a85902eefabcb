/* test_host.c - what is probed: who counts as privileged, which user namespace this is, when cgroups are left out. */
#include "runtime/host.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/fd.h"
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

static int bind_socket(uid_t owner)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "/run/systemd/private" };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	EXPECT(fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0);
	EXPECT(chown(address.sun_path, owner, owner) == 0);
	return 0;
}

static int socket_is(const char *expected)
{
	auto_arena struct arena *arena = arena_new();
	const char *socket = NULL;
	struct error err;

	EXPECT(host_systemd_socket(arena, &socket, &err) == 0);
	EXPECT(strcmp(socket, expected) == 0);
	return 0;
}

/* As root of a user namespace: the socket's owner, who is the caller or not mapped, tells whose systemd there is. */
static int in_user_ns(const void *owner)
{
	auto_arena struct arena *arena = arena_new();
	bool is_mine = *(const uid_t *)owner == 0;
	const char *socket;
	struct error err;

	EXPECT(unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	EXPECT(mount("tmpfs", "/run", "tmpfs", 0, NULL) == 0 && mkdir("/run/systemd", 0755) == 0);
	EXPECT(bind_socket(*(const uid_t *)owner) == 0);
	EXPECT(setenv("XDG_RUNTIME_DIR", "/run/user/5", 1) == 0);
	EXPECT(socket_is("/run/systemd/private") == 0); /* root of the host */
	EXPECT(unshare(CLONE_NEWUSER) == 0);
	EXPECT(fd_write_existing(AT_FDCWD, "/proc/self/uid_map", "0 0 1") == 0);
	EXPECT(socket_is(is_mine ? "/run/systemd/private" : "/run/user/5/systemd/private") == 0);
	EXPECT(unsetenv("XDG_RUNTIME_DIR") == 0);
	EXPECT(is_mine || host_systemd_socket(arena, &socket, &err) == -EINVAL);
	EXPECT(is_mine || strstr(err.text, "XDG_RUNTIME_DIR is not set"));
	return 0;
}

static void whose_systemd(void)
{
	static const uid_t owners[] = { 0, 1000 };

	if (geteuid() != 0 || !host_in_initial_user_ns())
		TEST_SKIP("needs to be root of the initial user namespace");
	for (size_t i = 0; i < ARRAY_SIZE(owners); i++)
		CHECK_INT(0, in_child(in_user_ns, &owners[i]));
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
	TEST(whose_systemd),
};
TEST_MAIN(tests)
