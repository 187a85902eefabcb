/*
 * test_process_find.c - the program by PATH, HOME by passwd files that a hostile root may have, the variables of
 * LISTEN_FDS, and the words and codes that engines read. In a child whose root is a directory of its own.
 */
#include "runtime/process.h"

#include <errno.h>
#include <sys/resource.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "tests/unit/mount_ns.h"

/* Into /tmp/root as "/". */
static int enter_root(void)
{
	EXPECT(mkdir("/tmp/root", 0755) == 0 && chroot("/tmp/root") == 0 && chdir("/") == 0);
	EXPECT(mkdir("/bin", 0755) == 0 && mkdir("/sbin", 0755) == 0 && mkdir("/etc", 0755) == 0);
	EXPECT(mkdir("/work", 0755) == 0 && mkdir("/usr", 0755) == 0 && mkdir("/usr/bin", 0755) == 0);
	return 0;
}

static int put_program(const char *path)
{
	EXPECT(put_file(path, "#!/bin/x\n") && chmod(path, 0755) == 0);
	return 0;
}

static const char *const no_env[] = { NULL };

static int find(struct arena *arena, const char *name, const char *const *env, struct process_start *start,
		struct error *err)
{
	const char **args = arena_array(arena, 2, sizeof(*args));
	struct config_process *process = arena_alloc(arena, sizeof(*process));

	args[0] = name;
	process->args = args;
	process->env = (const char **)(uintptr_t)env;
	process->cwd = "/work";
	start->process = process;
	return process_find(start, arena, err);
}

/* ---- the program ---- */

static const struct {
	const char *name, *path; /* NULL: no PATH in the environment */
	int result;
	const char *expected; /* the executable, or the error's text */
} rows[] = {
	{ "tool", "PATH=/bin", 0, "/bin/tool" },
	{ "tool", "PATH=/nonexistent:/sbin:/bin", 0, "/bin/tool" },
	{ "tool", "PATH=/bin:/usr/bin", 0, "/bin/tool" },
	{ "tool", "PATH=/usr/bin:/bin", 0, "/usr/bin/tool" },
	{ "tool", "PATH=/bin/", 0, "/bin//tool" },
	{ "tool", NULL, 0, "/usr/bin/tool" },
	/* A file that cannot be executed, a directory, a file as directory: on to the next. */
	{ "locked", "PATH=/sbin:/bin", 0, "/bin/locked" },
	{ "dir", "PATH=/sbin:/bin", 0, "/bin/dir" },
	{ "tool", "PATH=/etc/file:/bin", 0, "/bin/tool" },
	{ "link", "PATH=/bin", 0, "/bin/link" },
	/* Empty and relative parts mean the working directory of the program, not of this process. */
	{ "local", "PATH=:/bin", 0, "./local" },
	{ "local", "PATH=/bin:", 0, "./local" },
	{ "local", "PATH=", 0, "./local" },
	{ "nested", "PATH=sub", 0, "sub/nested" },
	{ "top", "PATH=:/bin", -ENOENT, "exec: \"top\": executable file not found in $PATH" },
	{ "missing", "PATH=/bin", -ENOENT, "exec: \"missing\": executable file not found in $PATH" },
	{ "missing", NULL, -ENOENT, "exec: \"missing\": executable file not found in $PATH" },
	{ "", "PATH=/bin", -ENOENT, "exec: \"\": executable file not found in $PATH" },
	{ "dir", "PATH=/sbin", -ENOENT, "exec: \"dir\": executable file not found in $PATH" },
	{ "locked", "PATH=/sbin", -EACCES, "exec: \"locked\": permission denied" },
	{ "locked", "PATH=/sbin:/usr/bin", -EACCES, "exec: \"locked\": permission denied" },
	{ "dangling", "PATH=/bin", -ENOENT, "exec: \"dangling\": executable file not found in $PATH" },
	/* With a slash: as it is. */
	{ "/bin/tool", "PATH=/nonexistent", 0, "/bin/tool" },
	{ "/bin/missing", "PATH=/bin", -ENOENT, "exec: \"/bin/missing\": no such file or directory" },
	{ "/sbin/locked", "PATH=/bin", -EACCES, "exec: \"/sbin/locked\": permission denied" },
	{ "/sbin/dir", "PATH=/bin", -EISDIR, "exec: \"/sbin/dir\": is a directory" },
	{ "/etc/file/x", "PATH=/bin", -ENOTDIR, "exec: \"/etc/file/x\": not a directory" },
	{ "/bin/circle", "PATH=/bin", -ELOOP, "exec: \"/bin/circle\": too many levels of symbolic links" },
	{ "./local", "PATH=/bin", 0, "./local" },
	{ "sub/nested", "PATH=/bin", 0, "sub/nested" },
};

