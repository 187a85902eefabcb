/*
 * test_plan.c - every decision of plan_make(): namespaces and clone flags, the rootless user namespace, cgroup and its
 * path, device rules, mounts that the host needs otherwise, whose the cgroup becomes, labels that cannot be applied.
 */
#include "runtime/plan.h"

#include <errno.h>
#include <linux/bpf.h>
#include <sched.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/syscalls.h"
#include "base_config.h"

enum { USE_DEVICE = BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE };

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

/* ---- from configs made here, with a host made here ---- */

/* A config with nothing in it, planned on a host of which the case sets what matters. */
struct scene {
	struct config config;
	struct config_process process;
	struct host host;
	struct create_options options;
	struct plan plan;
};

static struct scene make_scene(struct arena *arena)
{
	return (struct scene){
		.config = { .arena = arena },
		.process = { .cwd = "/work" },
		.host = { .privileged = true, .initial_user_ns = true, .cgroup = cgroups },
		.options = { .id = "x" },
	};
}

static int plan_scene(struct scene *scene, struct error *err)
{
	scene->config.process = &scene->process;
	return plan_make(&scene->config, &scene->host, &scene->options, false, &scene->plan, err);
}

static void must_plan(struct scene *scene)
{
	struct error err;

	if (plan_scene(scene, &err) < 0)
		test_stop(TEST_FAILED, "%s", err.text);
}

/* ---- namespaces ---- */

static const char joined_path[] = "/run/ns";

/* "U" a new one, "u" a joined one, of: user, pid, network, ipc, uts ('h'ostname), time, cgroup, mount. */
static void set_namespaces(struct config *config, const char *letters)
{
	static const char types[NS_TYPE_MAX] = {
		[NS_USER] = 'u', [NS_PID] = 'p',  [NS_NETWORK] = 'n', [NS_IPC] = 'i',
		[NS_UTS] = 'h',  [NS_TIME] = 't', [NS_CGROUP] = 'c',  [NS_MOUNT] = 'm'
	};

	for (enum ns_type type = 0; type < NS_TYPE_MAX; type++) {
		bool joined = strchr(letters, types[type]) != NULL;
		bool new = strchr(letters, types[type] - 'a' + 'A') != NULL;

		config->namespaces[type].present = joined || new;
		config->namespaces[type].path = joined ? joined_path : NULL;
	}
}

enum { ENTER = 1, NEW_USER = 2, NEW_TIME = 4, NEW_CGROUP = 8, OWN_PID = 16, OWN_MOUNT = 32, PROC_FIRST = 64 };

static unsigned bits_of(const struct plan *plan)
{
	return (plan->enter ? ENTER : 0u) | (plan->new_user_ns ? NEW_USER : 0u) | (plan->new_time_ns ? NEW_TIME : 0u) |
	       (plan->new_cgroup_ns ? NEW_CGROUP : 0u) | (plan->own_pid_ns ? OWN_PID : 0u) |
	       (plan->own_mount_ns ? OWN_MOUNT : 0u) | (plan->proc_before_clone ? PROC_FIRST : 0u);
}

static const struct {
	const char *namespaces;
	uint64_t flags;
	unsigned bits;
} namespace_rows[] = {
	{ "", 0, 0 },
	{ "M", CLONE_NEWNS, OWN_MOUNT },
	{ "PM", CLONE_NEWPID | CLONE_NEWNS, OWN_PID | OWN_MOUNT },
	{ "PNIHM", CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNS, OWN_PID | OWN_MOUNT },
	/* clone3 makes no cgroup namespace of a cgroup that it moves to, and no time namespace: init does. */
	{ "CTM", CLONE_NEWNS, NEW_CGROUP | NEW_TIME | OWN_MOUNT },
	{ "C", 0, NEW_CGROUP },
	{ "T", 0, NEW_TIME },
	{ "UPNIHTCM", CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNS,
	  NEW_USER | NEW_TIME | NEW_CGROUP | OWN_PID | OWN_MOUNT },
	{ "upnihtcm", 0, ENTER },
	{ "pnM", CLONE_NEWNS, OWN_MOUNT },
	{ "UpM", CLONE_NEWUSER | CLONE_NEWNS, NEW_USER | OWN_MOUNT | PROC_FIRST },
	{ "UM", CLONE_NEWUSER | CLONE_NEWNS, NEW_USER | OWN_MOUNT },
	{ "upM", CLONE_NEWNS, ENTER | OWN_MOUNT },
	{ "uPM", CLONE_NEWPID | CLONE_NEWNS, ENTER | OWN_PID | OWN_MOUNT },
	{ "ctM", CLONE_NEWNS, OWN_MOUNT },
};

