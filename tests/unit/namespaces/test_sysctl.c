/* test_sysctl.c - which names are allowed in which scope, and writes into own namespaces. */
#include "namespaces/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "tests/unit/child.h"
#include "tests/unit/test.h"

static const struct sysctl_scope everything = { .ipc = true, .network = true, .uts = true, .user = true };
static const struct sysctl_scope nothing = { 0 };

static int check(const char *name, const struct sysctl_scope *scope, struct error *err)
{
	const struct sysctl sysctl = { name, "1" };

	return sysctl_validate(&sysctl, 1, scope, err);
}

static void each_namespace_opens_its_own(void)
{
	static const struct {
		const char *name;
		struct sysctl_scope scope;
		const char *needs;
	} rows[] = {
		{ "kernel.msgmax", { .ipc = true }, "IPC" },
		{ "kernel.msgmnb", { .ipc = true }, "IPC" },
		{ "kernel.msgmni", { .ipc = true }, "IPC" },
		{ "kernel.sem", { .ipc = true }, "IPC" },
		{ "kernel.shmall", { .ipc = true }, "IPC" },
		{ "kernel.shmmax", { .ipc = true }, "IPC" },
		{ "kernel.shmmni", { .ipc = true }, "IPC" },
		{ "kernel.shm_rmid_forced", { .ipc = true }, "IPC" },
		{ "fs.mqueue.msg_max", { .ipc = true }, "IPC" },
		{ "net.ipv4.ip_forward", { .network = true }, "network" },
		{ "net/ipv4/ip_forward", { .network = true }, "network" },
		{ "net.ipv4.conf.eth0/1.forwarding", { .network = true }, "network" },
		{ "net/ipv4/conf/eth0.1/forwarding", { .network = true }, "network" },
		{ "kernel.domainname", { .uts = true }, "UTS" },
		{ "kernel.hostname", { .uts = true }, "UTS" },
		{ "user.max_user_namespaces", { .user = true }, "user" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct sysctl_scope others = everything;
		char text[64];
		struct error err;

		CHECK_INT(0, check(rows[i].name, &rows[i].scope, &err));
		others.ipc = !rows[i].scope.ipc;
		others.network = !rows[i].scope.network;
		others.uts = !rows[i].scope.uts;
		others.user = !rows[i].scope.user;
		CHECK_INT(-EINVAL, check(rows[i].name, &others, &err));
		(void)snprintf(text, sizeof(text), "needs an own %s namespace", rows[i].needs);
		CHECK_CONTAINS(text, err.text);
		CHECK_CONTAINS(rows[i].name, err.text);
		CHECK_INT(-EINVAL, check(rows[i].name, &nothing, &err));
	}
}

static void the_host_s_are_refused(void)
{
	static const char *const names[] = {
		"kernel.core_pattern",
		"kernel.msgmaxx",
		"kernel.msgmax.x",
		"kernel.shm",
		"vm.overcommit_memory",
		"fs.file-max",
		"fs.mqueue",
		"network.x",
		"net",
		"kernel",
		"kernel/core_pattern",
		"kernel.sem/x",
		"debug.x",
		"kernel.ns_last_pid",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct error err;

		CHECK_INT(-EINVAL, check(names[i], &everything, &err));
		CHECK_CONTAINS("belongs to the host", err.text);
		CHECK_CONTAINS(names[i], err.text);
	}
}

static void escapes_are_refused(void)
{
	static const char *const names[] = {
		"",
		".",
		"..",
		"/",
		"net..ipv4",
		"net/../kernel/core_pattern",
		"net/./x",
		"net//ipv4",
		"/net/ipv4/x",
		"net/ipv4/",
		"net.",
		".net.x",
		"net.//.kernel.core_pattern",
		"net.ipv4.//",
		"net./",
		"fs.mqueue.",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct error err;

		CHECK_INT(-EINVAL, check(names[i], &everything, &err));
		CHECK_CONTAINS("not a valid name", err.text);
	}
}

static void long_names_and_newlines(void)
{
	const struct sysctl newline = { "kernel.domainname", "a\nb" };
	char name[600] = "net.";
	struct error err;

	memset(name + 4, 'x', sizeof(name) - 5);
	name[sizeof(name) - 1] = '\0';
	CHECK_INT(-EINVAL, check(name, &everything, &err));
	CHECK_CONTAINS("too long", err.text);
	name[511] = '\0';
	CHECK_INT(0, check(name, &everything, &err));
	CHECK_INT(-EINVAL, sysctl_validate(&newline, 1, &everything, &err));
	CHECK_STR("sysctl kernel.domainname: the value has a newline", err.text);
}

static void own_fields_win(void)
{
	const struct sysctl_scope both = { .uts = true, .own_hostname = true, .own_domainname = true };
	const struct sysctl_scope host = { .uts = true, .own_hostname = true };
	struct error err;

	CHECK_INT(-EINVAL, check("kernel.hostname", &both, &err));
	CHECK_STR("sysctl kernel.hostname: hostname is set already", err.text);
	CHECK_INT(-EINVAL, check("kernel/domainname", &both, &err));
	CHECK_INT(0, check("kernel.domainname", &host, &err));
}

static void first_wrong_one_of_many(void)
{
	const struct sysctl many[] = { { "net.core.somaxconn", "1" }, { "vm.swappiness", "1" }, { "bad", "1" } };
	struct error err;

	CHECK_INT(-EINVAL, sysctl_validate(many, 3, &everything, &err));
	CHECK_CONTAINS("vm.swappiness", err.text);
	CHECK_INT(0, sysctl_validate(many, 1, &everything, &err));
	CHECK_INT(0, sysctl_validate(NULL, 0, &nothing, &err));
}

/* A procfs of our own that nothing is mounted over, as the runtime makes it. */
static int detached_proc(void)
{
	int fs = (int)syscall(SYS_fsopen, "proc", 1 /* FSOPEN_CLOEXEC */);
	int fd = -1;

	if (fs >= 0 && syscall(SYS_fsconfig, fs, 6 /* FSCONFIG_CMD_CREATE */, NULL, NULL, 0) == 0)
		fd = (int)syscall(SYS_fsmount, fs, 1 /* FSMOUNT_CLOEXEC */, 0);
	if (fs >= 0)
		(void)close(fs);
	return fd;
}

static int write_in_namespaces(const void *unused)
{
	const struct sysctl sysctls[] = {
		{ "kernel.domainname", "inside.example" },
		{ "net/ipv4/ip_forward", "1" },
		{ "net.ipv4.conf.lo.forwarding", "1" },
		{ "kernel.msgmax", "4096" },
	};
	const struct sysctl missing = { "net.ipv4.no_such", "1" };
	const struct sysctl wrong = { "kernel.shm_rmid_forced", "7" };
	char text[64];
	struct error err;
	int proc_fd;

	(void)unused;
	EXPECT(unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWIPC) == 0);
	proc_fd = detached_proc();
	EXPECT(proc_fd >= 0);
	if (sysctl_apply(proc_fd, sysctls, 4, &err) < 0)
		fprintf(stderr, "# %s\n", err.text);
	EXPECT(sysctl_apply(proc_fd, sysctls, 4, &err) == 0);
	EXPECT(fd_read_small(proc_fd, "sys/kernel/domainname", text, sizeof(text)) > 0);
	EXPECT(strcmp(text, "inside.example") == 0);
	EXPECT(fd_read_small(proc_fd, "sys/net/ipv4/ip_forward", text, sizeof(text)) == 1 && text[0] == '1');
	EXPECT(fd_read_small(proc_fd, "sys/kernel/msgmax", text, sizeof(text)) == 4 && strcmp(text, "4096") == 0);
	EXPECT(sysctl_apply(proc_fd, &missing, 1, &err) == -ENOENT);
	EXPECT(strcmp(err.text, "open sysctl net.ipv4.no_such: No such file or directory") == 0);
	EXPECT(sysctl_apply(proc_fd, &wrong, 1, &err) == -EINVAL);
	EXPECT(strstr(err.text, "set sysctl kernel.shm_rmid_forced to \"7\""));
	return 0;
}

