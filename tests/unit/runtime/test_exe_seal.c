/*
 * test_exe_seal.c - after the seal nobody gets a writable file of this program through /proc/PID/exe, and the program
 * works on: code, constants, data before and after, read-only tables, threads' memory, forks, and what it executes.
 * Built twice, dynamic and static, since the two are loaded differently.
 */
#include "runtime/exe_seal.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/str.h"
#include "tests/unit/mount_ns.h"

/* One variable of every kind of memory that a program file has. */
static int initialised = 41;
static int zeroed[5000];
static _Thread_local int of_thread = 7;
static const int constants[] = { 3, 1, 4, 1, 5 };

static int add(int a, int b)
{
	return a + b;
}

static int subtract(int a, int b)
{
	return a - b;
}

/* Pointers that the loader fills in and then protects: RELRO. */
static int (*const functions[])(int, int) = { add, subtract };
static const char *const words[] = { "one", "two" };

static int works(int expected_data)
{
	auto_free char *heap = xasprintf("%s-%d", words[1], constants[2]);

	EXPECT(strcmp(heap, "two-4") == 0);
	EXPECT(initialised == expected_data && zeroed[4999] == expected_data && of_thread == expected_data);
	EXPECT(functions[0](2, 3) == 5 && functions[1](2, 3) == -1);
	EXPECT(getpid() > 0 && getenv("PATH") != NULL);
	return 0;
}

static void set_data(int value)
{
	initialised = value;
	zeroed[4999] = value;
	of_thread = value;
}

static int open_for_writing(const char *path)
{
	static const int flags[] = { O_WRONLY, O_RDWR, O_WRONLY | O_TRUNC, O_RDWR | O_APPEND };

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		auto_fd int fd = open(path, flags[i] | O_CLOEXEC);

		/* ETXTBSY is no merit of the seal: it ends with the last process that runs the file (see attack). */
		EXPECT(fd < 0 && (errno == EROFS || errno == ETXTBSY));
	}
	/* These are not for the running program to refuse. */
	EXPECT(truncate(path, 0) < 0 && errno == EROFS);
	EXPECT(chmod(path, 0777) < 0 && errno == EROFS);
	EXPECT(utimensat(AT_FDCWD, path, NULL, 0) < 0 && errno == EROFS);
	return 0;
}

/* Through fds that were opened before, for reading or for nothing. */
static int reopen_for_writing(void)
{
	auto_fd int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	auto_fd int path_fd = open("/proc/self/exe", O_PATH | O_CLOEXEC);
	char path[32];

	EXPECT(fd >= 0 && path_fd >= 0);
	EXPECT(open_for_writing(path_of_fd(fd, path)) == 0);
	EXPECT(open_for_writing(path_of_fd(path_fd, path)) == 0);
	return 0;
}

static int sealed(int *ret_mount)
{
	struct error err = { 0 };
	int r = exe_seal(ret_mount, &err);

	if (r < 0)
		fprintf(stderr, "# %s\n", err.text);
	return r;
}

/* In this program's own mount namespace: its mount is one to be cloned. */
static void as_root(int (*body)(const void *))
{
	if (geteuid() != 0)
		TEST_SKIP("needs root");
	CHECK_INT(0, in_child(body, NULL));
}

/* ---- the file ---- */

static int not_writable_body(const void *unused)
{
	auto_fd int before = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct stat st[2];
	auto_fd int mount_fd = -1;

	(void)unused;
	EXPECT(sealed(&mount_fd) == 0);
	EXPECT(open_for_writing("/proc/self/exe") == 0 && reopen_for_writing() == 0);
	/* It is the same file still, and only that. */
	EXPECT(fstat(before, &st[0]) == 0 && stat("/proc/self/exe", &st[1]) == 0);
	EXPECT(st[0].st_ino == st[1].st_ino && st[0].st_dev == st[1].st_dev && st[0].st_size == st[1].st_size);
	return 0;
}

static void not_to_be_opened_for_writing(void)
{
	as_root(not_writable_body);
}

static int child_body(const void *unused)
{
	(void)unused;
	return open_for_writing("/proc/self/exe") || reopen_for_writing();
}

