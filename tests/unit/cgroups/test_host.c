/* Parsing of /proc/self/cgroup and mountinfo, and the probe on whatever host this is. */
#include "cgroups/host.h"

#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/str.h"
#include "cgroups/tree.h"
#include "sandbox.h"

static const char hybrid[] = "9:name=systemd:/\n8:pids:/\n5:cpu,cpuacct:/a:b\n4:blkio:/process\n0::/user.slice/x\n";
static const char unified[] = "0::/user.slice/user-0.slice\n";

static void names_controllers(void)
{
	CHECK_STR("memory", cgroup_controller_name(CGROUP_MEMORY));
	CHECK_STR("misc", cgroup_controller_name(CGROUP_MISC));
	CHECK_STR("core", cgroup_controller_name(CGROUP_CONTROLLER_MAX));
	for (unsigned i = 0; i < CGROUP_CONTROLLER_MAX; i++)
		CHECK_INT(1u << i, host_parse_controllers(cgroup_controller_name((enum cgroup_controller)i)));
}

static void parses_lists(void)
{
	CHECK_INT(0, host_parse_controllers(""));
	CHECK_INT(0, host_parse_controllers("\n"));
	CHECK_INT(1u << CGROUP_CPU | 1u << CGROUP_PIDS, host_parse_controllers("cpu pids"));
	CHECK_INT(1u << CGROUP_IO, host_parse_controllers("cpux ios memor io dmem\n"));
}

static void finds_v1(void)
{
	CHECK(host_on_v1(hybrid, NULL));
	CHECK(host_on_v1(hybrid, "cpu"));
	CHECK(host_on_v1(hybrid, "cpuacct"));
	CHECK(host_on_v1(hybrid, "blkio"));
	CHECK(!host_on_v1(hybrid, "cpua"));
	CHECK(!host_on_v1(hybrid, "memory"));
	CHECK(!host_on_v1(hybrid, "b")); /* a path, not a list */
	CHECK(!host_on_v1(unified, NULL));
	CHECK(!host_on_v1("1:name=systemd:/\n0::/\n", NULL));
	CHECK(!host_on_v1("", NULL));
	CHECK(!host_on_v1("nonsense\n", NULL));
	CHECK(!host_on_v1("12:memory\n", "memory"));
}

static void finds_own_path(void)
{
	char path[64];
	char small[8];

	CHECK_INT(0, host_own_path(hybrid, path, sizeof(path)));
	CHECK_STR("/user.slice/x", path);
	CHECK_INT(0, host_own_path("0::/", path, sizeof(path)));
	CHECK_STR("/", path);
	CHECK_INT(0, host_own_path("0::/a:b::c\n", path, sizeof(path)));
	CHECK_STR("/a:b::c", path);
	CHECK_INT(-ENOENT, host_own_path("10::/x\n3:memory:/\n", path, sizeof(path)));
	CHECK_INT(-ENAMETOOLONG, host_own_path(unified, small, sizeof(small)));
}

static void finds_mounts(void)
{
	char path[32];

	CHECK_INT(0, host_find_mount("24 1 0:21 / /sys rw - sysfs sysfs rw\n"
				     "30 24 0:26 / /a\\040b\\134c rw,nosuid shared:4 - cgroup2 cgroup2 rw\n",
				     path, sizeof(path)));
	CHECK_STR("/a b\\c", path);
	CHECK_INT(-ENOENT, host_find_mount("24 1 0:21 / /cgroup2 rw - cgroup cgroup2 rw\n", path, sizeof(path)));
	CHECK_INT(-ENOENT,
		  host_find_mount("24 1 0:21 / /x rw\n25 1 0:2 / /y rw - tmpfs cgroup2 rw", path, sizeof(path)));
	CHECK_INT(-ENAMETOOLONG, host_find_mount("30 24 0:26 / /0123456789012345678901234567890123 rw - cgroup2 c rw\n",
						 path, sizeof(path)));
}

