/* cgroup_is_still: tasks that stop, run and sleep in all the places that make a difference. Of a freeze there are files
   that stand for the cgroup's; who sleeps above memory.high does so in a real one. */
#include "cgroups/still.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "sandbox.h"

enum { PAGE = 4096, TRIES = 2000, MS_US = 1000, LONG_MS = 30 };
enum { MUCH = 64 << 20, PIPE_SIZE = 1 << 20, A_WRITE = 64 << 10 };

#define HIGH "4194304"

static char path[] = "/tmp/coffer-still-XXXXXX";
static int dir = -1;

static void put(const char *name, const char *text)
{
	int fd = openat(dir, name, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);

	CHECK_INT(0, fd_write_all(fd, text, strlen(text)));
	(void)close(fd);
}

static void start(const char *groups)
{
	strcpy(path + strlen(path) - 6, "XXXXXX");
	CHECK(mkdtemp(path) != NULL);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	put("cgroup.stat", groups);
	put("cgroup.threads", "");
}

static void stop(void)
{
	(void)unlinkat(dir, "cgroup.stat", 0);
	(void)unlinkat(dir, "cgroup.threads", 0);
	(void)close(dir);
	CHECK_INT(0, rmdir(path));
}

static char state_of(pid_t pid)
{
	char name[32], text[512];
	const char *end;

	(void)snprintf(name, sizeof(name), "/proc/%d/stat", pid);
	if (fd_read_small(AT_FDCWD, name, text, sizeof(text)) <= 0)
		return '-';
	end = strrchr(text, ')');
	return end ? end[2] : '-';
}