static int other_process_body(const void *unused)
{
	auto_fd int mount_fd = -1;
	char path[64];
	pid_t pid;

	(void)unused;
	EXPECT(sealed(&mount_fd) == 0);
	EXPECT(in_child(child_body, NULL) == 0);
	/* Asked for by someone else's pid, from another process. */
	(void)snprintf(path, sizeof(path), "/proc/%d/exe", getpid());
	pid = fork();
	if (pid == 0)
		_exit(open_for_writing(path) ? 1 : 0);
	EXPECT(pid > 0 && proc_wait(pid) == 0);
	/* The mount's fd only keeps it together for as long as this process likes. */
	(void)close(take_fd(&mount_fd));
	EXPECT(open_for_writing("/proc/self/exe") == 0);
	return 0;
}

static void children_and_others(void)
{
	as_root(other_process_body);
}

/* ---- the attack ---- */

/*
 * What a container's process does that was born in the runtime: it keeps an fd of /proc/self/exe over execve(2), and
 * when nobody runs the binary any more, writes through it. Runs in a copy of this program, of which it is the only
 * process; exit status 0: written.
 */
static int attack(bool seal)
{
	static char fd_text[16];
	int mount_fd = -1;
	int fd;

	if (seal && sealed(&mount_fd) < 0)
		return 100;
	fd = open("/proc/self/exe", O_PATH);
	if (fd < 0)
		return 101;
	(void)snprintf(fd_text, sizeof(fd_text), "%d", fd);
	(void)execl("/bin/sh", "sh", "-c", "exec 2>/dev/null; echo overwritten >/proc/self/fd/$0", fd_text, NULL);
	return 102;
}

static int run_copy(const char *argument)
{
	char *const argv[] = { (char[]){ "copy" }, (char *)(uintptr_t)argument, NULL };
	char *const envp[] = { NULL };
	auto_free char *program = NULL;
	auto_fd int fd = -1;
	size_t length;
	struct error err;
	pid_t pid;

	EXPECT(fd_read_file(AT_FDCWD, "/proc/self/exe", SIZE_MAX, &program, &length, &err) == 0);
	fd = open("/tmp/copy", O_WRONLY | O_CREAT | O_TRUNC, 0755);
	EXPECT(fd >= 0 && fd_write_all(fd, program, length) == 0);
	(void)close(take_fd(&fd));
	pid = proc_spawn("/tmp/copy", argv, envp, STDIN_FILENO);
	return pid < 0 ? pid : proc_wait(pid);
}

static int attack_body(void)
{
	struct stat st;

	/* Without the seal it works, or this test would prove nothing. */
	EXPECT(run_copy("unsealed") == 0);
	EXPECT(strcmp(text_of("/tmp/copy"), "overwritten") == 0);
	EXPECT(run_copy("sealed") == 2);
	EXPECT(stat("/tmp/copy", &st) == 0 && st.st_size > 1000);
	return 0;
}

static void binary_is_not_overwritten(void)
{
	in_mount_ns(attack_body);
}

/* In no mount namespace: it cannot be found to be made writable again. */
static int hidden_body(const void *unused)
{
	auto_free char *before = xstrdup(text_of("/proc/self/mountinfo"));
	auto_fd int mount_fd = -1;

	(void)unused;
	EXPECT(sealed(&mount_fd) == 0);
	EXPECT(strcmp(before, text_of("/proc/self/mountinfo")) == 0);
	EXPECT(mount(NULL, "/proc/self/exe", NULL, MS_REMOUNT | MS_BIND, NULL) < 0);
	return 0;
}

static void mount_is_hidden(void)
{
	as_root(hidden_body);
}

/* ---- the program ---- */

static int works_body(const void *unused)
{
	auto_fd int mount_fd = -1;

	(void)unused;
	set_data(41);
	EXPECT(works(41) == 0);
	EXPECT(sealed(&mount_fd) == 0);
	EXPECT(works(41) == 0);
	set_data(99);
	EXPECT(works(99) == 0);
	/* Once more: a mount in no namespace cannot be cloned, so this time it is a copy in memory. */
	(void)close(take_fd(&mount_fd));
	EXPECT(sealed(&mount_fd) == 0 && mount_fd == -1);
	return works(99);
}

static void program_works_on(void)
{
	as_root(works_body);
}