static int make_programs(void)
{
	EXPECT(enter_root() == 0 && put_program("/bin/tool") == 0 && put_program("/usr/bin/tool") == 0);
	EXPECT(put_file("/sbin/locked", "x") && put_program("/bin/locked") == 0);
	EXPECT(mkdir("/sbin/dir", 0755) == 0 && put_program("/bin/dir") == 0 && put_file("/etc/file", "x"));
	EXPECT(symlink("tool", "/bin/link") == 0 && symlink("nothing", "/bin/dangling") == 0);
	EXPECT(symlink("circle", "/bin/circle") == 0 && put_program("/work/local") == 0);
	EXPECT(mkdir("/work/sub", 0755) == 0 && put_program("/work/sub/nested") == 0 && put_program("/top") == 0);
	return 0;
}

static int programs_body(void)
{
	EXPECT(make_programs() == 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_arena struct arena *arena = arena_new();
		const char *const env[] = { rows[i].path ? rows[i].path : "NOPATH=/bin", NULL };
		struct process_start start = { 0 };
		struct error err = { 0 };
		int r = find(arena, rows[i].name, env, &start, &err);
		const char *got = r == 0 ? start.executable : err.text;

		if (r != rows[i].result || strcmp(got, rows[i].expected) != 0)
			fprintf(stderr, "# %s in %s: %d %s\n", rows[i].name, env[0], r, got);
		EXPECT(r == rows[i].result && strcmp(got, rows[i].expected) == 0);
		EXPECT(r == 0 || err.code == -r);
	}
	return 0;
}

static void programs(void)
{
	in_mount_ns(programs_body);
}

static void failures_in_words(void)
{
	static const struct {
		int errnum;
		const char *text;
	} words[] = {
		{ ENOENT, "exec: \"a b\": no such file or directory" }, { EACCES, "exec: \"a b\": permission denied" },
		{ EPERM, "exec: \"a b\": operation not permitted" },    { ENOEXEC, "exec: \"a b\": exec format error" },
		{ E2BIG, "exec: \"a b\": Argument list too long" },     { ETXTBSY, "exec: \"a b\": Text file busy" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		struct error err;

		CHECK_INT(-words[i].errnum, process_exec_failed("a b", words[i].errnum, &err));
		CHECK_INT(words[i].errnum, err.code);
		CHECK_STR(words[i].text, err.text);
	}
}

/* ---- HOME ---- */

static int expect_home(const char *expected, uint32_t uid)
{
	auto_arena struct arena *arena = arena_new();
	const char *args[] = { "/bin/tool", NULL };
	struct config_process process = {
		.args = args, .env = (const char **)(uintptr_t)no_env, .cwd = "/", .user = { .uid = uid }
	};
	struct process_start start = { .process = &process };
	struct error err;

	EXPECT(process_find(&start, arena, &err) == 0);
	if (strcmp(start.env[0], expected) != 0)
		fprintf(stderr, "# %s, expected %s\n", start.env[0], expected);
	return strcmp(start.env[0], expected);
}

static int passwd_body(void)
{
	static const struct {
		const char *text;
		uint32_t uid;
		const char *home;
	} files[] = {
		{ "root:x:0:0:root:/root:/bin/sh\n", 0, "HOME=/root" },
		{ "root:x:0:0:root:/root:/bin/sh", 0, "HOME=/root" },
		{ "root:x:0:0:root:/root", 0, "HOME=/root" },
		{ "a:x:1:1::/a:\nb:x:2:2::/b:\n", 2, "HOME=/b" },
		{ "a:x:1:1::/first:\nb:x:1:1::/second:\n", 1, "HOME=/first" },
		{ "a:x:1:1::/a:\n", 2, "HOME=/" },
		{ "", 0, "HOME=/" },
		{ "\n\n\n", 0, "HOME=/" },
		{ ":::::::\n", 0, "HOME=/" },
		{ "root:x:0:0:root\n", 0, "HOME=/" },
		{ "root:x:0:0:root:\n", 0, "HOME=/" },
		{ "root:x:0:0:root::/bin/sh\n", 0, "HOME=/" },
		{ "root:x:0:0:root:relative:/bin/sh\n", 0, "HOME=/" },
		{ "root:x:+0:0:root:/x:\nroot:x:0x0:0::/y:\nroot:x: 0:0::/z:\n", 0, "HOME=/" },
		{ "root:x:-0:0:root:/x:\n", 0, "HOME=/" },
		{ "big:x:4294967294:0::/big:\n", 4294967294u, "HOME=/big" },
		{ "wrap:x:4294967296:0::/wrap:\n", 0, "HOME=/" },
		{ "+::::::\nroot:x:0:0::/after:\n", 0, "HOME=/after" },
		{ "a:b:c:d:e:f:g:h:i:j:k:l\nroot:x:0:0::/many:a:b:c:d\n", 0, "HOME=/many" },
		{ "root:x:0:0::/with space\t:\n", 0, "HOME=/with space\t" },
	};

	EXPECT(enter_root() == 0 && put_program("/bin/tool") == 0);
	EXPECT(expect_home("HOME=/", 0) == 0);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		EXPECT(put_file("/etc/passwd", files[i].text));
		EXPECT(expect_home(files[i].home, files[i].uid) == 0);
	}
	return 0;
}