/* A failed test leaves nothing behind. */
static pid_t child(void)
{
	pid_t pid = fork();

	if (pid == 0)
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

/* Once it is in this state. */
static bool is_still_with(pid_t pid, char state)
{
	char text[32];

	for (int i = 0; i < TRIES && state_of(pid) != state; i++)
		(void)usleep(MS_US);
	CHECK_INT(state, state_of(pid));
	(void)snprintf(text, sizeof(text), "%d\n", pid);
	put("cgroup.threads", text);
	return cgroup_is_still(dir);
}

static void end(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	CHECK_INT(pid, waitpid(pid, NULL, 0));
}

static void asleep_stopped_ended(void)
{
	char text[32];
	pid_t pid = child();

	if (pid == 0)
		for (;;)
			pause();
	start("nr_descendants 0\n");
	CHECK(is_still_with(pid, 'S'));
	CHECK_INT(0, kill(pid, SIGSTOP));
	CHECK(is_still_with(pid, 'T'));
	CHECK_INT(0, kill(pid, SIGKILL));
	CHECK(is_still_with(pid, 'Z'));
	CHECK_INT(pid, waitpid(pid, NULL, 0));
	(void)snprintf(text, sizeof(text), "%d\n", pid);
	put("cgroup.threads", text);
	CHECK(cgroup_is_still(dir)); /* gone */
	stop();
}

static void running(void)
{
	volatile unsigned count = 0;
	pid_t pid = child();

	if (pid == 0)
		for (;;)
			count++;
	start("nr_descendants 0\n");
	CHECK(!is_still_with(pid, 'R'));
	end(pid);
	stop();
}

/* vfork() waits where nothing but SIGKILL wakes it; as whoever writes much in one system call may. */
static void asleep_in_a_system_call_for_good(void)
{
	pid_t pid = child();

	if (pid == 0) {
		if (syscall(SYS_clone, CLONE_VFORK | SIGCHLD, 0, 0, 0, 0) != 0)
			_exit(0);
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	start("nr_descendants 0\n");
	CHECK(!is_still_with(pid, 'D'));
	CHECK_INT(0, kill(pid, SIGKILL));
	CHECK_INT(pid, waitpid(pid, NULL, 0));
	stop();
}

/* ---- above memory.high ---- */

static void touch_much(void)
{
	volatile char *memory = mmap(NULL, MUCH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)madvise((void *)(uintptr_t)memory, MUCH, MADV_NOHUGEPAGE);
	for (size_t at = 0; at < MUCH; at += PAGE)
		memory[at] = 1;
}

/* Charges of 2 MiB, each so much that it sleeps inside the fault. */
static void touch_hugely(void)
{
	volatile char *memory = mmap(NULL, MUCH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)madvise((void *)(uintptr_t)memory, MUCH, MADV_HUGEPAGE);
	for (size_t at = 0; at < MUCH; at += PAGE)
		memory[at] = 1;
}

static void write_much(void)
{
	static const char data[A_WRITE];
	int ends[2];

	for (size_t at = 0; at < MUCH; at += A_WRITE) {
		if (at % PIPE_SIZE == 0 && (pipe(ends) < 0 || fcntl(ends[1], F_SETPIPE_SZ, PIPE_SIZE) < 0))
			_exit(1);
		if (write(ends[1], data, A_WRITE) != A_WRITE)
			_exit(1);
	}
}

static void write_much_at_once(void)
{
	const char *zeroes = mmap(NULL, MUCH, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)!write(memfd_create("much", MFD_CLOEXEC), zeroes, MUCH);
}

/* Of a task that sleeps above memory.high, for so long that it will go on, in a cgroup that is told to freeze then. */
static bool is_still_above_high(void (*work)(void))
{
	struct cgroup_host host;
	struct cgroup *group = NULL;
	struct error err = { .text = "" };
	bool still;
	pid_t pid;

	sandbox_enter(&host);
	if (!(host.controllers & 1u << CGROUP_MEMORY))
		TEST_SKIP("the memory controller is not on cgroup v2 here");
	CHECK_INT(0, cgroup_create(&host, sandbox_path("s"), 1u << CGROUP_MEMORY, &group, &err));
	CHECK_INT(0, fd_write_existing(cgroup_fd(group), "memory.high", HIGH));
	pid = child();
	if (pid == 0) {
		if (fd_write_existing(cgroup_fd(group), "cgroup.procs", "0") == 0)
			work();
		_exit(0);
	}
	for (int i = 0, asleep = 0; i < TRIES && asleep < LONG_MS; i++) {
		(void)usleep(MS_US);
		asleep = state_of(pid) == 'D' ? asleep + 1 : 0;
	}
	CHECK_INT(0, fd_write_existing(cgroup_fd(group), "cgroup.freeze", "1"));
	CHECK_INT('D', state_of(pid));
	still = cgroup_is_still(cgroup_fd(group));
	end(pid);
	cgroup_close(group);
	sandbox_leave(&host);
	return still;
}

static void asleep_above_high_at_the_end_of_a_page_fault(void)
{
	CHECK(is_still_above_high(touch_much));
}

static void asleep_above_high_in_a_page_fault(void)
{
	CHECK(is_still_above_high(touch_hugely));
}

static void asleep_above_high_at_the_end_of_a_call(void)
{
	CHECK(is_still_above_high(write_much));
}

static void asleep_above_high_in_a_call(void)
{
	CHECK(!is_still_above_high(write_much_at_once));
}

static void what_cannot_be_told(void)
{
	start("nr_descendants 0\n");
	put("cgroup.threads", "0\n"); /* of another pid namespace */
	CHECK(!cgroup_is_still(dir));
	put("cgroup.threads", "");
	CHECK(cgroup_is_still(dir));
	put("cgroup.stat", "nr_descendants 65\n");
	CHECK(!cgroup_is_still(dir));
	put("cgroup.stat", "nonsense\n");
	CHECK(!cgroup_is_still(dir));
	put("cgroup.stat", "nr_descendants 0\n");
	CHECK_INT(0, unlinkat(dir, "cgroup.threads", 0));
	CHECK_INT(0, mkdirat(dir, "cgroup.threads", 0700)); /* cannot be read */
	CHECK(!cgroup_is_still(dir));
	CHECK_INT(0, unlinkat(dir, "cgroup.threads", AT_REMOVEDIR));
	stop();
}

static const struct test tests[] = {
	TEST(asleep_stopped_ended),
	TEST(running),
	TEST(asleep_in_a_system_call_for_good),
	TEST(asleep_above_high_at_the_end_of_a_page_fault),
	TEST(asleep_above_high_in_a_page_fault),
	TEST(asleep_above_high_at_the_end_of_a_call),
	TEST(asleep_above_high_in_a_call),
	TEST(what_cannot_be_told),
};

TEST_MAIN(tests)
