/*
 * floor.c - the least that a container start can cost: what no runtime can go below on this kernel.
 *
 *	floor run ROOTFS        clone3 with six new namespaces, the mounts of tests/bundle, pivot_root, exec /bin/true
 *	floor exec PID          join the six namespaces of PID, fork, exec /bin/true
 *	floor create ROOTFS FIFO, floor start FIFO, floor delete FIFO
 *	                        run, cut in three: the container waits at FIFO before its exec
 *
 * No cgroup, no state, no config, no capabilities, no seccomp; errors only as an exit status with a word on stderr.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SIX_NAMESPACES = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP };

static const struct {
	const char *target, *type;
	unsigned long flags;
	const char *data;
} mounts[] = {
	{ "proc", "proc", 0, NULL },
	{ "dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k" },
	{ "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5" },
	{ "dev/shm", "tmpfs", MS_NOSUID | MS_NOEXEC | MS_NODEV, "mode=1777,size=65536k" },
	{ "dev/mqueue", "mqueue", MS_NOSUID | MS_NOEXEC | MS_NODEV, NULL },
	{ "sys", "sysfs", MS_NOSUID | MS_NOEXEC | MS_NODEV | MS_RDONLY, NULL },
	{ "sys/fs/cgroup", "cgroup2", MS_NOSUID | MS_NOEXEC | MS_NODEV | MS_RELATIME | MS_RDONLY, NULL },
};

__attribute__((noreturn)) static void die(const char *what)
{
	perror(what);
	_exit(EXIT_FAILURE);
}

static void mount_all(void)
{
	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		if (strncmp(mounts[i].target, "dev/", strlen("dev/")) == 0 && mkdir(mounts[i].target, 0755) < 0)
			die(mounts[i].target);
		if (mount(mounts[i].type, mounts[i].target, mounts[i].type, mounts[i].flags, mounts[i].data) < 0)
			die(mounts[i].target);
	}
}

__attribute__((noreturn)) static void exec_true(void)
{
	char *const argv[] = { (char[]){ "/bin/true" }, NULL };
	char *const envp[] = { NULL };

	(void)execve(argv[0], argv, envp);
	die(argv[0]);
}

/* Where a container of `create` tells that it is set up, and where it waits for its start. */
struct gate {
	int ready, fifo;
};

static void wait_at(const struct gate *gate)
{
	char byte;

	if (write(gate->ready, "", 1) != 1 || read(gate->fifo, &byte, 1) != 1)
		die("wait for start");
}

__attribute__((noreturn)) static void child(const char *rootfs, const struct gate *gate)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		die("make / a slave");
	if (mount(rootfs, rootfs, NULL, MS_BIND | MS_REC, NULL) < 0 || chdir(rootfs) < 0)
		die(rootfs);
	mount_all();
	if (syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		die("pivot_root");
	if (mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) < 0)
		die("make / read-only");
	if (sethostname("floor", strlen("floor")) < 0)
		die("sethostname");
	if (gate)
		wait_at(gate);
	exec_true();
}

static int wait_for(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			die("waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}

static pid_t start(const char *rootfs, const struct gate *gate)
{
	struct clone_args args = { .flags = SIX_NAMESPACES, .exit_signal = SIGCHLD };
	long pid = syscall(SYS_clone3, &args, sizeof(args));

	if (pid < 0)
		die("clone3");
	if (pid == 0)
		child(rootfs, gate);
	return (pid_t)pid;
}

static int run(char **args)
{
	return wait_for(start(args[0], NULL));
}

static int create(char **args)
{
	struct gate gate;
	int ready[2];
	char byte;

	if (mkfifo(args[1], 0600) < 0 || pipe2(ready, O_CLOEXEC) < 0)
		die(args[1]);
	gate = (struct gate){ .ready = ready[1], .fifo = open(args[1], O_RDWR | O_CLOEXEC) };
	if (gate.fifo < 0)
		die(args[1]);
	(void)start(args[0], &gate);
	(void)close(ready[1]);
	return read(ready[0], &byte, 1) == 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int let_go(char **args)
{
	int fifo = open(args[0], O_WRONLY | O_CLOEXEC);

	return fifo >= 0 && write(fifo, "", 1) == 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int remove_fifo(char **args)
{
	return unlink(args[0]) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int join(char **args)
{
	int pidfd = (int)syscall(SYS_pidfd_open, (pid_t)strtol(args[0], NULL, 10), 0);
	pid_t pid;

	if (pidfd < 0 || setns(pidfd, SIX_NAMESPACES) < 0)
		die("setns");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0)
		exec_true();
	return wait_for(pid);
}

static const struct {
	const char *name;
	int n_args;
	int (*run)(char **args);
} verbs[] = {
	{ "run", 1, run },      { "exec", 1, join },          { "create", 2, create },
	{ "start", 1, let_go }, { "delete", 1, remove_fifo },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(argv[1], verbs[i].name) == 0 && argc == 2 + verbs[i].n_args)
			return verbs[i].run(argv + 2);
	(void)fprintf(stderr, "usage: floor run ROOTFS | exec PID | create ROOTFS FIFO | start FIFO | delete FIFO\n");
	return 2;
}
