/* names.c - see names.h. Started as the watcher at the memory limit is: oom_client.c. */
#include "names.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/syscalls.h"
#include "cgroups/cgroup.h"
#include "child.h"
#include "namespaces/caps.h"
#include "net/dns_server.h"

#define SOCKET_NAME   "names"
#define LOCK_NAME     "names.lock"
#define OWN_CGROUP    "coffer-names"
#define STORE_SETTING "COFFER_NETWORKS"

enum {
	LISTENER_FD = 3,
	LOCK_FD = 4,
	BACKLOG = 64,
	FILE_MODE = 0600,
	CGROUP_MODE = 0755,
	TRIES = 100,
	TRY_MS = 20,
	ANSWER_S = 10
};

/* ---- from outside ---- */

static struct sockaddr_un address_in(int dir)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/" SOCKET_NAME, dir);
	return address;
}

static int connect_in(int dir)
{
	const struct sockaddr_un address = address_in(dir);
	auto_fd int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return take_fd(&fd);
}

static int listen_in(int dir, struct error *err)
{
	const struct sockaddr_un address = address_in(dir);
	auto_fd int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || (unlinkat(dir, SOCKET_NAME, 0) < 0 && errno != ENOENT) ||
	    bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, BACKLOG) < 0)
		return fail(err, errno, "make the socket of the name server");
	return take_fd(&fd);
}

/* In the child: no parent's session, fds, signals or directory; then this same program anew. */
static void become_server(int listener, int lock)
{
	const char *store = getenv(STORE_SETTING);
	char *const argv[] = { (char[]){ "coffer" }, (char[]){ "network" }, (char[]){ "names" }, NULL };
	char *const envp[] = { store ? xasprintf(STORE_SETTING "=%s", store) : NULL, NULL };
	auto_fd int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct error ignored;

	if (null < 0 || setsid() < 0 || child_signals(&ignored) < 0)
		_exit(EXIT_FAILURE);
	listener = fcntl(listener, F_DUPFD_CLOEXEC, LOCK_FD + 1);
	lock = fcntl(lock, F_DUPFD_CLOEXEC, LOCK_FD + 1);
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		(void)dup2(null, fd);
	if (dup2(listener, LISTENER_FD) < 0 || dup2(lock, LOCK_FD) < 0 || chdir("/") < 0 ||
	    sys_close_range(LOCK_FD + 1, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		_exit(EXIT_FAILURE);
	(void)execve("/proc/self/exe", argv, envp);
	_exit(EXIT_FAILURE);
}

/* 0: started, or another is about to listen or to end. Twice forked: it is no child of the caller's. */
static int start(int dir, struct error *err)
{
	auto_fd int lock = openat(dir, LOCK_NAME, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
	auto_fd int listener = -1;
	pid_t pid;

	if (lock < 0)
		return fail(err, errno, "open the lock of the name server");
	if (flock(lock, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? 0 : fail(err, errno, "lock the name server");
	listener = listen_in(dir, err);
	if (listener < 0)
		return listener;
	pid = fork();
	if (pid < 0)
		return fail(err, errno, "fork the name server");
	if (pid == 0) {
		if (fork() == 0)
			become_server(listener, lock);
		_exit(EXIT_SUCCESS);
	}
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return 0;
}

static int connect_or_start(const char *run, struct error *err)
{
	auto_fd int dir = open(run, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int fd = -1;

	if (dir < 0)
		return fail(err, errno, "open %s", run);
	for (int i = 0; i < TRIES; i++) {
		fd = connect_in(dir);
		if (fd >= 0)
			return fd;
		if (start(dir, err) < 0)
			return -err->code;
		if (i > 0)
			(void)poll(NULL, 0, TRY_MS);
	}
	return fail(err, -fd, "connect to the name server of %s", run);
}

/* -ECONNRESET: it was just about to end. */
static int request(int fd, const char *network, struct error *err)
{
	const struct timeval wait = { .tv_sec = ANSWER_S };
	struct error answer = { .text = "" };
	ssize_t got;

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	if (send(fd, network, strlen(network) + 1, MSG_NOSIGNAL) < 0)
		return fail(err, errno, "ask the name server");
	got = recv(fd, answer.text, sizeof(answer.text) - 1, 0);
	if (got <= 0)
		return fail(err, got < 0 ? errno : ECONNRESET, "the name server does not answer");
	return *answer.text ? refuse(err, "%s", answer.text) : 0;
}

int names_ensure(const char *run, const char *network, struct error *err)
{
	int r = -ECONNRESET;

	for (int i = 0; i < 3 && (r == -ECONNRESET || r == -EPIPE); i++) {
		auto_fd int fd = connect_or_start(run, err);

		r = fd < 0 ? fd : request(fd, network, err);
	}
	return r;
}

/* ---- the process ---- */

/* Out of the caller's cgroup, whose limits and end are not for it; where that is not allowed it stays. */
static void change_cgroup(const struct cgroup_host *host, bool back)
{
	if (back) {
		(void)fd_write_existing(host->root_fd, "cgroup.procs", "0");
		(void)unlinkat(host->root_fd, OWN_CGROUP, AT_REMOVEDIR);
	} else if (mkdirat(host->root_fd, OWN_CGROUP, CGROUP_MODE) == 0 || errno == EEXIST) {
		(void)fd_write_existing(host->root_fd, OWN_CGROUP "/cgroup.procs", "0");
	}
}

/* It reads what containers send: of root's rights it keeps the port below 1024 and the sockets of one bridge. */
static int give_up_rights(struct error *err)
{
	const uint64_t kept = 1ULL << CAP_NET_BIND_SERVICE | 1ULL << CAP_NET_RAW;
	const struct cap_sets sets = { .bounding = kept, .effective = kept, .permitted = kept };
	int r = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? fail(err, errno, "PR_SET_NO_NEW_PRIVS") : 0;

	if (r == 0)
		r = caps_apply_bounding(&sets, err);
	return r < 0 ? r : caps_apply(&sets, err);
}

int names_main(const char *config, const char *run, struct error *err)
{
	auto_net_store struct net_store store = NET_STORE_CLOSED;
	struct cgroup_host host = { .root_fd = -1 };
	struct error ignored;
	int r = net_store_look(config, run, &store, err);

	if (r < 0)
		return r;
	(void)prctl(PR_SET_NAME, "coffer-names");
	if (cgroup_host_probe(&host, &ignored) == 0)
		change_cgroup(&host, false);
	r = give_up_rights(err);
	if (r == 0)
		r = dns_server_run(&store, LISTENER_FD, err);
	if (host.root_fd >= 0)
		change_cgroup(&host, true);
	return r;
}
