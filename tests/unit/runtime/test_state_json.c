/* test_state_json.c - state.json written, read and refused; the State JSON. */
#include <errno.h>
#include <time.h>

#include "base/json.h"
#include "base/str.h"
#include "container_fixture.h"
#include "runtime/hooks.h"
#include "runtime/state.h"

static void round_trip(void)
{
	const char *root = fixture_root();
	auto_arena struct arena *arena = arena_new();
	const struct state written = {
		.id = "x",
		.bundle = "/b \"q\"\n",
		.rootfs = "/b/r",
		.cgroup_path = "/coffer/x",
		.own_pid_ns = true,
		.no_new_keyring = true,
		.cgroup_manager = CGROUP_MANAGER_SYSTEMD,
		.created = "2026-01-02T03:04:05.000000006Z",
		.owner = 4294967294u,
		.pid = 2147483647,
		.start_time = UINT64_MAX,
	};
	struct state state;
	struct state_dir dir;
	struct error err;
	struct stat st;

	CHECK_INT(0, state_dir_reserve(root, "x", &dir, &err));
	CHECK_INT(0, state_write(&dir, &written, &err));
	CHECK_INT(0, fstatat(dir.fd, "state.json", &st, 0));
	CHECK_INT(0600, st.st_mode & 07777);
	CHECK_INT(0, state_read(&dir, arena, &state, &err));
	CHECK_STR("x", state.id);
	CHECK_STR(written.bundle, state.bundle);
	CHECK_STR("/b/r", state.rootfs);
	CHECK_STR("/coffer/x", state.cgroup_path);
	CHECK_INT(CGROUP_MANAGER_SYSTEMD, state.cgroup_manager);
	CHECK_STR(written.created, state.created);
	CHECK_INT(4294967294u, state.owner);
	CHECK_INT(2147483647, state.pid);
	CHECK(state.start_time == UINT64_MAX);
	CHECK(state.own_pid_ns && state.no_new_keyring);
	state_dir_close(&dir);
}

static void absent_stays_absent(void)
{
	const char *root = fixture_root();
	auto_arena struct arena *arena = arena_new();
	const struct state written = { .id = "x" };
	struct state state;
	struct state_dir dir;
	struct error err;

	CHECK_INT(0, state_dir_reserve(root, "x", &dir, &err));
	CHECK_INT(0, state_write(&dir, &written, &err));
	CHECK_INT(0, state_read(&dir, arena, &state, &err));
	CHECK(!state.cgroup_path && !state.bundle && !state.created);
	CHECK(!state.own_pid_ns && !state.no_new_keyring);
	CHECK_INT(0, state.pid);
	CHECK_INT(CGROUP_MANAGER_CGROUPFS, state.cgroup_manager);
	state_dir_close(&dir);
}

static void missing_or_empty_is_half_made(void)
{
	const char *root = fixture_root();
	auto_arena struct arena *arena = arena_new();
	struct state state = { .pid = 7 };
	struct state_dir dir;
	struct error err;

	CHECK_INT(0, state_dir_reserve(root, "x", &dir, &err));
	CHECK_INT(0, state_read(&dir, arena, &state, &err));
	CHECK_STR("x", state.id);
	CHECK_INT(0, state.pid);
	CHECK(!state.bundle);
	fixture_write(root, "x", "state.json", "");
	state.pid = 7;
	CHECK_INT(0, state_read(&dir, arena, &state, &err));
	CHECK_INT(0, state.pid);
	fixture_write(root, "x", "state.json", "{\"format\":");
	CHECK_INT(-EINVAL, state_read(&dir, arena, &state, &err));
	CHECK_CONTAINS("state of container `x`", err.text);
	state_dir_close(&dir);
}

#define HEAD "{\"format\":1,\"id\":\"x\",\"cgroupManager\":\"cgroupfs\","