static void namespaces_become_flags(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(namespace_rows); i++) {
		auto_arena struct arena *arena = arena_new();
		struct scene scene = make_scene(arena);

		set_namespaces(&scene.config, namespace_rows[i].namespaces);
		must_plan(&scene);
		if (scene.plan.clone_flags != namespace_rows[i].flags || bits_of(&scene.plan) != namespace_rows[i].bits)
			test_stop(TEST_FAILED, "\"%s\": flags %#llx, bits %u", namespace_rows[i].namespaces,
				  (unsigned long long)scene.plan.clone_flags, bits_of(&scene.plan));
		for (enum ns_type type = 0; type < NS_TYPE_MAX; type++)
			CHECK(scene.plan.joined[type] == scene.config.namespaces[type].path);
	}
}

/* A caller without privilege: a user namespace is added, with the caller's ids unless the config has its own. */
static void rootless_gets_a_user_namespace(void)
{
	static struct id_map own[] = { { .container_id = 0, .host_id = 1000, .size = 1 } };
	static struct id_map configured[] = { { .container_id = 0, .host_id = 5000, .size = 9 } };
	static const struct {
		const char *namespaces;
		bool privileged, has_maps;
		uint64_t user_flag;
		const struct id_map *maps;
	} rows[] = {
		{ "PM", true, false, 0, NULL },
		{ "PM", false, false, CLONE_NEWUSER, own },
		{ "UPM", false, false, CLONE_NEWUSER, NULL },
		{ "UPM", false, true, CLONE_NEWUSER, configured },
		{ "UPM", true, true, CLONE_NEWUSER, configured },
		{ "PM", false, true, CLONE_NEWUSER, configured },
		{ "uPM", false, false, 0, NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_arena struct arena *arena = arena_new();
		struct scene scene = make_scene(arena);

		set_namespaces(&scene.config, rows[i].namespaces);
		scene.host.privileged = rows[i].privileged;
		scene.host.caller_maps = (struct id_maps){ .uids = own, .gids = own, .n_uids = 1, .n_gids = 1 };
		if (rows[i].has_maps)
			scene.config.id_maps =
				(struct id_maps){ .uids = configured, .gids = configured, .n_uids = 1, .n_gids = 1 };
		must_plan(&scene);
		if ((scene.plan.clone_flags & CLONE_NEWUSER) != rows[i].user_flag ||
		    scene.plan.id_maps.uids != rows[i].maps)
			test_stop(TEST_FAILED, "row %zu", i);
		CHECK_INT(rows[i].user_flag != 0, scene.plan.new_user_ns);
	}
}

/* ---- the cgroup ---- */

static void who_has_a_cgroup(void)
{
	static const struct {
		bool privileged, delegated, mounted, has_limit;
		const char *cgroups_path, *expected; /* NULL: none; "refused" */
	} rows[] = {
		{ true, false, true, false, NULL, "/user/x" }, { true, false, true, false, "/a", "/a" },
		{ true, false, false, false, NULL, NULL },     { true, false, false, false, "/a", NULL },
		{ true, false, false, true, NULL, "refused" }, { false, false, true, false, NULL, NULL },
		{ false, true, true, false, NULL, "/user/x" }, { false, false, true, true, NULL, "/user/x" },
		{ false, false, true, false, "b", "/user/b" }, { false, false, false, true, NULL, "refused" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_arena struct arena *arena = arena_new();
		struct scene scene = make_scene(arena);
		struct error err = { 0 };
		const char *got;

		set_namespaces(&scene.config, "M");
		scene.host.privileged = rows[i].privileged;
		scene.host.delegated = rows[i].delegated;
		scene.host.cgroup.root_fd = rows[i].mounted ? 0 : -1;
		scene.config.cgroups_path = rows[i].cgroups_path;
		if (rows[i].has_limit)
			scene.config.limits.pids_limit = (struct opt_i64){ 5, true };
		got = plan_scene(&scene, &err) < 0 ? "refused" : scene.plan.cgroup_path;
		if (!str_eq(got, rows[i].expected))
			test_stop(TEST_FAILED, "row %zu: %s %s", i, got ? got : "none", err.text);
		if (str_eq(got, "refused"))
			CHECK_CONTAINS("linux.resources: this host has no cgroup v2 mount", err.text);
	}
}

static void limits_are_planned(void)
{
	auto_arena struct arena *arena = arena_new();
	struct scene scene = make_scene(arena);
	struct error err;

	scene.config.limits.pids_limit = (struct opt_i64){ 5, true };
	must_plan(&scene);
	CHECK_INT(1, scene.plan.limits.n_writes);
	CHECK_STR("pids.max", scene.plan.limits.writes[0].file);
	CHECK_STR("5", scene.plan.limits.writes[0].text);
	scene.config.limits.memory_disable_oom_killer = true;
	CHECK(plan_scene(&scene, &err) < 0);
	CHECK(scene.plan.limits.n_writes == 1); /* a plan that failed changes nothing */
}

/* ---- device rules ---- */

/* What the rules say of a device: the last match wins. */
static bool allows(const struct plan *plan, char type, int64_t major, int64_t minor, unsigned access)
{
	bool allowed = false;

	for (size_t i = 0; i < plan->n_device_rules; i++) {
		const struct device_rule *rule = &plan->device_rules[i];

		if ((rule->type == 'a' || rule->type == type) && (rule->major < 0 || rule->major == major) &&
		    (rule->minor < 0 || rule->minor == minor) && (rule->access & access))
			allowed = rule->allow;
	}
	return allowed;
}

static void device_rules(void)
{
	static struct device_rule rules[] = {
		{ false, 'a', -1, -1, USE_DEVICE },
		{ true, 'c', 10, 229, USE_DEVICE },
		{ false, 'c', 1, 3, USE_DEVICE },
	};
	auto_arena struct arena *arena = arena_new();
	struct scene scene = make_scene(arena);

	scene.config.device_rules = rules;
	scene.config.n_device_rules = ARRAY_SIZE(rules);
	must_plan(&scene);
	CHECK(scene.plan.n_device_rules > ARRAY_SIZE(rules));
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		CHECK_INT(rules[i].allow, scene.plan.device_rules[i].allow);
		CHECK_INT(rules[i].type, scene.plan.device_rules[i].type);
		CHECK_INT(rules[i].minor, scene.plan.device_rules[i].minor);
	}
	CHECK(allows(&scene.plan, 'c', 10, 229, BPF_DEVCG_ACC_READ));
	CHECK(!allows(&scene.plan, 'c', 10, 200, BPF_DEVCG_ACC_READ));
	CHECK(!allows(&scene.plan, 'b', 8, 0, BPF_DEVCG_ACC_READ));
	/* Nodes may be made of anything; the default devices work whatever the config says, as with peers. */
	CHECK(allows(&scene.plan, 'b', 8, 0, BPF_DEVCG_ACC_MKNOD));
	CHECK(allows(&scene.plan, 'c', 1, 3, BPF_DEVCG_ACC_WRITE));
	CHECK(allows(&scene.plan, 'c', 136, 77, BPF_DEVCG_ACC_WRITE));
	CHECK(allows(&scene.plan, 'c', 5, 2, BPF_DEVCG_ACC_READ));
	CHECK(!allows(&scene.plan, 'c', 5, 3, BPF_DEVCG_ACC_READ));
	CHECK(!allows(&scene.plan, 'c', 1, 1, BPF_DEVCG_ACC_READ)); /* mem */
}

static void when_there_is_no_device_program(void)
{
	static struct device_rule rule = { false, 'a', -1, -1, USE_DEVICE };
	static const struct {
		size_t n_rules;
		bool privileged, initial_user_ns, mounted;
	} rows[] = {
		{ 0, true, true, true }, { 1, false, true, true }, { 1, true, false, true }, { 1, true, true, false }
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_arena struct arena *arena = arena_new();
		struct scene scene = make_scene(arena);

		scene.config.device_rules = &rule;
		scene.config.n_device_rules = rows[i].n_rules;
		scene.host.privileged = rows[i].privileged;
		scene.host.initial_user_ns = rows[i].initial_user_ns;
		scene.host.cgroup.root_fd = rows[i].mounted ? 0 : -1;
		must_plan(&scene);
		if (scene.plan.n_device_rules || scene.plan.device_rules)
			test_stop(TEST_FAILED, "row %zu has a program", i);
	}
}

/* ---- mounts ---- */

static const struct {
	const char *namespaces, *type;
	bool privileged, mounted;
	const char *source; /* of the bind it becomes; NULL: left as it is */
	bool recursive;
} mount_rows[] = {
	{ "UPNM", "proc", true, true, NULL, false },
	{ "UNM", "proc", true, true, "/proc", true },
	{ "UpNM", "proc", true, true, NULL, false },
	{ "M", "proc", true, true, NULL, false },
	{ "NM", "proc", false, true, "/proc", true },
	{ "UPNM", "sysfs", true, true, NULL, false },
	{ "UPM", "sysfs", true, true, "/sys", true },
	{ "UPnM", "sysfs", true, true, "/sys", true },
	{ "PM", "sysfs", true, true, NULL, false },
	{ "PM", "sysfs", false, true, "/sys", true },
	{ "CM", "cgroup", true, true, NULL, false },
	{ "cM", "cgroup2", true, true, NULL, false },
	{ "M", "cgroup", true, true, "/sys/fs/cgroup/user/x", false },
	{ "M", "cgroup2", true, true, "/sys/fs/cgroup/user/x", false },
	{ "M", "cgroup", false, true, "/sys/fs/cgroup/user/shell", false },
	{ "M", "cgroup", true, false, NULL, false },
	{ "UM", "tmpfs", true, true, NULL, false },
	{ "UM", "mqueue", true, true, NULL, false },
};

static void mounts_are_rewritten(void)
{
	static const char *data[] = { "option" };

	for (size_t i = 0; i < ARRAY_SIZE(mount_rows); i++) {
		auto_arena struct arena *arena = arena_new();
		struct scene scene = make_scene(arena);
		struct mount mount = { .destination = "/m",
				       .type = mount_rows[i].type,
				       .source = "src",
				       .attr_set = MOUNT_ATTR_NOSUID,
				       .data = data,
				       .n_data = 1 };
		const struct mount *planned;

		set_namespaces(&scene.config, mount_rows[i].namespaces);
		scene.host.privileged = mount_rows[i].privileged;
		scene.host.cgroup.root_fd = mount_rows[i].mounted ? 0 : -1;
		scene.config.rootfs = (struct rootfs){ .mounts = &mount, .n_mounts = 1 };
		must_plan(&scene);
		planned = &scene.plan.rootfs.mounts[0];
		if (planned->bind != (mount_rows[i].source != NULL) ||
		    !str_eq(planned->source, mount_rows[i].source ? mount_rows[i].source : "src") ||
		    planned->recursive_bind != mount_rows[i].recursive)
			test_stop(TEST_FAILED, "row %zu: %s %s", i, planned->bind ? "bind of" : "mount of",
				  planned->source);
		/* File system options have no meaning for a bind; attributes have. */
		CHECK_INT(planned->bind ? 0 : 1, planned->n_data);
		CHECK_INT(MOUNT_ATTR_NOSUID, planned->attr_set);
		/* The config is const: the plan has its own. */
		CHECK(!mount.bind && mount.n_data == 1 && str_eq(mount.source, "src"));
	}
}

static void binds_are_left_alone(void)
{
	auto_arena struct arena *arena = arena_new();
	struct scene scene = make_scene(arena);
	struct mount mounts[] = {
		{ .destination = "/a", .type = "proc", .source = "/host", .bind = true },
		{ .destination = "/b", .source = "/host", .bind = true },
	};

	set_namespaces(&scene.config, "UM");
	scene.config.rootfs = (struct rootfs){ .mounts = mounts, .n_mounts = ARRAY_SIZE(mounts) };
	must_plan(&scene);
	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		CHECK_STR("/host", scene.plan.rootfs.mounts[i].source);
		CHECK(scene.plan.rootfs.mounts[i].bind && !scene.plan.rootfs.mounts[i].recursive_bind);
		CHECK(scene.plan.rootfs.mounts[i].type == mounts[i].type);
	}
}

