/* test_oom_policy.c - the policy from options and annotations, what it does to the limits, and oom.json. */
#include "runtime/oom.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "tests/unit/test.h"

#define IS(number)                                                                                                     \
	{                                                                                                              \
		.value = (number), .set = true                                                                         \
	}

static struct arena *arena;
static struct cgroup_limits limits;
static struct oom_policy policy;
static struct error err;

static int make(const struct oom_options *options, const struct key_value *annotations, size_t count)
{
	arena_free(arena);
	arena = arena_new();
	policy = (struct oom_policy){ 0 };
	return oom_policy_make(arena, options, annotations, count, &limits, &policy, &err);
}

#define OPTIONS(...) (&(const struct oom_options){ __VA_ARGS__ })

static void none(void)
{
	limits = (struct cgroup_limits){ .memory_limit = IS(67108864) };
	CHECK_INT(0, make(OPTIONS(0), NULL, 0));
	CHECK_INT(OOM_UNSET, policy.mode);
	CHECK_INT(0, limits.n_unified);
	CHECK_INT(0, make(OPTIONS(.mode = "kill"), NULL, 0));
	CHECK_INT(OOM_KILL, policy.mode);
	CHECK_INT(0, limits.n_unified);
}

static void group(void)
{
	limits = (struct cgroup_limits){ 0 };
	CHECK_INT(0, make(OPTIONS(.mode = "group"), NULL, 0));
	CHECK_INT(1, limits.n_unified);
	CHECK_STR("memory.oom.group", limits.unified[0].file);
	CHECK_STR("1", limits.unified[0].value);
}

static void freeze_sets_high(void)
{
	limits = (struct cgroup_limits){ .memory_limit = IS(67108864) };
	CHECK_INT(0, make(OPTIONS(.mode = "freeze", .reserve = "4m"), NULL, 0));
	CHECK_INT(OOM_FREEZE, policy.mode);
	CHECK(policy.limit == 67108864 && policy.gap == 4194304 && policy.timeout_ms == 30000);
	CHECK_INT(OOM_KILL_LARGEST, policy.fallback);
	CHECK_INT(1, limits.n_unified);
	CHECK_STR("memory.high", limits.unified[0].file);
	CHECK_STR("62914560", limits.unified[0].value);
}

static void annotations_do_what_options_do(void)
{
	const struct key_value annotations[] = {
		{ "run.coffer.oom", "freeze" },
		{ "run.coffer.oom-timeout", "5m" },
		{ "run.coffer.oom-default", "raise:25:1g" },
		{ "run.coffer.oom-hook", "/etc/coffer/oom/hook" },
		{ "run.coffer.oom-socket", "/etc/coffer/oom/..s" },
	};

	limits = (struct cgroup_limits){ .memory_limit = IS(67108864) };
	CHECK_INT(0, make(OPTIONS(.timeout = "500ms"), annotations, ARRAY_SIZE(annotations)));
	CHECK_INT(OOM_FREEZE, policy.mode);
	CHECK(policy.timeout_ms == 500);
	CHECK_INT(OOM_RAISE, policy.fallback);
	CHECK(policy.raise_percent == 25 && policy.raise_cap == 1073741824);
	CHECK_STR("/etc/coffer/oom/hook", policy.hook);
	CHECK_STR("/etc/coffer/oom/..s", policy.socket);
	CHECK_STR("raise:25:1073741824", oom_fallback_text(arena, &policy));
}

/* Who may set annotations of a pod is not root of the host: what is run or connected to there has been offered. */
static void annotations_name_what_is_offered(void)
{
	static const char *const keys[] = { "run.coffer.oom-hook", "run.coffer.oom-socket" };
	static const char *const paths[] = { "/bin/sh",
					     "/etc/coffer/oom",
					     "/etc/coffer/oom/",
					     "/etc/coffer/oom/..",
					     "/etc/coffer/oom/.",
					     "/etc/coffer/oom/../x",
					     "/etc/coffer/oom/a/b",
					     "//etc/coffer/oom/hook",
					     "/etc/coffer/oomx/hook" };

	for (size_t i = 0; i < ARRAY_SIZE(keys) * ARRAY_SIZE(paths); i++) {
		const char *path = paths[i / ARRAY_SIZE(keys)];
		const struct key_value annotation = { keys[i % ARRAY_SIZE(keys)], path };

		limits = (struct cgroup_limits){ .memory_limit = IS(67108864) };
		CHECK_INT(-EINVAL, make(OPTIONS(.mode = "freeze"), &annotation, 1));
		CHECK_CONTAINS("may only name what is in /etc/coffer/oom/", err.text);
		CHECK_INT(0, make(OPTIONS(.mode = "freeze", .hook = path, .socket = path), &annotation, 1));
	}
}

