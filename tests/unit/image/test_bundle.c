/*
 * test_bundle.c - image configuration and command line to config.json: conversion.md rule by rule. What the JSON says
 * is looked at member by member, through the same reader that the runtime has.
 */
#include "image/bundle.h"

#include <errno.h>

#include "base/str.h"
#include "tests/unit/test.h"

static const char full[] =
	"{\"os\":\"linux\",\"architecture\":\"arm64\",\"variant\":\"v8\",\"os.version\":\"9\",\"author\":\"me\","
	"\"created\":\"2026-01-01T00:00:00Z\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]},\"config\":{"
	"\"User\":\"u\",\"Env\":[\"A=1\",\"B=2\",\"A=3\",\"none\"],\"Entrypoint\":[\"/e\",\"x\"],\"Cmd\":[\"c\"],"
	"\"WorkingDir\":\"work\",\"Labels\":{\"org.opencontainers.image.author\":\"label\",\"k\":\"v\"},"
	"\"Volumes\":{\"/v\":{},\"/v/w\":{}},\"ExposedPorts\":{\"80/tcp\":{}},\"StopSignal\":\"SIGINT\"}}";

static const struct bundle_user somebody = { .uid = 5, .gid = 6, .home = "/home" };
static const struct bundle_user root_user = { 0 };

static struct image_config decode(struct arena *arena, const char *text)
{
	struct image_config config;
	struct error err = { 0 };

	if (image_config_decode(arena, text, strlen(text), &config, &err) < 0)
		test_stop(TEST_FAILED, "%s", err.text);
	return config;
}

static struct json *made(struct arena *arena, const char *config_text, const struct bundle_options *options,
			 const struct bundle_user *user)
{
	static const struct json_limits limits = { .size = 1 << 20, .depth = 16 };
	struct image_config config = { 0 };
	struct error err = { 0 };
	struct json *root;
	const char *text;
	size_t length;

	if (config_text)
		config = decode(arena, config_text);
	if (bundle_config(arena, config_text ? &config : NULL, options, user, &text, &length, &err) < 0)
		test_stop(TEST_FAILED, "%s", err.text);
	if (json_parse(arena, "made", text, length, &limits, &root, &err) < 0)
		test_stop(TEST_FAILED, "%s", err.text);
	return root;
}

/* The member at a path of names and indexes: "process.args.0". */
static const struct json *at(const struct json *node, const char *path)
{
	char name[128];

	while (node && *path) {
		size_t length = strcspn(path, "/");

		(void)snprintf(name, sizeof(name), "%.*s", (int)length, path);
		if (node->type == JSON_ARRAY) {
			int index = atoi(name);

			for (node = node->first; node && index > 0; index--)
				node = node->next;
		} else {
			node = json_get(node, name);
		}
		path += length + (path[length] == '/');
	}
	return node;
}

/* All texts of a list, with spaces between. */
static const char *list(const struct json *node)
{
	static char text[4096];

	text[0] = '\0';
	for (node = node ? node->first : NULL; node; node = node->next)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", *text ? " " : "", node->text);
	return text;
}

static const char *text_at(const struct json *root, const char *path)
{
	const struct json *node = at(root, path);

	return node && node->text ? node->text : "(none)";
}

#define BASE .name = "box", .rootfs = "rootfs"

static void process_of_an_image(void)
{
	auto_arena struct arena *arena = arena_new();
	const struct bundle_options options = { BASE };
	struct json *root = made(arena, full, &options, &somebody);

	CHECK_STR("/e x c", list(at(root, "process/args")));
	CHECK_STR("A=3 B=2 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOSTNAME=box HOME=/home",
		  list(at(root, "process/env")));
	CHECK_STR("/work", text_at(root, "process/cwd"));
	CHECK_STR("5", text_at(root, "process/user/uid"));
	CHECK_STR("6", text_at(root, "process/user/gid"));
	CHECK(!at(root, "process/user/additionalGids"));
	CHECK_STR("rootfs", text_at(root, "root/path"));
	CHECK_STR("box", text_at(root, "hostname"));
}

