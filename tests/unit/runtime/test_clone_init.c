/*
 * test_clone_init.c - one process inside new, joined or both kinds of namespaces, as the caller's child and with the
 * caller back where it was; by way of a user namespace; and what is left after a failure: nothing.
 */
#include "runtime/clone_init.h"

#include <dirent.h>
#include <errno.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/prctl.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "base/proc.h"
#include "tests/unit/cgroups/sandbox.h"
#include "tests/unit/mount_ns.h"

/* A process that stays in new namespaces of its own, and the fds of them. */
struct holder {
	pid_t pid;
	int pidfd;
	int fds[NS_TYPE_MAX];
};

static int open_fds(void)
{
	auto_dir DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	while (dir && readdir(dir))
		count++;
	return count;
}

static int hold(uint64_t flags, struct holder *holder)
{
	struct error err;

	holder->pid = proc_clone(flags, -1, &holder->pidfd);
	if (holder->pid == 0)
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (holder->pid == 0)
		(void)pause();
	EXPECT(holder->pid > 0);
	for (enum ns_type type = 0; type < NS_TYPE_MAX; type++) {
		char path[64];

		holder->fds[type] = -1;
		(void)snprintf(path, sizeof(path), "/proc/%d/ns/%s", holder->pid, ns_info(type)->proc);
		if (flags & ns_info(type)->flag)
			holder->fds[type] = ns_open(type, path, &err);
		EXPECT(!(flags & ns_info(type)->flag) || holder->fds[type] >= 0);
	}
	return 0;
}

static void release(struct holder *holder)
{
	(void)proc_pidfd_send(holder->pidfd, SIGKILL);
	(void)proc_wait(holder->pid);
	(void)close(holder->pidfd);
	for (enum ns_type type = 0; type < NS_TYPE_MAX; type++)
		cleanup_fd(&holder->fds[type]);
}

static struct clone_request request_for(const struct holder *holder, uint64_t flags)
{
	struct clone_request request = { .flags = flags };

	for (enum ns_type type = 0; type < NS_TYPE_MAX; type++)
		request.joined[type] = holder ? holder->fds[type] : -1;
	return request;
}

static ino_t own_ns(const char *name)
{
	char path[64];
	struct stat st;

	(void)snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
	return stat(path, &st) < 0 ? 0 : st.st_ino;
}

static bool is_in(const struct holder *holder, enum ns_type type)
{
	struct stat st;

	return fstat(holder->fds[type], &st) == 0 && own_ns(ns_info(type)->proc) == st.st_ino;
}

/* ---- new namespaces ---- */

static int new_body(void)
{
	const struct clone_request request = request_for(NULL, CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWNET);
	ino_t net = own_ns("net");
	pid_t self = getpid();
	struct error err;
	int pidfd = -1;
	pid_t pid = clone_init(&request, &pidfd, &err);

	if (pid == 0)
		_exit(getpid() == 1 && own_ns("net") != net && getppid() == 0 ? 7 : 8);
	EXPECT(pid > 0 && pidfd >= 0 && fcntl(pidfd, F_GETFD) == FD_CLOEXEC);
	EXPECT(own_ns("net") == net && getpid() == self);
	EXPECT(proc_wait_pidfd(pidfd) == 7);
	return 0;
}

static void new_namespaces(void)
{
	in_mount_ns(new_body);
}

/* ---- joined ones ---- */

enum { BORROWED = CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS };

static int check_joined(const struct holder *holder, const struct clone_request *request)
{
	ino_t before[3] = { own_ns("net"), own_ns("ipc"), own_ns("pid_for_children") };
	int fds = open_fds();
	pid_t parent = getpid();
	struct error err;
	int pidfd = -1;
	pid_t pid = clone_init(request, &pidfd, &err);
	pid_t other;

	if (pid == 0)
		/* In a pid namespace that the parent is outside of, the parent has no number. */
		_exit(is_in(holder, NS_NETWORK) && is_in(holder, NS_IPC) && is_in(holder, NS_UTS) && getpid() == 2 &&
				      getppid() == 0
			      ? 7
			      : 8);
	EXPECT(pid > 0);
	EXPECT(own_ns("net") == before[0] && own_ns("ipc") == before[1] && getpid() == parent);
	EXPECT(open_fds() == fds + 1);
	EXPECT(proc_wait(pid) == 7);
	(void)close(pidfd);
	/* Later children are born where this process is. */
	other = proc_clone(0, -1, NULL);
	if (other == 0)
		_exit(own_ns("pid_for_children") == before[2] && getppid() == parent ? 7 : 8);
	EXPECT(proc_wait(other) == 7);
	return 0;
}

