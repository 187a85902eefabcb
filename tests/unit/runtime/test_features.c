/* Tests of runtime/features.c: one JSON document, and what it promises is what the reader takes. */
#include "runtime/features.h"

#include "base/str.h"
#include "namespaces/caps.h"
#include "namespaces/ns.h"
#include "namespaces/seccomp.h"

#include "../test.h"

static struct json *load(struct arena *arena)
{
	static const struct json_limits limits = { .size = 65536, .depth = 8 };
	auto_json_writer struct json_writer *writer = json_writer_new(true);
	struct json *root;
	struct error err;
	const char *text;
	size_t length;

	features_write(writer);
	text = json_writer_text(writer, &length);
	if (json_parse(arena, "features", text, length, &limits, &root, &err) < 0)
		test_stop(TEST_FAILED, "%s", err.text);
	return root;
}

static const struct json *at(const struct json *node, const char *path)
{
	char copy[128];
	char *rest = NULL;

	snprintf(copy, sizeof(copy), "%s", path);
	for (char *key = strtok_r(copy, "/", &rest); key; key = strtok_r(NULL, "/", &rest))
		node = json_get(node, key);
	if (!node)
		test_stop(TEST_FAILED, "no %s", path);
	return node;
}

static bool lists(const struct json *list, const char *word)
{
	for (const struct json *item = list->first; item; item = item->next)
		if (str_eq(item->text, word))
			return true;
	return false;
}

static void versions(void)
{
	auto_arena struct arena *arena = arena_new();
	const struct json *root = load(arena);

	CHECK_STR("1.0.0", at(root, "ociVersionMin")->text);
	CHECK_STR("1.3.0", at(root, "ociVersionMax")->text);
	CHECK_STR(COFFER_VERSION, at(root, "annotations/org.coffer.version")->text);
	CHECK_STR("run.coffer.", at(root, "potentiallyUnsafeConfigAnnotations")->first->text);
}

static void hooks_and_options(void)
{
	static const char *const stages[] = {
		"prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop",
	};
	auto_arena struct arena *arena = arena_new();
	const struct json *root = load(arena);

	CHECK_INT(6, at(root, "hooks")->count);
	for (size_t i = 0; i < 6; i++)
		CHECK(lists(at(root, "hooks"), stages[i]));
	CHECK(lists(at(root, "mountOptions"), "rro") && lists(at(root, "mountOptions"), "ridmap"));
}

static void names_are_taken(void)
{
	auto_arena struct arena *arena = arena_new();
	const struct json *root = load(arena);
	struct opt_u64 none = { 0 };
	struct error err;
	uint64_t flag;
	uint32_t number;
	int op;

	for (const struct json *n = at(root, "linux/namespaces")->first; n; n = n->next)
		CHECK(ns_by_name(n->text) >= 0);
	CHECK_INT(8, at(root, "linux/namespaces")->count);
	for (const struct json *n = at(root, "linux/capabilities")->first; n; n = n->next)
		CHECK(cap_by_name(n->text, false) >= 0);
	CHECK(lists(at(root, "linux/capabilities"), "CAP_CHECKPOINT_RESTORE"));
	for (const struct json *n = at(root, "linux/seccomp/actions")->first; n; n = n->next)
		CHECK_INT(0, seccomp_action_by_name(n->text, none, &number, &err));
	CHECK(!lists(at(root, "linux/seccomp/actions"), "SCMP_ACT_NOTIFY"));
	for (const struct json *n = at(root, "linux/seccomp/archs")->first; n; n = n->next)
		CHECK_INT(0, seccomp_arch_by_name(n->text, &number));
	CHECK(lists(at(root, "linux/seccomp/archs"), "SCMP_ARCH_X86_64"));
	CHECK(!lists(at(root, "linux/seccomp/archs"), "SCMP_ARCH_NATIVE"));
	for (const struct json *n = at(root, "linux/seccomp/operators")->first; n; n = n->next)
		CHECK_INT(0, seccomp_operator_by_name(n->text, &op));
	CHECK_INT(7, at(root, "linux/seccomp/operators")->count);
	for (const struct json *n = at(root, "linux/seccomp/knownFlags")->first; n; n = n->next)
		CHECK_INT(0, seccomp_flag_by_name(n->text, &flag));
}

static const struct {
	const char *path;
	bool value;
} switches[] = {
	{ "linux/cgroup/v1", false },         { "linux/cgroup/v2", true },
	{ "linux/cgroup/systemd", true },     { "linux/cgroup/systemdUser", true },
	{ "linux/cgroup/rdma", true },        { "linux/seccomp/enabled", true },
	{ "linux/apparmor/enabled", true },   { "linux/selinux/enabled", true },
	{ "linux/intelRdt/enabled", false },  { "linux/mountExtensions/idmap/enabled", true },
	{ "linux/netDevices/enabled", true },
};

static void all_switches(void)
{
	auto_arena struct arena *arena = arena_new();
	const struct json *root = load(arena);

	for (size_t i = 0; i < sizeof(switches) / sizeof(*switches); i++) {
		CHECK_INT(JSON_BOOL, at(root, switches[i].path)->type);
		if (at(root, switches[i].path)->boolean != switches[i].value)
			test_stop(TEST_FAILED, "%s", switches[i].path);
	}
}

static const struct test tests[] = {
	TEST(versions),
	TEST(hooks_and_options),
	TEST(names_are_taken),
	TEST(all_switches),
};
TEST_MAIN(tests)
