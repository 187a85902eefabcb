/* test_spec.c - `coffer spec` and `coffer features` with the real documents of the runtime. */
#include "fake_runtime.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/json.h"
#include "runtime/config.h"

static char directory[64];

static char *make_directory(void)
{
	(void)snprintf(directory, sizeof(directory), "/tmp/coffer-test-spec.XXXXXX");
	CHECK(mkdtemp(directory));
	return directory;
}

static void remove_directory(const char *file)
{
	(void)unlink(file);
	CHECK(rmdir(directory) == 0);
}

static void check_config(const char *path, bool user_namespace)
{
	struct error err = { 0 };
	auto_config struct config *config = NULL;
	int r = config_load(directory, path, &config, &err);

	CHECK_STR("", r == 0 ? "" : err.text);
	CHECK_STR("1.3.0", config->oci_version);
	CHECK(config->process && config->process->args[0]);
	CHECK(config->namespaces[NS_USER].present == user_namespace);
}

static void into_a_bundle(void)
{
	char *bundle = make_directory();
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/config.json", bundle);
	check_call("", RUN("spec", "-b", bundle));
	check_config(path, false);
	remove_directory(path);
}

static void for_a_user(void)
{
	char *bundle = make_directory();
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/other.json", bundle);
	check_call("", RUN("spec", "--rootless", "--config", path));
	check_config(path, true);
	remove_directory(path);
}

static void a_file_is_never_overwritten(void)
{
	char *bundle = make_directory();
	auto_free char *text = NULL;
	char path[128];
	char message[256];
	struct error err = { 0 };
	struct outcome outcome;

	(void)snprintf(path, sizeof(path), "%s/config.json", bundle);
	CHECK_INT(0, fd_write_atomic(AT_FDCWD, path, "mine", 4, 0600, &err));
	outcome = RUN("spec", "--bundle", bundle);
	CHECK_INT(1, outcome.exit);
	(void)snprintf(message, sizeof(message),
		       "coffer: error: %s exists already: remove it first, or write another with --config\n", path);
	CHECK_STR(message, outcome.err);
	CHECK_INT(0, fd_read_file(AT_FDCWD, path, 4096, &text, NULL, &err));
	CHECK_STR("mine", text);
	CHECK(unlink(path) == 0);
	CHECK(symlink("/nowhere/at/all", path) == 0);
	CHECK_CONTAINS("exists already", RUN("spec", "-b", bundle).err);
	remove_directory(path);
	CHECK_CONTAINS("No such file or directory", RUN("spec", "-b", bundle).err);
}

static void features(void)
{
	const struct json_limits limits = { .size = 1024 * 1024, .depth = 32 };
	auto_arena struct arena *arena = arena_new();
	struct outcome outcome = RUN("features");
	struct json *root = NULL;
	struct error err = { 0 };

	CHECK_INT(0, outcome.exit);
	CHECK_STR("", outcome.err);
	CHECK_INT(0, json_parse(arena, "features", outcome.out, strlen(outcome.out), &limits, &root, &err));
	CHECK(json_get(root, "ociVersionMax"));
	CHECK(json_get(root, "mountOptions"));
	CHECK(json_get(json_get(json_get(root, "linux"), "cgroup"), "v2")->boolean);
}

static const struct test tests[] = {
	TEST(into_a_bundle),
	TEST(for_a_user),
	TEST(a_file_is_never_overwritten),
	TEST(features),
};

TEST_MAIN(tests)
