/* service.c - see service.h. In the order of calls from the end: connect, start, fork twice, become the process. */
#include "service.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/syscalls.h"
#include "child.h"
#include "fault.h"

enum { FILE_MODE = 0600, BACKLOG = 64, TRIES = 100, TRY_MS = 20 };

static struct sockaddr_un address_of(const struct service *service)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", service->dir,
		       service->socket);
	return address;
}

static int connect_to(const struct service *service)
{
	const struct sockaddr_un address = address_of(service);
	auto_fd int fd = socket(AF_UNIX, service->type | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return take_fd(&fd);
}

static int listen_for(const struct service *service, struct error *err)
{
	const struct sockaddr_un address = address_of(service);
	auto_fd int fd = socket(AF_UNIX, service->type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || fchmod(fd, FILE_MODE) < 0)
		return fail(err, errno, "make the socket of %s", service->what);
	if (unlinkat(service->dir, service->socket, 0) < 0 && errno != ENOENT)
		return fail(err, errno, "remove an earlier socket of %s", service->what);
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, BACKLOG) < 0)
		return fail(err, errno, "bind the socket of %s", service->what);
	return take_fd(&fd);
}

/* In the child: no parent's session, fds, signals or directory; then this same program anew. */
static _Noreturn void become(const struct service *service, int listener, int lock)
{
	auto_fd int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct error ignored;

	if (null < 0 || setsid() < 0 || child_signals(&ignored) < 0)
		_exit(EXIT_FAILURE);
	listener = fcntl(listener, F_DUPFD_CLOEXEC, SERVICE_LOCK_FD + 1);
	lock = fcntl(lock, F_DUPFD_CLOEXEC, SERVICE_LOCK_FD + 1);
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		(void)dup2(null, fd);
	if (dup2(listener, SERVICE_LISTENER_FD) < 0 || dup2(lock, SERVICE_LOCK_FD) < 0 || chdir("/") < 0 ||
	    sys_close_range(SERVICE_LOCK_FD + 1, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		_exit(EXIT_FAILURE);
	(void)execve("/proc/self/exe", service->argv, service->envp);
	_exit(EXIT_FAILURE);
}

/* Twice: the process is no child of a caller that waits for its children. */
static int fork_twice(const struct service *service, int listener, int lock, struct error *err)
{
	pid_t pid = fork();

	if (pid < 0)
		return fail(err, errno, "fork %s", service->what);
	if (pid == 0) {
		if (fork() == 0)
			become(service, listener, lock);
		_exit(EXIT_SUCCESS);
	}
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return 0;
}

/* 0: started, or somebody else holds the lock and is about to listen or to end. */
static int start_process(const struct service *service, struct error *err)
{
	auto_fd int lock = openat(service->dir, service->lock, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
	auto_fd int listener = -1;

	if (lock < 0)
		return fail(err, errno, "open the lock of %s", service->what);
	if (flock(lock, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? 0 : fail(err, errno, "lock %s", service->what);
	fault_point("service-locked");
	listener = listen_for(service, err);
	fault_point("service-bound");
	return listener < 0 ? listener : fork_twice(service, listener, lock, err);
}

int service_connect(const struct service *service, bool start, struct error *err)
{
	int fd = -1;

	for (int i = 0; i < TRIES; i++) {
		fd = connect_to(service);
		if (fd >= 0 || (!start && i > 0))
			break;
		if (start && start_process(service, err) < 0)
			return -err->code;
		if (i > 0)
			(void)poll(NULL, 0, TRY_MS);
	}
	return fd < 0 ? fail(err, -fd, "connect to %s", service->what) : fd;
}