static void homes(void)
{
	in_mount_ns(passwd_body);
}

static int put_big_passwd(size_t padding)
{
	auto_free char *text = malloc(padding + 64);

	EXPECT(text != NULL);
	memset(text, 'x', padding);
	memcpy(text + padding, "\nroot:x:0:0::/far:\n", 20);
	EXPECT(put_file("/etc/passwd", text));
	return 0;
}

/* None of these may hang, read without end, or lead out of the root. */
static int hostile_passwd_body(void)
{
	EXPECT(put_file("/tmp/passwd", "root:x:0:0::/of-the-host:\n"));
	EXPECT(enter_root() == 0 && put_program("/bin/tool") == 0);
	EXPECT(mkfifo("/etc/passwd", 0600) == 0 && expect_home("HOME=/", 0) == 0 && unlink("/etc/passwd") == 0);
	EXPECT(mkdir("/etc/passwd", 0700) == 0 && expect_home("HOME=/", 0) == 0 && rmdir("/etc/passwd") == 0);
	EXPECT(symlink("../../../tmp/passwd", "/etc/passwd") == 0 && expect_home("HOME=/", 0) == 0);
	EXPECT(unlink("/etc/passwd") == 0 && symlink("passwd", "/etc/passwd") == 0 && expect_home("HOME=/", 0) == 0);
	EXPECT(unlink("/etc/passwd") == 0 && mknod("/etc/passwd", S_IFCHR | 0600, 0x105 /* zero */) == 0);
	EXPECT(expect_home("HOME=/", 0) == 0 && unlink("/etc/passwd") == 0);
	EXPECT(put_big_passwd(1000 * 1000) == 0 && expect_home("HOME=/far", 0) == 0);
	EXPECT(put_big_passwd(1024 * 1024) == 0 && expect_home("HOME=/", 0) == 0);
	/* A link inside of the root is an image's own affair. */
	EXPECT(unlink("/etc/passwd") == 0 && put_file("/work/passwd", "root:x:0:0::/linked:\n"));
	EXPECT(symlink("/work/passwd", "/etc/passwd") == 0 && expect_home("HOME=/linked", 0) == 0);
	return 0;
}

static void hostile_passwd(void)
{
	in_mount_ns(hostile_passwd_body);
}

/* ---- the environment ---- */

static int expect_env(const char *const *given, unsigned listen_fds, const char *const *expected)
{
	auto_arena struct arena *arena = arena_new();
	struct process_start start = { .listen_fds = listen_fds };
	struct error err;

	EXPECT(find(arena, "/bin/tool", given, &start, &err) == 0);
	EXPECT(str_list_length(start.env) == str_list_length(expected));
	for (size_t i = 0; expected[i]; i++) {
		if (!str_eq(expected[i], start.env[i]))
			fprintf(stderr, "# %zu: %s, expected %s\n", i, start.env[i], expected[i]);
		EXPECT(str_eq(expected[i], start.env[i]));
	}
	return 0;
}

static int environment_body(void)
{
	char own_pid[32];
	static const char *const plain[] = { "A=1", "HOME=/given", "HOMES=x", NULL };
	static const char *const without[] = { "A=1", "HOMES=x", NULL };
	static const char *const without_expected[] = { "A=1", "HOMES=x", "HOME=/", NULL };
	static const char *const empty[] = { "HOME=", NULL };
	static const char *const stale[] = { "LISTEN_FDS=9", "HOME=/h", "LISTEN_PID=1", "LISTEN_FDNAMES=a:b", NULL };
	const char *const fresh[] = { "HOME=/h", "LISTEN_FDNAMES=a:b", "LISTEN_FDS=2", own_pid, NULL };

	EXPECT(enter_root() == 0 && put_program("/bin/tool") == 0);
	(void)snprintf(own_pid, sizeof(own_pid), "LISTEN_PID=%d", getpid());
	EXPECT(expect_env(plain, 0, plain) == 0);
	EXPECT(expect_env(without, 0, without_expected) == 0);
	EXPECT(expect_env(empty, 0, empty) == 0);
	/* Without fds of the protocol the variables are the config's own. */
	EXPECT(expect_env(stale, 0, stale) == 0);
	EXPECT(expect_env(stale, 2, fresh) == 0);
	return 0;
}

static void environment(void)
{
	in_mount_ns(environment_body);
}

static const struct test tests[] = {
	TEST(programs), TEST(failures_in_words), TEST(homes), TEST(hostile_passwd), TEST(environment),
};
TEST_MAIN(tests)