/* An annotation may be put on every container of a pod; an option is meant for this one. */
static void freeze_needs_a_limit(void)
{
	const struct key_value annotation = { "run.coffer.oom", "freeze" };
	struct limit_unified max[] = { { "memory.max", "32m" } };

	limits = (struct cgroup_limits){ 0 };
	CHECK_INT(0, make(OPTIONS(0), &annotation, 1));
	CHECK_INT(OOM_UNSET, policy.mode);
	CHECK_INT(0, limits.n_unified);
	CHECK_INT(-EINVAL, make(OPTIONS(.mode = "freeze"), NULL, 0));
	CHECK_CONTAINS("no memory limit", err.text);
	limits = (struct cgroup_limits){ .memory_limit = IS(-1) };
	CHECK_INT(-EINVAL, make(OPTIONS(.mode = "freeze"), NULL, 0));
	limits = (struct cgroup_limits){ .memory_limit = IS(67108864), .unified = max, .n_unified = 1 };
	CHECK_INT(0, make(OPTIONS(.mode = "freeze"), NULL, 0));
	CHECK(policy.limit == 33554432);
}

static void refused(void)
{
	static const struct {
		struct oom_options options;
		const char *text;
	} bad[] = {
		{ { .mode = "never" }, "kill, group or freeze" },
		{ { .mode = "freeze", .reserve = "0" }, "oom-reserve" },
		{ { .mode = "freeze", .reserve = "64m" }, "not less than the memory limit" },
		{ { .timeout = "soon" }, "oom-timeout" },
		{ { .timeout = "8000000s" }, "oom-timeout" },
		{ { .timeout = "99999999999999999999999999999s" }, "oom-timeout" },
		{ { .timeout = "" }, "oom-timeout" },
		{ { .fallback = "raise:" }, "raise:PERCENT" },
		{ { .fallback = "raise:0" }, "raise:PERCENT" },
		{ { .fallback = "raise:1001" }, "raise:PERCENT" },
		{ { .fallback = "raise:10:" }, "raise:PERCENT" },
		{ { .fallback = "raise:10:x" }, "raise:PERCENT" },
		{ { .fallback = "raise:111111111111111111111111111" }, "raise:PERCENT" },
		{ { .fallback = "pray" }, "kill-largest" },
		{ { .hook = "hook" }, "absolute" },
		{ { .socket = "s" }, "absolute" },
	};
	struct limit_unified high[] = { { "memory.high", "1" } };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		limits = (struct cgroup_limits){ .memory_limit = IS(67108864) };
		if (make(&bad[i].options, NULL, 0) != -EINVAL)
			test_stop(TEST_FAILED, "case %zu was accepted", i);
		CHECK_CONTAINS(bad[i].text, err.text);
	}
	limits = (struct cgroup_limits){ .memory_limit = IS(67108864), .unified = high, .n_unified = 1 };
	CHECK_INT(-EINVAL, make(OPTIONS(.mode = "freeze"), NULL, 0));
	CHECK_CONTAINS("memory.high", err.text);
	limits = (struct cgroup_limits){ .memory_limit = IS(1048576) };
	CHECK_INT(-EINVAL, make(OPTIONS(.mode = "freeze"), NULL, 0));
	CHECK_CONTAINS("too small", err.text);
}

