/* cgroup_delegate: what is given away, what is not, and that the new owner can use it. */
#include <grp.h>
#include <sys/stat.h>

#include "sandbox.h"

enum { UID = 65533, GID = 65532 };

static struct stat status(const struct cgroup *cgroup, const char *name)
{
	struct stat st;

	CHECK_INT(0, fstatat(cgroup_fd(cgroup), name, &st, 0));
	return st;
}

static void gives_the_right_files(void)
{
	static const char *const given[] = { ".", "cgroup.procs", "cgroup.threads", "cgroup.subtree_control" };
	static const char *const kept[] = { "cgroup.freeze", "cgroup.kill", "cgroup.max.depth", "cgroup.type" };
	struct cgroup_host host;
	struct cgroup *cgroup;
	struct error err;

	sandbox_enter(&host);
	cgroup = sandbox_create(&host, "d");
	CHECK_INT(0, cgroup_delegate(cgroup, UID, GID, &err));
	for (size_t i = 0; i < ARRAY_SIZE(given); i++) {
		CHECK_INT(UID, status(cgroup, given[i]).st_uid);
		CHECK_INT(GID, status(cgroup, given[i]).st_gid);
	}
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		CHECK_INT(0, status(cgroup, kept[i]).st_uid);
	cgroup_close(cgroup);
	CHECK_INT(0, cgroup_open(&host, sandbox_path(""), &cgroup, &err));
	CHECK_INT(0, status(cgroup, ".").st_uid);
	cgroup_close(cgroup);
	sandbox_leave(&host);
}

/* In the cgroup and no longer root: makes a child and moves into it, but may not lift a limit of its own. */
static int use_it(void *data)
{
	const struct cgroup *cgroup = data;
	struct error err;

	if (cgroup_attach(cgroup, getpid(), &err) < 0)
		return 1;
	if (setgroups(0, NULL) < 0 || setresgid(GID, GID, GID) < 0 || setresuid(UID, UID, UID) < 0)
		return 2;
	if (mkdirat(cgroup_fd(cgroup), "mine", 0755) < 0)
		return 3;
	if (fd_write_existing(cgroup_fd(cgroup), "mine/cgroup.procs", "0") < 0)
		return 4;
	return fd_write_existing(cgroup_fd(cgroup), "cgroup.max.depth", "5") == -EACCES ? 0 : 5;
}

static void owner_can_use_it(void)
{
	struct cgroup_host host;
	struct cgroup *cgroup;
	struct error err;

	sandbox_enter(&host);
	cgroup = sandbox_create(&host, "d");
	CHECK_INT(0, cgroup_delegate(cgroup, UID, GID, &err));
	CHECK_INT(0, sandbox_child(use_it, cgroup));
	cgroup_close(cgroup);
	sandbox_leave(&host);
}

static const struct test tests[] = { TEST(gives_the_right_files), TEST(owner_can_use_it) };
TEST_MAIN(tests)