static void probes_this_host(void)
{
	struct cgroup_host host;
	struct error err;

	CHECK_INT(0, cgroup_host_probe(&host, &err));
	if (host.root_fd < 0)
		TEST_SKIP("no cgroup2 mount here");
	CHECK(str_starts(host.mount_point, "/"));
	CHECK(faccessat(host.root_fd, "cgroup.procs", F_OK, 0) == 0);
	CHECK(str_starts(host.own_path, "/"));
	cgroup_host_close(&host);
	CHECK_INT(-1, host.root_fd);
	cgroup_host_close(&host);
}

static void explains_missing(void)
{
	struct cgroup_host host = { .root_fd = -1, .mount_point = "/sys/fs/cgroup" };
	struct error err;
	char text[65536];

	host.controllers = 1u << CGROUP_CPU;
	CHECK_INT(0, host_require(&host, 0, &err));
	CHECK_INT(0, host_require(&host, 1u << CGROUP_CPU, &err));
	CHECK_INT(-ENOTSUP, host_require(&host, 1u << CGROUP_CPU | 1u << CGROUP_MEMORY, &err));
	CHECK(fd_read_small(AT_FDCWD, "/proc/self/cgroup", text, sizeof(text)) > 0);
	if (host_on_v1(text, "memory")) {
		CHECK_CONTAINS("the memory controller is on cgroup v1 on this host", err.text);
		CHECK_CONTAINS("systemd.unified_cgroup_hierarchy=1", err.text);
	} else {
		CHECK_CONTAINS("has no memory controller", err.text);
	}
}

static void finds_it_elsewhere(void)
{
	struct cgroup_host host;
	struct error err;
	char path[] = "/tmp/coffer-host-XXXXXX";

	if (geteuid() != 0)
		TEST_SKIP("needs root to mount");
	CHECK(unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	CHECK(mkdtemp(path) != NULL);
	CHECK(mount("tmpfs", "/sys/fs/cgroup", "tmpfs", 0, NULL) == 0);
	CHECK_INT(0, cgroup_host_probe(&host, &err));
	/* Hybrid hosts have theirs still in mountinfo, though nothing shows it any more: statfs decides. */
	CHECK_INT(-1, host.root_fd);
	CHECK(mkdir("/sys/fs/cgroup/unified", 0755) == 0);
	CHECK(mount("cgroup2", "/sys/fs/cgroup/unified", "cgroup2", 0, NULL) == 0);
	CHECK_INT(0, cgroup_host_probe(&host, &err));
	CHECK_STR("/sys/fs/cgroup/unified", host.mount_point);
	cgroup_host_close(&host);
	CHECK(umount("/sys/fs/cgroup/unified") == 0);
	CHECK(umount("/sys/fs/cgroup") == 0);
	(void)rmdir(path);
}

/* As in a container: own cgroup namespace, cgroup2 mounted anew. */
static int probe_in_namespace(void *data)
{
	struct cgroup_host host;
	struct error err;
	struct cgroup *cgroup = NULL;

	if (cgroup_attach(data, getpid(), &err) < 0)
		return 1;
	if (unshare(CLONE_NEWCGROUP | CLONE_NEWNS) < 0 || umount2("/sys/fs/cgroup", MNT_DETACH) < 0 ||
	    mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, NULL) < 0)
		return 2;
	if (cgroup_host_probe(&host, &err) < 0 || host.root_fd < 0)
		return 3;
	if (strcmp(host.own_path, "/") != 0 || strcmp(host.mount_point, "/sys/fs/cgroup") != 0)
		return 4;
	if (cgroup_create(&host, "/inner/leaf", 0, &cgroup, &err) < 0)
		return 5;
	return cgroup_remove(&host, "/inner", &err) < 0 ? 6 : 0;
}

static void works_in_a_namespace(void)
{
	struct cgroup_host host;
	struct cgroup *cgroup;

	sandbox_enter(&host);
	cgroup = sandbox_create(&host, "namespaced");
	CHECK_INT(0, sandbox_child(probe_in_namespace, cgroup));
	cgroup_close(cgroup);
	sandbox_leave(&host);
}

static const struct test tests[] = {
	TEST(names_controllers), TEST(parses_lists),       TEST(finds_v1),
	TEST(finds_own_path),    TEST(finds_mounts),       TEST(probes_this_host),
	TEST(explains_missing),  TEST(finds_it_elsewhere), TEST(works_in_a_namespace),
};
TEST_MAIN(tests)