/* gid=5 of devpts is the group tty: for a rootless caller who has no such group it is left out. */
static void group_of_terminals(void)
{
	static struct id_map one[] = { { .container_id = 0, .host_id = 1000, .size = 1 } };
	static struct id_map many[] = { { .container_id = 0, .host_id = 1000, .size = 1 },
					{ .container_id = 1, .host_id = 100000, .size = 65536 } };
	static const struct {
		bool privileged;
		struct id_map *maps;
		size_t n_maps, n_data;
	} rows[] = { { false, one, 1, 2 }, { false, many, 2, 3 }, { true, one, 1, 3 } };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_arena struct arena *arena = arena_new();
		struct scene scene = make_scene(arena);
		const char *data[] = { "newinstance", "gid=5", "mode=0620" };
		struct mount mount = {
			.destination = "/dev/pts", .type = "devpts", .source = "devpts", .data = data, .n_data = 3
		};

		set_namespaces(&scene.config, "PM");
		scene.host.privileged = rows[i].privileged;
		scene.host.caller_maps = (struct id_maps){
			.uids = rows[i].maps, .gids = rows[i].maps, .n_uids = rows[i].n_maps, .n_gids = rows[i].n_maps
		};
		scene.config.rootfs = (struct rootfs){ .mounts = &mount, .n_mounts = 1 };
		must_plan(&scene);
		CHECK_INT(rows[i].n_data, scene.plan.rootfs.mounts[0].n_data);
		CHECK_STR("newinstance", scene.plan.rootfs.mounts[0].data[0]);
		CHECK_STR("mode=0620", scene.plan.rootfs.mounts[0].data[rows[i].n_data - 1]);
	}
}