static void refuses_odd_files(void)
{
	static const struct {
		const char *text, *part;
		int code;
	} cases[] = {
		{ "[]", "expected an object", EINVAL },
		{ "{}", "another version of coffer (format 0", ENOTSUP },
		{ "{\"format\":2,\"id\":7}", "another version of coffer (format 2", ENOTSUP },
		{ "{\"format\":1,\"id\":\"y\",\"pid\":0,\"cgroupManager\":\"cgroupfs\"}", "the directory is `x`",
		  EINVAL },
		{ "{\"format\":1,\"pid\":0,\"cgroupManager\":\"cgroupfs\"}", "the directory is `x`", EINVAL },
		{ "{\"format\":1,\"id\":\"x\",\"pid\":0,\"cgroupManager\":\"v1\"}", "cgroupManager", EINVAL },
		{ "{\"format\":1,\"id\":\"x\",\"pid\":0}", "cgroupManager", EINVAL },
		{ HEAD "\"pid\":-1}", "pid: expected", EINVAL },
		{ HEAD "\"pid\":2147483648}", "pid: expected", EINVAL },
		{ HEAD "\"pid\":null}", "pid: expected", EINVAL },
		{ HEAD "\"pid\":\"1\"}", "pid", EINVAL },
		{ HEAD "\"pid\":1}", "startTime: missing", EINVAL },
		{ HEAD "\"pid\":1,\"startTime\":0}", "startTime: missing", EINVAL },
		{ HEAD "\"pid\":0,\"cgroupPath\":\"/\"}", "cgroupPath", EINVAL },
		{ HEAD "\"pid\":0,\"cgroupPath\":\"/./\"}", "cgroupPath", EINVAL },
		{ HEAD "\"pid\":0,\"cgroupPath\":\"\"}", "cgroupPath", EINVAL },
		{ HEAD "\"pid\":0,\"cgroupPath\":\"/a/../b\"}", "cgroupPath", EINVAL },
		{ HEAD "\"pid\":0,\"cgroupPath\":\"a\"}", "cgroupPath", EINVAL },
		{ HEAD "\"pid\":0,\"owner\":4294967296}", "owner", EINVAL },
		{ HEAD "\"pid\":0} x", "state.json", EINVAL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_arena struct arena *arena = arena_new();
		struct state state = { .pid = 42 };
		struct error err = { 0 };

		CHECK_INT(-cases[i].code, state_parse(arena, "x", cases[i].text, strlen(cases[i].text), &state, &err));
		CHECK_CONTAINS(cases[i].part, err.text);
		CHECK_INT(42, state.pid);
	}
}

static void ignores_unknown_members(void)
{
	static const char text[] = HEAD "\"pid\":5,\"startTime\":6,\"later\":{\"a\":[1,2]}}";
	auto_arena struct arena *arena = arena_new();
	struct state state;
	struct error err;

	CHECK_INT(0, state_parse(arena, "x", text, strlen(text), &state, &err));
	CHECK_INT(5, state.pid);
	CHECK_INT(6, state.start_time);
}

static void state_json_has_what_engines_read(void)
{
	auto_arena struct arena *arena = arena_new();
	const struct state state = { .id = "x",
				     .bundle = "/b",
				     .rootfs = "/b/rootfs",
				     .pid = 4321,
				     .owner = 0,
				     .created = "2026-01-02T03:04:05Z" };
	const struct key_value notes[] = { { "k\"1", "v\n" }, { "empty", "" } };

	CHECK_STR("{\"ociVersion\":\"1.3.0\",\"id\":\"x\",\"pid\":4321,\"status\":\"created\",\"bundle\":\"/b\","
		  "\"rootfs\":\"/b/rootfs\",\"created\":\"2026-01-02T03:04:05Z\",\"owner\":\"root\","
		  "\"annotations\":{\"k\\\"1\":\"v\\n\",\"empty\":\"\"}}",
		  state_to_json(arena, &state, STATUS_CREATED, "1.3.0", notes, ARRAY_SIZE(notes), false));
}

static void stopped_has_pid_0(void)
{
	auto_arena struct arena *arena = arena_new();
	const struct state state = { .id = "x", .pid = 4321, .owner = 4000000001u };
	const char *text = state_to_json(arena, &state, STATUS_STOPPED, NULL, NULL, 0, false);

	CHECK_CONTAINS("\"pid\":0,\"status\":\"stopped\"", text);
	CHECK_CONTAINS("\"owner\":\"\"", text);
	CHECK_CONTAINS("\"annotations\":{}", text);
	CHECK_CONTAINS("\n", state_to_json(arena, &state, STATUS_STOPPED, NULL, NULL, 0, true));
}

static void timestamps_are_rfc_3339(void)
{
	auto_arena struct arena *arena = arena_new();
	char before[32], after[32];
	const char *stamp;
	time_t now = time(NULL);

	CHECK(strftime(before, sizeof(before), "%Y-%m-%dT%H:%M:%S.", gmtime(&now)) > 0);
	stamp = state_timestamp(arena);
	now = time(NULL);
	CHECK(strftime(after, sizeof(after), "%Y-%m-%dT%H:%M:%S/", gmtime(&now)) > 0);
	CHECK_INT(30, strlen(stamp));
	CHECK(strcmp(before, stamp) <= 0 && strcmp(stamp, after) <= 0);
	CHECK_INT(9, strspn(stamp + 20, "0123456789"));
	CHECK_STR("Z", stamp + 29);
}

static const struct test tests[] = {
	TEST(round_trip),        TEST(absent_stays_absent),     TEST(missing_or_empty_is_half_made),
	TEST(refuses_odd_files), TEST(ignores_unknown_members), TEST(state_json_has_what_engines_read),
	TEST(stopped_has_pid_0), TEST(timestamps_are_rfc_3339),
};
TEST_MAIN(tests)