/* Nothing of an update may disarm it, however it is spelled. */
static void updates(void)
{
	static const struct {
		const char *file, *value;
		int64_t limit; /* 0: not set */
		uint64_t expected;
		const char *refused;
	} cases[] = {
		{ NULL, NULL, 0, 0, NULL },
		{ "memory.low", "8m", 0, 0, NULL },
		{ NULL, NULL, 134217728, 134217728, NULL },
		{ "memory.max", "64m", 134217728, 67108864, NULL },
		{ "memory.max", "max", 134217728, 0, "needs a memory limit" },
		{ "memory.max", "0x4000000", 0, 0, "needs a memory limit" },
		{ "memory.max", "", 0, 0, "needs a memory limit" },
		{ "memory.max", "-1", 0, 0, "needs a memory limit" },
		{ NULL, NULL, -1, 0, "needs a memory limit" },
		{ NULL, NULL, 4194303, 0, "the least is 4194304" },
		{ "memory.max", "1m", 134217728, 0, "the least is 4194304" },
		{ "memory.high", "32m", 0, 0, "memory.high belongs to its oom policy" },
		{ "memory.high", "max", 134217728, 0, "memory.high belongs to its oom policy" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct limit_unified line = { cases[i].file, cases[i].value };
		const struct cgroup_limits given = { .memory_limit = { cases[i].limit, cases[i].limit != 0 },
						     .unified = &line,
						     .n_unified = cases[i].file ? 1 : 0 };
		uint64_t limit = 0;
		int r = oom_policy_update(&given, &limit, &err);

		CHECK_INT(cases[i].refused ? -EINVAL : 0, r);
		if (r == 0)
			CHECK_INT(cases[i].expected, limit);
		else
			CHECK(strstr(err.text, cases[i].refused) != NULL);
	}
}

static void kept_in_a_file(void)
{
	char path[] = "/tmp/coffer-oom-XXXXXX";
	struct state_dir dir = { .id = (char[]){ "a" } };
	struct oom_policy back;

	CHECK(mkdtemp(path) != NULL);
	dir.path = path;
	dir.fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(!oom_policy_exists(dir.fd));
	arena_free(arena);
	arena = arena_new();
	CHECK_INT(-ENOENT, oom_policy_read(dir.fd, arena, &back, &err));
	policy = (struct oom_policy){ .mode = OOM_FREEZE,
				      .limit = 67108864,
				      .gap = 8388608,
				      .fallback = OOM_RAISE,
				      .raise_percent = 50,
				      .hook = "/h\"k" };
	CHECK_INT(0, oom_policy_write(&dir, &policy, &err));
	CHECK(oom_policy_exists(dir.fd));
	CHECK_INT(0, oom_policy_read(dir.fd, arena, &back, &err));
	CHECK(back.limit == policy.limit && back.gap == policy.gap && back.timeout_ms == 0);
	CHECK(back.fallback == OOM_RAISE && back.raise_percent == 50 && back.raise_cap == 0);
	CHECK_STR("/h\"k", back.hook);
	CHECK(back.socket == NULL);
	CHECK_INT(0, unlinkat(dir.fd, "oom.json", 0));
	(void)close(dir.fd);
	CHECK_INT(0, rmdir(path));
}

static void broken_files(void)
{
	static const char *const bad[] = {
		"",
		"{}",
		"[]",
		"{\"limit\":0,\"gap\":0,\"timeoutMs\":0,\"default\":\"stay\"}",
		"{\"limit\":5,\"gap\":5,\"timeoutMs\":0,\"default\":\"stay\"}",
		"{\"limit\":5,\"gap\":1,\"timeoutMs\":0,\"default\":\"x\"}",
		"{\"limit\":18446744073709551615,\"gap\":1,\"timeoutMs\":0,\"default\":\"stay\"}",
		"{\"limit\":5,\"gap\":1,\"timeoutMs\":0,\"default\":\"stay\",\"hook\":\"x\"}",
	};

	arena_free(arena);
	arena = arena_new();
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (oom_policy_parse(arena, bad[i], strlen(bad[i]), &policy, &err) == 0)
			test_stop(TEST_FAILED, "%s was accepted", bad[i]);
}

static void pressure(void)
{
	static const char *const wrong[] = {
		"",          "some",        "some:",           "some:1s",     "all:150ms/1s",
		"some:0/1s", "some:2s/1s",  "some:10ms/499ms", "some:1s/11s", "some:1s/1s/1s",
		"some:/1s",  "some:150ms/", "full:-1/1s"
	};

	limits = (struct cgroup_limits){ .memory_limit = IS(67108864) };
	CHECK_INT(0, make(OPTIONS(.mode = "freeze", .pressure = "some:150ms/1s"), NULL, 0));
	CHECK_STR("some 150000 1000000", oom_pressure_trigger(arena, policy.pressure, &err));
	CHECK_STR("full 10000000 10000000", oom_pressure_trigger(arena, "full:10/10", &err));
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		CHECK(oom_pressure_trigger(arena, wrong[i], &err) == NULL);
	CHECK_INT(-EINVAL, make(OPTIONS(.pressure = "some:150ms/1s"), NULL, 0));
	CHECK_INT(0, oom_policy_parse(arena,
				      "{\"limit\":9,\"gap\":1,\"timeoutMs\":0,\"default\":\"stay\",\"pressure\":"
				      "\"full:1/2\"}",
				      strlen("{\"limit\":9,\"gap\":1,\"timeoutMs\":0,\"default\":\"stay\",\"pressure\":"
					     "\"full:1/2\"}"),
				      &policy, &err));
	CHECK_STR("full:1/2", policy.pressure);
}

static const struct test tests[] = {
	TEST(pressure),
	TEST(none),
	TEST(group),
	TEST(freeze_sets_high),
	TEST(annotations_do_what_options_do),
	TEST(annotations_name_what_is_offered),
	TEST(freeze_needs_a_limit),
	TEST(refused),
	TEST(updates),
	TEST(kept_in_a_file),
	TEST(broken_files),
};

TEST_MAIN(tests)
