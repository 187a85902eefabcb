/* supervise.c - poll over two fds, the signals and the process; see supervise.h. */
#include "supervise.h"

#include <errno.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "tty.h"

/* What a user or a service manager sends to a foreground program. SIGCHLD tells of orphans to reap. */
static const int watched[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGCONT, SIGWINCH, SIGCHLD };

int supervise_prepare(struct supervise *supervise, struct error *err)
{
	sigset_t set;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(watched); i++)
		(void)sigaddset(&set, watched[i]);
	if (sigprocmask(SIG_BLOCK, &set, &supervise->before) < 0)
		return fail(err, errno, "block signals");
	supervise->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return supervise->signals < 0 ? fail(err, errno, "signalfd") : 0;
}

static void pass_signals(const struct supervise *supervise, pid_t pid, int pidfd)
{
	struct signalfd_siginfo info;

	while (read(supervise->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			proc_reap_others(pid);
		else
			(void)proc_pidfd_send(pidfd, (int)info.ssi_signo);
	}
}

static int wait_for_end(const struct supervise *supervise, pid_t pid, int pidfd, struct error *err)
{
	struct pollfd fds[] = { { .fd = pidfd, .events = POLLIN }, { .fd = supervise->signals, .events = POLLIN } };

	for (;;) {
		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			return fail(err, errno, "wait for the container");
		if (fds[0].revents)
			return 0;
		if (fds[1].revents)
			pass_signals(supervise, pid, pidfd);
	}
}

int supervise_wait(const struct supervise *supervise, pid_t pid, int pidfd, int master_fd, int *ret_exit,
		   struct error *err)
{
	int r = master_fd >= 0 ? tty_proxy(master_fd, pid, pidfd, err) : wait_for_end(supervise, pid, pidfd, err);
	int status;

	if (r < 0)
		return r;
	status = proc_wait_pidfd(pidfd);
	if (status < 0)
		return fail(err, -status, "wait for the container");
	*ret_exit = status;
	return 0;
}

void supervise_end(struct supervise *supervise)
{
	if (supervise->signals < 0)
		return;
	cleanup_fd(&supervise->signals);
	supervise->signals = -1;
	(void)sigprocmask(SIG_SETMASK, &supervise->before, NULL);
}