static int executes_body(const void *unused)
{
	char *const argv[] = { (char[]){ "sh" }, (char[]){ "-c" }, (char[]){ "exit 23" }, NULL };
	char *const envp[] = { NULL };
	auto_fd int mount_fd = -1;
	pid_t pid;

	(void)unused;
	EXPECT(sealed(&mount_fd) == 0);
	pid = proc_spawn("/bin/sh", argv, envp, STDIN_FILENO);
	EXPECT(pid > 0 && proc_wait(pid) == 23);
	return 0;
}

static void others_can_be_executed(void)
{
	as_root(executes_body);
}

/* What the loader protected is protected again, and nothing is both writable and executable. */
static int write_to_relro(const void *unused)
{
	(void)unused;
	*(volatile char *)(uintptr_t)&functions[0] = 0;
	return 0;
}

/* Before any seal; in a dynamic program the loader has done it. */
static void relro_is_protected(void)
{
	CHECK_INT(0, exe_protect());
	CHECK(in_child(write_to_relro, NULL) != 0);
	set_data(41);
	CHECK_INT(0, works(41));
}

static int protections_body(const void *unused)
{
	auto_free char *maps = NULL;
	auto_fd int mount_fd = -1;
	struct error err;

	(void)unused;
	EXPECT(sealed(&mount_fd) == 0);
	EXPECT(in_child(write_to_relro, NULL) != 0);
	EXPECT(fd_read_file(AT_FDCWD, "/proc/self/maps", 1 << 20, &maps, NULL, &err) == 0);
	EXPECT(!strstr(maps, " rwxp "));
	return 0;
}

static void protections_are_kept(void)
{
	as_root(protections_body);
}

static int arguments_body(const void *unused)
{
	auto_free char *cmdline = xstrdup(text_of("/proc/self/cmdline"));
	auto_free char *comm = xstrdup(text_of("/proc/self/comm"));
	auto_fd int mount_fd = -1;

	(void)unused;
	EXPECT(sealed(&mount_fd) == 0);
	EXPECT(strcmp(cmdline, text_of("/proc/self/cmdline")) == 0);
	EXPECT(strcmp(comm, text_of("/proc/self/comm")) == 0);
	return 0;
}

static void ps_shows_the_same(void)
{
	as_root(arguments_body);
}

/* ---- where it cannot be ---- */

/* A program whose mount is another namespace's has a sealed copy in memory, which nobody can change either. */
static int foreign_mount_body(void)
{
	auto_fd int mount_fd = -1;
	auto_fd int fd = -1;
	struct statfs fs;

	set_data(41);
	EXPECT(sealed(&mount_fd) == 0 && mount_fd == -1);
	EXPECT(statfs("/proc/self/exe", &fs) == 0 && fs.f_type == TMPFS_MAGIC);
	fd = open("/proc/self/exe", O_WRONLY | O_CLOEXEC);
	EXPECT(fd >= 0 ? write(fd, "x", 1) < 0 && errno == EPERM : errno == ETXTBSY);
	EXPECT(truncate("/proc/self/exe", 0) < 0);
	return works(41);
}

static void mount_of_another_namespace(void)
{
	in_mount_ns(foreign_mount_body);
}

static int unprivileged_body(const void *unused)
{
	auto_fd int mount_fd = -1;
	struct error err;

	(void)unused;
	set_data(41);
	EXPECT(setresgid(1000, 1000, 1000) == 0 && setresuid(1000, 1000, 1000) == 0);
	EXPECT(exe_seal(&mount_fd, &err) == -EPERM);
	EXPECT(strncmp(err.text, "seal the runtime's binary: ", 27) == 0 && mount_fd == -1);
	/* Nothing is lost by having tried. */
	return works(41);
}

static void without_privilege(void)
{
	as_root(unprivileged_body);
}

static const struct test tests[] = {
	TEST(relro_is_protected),     TEST(not_to_be_opened_for_writing),
	TEST(children_and_others),    TEST(binary_is_not_overwritten),
	TEST(mount_is_hidden),        TEST(program_works_on),
	TEST(others_can_be_executed), TEST(protections_are_kept),
	TEST(ps_shows_the_same),      TEST(mount_of_another_namespace),
	TEST(without_privilege),
};

int main(int argc, char **argv)
{
	return argc == 2 ? attack(strcmp(argv[1], "sealed") == 0) : test_run_all(tests, ARRAY_SIZE(tests));
}
