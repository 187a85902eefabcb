/*
 * test_exec_process.c - what `exec` runs: --user in every form, groups, capabilities, the merge of environments, and
 * which of option, process file and config wins.
 */
#include "runtime/exec_process.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "tests/unit/temporary.h"
#include "tests/unit/test.h"

/* ---- --user ---- */

static const struct {
	const char *text;
	bool valid, has_gid;
	uint32_t uid, gid;
} user_rows[] = {
	{ "0", true, false, 0, 0 },
	{ "0:0", true, true, 0, 0 },
	{ "1000", true, false, 1000, 0 },
	{ "1000:100", true, true, 1000, 100 },
	{ "007:08", true, true, 7, 8 },
	{ "4294967294:4294967294", true, true, 4294967294u, 4294967294u },
	{ "4294967295", false, false, 0, 0 }, /* (uid_t)-1: "unchanged" for the kernel */
	{ "4294967296", false, false, 0, 0 },
	{ "0:4294967295", false, false, 0, 0 },
	{ "00000000000000000001", false, false, 0, 0 },
	{ "", false, false, 0, 0 },
	{ ":", false, false, 0, 0 },
	{ ":0", false, false, 0, 0 },
	{ "0:", false, false, 0, 0 },
	{ "0:0:", false, false, 0, 0 },
	{ "0:0:0", false, false, 0, 0 },
	{ "root", false, false, 0, 0 },
	{ "root:root", false, false, 0, 0 },
	{ "0:root", false, false, 0, 0 },
	{ "-1", false, false, 0, 0 },
	{ "+1", false, false, 0, 0 },
	{ " 1", false, false, 0, 0 },
	{ "1 ", false, false, 0, 0 },
	{ "0x1", false, false, 0, 0 },
	{ "1.0", false, false, 0, 0 },
};

static void user_forms(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(user_rows); i++) {
		uint32_t uid = 77;
		uint32_t gid = 77;
		bool has_gid = false;
		struct error err = { 0 };
		int r = exec_user_parse(user_rows[i].text, &uid, &gid, &has_gid, &err);

		if ((r == 0) != user_rows[i].valid)
			test_stop(TEST_FAILED, "\"%s\": %d", user_rows[i].text, r);
		if (r == 0) {
			CHECK_INT(user_rows[i].uid, uid);
			CHECK_INT(user_rows[i].gid, gid);
			CHECK_INT(user_rows[i].has_gid, has_gid);
		} else {
			CHECK_INT(-EINVAL, r);
			CHECK_CONTAINS("expected UID or UID:GID in numbers up to 4294967294", err.text);
		}
	}
}

/* ---- the config's process and the options ---- */

static const char *base_args[] = { "base", NULL };
static const char *base_env[] = { "PATH=/bin", "A=1", "AB=2", "PATH=/second", NULL };
static uint32_t base_gids[] = { 10, 11 };

static const struct config_process base_process = {
	.args = base_args,
	.env = base_env,
	.cwd = "/base",
	.terminal = true,
	.user = { .uid = 5, .gid = 6, .additional_gids = base_gids, .n_additional_gids = 2 },
	.has_capabilities = true,
	.capabilities = { .bounding = 1, .effective = 1, .permitted = 1, .inheritable = 1 },
	.apparmor_profile = "base-profile",
	.selinux_label = "base-label",
};

static int make(struct arena *arena, const struct exec_options *options, struct config_process **ret, struct error *err)
{
	struct config_process copy = base_process;
	const struct config config = { .arena = arena, .process = &copy };

	return exec_process_make(arena, &config, options, ret, err);
}

static const char *const sh[] = { "sh", NULL };