static void command_line_over_the_image(void)
{
	auto_arena struct arena *arena = arena_new();
	const char *const command[] = { "new", NULL };
	const char *const entrypoint[] = { "/entry", NULL };
	const char *const nothing[] = { NULL };
	const char *const env[] = { "B=4", "HOME=", "PATH=/p", NULL };
	struct bundle_options options = { BASE, .command = command, .env = env, .working_dir = "/w", .hostname = "h" };

	CHECK_STR("/e x new", list(at(made(arena, full, &options, &somebody), "process/args")));
	/* HOME that is set to nothing has been said. */
	CHECK_STR("A=3 B=4 HOME= PATH=/p HOSTNAME=h", list(at(made(arena, full, &options, &somebody), "process/env")));
	CHECK_STR("/w", text_at(made(arena, full, &options, &somebody), "process/cwd"));
	options.entrypoint = entrypoint;
	CHECK_STR("/entry new", list(at(made(arena, full, &options, &somebody), "process/args")));
	options.command = NULL;
	CHECK_STR("/entry", list(at(made(arena, full, &options, &somebody), "process/args")));
	options.entrypoint = nothing;
	options.command = command;
	CHECK_STR("new", list(at(made(arena, full, &options, &somebody), "process/args")));
}

static void annotations(void)
{
	auto_arena struct arena *arena = arena_new();
	const struct key_value given[] = { { "k", "line" }, { "x", "" } };
	const struct bundle_options options = { BASE, .annotations = given, .n_annotations = 2 };
	const struct json *found = at(made(arena, full, &options, &somebody), "annotations");

	CHECK_STR("linux", text_at(found, "org.opencontainers.image.os"));
	CHECK_STR("arm64", text_at(found, "org.opencontainers.image.architecture"));
	CHECK_STR("v8", text_at(found, "org.opencontainers.image.variant"));
	CHECK_STR("9", text_at(found, "org.opencontainers.image.os.version"));
	CHECK_STR("2026-01-01T00:00:00Z", text_at(found, "org.opencontainers.image.created"));
	CHECK_STR("SIGINT", text_at(found, "org.opencontainers.image.stopSignal"));
	CHECK_STR("label", text_at(found, "org.opencontainers.image.author"));
	CHECK_STR("line", text_at(found, "k"));
	CHECK_STR("", text_at(found, "x"));
	CHECK_INT(10, found->count); /* no key twice */
}

/* Its labels must not lift limits or name a program of the host's; the command line may. */
static void no_orders_of_an_image(void)
{
	static const char image[] =
		"{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]},"
		"\"config\":{\"Cmd\":[\"x\"],\"Labels\":{\"run.coffer.oom-hook\":\"/bin/sh\",\"run.cofferer\":\"a\","
		"\"run.coffer.limit.memory.max\":\"max\"}}}";
	auto_arena struct arena *arena = arena_new();
	const struct key_value given[] = { { "run.coffer.oom", "freeze" } };
	const struct bundle_options options = { BASE, .annotations = given, .n_annotations = 1 };
	const struct json *found = at(made(arena, image, &options, &somebody), "annotations");

	CHECK_STR("freeze", text_at(found, "run.coffer.oom"));
	CHECK_STR("a", text_at(found, "run.cofferer"));
	CHECK(!json_get(found, "run.coffer.oom-hook") && !json_get(found, "run.coffer.limit.memory.max"));
}

static void mounts(void)
{
	auto_arena struct arena *arena = arena_new();
	const char *const words[] = { "ro", NULL };
	const struct bundle_mount given[] = {
		{ "/a/b/c", "bind", "/deep", words },
		{ "/v", "bind", "/mine", words },
		{ "/dev/shm", "tmpfs", "shm", words },
		{ "/a", "bind", "/top", words },
	};
	const struct bundle_options options = { BASE, .mounts = given, .n_mounts = 4 };
	const struct json *found = at(made(arena, full, &options, &somebody), "mounts");
	char order[512] = "";

	for (const struct json *mount = found->first; mount; mount = mount->next)
		(void)snprintf(order + strlen(order), 64, "%s=%s ", text_at(mount, "destination"),
			       text_at(mount, "source"));
	CHECK_STR("/proc=proc /dev=tmpfs /dev/pts=devpts /dev/mqueue=mqueue /sys=sysfs /sys/fs/cgroup=cgroup /v=/mine "
		  "/a=/top /v/w=volumes/1 /dev/shm=shm /a/b/c=/deep ",
		  order);
	CHECK_STR("bind tmpcopyup", list(at(found, "8/options")));
}

