/* test_list.c - what `coffer list` and `coffer state` print. */
#include "fake_runtime.h"

#include <errno.h>

#include "base/json.h"
#include "runtime/config.h"

static struct key_value annotations[] = { { "key", "va\"lue" } };

static struct container_info infos[] = {
	{
		.state = { .id = "web",
			   .bundle = "/srv/web",
			   .rootfs = "/srv/web/rootfs",
			   .pid = 4711,
			   .created = "2026-01-02T03:04:05.000000006Z",
			   .owner = 0 },
		.status = STATUS_RUNNING,
		.oci_version = "1.3.0",
		.annotations = annotations,
		.n_annotations = 1,
	},
	{
		.state = { .id = "x", .pid = 99, .owner = 4000000000 },
		.status = STATUS_STOPPED,
		.oci_version = "1.0.0",
	},
};

/* Without an image store, where there could be containers that were kept. */
static void give(size_t count)
{
	CHECK(setenv("COFFER_STORE", "/nonexistent", 1) == 0);
	fake.infos = infos;
	fake.n_infos = count;
}

static void table(void)
{
	give(2);
	CHECK_STR("ID          PID         STATUS      BUNDLE      CREATED                          OWNER\n"
		  "web         4711        running     /srv/web    2026-01-02T03:04:05.000000006Z   root\n"
		  "x           0           stopped                                                  4000000000\n",
		  RUN("list").out);
	give(0);
	CHECK_STR("ID          PID         STATUS      BUNDLE      CREATED     OWNER\n",
		  RUN("list", "-f", "table").out);
}

static void ids(void)
{
	give(2);
	CHECK_STR("web\nx\n", RUN("list", "-q").out);
	give(0);
	CHECK_STR("", RUN("list", "--quiet").out);
	give(2);
	CHECK_STR("web\nx\n", RUN("list", "-q", "--format=json").out);
}

static void json(void)
{
	struct outcome outcome;

	give(0);
	CHECK_STR("[]\n", RUN("list", "--format=json").out);
	give(2);
	outcome = RUN("list", "-f", "json");
	CHECK(str_starts(outcome.out, "[{\"ociVersion\":\"1.3.0\",\"id\":\"web\",\"pid\":4711,\"status\":\"running\""));
	CHECK_CONTAINS("\"annotations\":{\"key\":\"va\\\"lue\"}},{\"ociVersion\":\"1.0.0\",\"id\":\"x\",\"pid\":0,",
		       outcome.out);
	CHECK_STR("}]\n", outcome.out + strlen(outcome.out) - 3);
	CHECK(strchr(outcome.out, '\n') == outcome.out + strlen(outcome.out) - 1);
	CHECK_STR("", outcome.err);
}

/* The members and their order; how deep a line is indented is the JSON writer's. */
static void state(void)
{
	const struct json_limits limits = { .size = 65536, .depth = 8 };
	auto_arena struct arena *arena = arena_new();
	struct json *root = NULL;
	struct error err = { 0 };
	struct outcome outcome;

	give(1);
	outcome = RUN("state", "web");
	CHECK_INT(0, outcome.exit);
	CHECK_STR("", outcome.err);
	CHECK_CONTAINS(" id=web\n", outcome.calls);
	CHECK(str_starts(outcome.out, "{\n"));
	CHECK_STR("}\n", outcome.out + strlen(outcome.out) - 2);
	CHECK_INT(0, json_parse(arena, "state", outcome.out, strlen(outcome.out), &limits, &root, &err));
	CHECK_STR("ociVersion", root->first->key);
	CHECK_STR("web", json_get(root, "id")->text);
	CHECK_STR("4711", json_get(root, "pid")->text);
	CHECK_STR("running", json_get(root, "status")->text);
	CHECK_STR("/srv/web", json_get(root, "bundle")->text);
	CHECK_STR("va\"lue", json_get(json_get(root, "annotations"), "key")->text);
}

static void give_kills(uint64_t kills, const struct oom_victims *victims)
{
	give(1);
	fake.record = (struct oom_record){ .kills = { kills, true }, .peak = { 4096, true }, .level = OOM_LEVEL_OWN };
	fake.victims = *victims;
}

/* After the numbers whom, and how many are not known; without a kill nobody is asked. */
static void whom_the_kernel_killed(void)
{
	const struct oom_victims some = {
		.list = { { .pid = 9, .uid = 5, .name = "a\n", .cgroup = "/a/x", .limit = "/a" },
			  { .pid = 10, .name = "b", .cgroup = "/a" } },
		.count = 2,
		.unnamed = "1 of 3: gone",
	};
	const struct oom_victims nobody = { .unnamed = "3 of 3: may not be read" };

	give_kills(3, &some);
	CHECK_CONTAINS("\"memory\":{\"kernelKills\":3,\"killedAtLimit\":\"own\",\"peak\":4096,\"killed\":["
		       "{\"pid\":9,\"name\":\"a\\n\",\"uid\":5,\"cgroup\":\"/a/x\",\"limitOf\":\"/a\"},"
		       "{\"pid\":10,\"name\":\"b\",\"uid\":0,\"cgroup\":\"/a\",\"limitOf\":null}],"
		       "\"killedUnnamed\":\"1 of 3: gone\"}}]",
		       RUN("list", "-f", "json").out);
	give_kills(3, &nobody);
	CHECK_CONTAINS("\"peak\":4096,\"killed\":[],\"killedUnnamed\":\"3 of 3: may not be read\"}}]",
		       RUN("list", "-f", "json").out);
	give_kills(0, &some);
	CHECK_CONTAINS("\"peak\":4096}}]", RUN("list", "-f", "json").out);
}

static void failures(void)
{
	fake.error = (struct error){ .code = ENOENT, .text = "state root /r: No such file or directory" };
	CHECK_INT(1, RUN("list").exit);
	check_usage("--format: expected one of table, json, found \"yaml\" (see: coffer list --help)",
		    RUN("list", "-f", "yaml"));
}

static const struct test tests[] = {
	TEST(table), TEST(ids), TEST(json), TEST(state), TEST(whom_the_kernel_killed), TEST(failures),
};

TEST_MAIN(tests)
