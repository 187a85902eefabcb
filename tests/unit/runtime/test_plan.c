/* test_plan.c - decisions of plan_make() that no other test sees: whose the cgroup becomes, and where it is. */
#include "runtime/plan.h"

#include "base/cleanup.h"
#include "base_config.h"

static struct cgroup_host cgroups = { .root_fd = 0, .mount_point = "/sys/fs/cgroup", .own_path = "/user/shell" };

#define CGROUP_MOUNT(destination, source, options)                                                                     \
	"\"mounts\": [{\"destination\": \"" destination "\", \"type\": \"cgroup\", \"source\": \"" source              \
	"\", \"options\": [" options "]},\n"
#define WRITABLE CGROUP_MOUNT("/sys/fs/cgroup", "cgroup", "\"nosuid\"")

/* The base config with its first two mounts preceded by `mounts`, and a cgroup namespace if `extra` has one. */
static struct config *make_config(const char *mounts, const char *extra, struct error *err)
{
	auto_free char *text = vary("\"mounts\": [\n", mounts);
	const char *user = "{\"type\": \"user\"}";
	char *at = strstr(text, user);
	auto_free char *full = calloc(1, strlen(text) + strlen(extra) + 1);
	struct config *config;

	CHECK(at != NULL);
	(void)sprintf(full, "%.*s%s%s", (int)(at - text), text, extra, at);
	CHECK_INT(0, config_parse("/bundle", "f", full, strlen(full), &config, err));
	return config;
}

static struct plan plan_of(const struct config *config)
{
	const struct host host = {
		.privileged = true,
		.initial_user_ns = true,
		.apparmor = true,
		.selinux = true,
		.cgroup = cgroups,
	};
	const struct create_options options = { .id = "x" };
	struct error err;
	struct plan plan;

	if (plan_make(config, &host, &options, true, &plan, &err) < 0)
		test_stop(TEST_FAILED, "%s", err.text);
	return plan;
}

/* runtime-spec config-linux.md "Cgroup ownership": the ids of the program's user (7:8), as the host sees them. */
static void a_writable_cgroup_is_the_users(void)
{
	struct error err;
	auto_config struct config *config = make_config(WRITABLE, "{\"type\": \"cgroup\"}, ", &err);
	struct plan plan = plan_of(config);

	CHECK(plan.delegate);
	CHECK_INT(100007, plan.delegate_uid);
	CHECK_INT(200008, plan.delegate_gid);
}

static void any_other_stays_the_runtimes(void)
{
	static const struct {
		const char *mounts, *namespaces;
	} rows[] = {
		{ "\"mounts\": [\n", "{\"type\": \"cgroup\"}, " },
		{ WRITABLE, "" },
		{ WRITABLE, "{\"type\": \"cgroup\", \"path\": \"/proc/1/ns/cgroup\"}, " },
		{ CGROUP_MOUNT("/sys/fs/cgroup", "cgroup", "\"ro\""), "{\"type\": \"cgroup\"}, " },
		{ CGROUP_MOUNT("/sys/fs/cgroup", "cgroup", "\"rro\""), "{\"type\": \"cgroup\"}, " },
		{ CGROUP_MOUNT("/elsewhere", "cgroup", ""), "{\"type\": \"cgroup\"}, " },
		{ CGROUP_MOUNT("/sys/fs/cgroup", "other", ""), "{\"type\": \"cgroup\"}, " },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct error err;
		auto_config struct config *config = make_config(rows[i].mounts, rows[i].namespaces, &err);

		if (plan_of(config).delegate)
			test_stop(TEST_FAILED, "row %zu is delegated", i);
	}
}

/* runtime-spec config-linux.md "Cgroups Path": absolute below the mount; relative, or none, beside the caller's own. */
static void cgroup_paths(void)
{
	auto_arena struct arena *arena = arena_new();

	CHECK_STR("/a/b", plan_cgroup_path(arena, "/a/b", "x", "/user/shell"));
	CHECK_STR("/user/a/b", plan_cgroup_path(arena, "a/b", "x", "/user/shell"));
	CHECK_STR("/user/x", plan_cgroup_path(arena, NULL, "x", "/user/shell"));
	CHECK_STR("/user/x", plan_cgroup_path(arena, "", "x", "/user/shell"));
	CHECK_STR("/x", plan_cgroup_path(arena, NULL, "x", "/shell"));
	CHECK_STR("/x", plan_cgroup_path(arena, NULL, "x", "/"));
}

static const struct test tests[] = {
	TEST(a_writable_cgroup_is_the_users),
	TEST(any_other_stays_the_runtimes),
	TEST(cgroup_paths),
};
TEST_MAIN(tests)