static const char *capability_set(struct arena *arena, const char *const *add, const char *const *drop,
				  const struct bundle_user *user, const char *set)
{
	const char *const command[] = { "x", NULL };
	const struct bundle_options options = { BASE, .command = command, .cap_add = add, .cap_drop = drop };
	const struct json *root = made(arena, NULL, &options, user);

	return list(at(at(root, "process/capabilities"), set));
}

static void capabilities(void)
{
	auto_arena struct arena *arena = arena_new();
	const char *const all[] = { "all", NULL };
	const char *const raw[] = { "net_raw", "CAP_CHOWN", NULL };
	static const char usual[] = "CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER CAP_FSETID CAP_KILL CAP_NET_BIND_SERVICE "
				    "CAP_SETFCAP CAP_SETGID CAP_SETPCAP CAP_SETUID CAP_SYS_CHROOT";

	CHECK_STR(usual, capability_set(arena, NULL, NULL, &root_user, "bounding"));
	CHECK_STR(usual, capability_set(arena, NULL, NULL, &root_user, "effective"));
	CHECK_STR("", capability_set(arena, NULL, NULL, &root_user, "ambient"));
	CHECK_STR("", capability_set(arena, NULL, NULL, &root_user, "inheritable"));
	CHECK_STR(usual, capability_set(arena, NULL, NULL, &somebody, "bounding"));
	CHECK_STR("", capability_set(arena, NULL, NULL, &somebody, "effective"));
	CHECK_STR("CAP_CHOWN CAP_NET_RAW", capability_set(arena, raw, all, &root_user, "bounding"));
	CHECK_STR("CAP_CHOWN CAP_NET_RAW", capability_set(arena, raw, all, &somebody, "ambient"));
	CHECK_STR("", capability_set(arena, raw, raw, &somebody, "ambient"));
	CHECK(!strstr(capability_set(arena, all, raw, &root_user, "bounding"), "CAP_NET_RAW"));
	CHECK_CONTAINS("CAP_SYS_ADMIN", capability_set(arena, all, raw, &root_user, "bounding"));
}

/* What the filter does with a call when no argument is looked at; "default" if no rule names it. */
static const char *verdict(const struct json *seccomp, const char *call)
{
	for (const struct json *rule = at(seccomp, "syscalls")->first; rule; rule = rule->next) {
		bool allowed = str_eq(text_at(rule, "action"), "SCMP_ACT_ALLOW");

		for (const struct json *name = at(rule, "names")->first; name; name = name->next)
			if (str_eq(name->text, call))
				return at(rule, "args") ? "by argument"
				       : allowed        ? "allowed"
							: text_at(rule, "errnoRet");
	}
	return "default";
}

static void seccomp(void)
{
	auto_arena struct arena *arena = arena_new();
	const char *const command[] = { "x", NULL };
	const char *const admin[] = { "sys_admin", "bpf", NULL };
	struct bundle_options options = { BASE, .command = command };
	const struct json *found = at(made(arena, NULL, &options, &root_user), "linux/seccomp");

	CHECK_STR("SCMP_ACT_ERRNO", text_at(found, "defaultAction"));
	CHECK_STR("38", text_at(found, "defaultErrnoRet"));
	CHECK_STR("allowed", verdict(found, "openat"));
	CHECK_STR("1", verdict(found, "mount"));
	CHECK_STR("1", verdict(found, "bpf"));
	CHECK_STR("1", verdict(found, "keyctl"));
	CHECK_STR("1", verdict(found, "io_uring_setup"));
	CHECK_STR("38", verdict(found, "clone3"));
	CHECK_STR("by argument", verdict(found, "clone"));
	CHECK_STR("by argument", verdict(found, "socket"));
	CHECK_STR("default", verdict(found, "a_call_of_the_future"));
	options.cap_add = admin;
	found = at(made(arena, NULL, &options, &root_user), "linux/seccomp");
	CHECK_STR("allowed", verdict(found, "mount"));
	CHECK_STR("allowed", verdict(found, "bpf"));
	CHECK_STR("allowed", verdict(found, "clone3"));
	CHECK_STR("1", verdict(found, "reboot"));
	options.seccomp_profile = "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"n\":[1,-2,true,null,{\"a\":\"b\"}]}";
	found = at(made(arena, NULL, &options, &root_user), "linux/seccomp");
	CHECK_STR("SCMP_ACT_ALLOW", text_at(found, "defaultAction"));
	CHECK_STR("-2", text_at(found, "n/1"));
	CHECK_STR("b", text_at(found, "n/4/a"));
	options.no_seccomp = true;
	CHECK(!at(made(arena, NULL, &options, &root_user), "linux/seccomp"));
}