static int joined_body(void)
{
	struct holder holder;
	struct clone_request request;

	EXPECT(hold(BORROWED, &holder) == 0);
	request = request_for(&holder, 0);
	EXPECT(check_joined(&holder, &request) == 0);
	release(&holder);
	return 0;
}

static void joined_namespaces(void)
{
	in_mount_ns(joined_body);
}

/* A runtime that could not go back sends another process in; for the caller nothing is different. */
static int no_return_body(void)
{
	struct holder holder;
	struct clone_request request;

	EXPECT(hold(BORROWED, &holder) == 0);
	request = request_for(&holder, 0);
	request.no_return = true;
	EXPECT(check_joined(&holder, &request) == 0);
	EXPECT(waitpid(-1, NULL, WNOHANG | __WALL) == 0); /* the holder alone is left */
	release(&holder);
	return 0;
}

static void joined_without_a_way_back(void)
{
	in_mount_ns(no_return_body);
}

static int both_body(void)
{
	struct holder holder;
	struct clone_request request;
	ino_t uts = own_ns("uts");
	struct error err;
	int pidfd = -1;
	pid_t pid;

	EXPECT(hold(CLONE_NEWNET, &holder) == 0);
	request = request_for(&holder, CLONE_NEWUSER | CLONE_NEWUTS | CLONE_NEWPID);
	pid = clone_init(&request, &pidfd, &err);
	if (pid == 0)
		_exit(is_in(&holder, NS_NETWORK) && own_ns("uts") != uts && getpid() == 1 ? 7 : 8);
	EXPECT(pid > 0 && proc_wait(pid) == 7);
	release(&holder);
	return 0;
}

static void joined_and_new(void)
{
	in_mount_ns(both_body);
}

/* ---- failures ---- */

/* The first two were entered when the third turned out to be none: back to the own ones, and no fd more than before. */
static int failure_body(void)
{
	auto_fd int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
	ino_t net = own_ns("net");
	struct holder holder;
	struct clone_request request;
	struct error err;
	int pidfd = -1;
	int fds;

	EXPECT(hold(CLONE_NEWPID | CLONE_NEWNET, &holder) == 0);
	request = request_for(&holder, 0);
	request.joined[NS_IPC] = file;
	fds = open_fds();
	EXPECT(clone_init(&request, &pidfd, &err) == -EINVAL);
	EXPECT(strcmp(err.text, "join the ipc namespace: Invalid argument") == 0);
	EXPECT(own_ns("net") == net && own_ns("pid_for_children") == own_ns("pid"));
	EXPECT(open_fds() == fds && pidfd == -1);

	request = request_for(&holder, CLONE_THREAD);
	EXPECT(clone_init(&request, &pidfd, &err) == -EINVAL);
	EXPECT(strcmp(err.text, "clone into new namespaces: Invalid argument") == 0);
	EXPECT(own_ns("net") == net && own_ns("pid_for_children") == own_ns("pid"));
	EXPECT(open_fds() == fds && pidfd == -1);
	release(&holder);
	EXPECT(waitpid(-1, NULL, WNOHANG | __WALL) < 0 && errno == ECHILD);
	return 0;
}

static void failures_leave_nothing(void)
{
	in_mount_ns(failure_body);
}

static int enter_failure_body(void)
{
	auto_fd int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct clone_request request = request_for(NULL, 0);
	struct holder holder;
	struct error err;
	int pidfd = -1;
	int fds = open_fds();

	request.joined[NS_USER] = file;
	EXPECT(clone_init(&request, &pidfd, &err) == -EINVAL);
	EXPECT(strcmp(err.text, "join the user namespace: Invalid argument") == 0);
	EXPECT(hold(CLONE_NEWUSER, &holder) == 0);
	request = request_for(&holder, CLONE_THREAD);
	EXPECT(clone_init(&request, &pidfd, &err) == -EINVAL);
	EXPECT(strcmp(err.text, "clone into the joined namespaces: Invalid argument") == 0);
	request = request_for(&holder, 0);
	request.joined[NS_UTS] = file;
	EXPECT(clone_init(&request, &pidfd, &err) == -EINVAL);
	EXPECT(strcmp(err.text, "join the uts namespace: Invalid argument") == 0);
	release(&holder);
	EXPECT(open_fds() == fds && pidfd == -1);
	EXPECT(waitpid(-1, NULL, WNOHANG | __WALL) < 0 && errno == ECHILD);
	return 0;
}

static void failures_inside_are_told(void)
{
	in_mount_ns(enter_failure_body);
}

/* ---- a user namespace ---- */

