/*
 * clone_init.c - see clone_init.h.
 *
 *	no user namespace to join:  setns(joined) -> clone3(new) -> setns(own)          the caller itself
 *	a user namespace to join,
 *	or no way back:             fork -> setns(joined, user last) -> clone3(new | CLONE_PARENT) -> _exit
 *
 * setns(2) to a pid namespace moves only future children, so the caller may do that and go back.
 */
#include "clone_init.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/proc.h"
#include "namespaces/proc_fs.h"

static bool is_borrowed(const struct clone_request *request, enum ns_type type)
{
	return request->joined[type] >= 0 && type != NS_MOUNT && type != NS_CGROUP && type != NS_USER;
}

static int open_own(enum ns_type type)
{
	char path[64];

	/* pid and time: what children get is another link, but the own namespace is what children got before. */
	(void)snprintf(path, sizeof(path), "/proc/self/ns/%s", ns_info(type)->proc);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static int go_back(const struct clone_request *request, const int own[NS_TYPE_MAX], enum ns_type end, struct error *err)
{
	for (enum ns_type type = 0; type < end; type++)
		if (is_borrowed(request, type) && ns_join(type, own[type], err) < 0)
			return context(err, "return from the joined namespace");
	return 0;
}

static void close_all(int fds[NS_TYPE_MAX])
{
	for (enum ns_type type = 0; type < NS_TYPE_MAX; type++)
		cleanup_fd(&fds[type]);
}

static int go_in(const struct clone_request *request, int own[NS_TYPE_MAX], struct error *err)
{
	struct error ignored;

	for (enum ns_type type = 0; type < NS_TYPE_MAX; type++) {
		int r = 0;

		if (!is_borrowed(request, type))
			continue;
		own[type] = open_own(type);
		if (own[type] < 0)
			r = fail(err, errno, "open the own %s namespace", ns_info(type)->name);
		else
			r = ns_join(type, request->joined[type], err);
		if (r < 0) {
			(void)go_back(request, own, type, &ignored);
			return r;
		}
	}
	return 0;
}

static pid_t clone_into(const struct clone_request *request, uint64_t flags, int *ret_pidfd)
{
	return proc_clone(flags, request->cgroup ? cgroup_fd(request->cgroup) : -1, ret_pidfd);
}

static pid_t clone_failed(const struct clone_request *request, int code, const char *what, struct error *err)
{
	/* Those that only CLONE_INTO_CGROUP has: clone(2), and ENOENT and ENODEV for one that is gone. */
	static const int of_cgroup[] = { EBUSY, EOPNOTSUPP, EACCES, ENOENT, ENODEV };

	for (size_t i = 0; request->cgroup && i < ARRAY_SIZE(of_cgroup); i++)
		if (code == of_cgroup[i])
			return (pid_t)cgroup_attach_failed(request->cgroup, code, err);
	return (pid_t)fail(err, code, "clone into %s namespaces", what);
}

static pid_t clone_borrowing(const struct clone_request *request, int *ret_pidfd, struct error *err)
{
	int own[NS_TYPE_MAX];
	pid_t pid;
	int r;

	for (enum ns_type type = 0; type < NS_TYPE_MAX; type++)
		own[type] = -1;
	r = go_in(request, own, err);
	if (r < 0) {
		close_all(own);
		return r;
	}
	pid = clone_into(request, request->flags, ret_pidfd);
	if (pid == 0) {
		close_all(own);
		return 0;
	}
	r = go_back(request, own, NS_TYPE_MAX, err);
	close_all(own);
	if (pid < 0)
		return clone_failed(request, -pid, "new", err);
	return r < 0 ? (pid_t)r : pid;
}

/* ---- by way of a process inside the user namespace ---- */

struct enter_report {
	pid_t pid;
	struct error error;
};

/* Joins what it may; with `must`, all that is left. */
static int join_rest(const struct clone_request *request, bool joined[NS_TYPE_MAX], bool must, struct error *err)
{
	for (enum ns_type type = 0; type < NS_TYPE_MAX; type++) {
		if (!is_borrowed(request, type) || joined[type])
			continue;
		joined[type] = ns_join(type, request->joined[type], err) == 0;
		if (must && !joined[type])
			return -err->code;
	}
	return 0;
}

/*
 * The entering process. Returns 0 only in the container's process. Namespaces that the caller's user namespace owns can
 * be joined before the user namespace only, those that the joined one owns (and an ordinary user's) after it only.
 */
static pid_t enter_and_clone(const struct clone_request *request, int *ret_pidfd, struct error *err)
{
	bool joined[NS_TYPE_MAX] = { false };
	pid_t pid;
	int r;

	(void)join_rest(request, joined, false, err);
	r = request->joined[NS_USER] >= 0 ? ns_join(NS_USER, request->joined[NS_USER], err) : 0;
	if (r == 0)
		r = join_rest(request, joined, true, err);
	if (r < 0)
		return r;
	pid = clone_into(request, request->flags | CLONE_PARENT, ret_pidfd);
	return pid < 0 ? clone_failed(request, -pid, "the joined", err) : pid;
}

/* The pid would be one of another pid namespace in there; the pidfd is the same everywhere, so that is what is sent. */
static pid_t run_enterer(const struct clone_request *request, int socket)
{
	struct enter_report report = { 0 };
	int pidfd = -1;

	report.pid = enter_and_clone(request, &pidfd, &report.error);
	if (report.pid == 0) {
		(void)close(socket);
		return 0;
	}
	(void)fd_send(socket, &report, sizeof(report), pidfd);
	_exit(report.pid < 0);
}

/* "Pid:" of /proc/self/fdinfo/N of a pidfd: the pid in the caller's own pid namespace. */
static pid_t pid_of_pidfd(int pidfd)
{
	char path[64];
	char text[512];
	const char *line;
	int pid = -1;

	(void)snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	if (fd_read_small(AT_FDCWD, path, text, sizeof(text)) < 0)
		return -1;
	line = strstr(text, "Pid:");
	return line && sscanf(line, "Pid: %d", &pid) == 1 ? pid : -1;
}

static pid_t clone_entering(const struct clone_request *request, int *ret_pidfd, struct error *err)
{
	struct enter_report report = { 0 };
	auto_fd int pidfd = -1;
	int pair[2];
	pid_t enterer;
	ssize_t got;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return (pid_t)fail(err, errno, "socketpair");
	enterer = fork();
	if (enterer == 0) {
		(void)close(pair[0]);
		return run_enterer(request, pair[1]);
	}
	(void)close(pair[1]);
	got = enterer < 0 ? -errno : fd_receive(pair[0], &report, sizeof(report), &pidfd);
	(void)close(pair[0]);
	if (enterer < 0)
		return (pid_t)fail(err, (int)-got, "fork");
	(void)proc_wait(enterer);
	if (got != sizeof(report))
		return (pid_t)fail(err, ECHILD, "the process that enters the user namespace died");
	if (report.pid < 0) {
		*err = report.error;
		return report.pid;
	}
	report.pid = pid_of_pidfd(pidfd);
	if (report.pid <= 0)
		return (pid_t)fail(err, ESRCH, "pid of the container's process");
	*ret_pidfd = take_fd(&pidfd);
	return report.pid;
}

pid_t clone_init(const struct clone_request *request, int *ret_pidfd, struct error *err)
{
	bool joins = false;

	for (enum ns_type type = 0; type < NS_TYPE_MAX; type++)
		joins = joins || is_borrowed(request, type);
	if (request->joined[NS_USER] >= 0 || (joins && request->no_return))
		return clone_entering(request, ret_pidfd, err);
	return clone_borrowing(request, ret_pidfd, err);
}

/* Exits with the number of the fd, 0 for none: it fits, since these few are opened early in a command's life. */
__attribute__((noreturn)) static void make_proc_fs(void)
{
	struct error ignored;
	int fd = proc_fs_open(&ignored);

	_exit(fd < 0 || fd > UINT8_MAX ? 0 : fd);
}

/* Only a process born in the pid namespace can make its procfs, so there are two; both share the caller's fd table. */
int clone_proc_fs(int pid_ns_fd, struct error *err)
{
	pid_t pid = proc_clone(CLONE_FILES, -1, NULL);
	struct error ignored;
	int status;

	if (pid == 0) {
		pid = ns_join(NS_PID, pid_ns_fd, &ignored) < 0 ? -1 : proc_clone(CLONE_FILES, -1, NULL);
		if (pid == 0)
			make_proc_fs();
		status = pid < 0 ? 0 : proc_wait(pid);
		_exit(status < 0 ? 0 : status);
	}
	status = pid < 0 ? pid : proc_wait(pid);
	return status > STDERR_FILENO ? status : fail(err, EPERM, "make a procfs of the joined pid namespace");
}