static void config_is_the_base(void)
{
	auto_arena struct arena *arena = arena_new();
	const struct exec_options options = { .args = sh };
	struct config_process *process = NULL;
	struct error err;

	CHECK_INT(0, make(arena, &options, &process, &err));
	CHECK_STR("sh", process->args[0]);
	CHECK(process->args[1] == NULL);
	CHECK_STR("/base", process->cwd);
	CHECK_INT(5, process->user.uid);
	CHECK_INT(6, process->user.gid);
	CHECK_INT(2, process->user.n_additional_gids);
	CHECK_STR("base-profile", process->apparmor_profile);
	CHECK_STR("base-label", process->selinux_label);
	CHECK_INT(4, str_list_length(process->env));
	/* The container's terminal is not this process's. */
	CHECK(!process->terminal);
	CHECK(!process->no_new_privileges);
}

static void options_win(void)
{
	auto_arena struct arena *arena = arena_new();
	const char *const gids[] = { "12", "4294967294", NULL };
	const struct exec_options options = {
		.args = sh,
		.user = "100:200",
		.additional_gids = gids,
		.cwd = "/other",
		.apparmor = "profile",
		.process_label = "label",
		.tty = true,
		.no_new_privs = true,
	};
	struct config_process *process = NULL;
	struct error err;

	CHECK_INT(0, make(arena, &options, &process, &err));
	CHECK_INT(100, process->user.uid);
	CHECK_INT(200, process->user.gid);
	CHECK_INT(4, process->user.n_additional_gids);
	CHECK_INT(10, process->user.additional_gids[0]);
	CHECK_INT(12, process->user.additional_gids[2]);
	CHECK_INT(4294967294u, process->user.additional_gids[3]);
	CHECK_STR("/other", process->cwd);
	CHECK_STR("profile", process->apparmor_profile);
	CHECK_STR("label", process->selinux_label);
	CHECK(process->terminal && process->no_new_privileges);
	/* What the options changed is a copy. */
	CHECK_INT(10, base_gids[0]);
	CHECK_STR("/base", base_process.cwd);
}

static void uid_alone_keeps_the_gid(void)
{
	auto_arena struct arena *arena = arena_new();
	const struct exec_options options = { .args = sh, .user = "100" };
	struct config_process *process = NULL;
	struct error err;

	CHECK_INT(0, make(arena, &options, &process, &err));
	CHECK_INT(100, process->user.uid);
	CHECK_INT(6, process->user.gid);
}

/* A word without "=" is no variable. */
static void environment_words(void)
{
	static const char *const added[] = { "B=1", "A", NULL };
	auto_arena struct arena *arena = arena_new();
	const struct exec_options options = { .args = sh, .env = added };
	struct config_process *process = NULL;
	struct error err = { 0 };

	CHECK_INT(-EINVAL, make(arena, &options, &process, &err));
	CHECK_CONTAINS("env", err.text);
}

static void later_definitions_replace(void)
{
	static const char *const added[] = { "A=new", "C=3", "C=4", "EMPTY=", "ABC=", NULL };
	static const char *const expected[] = { "PATH=/bin", "A=new",  "AB=2", "PATH=/second",
						"C=4",       "EMPTY=", "ABC=", NULL };
	auto_arena struct arena *arena = arena_new();
	const struct exec_options options = { .args = sh, .env = added };
	struct config_process *process = NULL;
	struct error err;

	CHECK_INT(0, make(arena, &options, &process, &err));
	CHECK_INT(str_list_length(expected), str_list_length(process->env));
	for (size_t i = 0; expected[i]; i++)
		CHECK_STR(expected[i], process->env[i]);
}

static void capabilities_are_added(void)
{
	static const char *const names[] = { "CAP_KILL", "NET_ADMIN", "CAP_KILL", NULL };
	const uint64_t expected = 1 | 1ULL << 5 | 1ULL << 12;
	auto_arena struct arena *arena = arena_new();
	const struct exec_options options = { .args = sh, .caps = names };
	struct config_process *process = NULL;
	struct error err;

	CHECK_INT(0, make(arena, &options, &process, &err));
	CHECK_INT(expected, process->capabilities.bounding);
	CHECK_INT(expected, process->capabilities.effective);
	CHECK_INT(expected, process->capabilities.permitted);
	/* Files with inheritable bits must not hand them on: only what the config itself says. */
	CHECK_INT(1, process->capabilities.inheritable);
	CHECK_INT(0, process->capabilities.ambient);
}