static int enter_body(void)
{
	struct holder holder;
	struct clone_request request;
	ino_t user = own_ns("user");
	pid_t pid;
	struct error err;
	int pidfd = -1;

	/* These belong to the new user namespace: only who is in that may join them. */
	EXPECT(hold(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWPID, &holder) == 0);
	request = request_for(&holder, CLONE_NEWCGROUP);
	pid = clone_init(&request, &pidfd, &err);
	if (pid == 0)
		_exit(is_in(&holder, NS_USER) && is_in(&holder, NS_NETWORK) && is_in(&holder, NS_IPC) &&
				      is_in(&holder, NS_UTS) && getpid() > 1 && getppid() == 0
			      ? 7
			      : 8);
	EXPECT(pid > 0 && pidfd >= 0 && own_ns("user") == user);
	/* Its pid here, not in there, and it is this process's child. */
	EXPECT(proc_wait(pid) == 7);
	release(&holder);
	return 0;
}

static void entered_user_namespace(void)
{
	in_mount_ns(enter_body);
}

/* A network of the host's beside the user namespace: to be joined before that, with the rights given up by it. */
static int mixed_owners_body(void)
{
	struct holder user;
	struct holder net;
	struct clone_request request;
	struct error err;
	int pidfd = -1;
	pid_t pid;

	EXPECT(hold(CLONE_NEWUSER | CLONE_NEWUTS, &user) == 0 && hold(CLONE_NEWNET, &net) == 0);
	request = request_for(&user, 0);
	request.joined[NS_NETWORK] = net.fds[NS_NETWORK];
	pid = clone_init(&request, &pidfd, &err);
	if (pid == 0)
		_exit(is_in(&user, NS_USER) && is_in(&user, NS_UTS) && is_in(&net, NS_NETWORK) ? 7 : 8);
	EXPECT(pid > 0 && proc_wait_pidfd(pidfd) == 7);
	release(&user);
	release(&net);
	return 0;
}

static void namespaces_of_two_owners(void)
{
	in_mount_ns(mixed_owners_body);
}

/* ---- a procfs of another pid namespace ---- */

static int proc_fs_body(void)
{
	struct holder holder;
	struct error err;
	auto_fd int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
	auto_fd int proc = -1;
	int fds;
	char comm[32] = "";
	char own_comm[32] = "";

	EXPECT(hold(CLONE_NEWPID, &holder) == 0);
	fds = open_fds();
	proc = clone_proc_fs(holder.fds[NS_PID], &err);
	EXPECT(proc > STDERR_FILENO && open_fds() == fds + 1);
	EXPECT(path_on_fs(proc, PROC_SUPER_MAGIC) && fcntl(proc, F_GETFD) == FD_CLOEXEC);
	EXPECT(fd_read_small(proc, "1/comm", comm, sizeof(comm)) > 0);
	EXPECT(fd_read_small(AT_FDCWD, "/proc/self/comm", own_comm, sizeof(own_comm)) > 0);
	EXPECT(strcmp(comm, own_comm) == 0);
	/* This process is not in that namespace. */
	EXPECT(faccessat(proc, "self/comm", F_OK, 0) < 0);
	EXPECT(own_ns("pid_for_children") == own_ns("pid"));
	EXPECT(clone_proc_fs(file, &err) == -EPERM);
	EXPECT(strstr(err.text, "make a procfs of the joined pid namespace"));
	release(&holder);
	EXPECT(waitpid(-1, NULL, WNOHANG | __WALL) < 0 && errno == ECHILD);
	return 0;
}

static void procfs_of_a_pid_namespace(void)
{
	in_mount_ns(proc_fs_body);
}

/* What is wrong with a cgroup is said, rather than that something is wrong with the clone. */
static void a_cgroup_that_is_gone(void)
{
	struct clone_request request = request_for(NULL, CLONE_NEWUTS);
	struct error err = { .text = "" };
	struct cgroup_host host;
	struct cgroup *cgroup;
	int pidfd = -1;

	sandbox_enter(&host);
	cgroup = sandbox_create(&host, "gone");
	CHECK_INT(0, cgroup_remove(&host, cgroup_path(cgroup), &err));
	request.cgroup = cgroup;
	CHECK(clone_init(&request, &pidfd, &err) < 0);
	CHECK_CONTAINS("gone was removed", err.text);
	cgroup_close(cgroup);
	sandbox_leave(&host);
}

static const struct test tests[] = {
	TEST(new_namespaces),         TEST(joined_namespaces),        TEST(joined_without_a_way_back),
	TEST(joined_and_new),         TEST(failures_leave_nothing),   TEST(failures_inside_are_told),
	TEST(entered_user_namespace), TEST(namespaces_of_two_owners), TEST(procfs_of_a_pid_namespace),
	TEST(a_cgroup_that_is_gone),
};
TEST_MAIN(tests)