static void linux_part(void)
{
	auto_arena struct arena *arena = arena_new();
	const char *const command[] = { "x", NULL };
	const struct bundle_device device = { "/dev/x", "c", "rw", 10, 200, 0640, 1, 2 };
	struct bundle_options options = {
		BASE,
		.command = command,
		.devices = &device,
		.n_devices = 1,
		.userns_first = 100000,
		.userns_size = 65536,
		.host_network = true,
		.unmask = true,
		.limits = { .memory = { 64, true },
			    .pids = { 9, true },
			    .cpu_weight = { 50, true },
			    .cpu_quota_us = { 150000, true } },
	};
	const struct json *root = at(made(arena, NULL, &options, &root_user), "linux");

	CHECK_STR("cgroup", text_at(root, "namespaces/4/type"));
	CHECK_STR("user", text_at(root, "namespaces/5/type"));
	CHECK_STR("100000", text_at(root, "uidMappings/0/hostID"));
	CHECK_STR("64", text_at(root, "resources/memory/limit"));
	CHECK_STR("150000", text_at(root, "resources/cpu/quota"));
	CHECK_STR("50", text_at(root, "resources/unified/cpu.weight"));
	CHECK_STR("9", text_at(root, "resources/pids/limit"));
	CHECK_STR("rw", text_at(root, "resources/devices/1/access"));
	CHECK_STR("/dev/x", text_at(root, "devices/0/path"));
	CHECK(!at(root, "maskedPaths") && !at(root, "readonlyPaths"));
	options.unmask = false;
	root = at(made(arena, NULL, &options, &root_user), "linux");
	CHECK_CONTAINS("/proc/kcore", list(at(root, "maskedPaths")));
}

static const struct {
	const char *config, *text;
} bad[] = {
	{ "\"config\":{}", "no program to run" },
	{ "\"config\":{\"Cmd\":[\"x\"],\"Volumes\":{\"/proc\":{}}}", "volume \"/proc\" lies in /proc" },
	{ "\"config\":{\"Cmd\":[\"x\"],\"Volumes\":{\"/dev/x\":{}}}", "lies in /dev" },
	{ "\"config\":{\"Cmd\":[\"x\"],\"Volumes\":{\"/\":{}}}", "is no path in a container" },
	{ "\"config\":{\"Cmd\":[\"x\"],\"Volumes\":{\"v\":{}}}", "is no path in a container" },
	{ "\"config\":{\"Cmd\":[\"x\"],\"Volumes\":{\"/v/../proc\":{}}}", "is no path in a container" },
};

static void refused(void)
{
	const struct bundle_options options = { BASE };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		auto_arena struct arena *arena = arena_new();
		struct image_config config =
			decode(arena, arena_printf(arena,
						   "{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"type\":"
						   "\"layers\",\"diff_ids\":[]},%s}",
						   bad[i].config));
		struct error err = { 0 };
		const char *text;
		size_t length;

		CHECK_INT(-EINVAL, bundle_config(arena, &config, &options, &root_user, &text, &length, &err));
		CHECK_CONTAINS(bad[i].text, err.text);
	}
}

static const struct test tests[] = {
	TEST(process_of_an_image),
	TEST(command_line_over_the_image),
	TEST(annotations),
	TEST(no_orders_of_an_image),
	TEST(mounts),
	TEST(capabilities),
	TEST(seccomp),
	TEST(linux_part),
	TEST(refused),
};

TEST_MAIN(tests)