static void options_refused(void)
{
	static const char *const bad_gid[] = { "5", "staff", NULL };
	static const char *const big_gid[] = { "4294967295", NULL };
	static const char *const bad_cap[] = { "CAP_NOTHING", NULL };
	static const struct {
		struct exec_options options;
		const char *text;
	} rows[] = {
		{ { .args = sh, .user = "nobody" }, "--user nobody: expected UID" },
		{ { .args = sh, .additional_gids = bad_gid }, "--additional-gids staff: expected a number" },
		{ { .args = sh, .additional_gids = big_gid }, "--additional-gids 4294967295: expected a number" },
		{ { .args = sh, .caps = bad_cap }, "--cap CAP_NOTHING: no such capability" },
		{ { .args = sh, .cwd = "relative" }, "cwd" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_arena struct arena *arena = arena_new();
		struct config_process *process = NULL;
		struct error err = { 0 };

		CHECK_INT(-EINVAL, make(arena, &rows[i].options, &process, &err));
		CHECK_CONTAINS(rows[i].text, err.text);
	}
}

static void without_a_config_process(void)
{
	auto_arena struct arena *arena = arena_new();
	const struct config config = { .arena = arena };
	const struct exec_options options = { .args = sh };
	struct config_process *process = NULL;
	struct error err;

	CHECK_INT(-EINVAL, exec_process_make(arena, &config, &options, &process, &err));
	CHECK_CONTAINS("no process to take defaults from; use --process", err.text);
}

/* ---- a process file ---- */

static const char *process_file(const char *text)
{
	static char path[128];

	(void)snprintf(path, sizeof(path), "%s/process.json", temporary_directory());
	temporary_write(AT_FDCWD, path, text, strlen(text));
	return path;
}

static void file_replaces_the_config(void)
{
	auto_arena struct arena *arena = arena_new();
	const struct config config = { .arena = arena };
	static const char *const env[] = { "A=option", NULL };
	const struct exec_options options = {
		.process_file = process_file("{\"args\": [\"file\"], \"cwd\": \"/file\", \"terminal\": true, "
					     "\"env\": [\"A=file\", \"B=file\"], \"user\": {\"uid\": 1, \"gid\": 2}}"),
		.env = env,
		.user = "9",
	};
	struct config_process *process = NULL;
	struct error err = { 0 };

	if (exec_process_make(arena, &config, &options, &process, &err) < 0)
		test_stop(TEST_FAILED, "%s", err.text);
	CHECK_STR("file", process->args[0]);
	CHECK_STR("/file", process->cwd);
	CHECK_STR("A=option", process->env[0]);
	CHECK_STR("B=file", process->env[1]);
	CHECK_INT(9, process->user.uid);
	CHECK_INT(2, process->user.gid);
	CHECK(process->terminal && !process->has_capabilities);
}

static void files_refused(void)
{
	auto_arena struct arena *arena = arena_new();
	struct config_process *process = NULL;
	struct exec_options options = { .process_file = "/nonexistent/process.json" };
	struct error err;

	CHECK_INT(-ENOENT, make(arena, &options, &process, &err));
	CHECK_CONTAINS("/nonexistent/process.json", err.text);
	options.process_file = process_file("{\"cwd\": \"/\"}");
	CHECK(make(arena, &options, &process, &err) < 0);
	CHECK_CONTAINS("args", err.text);
	options.process_file = process_file("[]");
	CHECK(make(arena, &options, &process, &err) < 0);
}

static const struct test tests[] = {
	TEST(user_forms),
	TEST(config_is_the_base),
	TEST(options_win),
	TEST(uid_alone_keeps_the_gid),
	TEST(environment_words),
	TEST(later_definitions_replace),
	TEST(capabilities_are_added),
	TEST(options_refused),
	TEST(without_a_config_process),
	TEST(file_replaces_the_config),
	TEST(files_refused),
};
TEST_MAIN(tests)
