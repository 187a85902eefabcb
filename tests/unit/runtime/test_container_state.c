/* test_container_state.c - state, list, pids and the default root. */
#include <errno.h>

#include "base/str.h"
#include "cgroup_fixture.h"
#include "container_fixture.h"
#include "runtime/config.h"

static void shows_what_is_known(void)
{
	const char *root = fixture_root();
	const struct runtime runtime = { .root = root };
	auto_arena struct arena *arena = arena_new();
	struct container_info info;
	struct error err = { 0 };
	pid_t pid = fixture_container(root, "x", INIT_WAITS, NULL);

	fixture_write(root, "x", "config.json",
		      "{\"ociVersion\":\"1.1.0\",\"annotations\":{\"k\":\"v\",\"e\":\"\"},\"process\":{\"args\":7}}");
	CHECK_INT(0, container_state(&runtime, arena, "x", &info, &err));
	CHECK_STR("x", info.state.id);
	CHECK_INT(pid, info.state.pid);
	CHECK_INT(STATUS_CREATED, info.status);
	CHECK_STR("1.1.0", info.oci_version);
	CHECK_STR("/bundle", info.state.bundle);
	CHECK_INT(2, info.n_annotations);
	CHECK_STR("k", info.annotations[0].key);
	CHECK_STR("v", info.annotations[0].value);
	CHECK_STR("", info.annotations[1].value);
}

static void stopped_has_pid_0(void)
{
	const char *root = fixture_root();
	const struct runtime runtime = { .root = root };
	auto_arena struct arena *arena = arena_new();
	struct container_info info;
	struct error err = { 0 };

	(void)fixture_container(root, "x", INIT_ENDED, NULL);
	fixture_write(root, "x", "config.json", "{\"annotations\":[]}");
	CHECK_INT(0, container_state(&runtime, arena, "x", &info, &err));
	CHECK_INT(STATUS_STOPPED, info.status);
	CHECK_INT(0, info.state.pid);
	CHECK_INT(0, info.n_annotations);
	CHECK(info.oci_version && *info.oci_version);
	CHECK_INT(-ENOENT, container_state(&runtime, arena, "y", &info, &err));
	CHECK_STR("container `y` does not exist", err.text);
}

static void creating_has_no_null_texts(void)
{
	const char *root = fixture_root();
	const struct runtime runtime = { .root = root };
	auto_arena struct arena *arena = arena_new();
	struct container_info info;
	struct state_dir dir;
	struct error err = { 0 };

	CHECK_INT(0, state_dir_reserve(root, "x", &dir, &err));
	CHECK_INT(0, state_dir_lock(&dir, &err));
	CHECK_INT(0, container_state(&runtime, arena, "x", &info, &err));
	CHECK_INT(STATUS_CREATING, info.status);
	CHECK_STR("", info.state.bundle);
	CHECK_STR("", info.state.rootfs);
	CHECK_STR("", info.state.created);
	state_dir_close(&dir);
}

static void one_bad_container_does_not_spoil_the_list(void)
{
	const char *root = fixture_root();
	const struct runtime runtime = { .root = root };
	auto_arena struct arena *arena = arena_new();
	struct container_info *infos;
	struct error err = { 0 };
	size_t count;
	pid_t pid = fixture_container(root, "c", INIT_RUNS, NULL);

	(void)fixture_container(root, "a", INIT_ENDED, NULL);
	(void)fixture_container(root, "b", INIT_RUNS, NULL);
	fixture_write(root, "b", "state.json", "garbage");
	CHECK_INT(0, container_list(&runtime, arena, &infos, &count, &err));
	CHECK_INT(3, count);
	CHECK_STR("a", infos[0].state.id);
	CHECK_STR("b", infos[1].state.id);
	CHECK_INT(STATUS_STOPPED, infos[1].status);
	CHECK_INT(0, infos[1].state.pid);
	CHECK_STR("", infos[1].state.bundle);
	CHECK_STR("c", infos[2].state.id);
	CHECK_INT(pid, infos[2].state.pid);
	CHECK_INT(STATUS_RUNNING, infos[2].status);
}