/* A tree that pretends to be procfs: no symlink is followed, no name leaves "sys". */
static int hostile_tree(const void *directory)
{
	const struct sysctl link = { "net.link", "written" };
	const struct sysctl up = { "net/../../outside", "written" };
	const struct sysctl good = { "net.good", "written" };
	char text[16];
	struct error err;
	int fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);

	EXPECT(fd >= 0);
	EXPECT(mkdirat(fd, "sys", 0700) == 0 && mkdirat(fd, "sys/net", 0700) == 0);
	EXPECT(close(openat(fd, "outside", O_CREAT | O_WRONLY, 0600)) == 0);
	EXPECT(close(openat(fd, "sys/net/good", O_CREAT | O_WRONLY, 0600)) == 0);
	EXPECT(symlinkat("../../outside", fd, "sys/net/link") == 0);
	EXPECT(sysctl_apply(fd, &link, 1, &err) == -ELOOP);
	EXPECT(sysctl_apply(fd, &up, 1, &err) == -EINVAL);
	EXPECT(sysctl_apply(fd, &good, 1, &err) == 0);
	EXPECT(fd_read_small(fd, "outside", text, sizeof(text)) == 0);
	EXPECT(fd_read_small(fd, "sys/net/good", text, sizeof(text)) == 7);
	EXPECT(renameat(fd, "sys", fd, "elsewhere") == 0 && symlinkat("elsewhere", fd, "sys") == 0);
	EXPECT(sysctl_apply(fd, &good, 1, &err) == -ELOOP);
	EXPECT(strstr(err.text, "open sys of procfs"));
	return 0;
}

static void writes_in_own_namespaces(void)
{
	if (geteuid() != 0)
		TEST_SKIP("new namespaces need root");
	CHECK_INT(0, in_child(write_in_namespaces, NULL));
}

static void symlinks_are_not_followed(void)
{
	char directory[] = "/tmp/coffer-test-sysctl-XXXXXX";
	char command[64];
	int end;

	CHECK(mkdtemp(directory));
	end = in_child(hostile_tree, directory);
	(void)snprintf(command, sizeof(command), "rm -rf %s", directory);
	CHECK_INT(0, system(command));
	CHECK_INT(0, end);
}

static const struct test tests[] = {
	TEST(each_namespace_opens_its_own),
	TEST(the_host_s_are_refused),
	TEST(escapes_are_refused),
	TEST(long_names_and_newlines),
	TEST(own_fields_win),
	TEST(first_wrong_one_of_many),
	TEST(writes_in_own_namespaces),
	TEST(symlinks_are_not_followed),
};
TEST_MAIN(tests)
