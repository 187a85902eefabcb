/* oom_tell.c - what a policy names to be told: a hook program, which gets the event on stdin, and a unix socket. */
#include "oom_watcher.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/syscalls.h"
#include "child.h"

/* The child of a watcher that waits for nobody: SIGCHLD is ignored there, and the kernel reaps it. */
static void become_hook(const char *hook, int input)
{
	char *const argv[] = { (char *)(uintptr_t)hook, NULL };
	char *const envp[] = { (char[]){ "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" }, NULL };
	struct error ignored;

	/* What keeps the watcher from the kernel's OOM killer is not for others. */
	(void)fd_write_existing(AT_FDCWD, "/proc/self/oom_score_adj", "0");
	if (child_signals(&ignored) < 0 || setsid() < 0 || dup2(input, STDIN_FILENO) < 0)
		_exit(EXIT_FAILURE);
	(void)sys_close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
	(void)execve(hook, argv, envp);
	_exit(EXIT_FAILURE);
}

void tell_hook(const struct watched *container, const char *line)
{
	auto_fd int input = -1;

	if (!container->hook)
		return;
	input = memfd_create("coffer-oom", MFD_CLOEXEC);
	if (input < 0 || fd_write_all(input, line, strlen(line)) < 0 || lseek(input, 0, SEEK_SET) < 0)
		return;
	if (fork() == 0)
		become_hook(container->hook, input);
}

/* Not waited for: a listener whose queue is full is not told, and the policy's default decides. */
void tell_socket(struct watcher *watcher, const struct watched *container, const char *line)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	auto_fd int fd = -1;
	struct client *client;

	if (!container->socket || strlen(container->socket) >= sizeof(address.sun_path))
		return;
	memcpy(address.sun_path, container->socket, strlen(container->socket) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    send(fd, line, strlen(line), MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)strlen(line))
		return;
	client = server_add(watcher, take_fd(&fd));
	(void)client;
}
