/* proc.c - see proc.h. */
#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "fd.h"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

enum { ALONE_STACK = 64 * 1024, STATUS_SIZE = 4096, PERMISSIONS = 0777 };

pid_t proc_clone(uint64_t flags, int cgroup_fd, int *ret_pidfd)
{
	int pidfd = -1;
	struct clone_args args = {
		.flags = flags,
		.exit_signal = (flags & CLONE_PARENT) ? 0 : SIGCHLD,
	};
	long pid;

	if (ret_pidfd) {
		args.flags |= CLONE_PIDFD;
		args.pidfd = (uint64_t)(uintptr_t)&pidfd;
	}
	if (cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)(unsigned)cgroup_fd;
	}
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid < 0)
		return -errno;
	if (pid > 0 && ret_pidfd)
		*ret_pidfd = pidfd;
	return (pid_t)pid;
}

pid_t proc_run_alone(int (*run)(void *context), const void *context, size_t size)
{
	uint8_t *memory;
	pid_t pid;

	while (waitpid(-1, NULL, (int)__WCLONE | WNOHANG) > 0) /* earlier ones that have ended */
		;
	if (size > PROC_ALONE_BYTES)
		return -E2BIG;
	memory = mmap(NULL, ALONE_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (memory == MAP_FAILED)
		return -errno;
	/* The context is at the end, above the stack, which grows down: one page is touched. */
	memcpy(memory + ALONE_STACK - PROC_ALONE_BYTES, context, size);
	pid = clone(run, memory + ALONE_STACK - PROC_ALONE_BYTES, CLONE_VM, memory + ALONE_STACK - PROC_ALONE_BYTES);
	return pid < 0 ? -errno : pid;
}

int proc_pidfd_open(pid_t pid)
{
	long fd = syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? -errno : (int)fd;
}

int proc_pidfd_send(int pidfd, int signal)
{
	return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) < 0 ? -errno : 0;
}

int proc_pidfd_getfd(int pidfd, int fd)
{
	long copy = syscall(SYS_pidfd_getfd, pidfd, fd, 0);

	return copy < 0 ? -errno : (int)copy;
}

static int wait_by(idtype_t type, id_t id)
{
	siginfo_t info = { 0 };

	while (waitid(type, id, &info, WEXITED) < 0)
		if (errno != EINTR)
			return -errno;
	return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

int proc_wait(pid_t pid)
{
	return wait_by(P_PID, (id_t)pid);
}

int proc_wait_pidfd(int pidfd)
{
	return wait_by((idtype_t)P_PIDFD, (id_t)pidfd);
}

void proc_reap_others(pid_t pid)
{
	for (;;) {
		siginfo_t info = { 0 };

		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0 || info.si_pid == pid)
			return;
		(void)waitid(P_PID, (id_t)info.si_pid, &info, WEXITED | WNOHANG);
	}
}

uint64_t proc_start_time(pid_t pid)
{
	char path[32];
	char text[1024];
	const char *field;
	unsigned long long start = 0;
	char state = 'X';

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (fd_read_small(AT_FDCWD, path, text, sizeof(text)) <= 0)
		return 0;
	field = strrchr(text, ')');
	if (!field ||
	    sscanf(field + 1, " %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu",
		   &state, &start) != 2)
		return 0;
	return state == 'Z' || state == 'X' ? 0 : start;
}

mode_t proc_umask(void)
{
	char text[STATUS_SIZE];
	const char *line;
	unsigned mask = PERMISSIONS;

	if (fd_read_small(AT_FDCWD, "/proc/self/status", text, sizeof(text)) <= 0)
		return PERMISSIONS;
	line = strstr(text, "\nUmask:");
	return line && sscanf(line, "\nUmask: %o", &mask) == 1 ? mask & PERMISSIONS : PERMISSIONS;
}

pid_t proc_spawn(const char *path, char *const argv[], char *const envp[], int stdin_fd)
{
	int pipe_fds[2];
	auto_fd int report = -1;
	int failure = 0;
	pid_t pid;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return -errno;
	report = pipe_fds[0];
	pid = fork();
	if (pid == 0) {
		/* dup2(2) of an fd to itself leaves it close-on-exec. */
		if (dup2(stdin_fd, STDIN_FILENO) >= 0 && fd_set_cloexec(STDIN_FILENO, false) == 0)
			(void)execve(path, argv, envp);
		failure = errno;
		(void)fd_write_all(pipe_fds[1], &failure, sizeof(failure));
		_exit(127);
	}
	failure = pid < 0 ? errno : 0;
	(void)close(pipe_fds[1]);
	if (pid > 0 && read(report, &failure, sizeof(failure)) == sizeof(failure))
		(void)proc_wait(pid);
	return failure ? -failure : pid;
}
