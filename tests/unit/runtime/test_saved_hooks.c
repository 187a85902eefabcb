/* test_saved_hooks.c - which saved configs are parsed for hooks, and that poststop hooks are never fatal. */
#include "runtime/saved_hooks.h"

#include "base/log.h"
#include "base/str.h"
#include "container_fixture.h"

/* Runs poststop of a container with this config.json; gives what went to the log, or "" . */
static const char *run(const char *config)
{
	const char *root = fixture_root();
	auto_free char *log = xasprintf("%s/log", root);
	const struct log_options options = { .target = log, .level = LOG_LEVEL_WARNING };
	const struct runtime runtime = { .root = root };
	auto_open_container struct open_container container = CONTAINER_NOT_OPEN;
	struct error err;

	CHECK_INT(0, log_open(&options, &err));
	(void)fixture_container(root, "x", INIT_ENDED, NULL);
	if (config)
		fixture_write(root, "x", "config.json", config);
	CHECK_INT(0, container_open(&runtime, "x", CONTAINER_LOCKED, &container, &err));
	saved_hooks_poststop(&container);
	return fixture_read(log);
}

#define ROOT "\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"rootfs\"}"

static void nothing_to_run_is_silent(void)
{
	CHECK_STR("", run(NULL));
	CHECK_STR("", run("{" ROOT "}"));
	CHECK_STR("", run("not json, and no such word in it"));
	CHECK_STR("", run("{" ROOT ",\"hooks\":{\"poststart\":[{\"path\":\"/bin/false\"}]}}"));
	CHECK_STR("", run("{" ROOT ",\"hooks\":{\"poststop\":[]}}"));
	CHECK_STR("", run("{" ROOT ",\"hooks\":{\"poststop\":[{\"path\":\"/bin/true\"}]}}"));
}

static void failures_are_warnings(void)
{
	CHECK_CONTAINS("hooks.poststop[0]: /bin/false: exit status 1",
		       run("{" ROOT ",\"hooks\":{\"poststop\":[{\"path\":\"/bin/false\"}]}}"));
	CHECK_CONTAINS("poststop hooks of container `x` are not run: ", run("{\"hooks\":{\"poststop\""));
}

static void an_escaped_name_is_found(void)
{
	CHECK_CONTAINS("hooks.poststop[0]: /bin/false",
		       run("{" ROOT ",\"hooks\":{\"\\u0070oststop\":[{\"path\":\"/bin/false\"}]}}"));
}

static const struct test tests[] = {
	TEST(nothing_to_run_is_silent),
	TEST(failures_are_warnings),
	TEST(an_escaped_name_is_found),
};
TEST_MAIN(tests)