/* ---- labels and the rest ---- */

static void labels_need_their_module(void)
{
	static const struct {
		const char *apparmor_profile, *selinux_label;
		bool apparmor, selinux;
		const char *text; /* NULL: planned */
	} rows[] = {
		{ NULL, NULL, false, false, NULL },
		{ "p", NULL, true, false, NULL },
		{ NULL, "l", false, true, NULL },
		{ "p", NULL, false, true, "process.apparmorProfile: \"p\" cannot be applied: AppArmor is not enabled" },
		{ NULL, "l", true, false, "process.selinuxLabel: \"l\" cannot be applied: SELinux is not enabled" },
		{ "p", "l", true, false, "process.selinuxLabel: \"l\"" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_arena struct arena *arena = arena_new();
		struct scene scene = make_scene(arena);
		struct error err = { 0 };
		int r;

		scene.process.apparmor_profile = rows[i].apparmor_profile;
		scene.process.selinux_label = rows[i].selinux_label;
		scene.host.apparmor = rows[i].apparmor;
		scene.host.selinux = rows[i].selinux;
		r = plan_scene(&scene, &err);
		CHECK_INT(rows[i].text ? -EINVAL : 0, r);
		if (rows[i].text)
			CHECK_CONTAINS(rows[i].text, err.text);
	}
}

/* Without SELinux there is nothing to put the label on. */
static void a_mount_label_needs_selinux(void)
{
	for (int selinux = 0; selinux <= 1; selinux++) {
		auto_arena struct arena *arena = arena_new();
		struct scene scene = make_scene(arena);
		struct error err = { 0 };

		scene.config.rootfs.mount_label = "l";
		scene.host.selinux = selinux;
		CHECK_INT(0, plan_scene(&scene, &err));
		CHECK(selinux ? str_eq(scene.plan.rootfs.mount_label, "l") : !scene.plan.rootfs.mount_label);
	}
}

static void the_rest(void)
{
	auto_arena struct arena *arena = arena_new();
	struct scene scene = make_scene(arena);
	struct error err;

	scene.options.no_pivot = true;
	scene.options.no_new_keyring = true;
	scene.options.preserve_fds = 3;
	must_plan(&scene);
	CHECK(scene.plan.rootfs.no_pivot && !scene.plan.new_keyring && scene.plan.seal_exe && !scene.plan.gate);
	CHECK_INT(3, scene.plan.preserve_fds);
	CHECK_STR("/work", scene.plan.rootfs.working_directory);
	CHECK_STR("x", scene.plan.id);
	scene.options = (struct create_options){ .id = "x" };
	scene.host.privileged = false;
	must_plan(&scene);
	CHECK(!scene.plan.rootfs.no_pivot && scene.plan.new_keyring && !scene.plan.seal_exe);
	/* A config without a process can be created. */
	scene.config.process = NULL;
	CHECK_INT(0, plan_make(&scene.config, &scene.host, &scene.options, true, &scene.plan, &err));
	CHECK(scene.plan.gate && !scene.plan.process && !scene.plan.rootfs.working_directory);
}

static const struct test tests[] = {
	TEST(a_writable_cgroup_is_the_users),
	TEST(any_other_stays_the_runtimes),
	TEST(namespaces_become_flags),
	TEST(rootless_gets_a_user_namespace),
	TEST(who_has_a_cgroup),
	TEST(limits_are_planned),
	TEST(device_rules),
	TEST(when_there_is_no_device_program),
	TEST(mounts_are_rewritten),
	TEST(binds_are_left_alone),
	TEST(group_of_terminals),
	TEST(labels_need_their_module),
	TEST(a_mount_label_needs_selinux),
	TEST(the_rest),
};
TEST_MAIN(tests)
