/*
 * oom_still.c - a process beside the watcher that looks, again and again, whether a container stands still.
 *
 * A look may have to wait for a task that is inside execve(2), which whoever is in the container can make last: the
 * close of a file at execve waits for its FUSE server. The watcher is there for all containers and waits for none; this
 * process is there for one look, and its own timer ends it wherever it waits.
 */
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/syscalls.h"
#include "cgroups/still.h"
#include "oom_watcher.h"

enum { GROUP_FD = STDIN_FILENO, ANSWER_FD = STDOUT_FILENO, LASTS_US = 100000, PAUSE_MS = 2, PRIORITY = 2 };

/* Nothing of the watcher's but these two; at its end this one ends too. */
static bool keep_only(int group, int answer)
{
	const struct itimerval timer = { .it_value = { .tv_usec = LASTS_US } };

	return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && setitimer(ITIMER_REAL, &timer, NULL) == 0 &&
	       dup2(group, GROUP_FD) == GROUP_FD && dup2(answer, ANSWER_FD) == ANSWER_FD &&
	       sys_close_range(STDERR_FILENO, ~0U, 0) == 0;
}

static _Noreturn void look(int group, int answer)
{
	struct pollfd reader = { .fd = ANSWER_FD };

	if (!keep_only(group, answer))
		_exit(EXIT_FAILURE);
	/* Few looks: how long one takes, the container decides. */
	for (int pause = PAUSE_MS; !cgroup_is_still(GROUP_FD); pause *= 2)
		if (poll(&reader, 1, pause) != 0) /* nobody wants to know any more */
			_exit(EXIT_SUCCESS);
	_exit(write(ANSWER_FD, "", 1) == 1 ? EXIT_SUCCESS : EXIT_FAILURE);
}

void still_begin(struct watched *container)
{
	/* Before those that boost.h has made real-time ones. */
	const struct sched_param first = { .sched_priority = PRIORITY };
	int ends[2];
	pid_t pid;

	if (container->still || pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return;
	pid = fork();
	if (pid == 0)
		look(container->wire.dir, ends[1]);
	(void)close(ends[1]);
	container->still = ends[0];
	if (pid > 0)
		(void)syscall(SYS_sched_setscheduler, pid, SCHED_FIFO, &first);
	else
		still_end(container);
}

bool still_is_seen(const struct watched *container)
{
	char answer;

	return container->still && read(container->still, &answer, 1) == 1;
}

void still_end(struct watched *container)
{
	if (container->still)
		(void)close(container->still);
	container->still = 0;
}