static void a_missing_root_is_an_error_only_if_given(void)
{
	struct runtime runtime = { .root = "/nonexistent/root" };
	auto_arena struct arena *arena = arena_new();
	struct container_info *infos;
	struct error err = { 0 };
	size_t count = 9;

	CHECK_INT(0, container_list(&runtime, arena, &infos, &count, &err));
	CHECK_INT(0, count);
	runtime.root_given = true;
	CHECK_INT(-ENOENT, container_list(&runtime, arena, &infos, &count, &err));
	CHECK_CONTAINS("/nonexistent/root", err.text);
}

static void pids_without_cgroup_are_init(void)
{
	const char *root = fixture_root();
	const struct runtime runtime = { .root = root };
	struct error err = { 0 };
	pid_t pid = fixture_container(root, "x", INIT_RUNS, NULL);
	auto_free pid_t *pids = NULL;
	auto_free pid_t *none = NULL;
	size_t count;

	(void)fixture_container(root, "end", INIT_ENDED, NULL);
	CHECK_INT(0, container_pids(&runtime, "x", &pids, &count, &err));
	CHECK_INT(1, count);
	CHECK_INT(pid, pids[0]);
	CHECK_INT(0, container_pids(&runtime, "end", &none, &count, &err));
	CHECK_INT(0, count);
	CHECK_INT(-ENOENT, container_pids(&runtime, "no", &none, &count, &err));
}

static void pids_are_those_of_the_cgroup(void)
{
	auto_test_cgroup struct test_cgroup test = test_cgroup_make("pids");
	const char *root = fixture_root();
	const struct runtime runtime = { .root = root };
	struct error err = { 0 };
	auto_free pid_t *pids = NULL;
	size_t count;
	pid_t pid = fixture_container(root, "x", INIT_RUNS, test.path);
	pid_t other = fixture_container(root, "y", INIT_RUNS, NULL);

	CHECK_INT(0, cgroup_attach(test.cgroup, pid, &err));
	CHECK_INT(0, cgroup_attach(test.cgroup, other, &err));
	CHECK_INT(0, container_pids(&runtime, "x", &pids, &count, &err));
	CHECK_INT(2, count);
	CHECK_INT(pid, pids[0]);
	CHECK_INT(other, pids[1]);
}

static void default_root(void)
{
	auto_arena struct arena *arena = arena_new();
	auto_free char *tmp = xasprintf("/tmp/coffer-%u", geteuid());
	const bool root = geteuid() == 0 && access("/run", W_OK) == 0;

	CHECK_INT(0, setenv("XDG_RUNTIME_DIR", "/run/user/7", 1));
	CHECK_STR(root ? "/run/coffer" : "/run/user/7/coffer", container_default_root(arena));
	CHECK_INT(0, setenv("XDG_RUNTIME_DIR", "relative", 1));
	CHECK_STR(root ? "/run/coffer" : tmp, container_default_root(arena));
	CHECK_INT(0, unsetenv("XDG_RUNTIME_DIR"));
	CHECK_STR(root ? "/run/coffer" : tmp, container_default_root(arena));
}

static void default_root_of_a_user(void)
{
	pid_t pid;

	if (geteuid() != 0)
		TEST_SKIP("default_root has tested it");
	(void)fflush(stdout);
	pid = fork();
	if (pid == 0) {
		struct arena *arena = arena_new();

		(void)setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
		if (setresuid(4711, 4711, 4711) < 0 || !str_eq(container_default_root(arena), "/run/user/7/coffer"))
			_exit(1);
		(void)unsetenv("XDG_RUNTIME_DIR");
		_exit(str_eq(container_default_root(arena), "/tmp/coffer-4711") ? 0 : 2);
	}
	CHECK_INT(0, proc_wait(pid));
}

static const struct test tests[] = {
	TEST(shows_what_is_known),
	TEST(stopped_has_pid_0),
	TEST(creating_has_no_null_texts),
	TEST(one_bad_container_does_not_spoil_the_list),
	TEST(a_missing_root_is_an_error_only_if_given),
	TEST(pids_without_cgroup_are_init),
	TEST(pids_are_those_of_the_cgroup),
	TEST(default_root),
	TEST(default_root_of_a_user),
};
TEST_MAIN(tests)
