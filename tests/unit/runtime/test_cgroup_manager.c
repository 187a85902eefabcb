/* test_cgroup_manager.c - where a container's cgroup is, by its manager. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "runtime/cgroup_manager.h"
#include "tests/unit/test.h"

static struct error err;

static struct host host_in(const char *own_path)
{
	struct host host = { .cgroup = { .root_fd = -1 } };

	(void)snprintf(host.cgroup.own_path, sizeof(host.cgroup.own_path), "%s", own_path);
	return host;
}

static void check_path(const char *expected, const struct host *host, const char *cgroups_path)
{
	auto_arena struct arena *arena = arena_new();
	const char *path = NULL;

	CHECK_INT(0, cgroup_manager_path(host, arena, cgroups_path, "x", &path, &err));
	CHECK_STR(expected, path);
}

/* runtime-spec config-linux.md "Cgroups Path": absolute below the mount; relative, or none, beside the caller's own. */
static void cgroupfs_takes_paths(void)
{
	struct host host = host_in("/user/shell");

	check_path("/a/b", &host, "/a/b");
	check_path("/user/a/b", &host, "a/b");
	check_path("/user/x", &host, NULL);
	check_path("/user/x", &host, "");
	host = host_in("/shell");
	check_path("/x", &host, NULL);
	host = host_in("/");
	check_path("/x", &host, NULL);
}

static void systemd_takes_names(void)
{
	struct host host = host_in("/user.slice/session-1.scope");

	host.systemd_cgroup = "";
	check_path("/system.slice/coffer-x.scope/container", &host, NULL);
	check_path("/system.slice/p-n.scope/container", &host, ":p:n");
	check_path("/machine.slice/p-n.scope/container", &host, "machine.slice:p:n");
}

static void a_users_systemd_has_its_own_tree(void)
{
	struct host host = host_in("/user.slice/user@1000.service/app.slice/run-1.scope");

	host.systemd_cgroup = "/user.slice/user@1000.service";
	host.systemd_of_user = true;
	check_path("/user.slice/user@1000.service/user.slice/coffer-x.scope/container", &host, NULL);
	check_path("/user.slice/user@1000.service/a.slice/p-n.scope/container", &host, "a.slice:p:n");
}

static void check_refused(const char *why, const struct host *host, const char *cgroups_path)
{
	auto_arena struct arena *arena = arena_new();
	const char *path = NULL;

	CHECK_INT(-EINVAL, cgroup_manager_path(host, arena, cgroups_path, "x", &path, &err));
	CHECK_CONTAINS(why, err.text);
}

static void what_cannot_be_a_scope_is_refused(void)
{
	struct host host = host_in("/user.slice/session-1.scope");

	host.systemd_cgroup = "";
	check_refused("linux.cgroupsPath: \"/a/b\" is not SLICE:PREFIX:NAME", &host, "/a/b");
	host.systemd_cgroup = "/user.slice/user@1000.service";
	host.systemd_of_user = true;
	check_refused("this process is in cgroup /user.slice/session-1.scope and not below "
		      "/user.slice/user@1000.service, which this user's systemd manages: start it by "
		      "`systemd-run --user --scope coffer ...`",
		      &host, NULL);
}

static const struct test tests[] = {
	TEST(cgroupfs_takes_paths),
	TEST(systemd_takes_names),
	TEST(a_users_systemd_has_its_own_tree),
	TEST(what_cannot_be_a_scope_is_refused),
};
TEST_MAIN(tests)
