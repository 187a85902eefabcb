/* Controllers on their way down to a cgroup: given, already there, and refused with the reason. */
#include "cgroups/enable.h"

#include <sys/stat.h>

#include "cgroups/tree.h"
#include "sandbox.h"

/* Plain directories and files stand in for a host with controllers of our choosing: root / a / leaf. */
struct fake {
	char path[32];
	struct cgroup_host host;
	struct cgroup *leaf;
};

static const char *const fake_files[] = {
	"cgroup.subtree_control",
	"a/cgroup.subtree_control",
	"a/leaf/cgroup.controllers",
};

static void put(const struct fake *fake, const char *name, const char *text)
{
	int fd = openat(fake->host.root_fd, name, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);

	CHECK(fd >= 0);
	CHECK_INT(0, fd_write_all(fd, text, strlen(text)));
	(void)close(fd);
}

static void fake_start(struct fake *fake, const char *root, const char *a, const char *leaf)
{
	struct error err;

	strcpy(fake->path, "/tmp/coffer-enable-XXXXXX");
	CHECK(mkdtemp(fake->path) != NULL);
	fake->host.root_fd = open(fake->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	fake->host.controllers = 1u << CGROUP_CPU | 1u << CGROUP_MEMORY | 1u << CGROUP_PIDS;
	strcpy(fake->host.mount_point, "/fake");
	CHECK(mkdirat(fake->host.root_fd, "a", 0755) == 0 && mkdirat(fake->host.root_fd, "a/leaf", 0755) == 0);
	put(fake, fake_files[0], root);
	put(fake, fake_files[1], a);
	put(fake, fake_files[2], leaf);
	CHECK_INT(0, cgroup_open(&fake->host, "/a/leaf", &fake->leaf, &err));
}

static void fake_stop(struct fake *fake)
{
	cgroup_close(fake->leaf);
	for (size_t i = 0; i < ARRAY_SIZE(fake_files); i++)
		(void)unlinkat(fake->host.root_fd, fake_files[i], 0);
	(void)unlinkat(fake->host.root_fd, "a/leaf", AT_REMOVEDIR);
	(void)unlinkat(fake->host.root_fd, "a", AT_REMOVEDIR);
	cgroup_host_close(&fake->host);
	CHECK(rmdir(fake->path) == 0);
}

static const char *content(const struct fake *fake, const char *name)
{
	static char text[256];

	CHECK(fd_read_small(fake->host.root_fd, name, text, sizeof(text)) >= 0);
	return text;
}

static void writes_nothing_needless(void)
{
	struct fake fake;
	struct error err;

	fake_start(&fake, "", "", "cpu memory pids\n");
	CHECK_INT(0, enable_controllers(&fake.host, fake.leaf, 0, &err));
	CHECK_INT(0, enable_controllers(&fake.host, fake.leaf, 1u << CGROUP_MEMORY | 1u << CGROUP_CPU, &err));
	CHECK_STR("", content(&fake, fake_files[0]));
	CHECK_STR("", content(&fake, fake_files[1]));
	fake_stop(&fake);
}

/* A plain file keeps what is written over its start, so each text shows what was asked for. */
static void adds_what_is_missing(void)
{
	struct fake fake;
	struct error err;

	fake_start(&fake, "cpu memory pids", "cpu", "cpu\n");
	CHECK_INT(0, enable_controllers(&fake.host, fake.leaf,
					1u << CGROUP_MEMORY | 1u << CGROUP_CPU | 1u << CGROUP_PIDS, &err));
	CHECK_STR("cpu memory pids", content(&fake, fake_files[0]));
	CHECK_STR("+memory +pids", content(&fake, fake_files[1]));
	fake_stop(&fake);
}

static void refuses_the_missing(void)
{
	struct fake fake;
	struct error err;

	fake_start(&fake, "", "", "\n");
	CHECK_INT(-ENOTSUP, enable_controllers(&fake.host, fake.leaf, 1u << CGROUP_PIDS | 1u << CGROUP_MISC, &err));
	CHECK_CONTAINS("cgroup v2 at /fake has no misc controller", err.text);
	CHECK_STR("", content(&fake, fake_files[0]));
	fake_stop(&fake);
}

static void names_the_file_it_cannot_read(void)
{
	struct fake fake;
	struct error err;

	fake_start(&fake, "cpu", "cpu", "\n");
	CHECK(unlinkat(fake.host.root_fd, fake_files[1], 0) == 0);
	CHECK_INT(-ENOENT, enable_controllers(&fake.host, fake.leaf, 1u << CGROUP_CPU, &err));
	CHECK_CONTAINS("cgroup.subtree_control of cgroup /a:", err.text);
	fake_stop(&fake);
}

static void enables_controllers(void)
{
	struct cgroup_host host;
	struct cgroup *cgroup = NULL;
	struct error err = { .text = "" };
	char text[512];
	const char *name;
	uint32_t one;

	sandbox_enter(&host);
	one = sandbox_controller(&host);
	if (one == 0)
		TEST_SKIP("no controller on cgroup v2 here");
	name = cgroup_controller_name((enum cgroup_controller)__builtin_ctz(one));
	if (cgroup_create(&host, sandbox_path("a/b"), one, &cgroup, &err) < 0)
		test_stop(TEST_FAILED, "%s", err.text);
	CHECK(fd_read_small(cgroup_fd(cgroup), "cgroup.controllers", text, sizeof(text)) > 0);
	CHECK_CONTAINS(name, text);
	CHECK(fd_read_small(cgroup_fd(cgroup), "cgroup.subtree_control", text, sizeof(text)) == 0);
	cgroup_close(cgroup);
	/* A second one below the same parent finds all in place. */
	CHECK_INT(0, cgroup_create(&host, sandbox_path("a/c"), one, &cgroup, &err));
	cgroup_close(cgroup);
	sandbox_leave(&host);
}

/* Nothing is wanted, and what the host can give is there all the same. */
static void enables_what_is_available(void)
{
	struct cgroup_host host;
	struct cgroup *cgroup = NULL;
	struct error err = { .text = "" };
	char text[512];
	uint32_t one;

	sandbox_enter(&host);
	one = sandbox_controller(&host);
	if (one == 0)
		TEST_SKIP("no controller on cgroup v2 here");
	CHECK_INT(0, cgroup_create(&host, sandbox_path("a/b"), 0, &cgroup, &err));
	cgroup_enable_available(&host, cgroup);
	CHECK(fd_read_small(cgroup_fd(cgroup), "cgroup.controllers", text, sizeof(text)) > 0);
	CHECK_CONTAINS(cgroup_controller_name((enum cgroup_controller)__builtin_ctz(one)), text);
	cgroup_close(cgroup);
	sandbox_leave(&host);
}

static void explains_busy_ancestors(void)
{
	struct cgroup_host host;
	struct cgroup *parent;
	struct cgroup *cgroup = NULL;
	struct error err;
	uint32_t one;
	pid_t pid;

	sandbox_enter(&host);
	one = sandbox_controller(&host);
	if (one == 0)
		TEST_SKIP("no controller on cgroup v2 here");
	parent = sandbox_create(&host, "busy");
	pid = sandbox_sleeper(parent);
	CHECK_INT(-EBUSY, cgroup_create(&host, sandbox_path("busy/leaf"), one, &cgroup, &err));
	CHECK_CONTAINS("it has processes of its own", err.text);
	CHECK_CONTAINS(cgroup_controller_name((enum cgroup_controller)__builtin_ctz(one)), err.text);
	CHECK_CONTAINS(sandbox_path("busy"), err.text);
	CHECK(faccessat(host.root_fd, sandbox_path("busy/leaf") + 1, F_OK, 0) < 0);
	(void)kill(pid, SIGKILL);
	CHECK_INT(SIGKILL, sandbox_reap(pid));
	cgroup_close(parent);
	sandbox_leave(&host);
}

static const struct test tests[] = {
	TEST(writes_nothing_needless),       TEST(adds_what_is_missing), TEST(refuses_the_missing),
	TEST(names_the_file_it_cannot_read), TEST(enables_controllers),  TEST(enables_what_is_available),
	TEST(explains_busy_ancestors),
};
TEST_MAIN(tests)
