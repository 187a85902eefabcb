/* oom_tell.c - what a policy names to be told: a hook program, which gets the event on stdin, and a unix socket. */
#include "oom_watcher.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/syscalls.h"
#include "child.h"

enum {
	FDS_USUAL = 1024, /* with more a program that uses select(2) goes wrong */
	SOCKETS_MAX = 8,  /* open connections to a policy's socket, of one container */
};

/* The child of a watcher that waits for nobody: SIGCHLD is ignored there, and the kernel reaps it. */
static void become_hook(const char *hook, int input)
{
	char *const argv[] = { (char *)(uintptr_t)hook, NULL };
	char *const envp[] = { (char[]){ "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" }, NULL };
	struct error ignored;
	struct rlimit files;

	/* What keeps the watcher from the kernel's OOM killer is not for others. */
	(void)fd_write_existing(AT_FDCWD, "/proc/self/oom_score_adj", "0");
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur > FDS_USUAL) {
		files.rlim_cur = FDS_USUAL;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	if (child_signals(&ignored) < 0 || setsid() < 0 || dup2(input, STDIN_FILENO) < 0)
		_exit(EXIT_FAILURE);
	(void)sys_close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
	(void)execve(hook, argv, envp);
	_exit(EXIT_FAILURE);
}

/* A place for one more pidfd, or NULL. Those that have ended make room. */
static int *free_hook(struct watched *container, bool only_one)
{
	int *place = NULL;

	for (size_t i = 0; i < HOOKS_MAX; i++) {
		struct pollfd ended = { .fd = container->hooks[i], .events = POLLIN };

		if (ended.fd > 0 && poll(&ended, 1, 0) == 0) {
			if (only_one)
				return NULL;
			continue;
		}
		if (ended.fd > 0)
			(void)close(ended.fd);
		container->hooks[i] = 0;
		place = &container->hooks[i];
	}
	return place;
}

/* A hook that does not end holds up nothing but the next ones: the policy's default decides. */
void tell_hook(struct watched *container, const char *line, bool warning)
{
	int *place = container->hook ? free_hook(container, warning) : NULL;
	auto_fd int input = -1;
	pid_t pid;

	if (!place)
		return;
	input = memfd_create("coffer-oom", MFD_CLOEXEC);
	if (input < 0 || fd_write_all(input, line, strlen(line)) < 0 || lseek(input, 0, SEEK_SET) < 0)
		return;
	pid = fork();
	if (pid == 0)
		become_hook(container->hook, input);
	if (pid > 0)
		*place = proc_pidfd_open(pid);
}

/* One connection a hit, and few at a time: a listener that keeps them all loses the oldest. */
static void drop_oldest(struct watcher *watcher, const char *id)
{
	struct client *oldest = NULL;
	size_t count = 0;

	for (struct client *client = watcher->clients; client; client = client->next)
		if (!client->closed && client->bound && str_eq(client->only, id)) {
			oldest = client;
			count++;
		}
	if (count >= SOCKETS_MAX)
		oldest->closed = true;
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
	drop_oldest(watcher, container->id);
	client = server_add(watcher, take_fd(&fd));
	if (!client)
		return;
	client->only = xstrdup(container->id);
	client->bound = true;
}
