/*
 * tty_proxy.c - a foreground terminal: bytes between the caller's stdin and stdout and the master of the container's
 * pty, until the container's process ends.
 *
 * Own terminal raw -> loop over poll(stdin, stdout, master, signalfd, pidfd) -> what is left of the
 * output -> terminal and signal mask as they were. stdin and stdout are shared with the shell, so they stay blocking:
 * each is touched only after poll, and stdout with no more than PIPE_BUF bytes at a time.
 */
#include "tty.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/proc.h"

enum { BUFFER_SIZE = 4096, DRAIN_MAX = 1024 * 1024, DRAIN_WRITE_MS = 1000 };
static_assert(BUFFER_SIZE <= PIPE_BUF, "poll promises room for PIPE_BUF bytes");

/* Bytes read from one side and not yet written to the other. */
struct flow {
	int in, out; /* -1: closed */
	size_t start, end;
	char data[BUFFER_SIZE];
};

struct proxy {
	struct flow input;  /* stdin -> master */
	struct flow output; /* master -> stdout */
	int signal_fd;
	pid_t pid;
	int pidfd;
	bool raw;
	struct termios saved;
	sigset_t saved_mask;
	struct sigaction saved_pipe; /* a reader of stdout that went away is no reason to die with a raw terminal */
	bool masked;
};

/* Passed on to the container's process; any of them would else end the proxy and leave the terminal raw. */
static const int passed_signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2 };

static void restore(const struct proxy *proxy)
{
	if (proxy->raw)
		(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &proxy->saved);
	cleanup_fd(&proxy->signal_fd);
	if (!proxy->masked)
		return;
	(void)sigaction(SIGPIPE, &proxy->saved_pipe, NULL);
	(void)sigprocmask(SIG_SETMASK, &proxy->saved_mask, NULL);
}

static int take_signals(struct proxy *proxy)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGWINCH);
	(void)sigaddset(&set, SIGCHLD); /* tells of orphans to reap */
	for (size_t i = 0; i < ARRAY_SIZE(passed_signals); i++)
		(void)sigaddset(&set, passed_signals[i]);
	if (sigprocmask(SIG_BLOCK, &set, &proxy->saved_mask) < 0 || sigaction(SIGPIPE, &ignore, &proxy->saved_pipe) < 0)
		return -errno;
	proxy->masked = true;
	proxy->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return proxy->signal_fd < 0 ? -errno : 0;
}

static int make_raw(struct proxy *proxy)
{
	struct termios raw;

	if (!isatty(STDIN_FILENO))
		return 0;
	if (tcgetattr(STDIN_FILENO, &proxy->saved) < 0)
		return -errno;
	raw = proxy->saved;
	cfmakeraw(&raw);
	if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) < 0)
		return -errno;
	proxy->raw = true;
	return 0;
}

void tty_copy_size(int master)
{
	struct winsize size;

	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0)
		(void)ioctl(master, TIOCSWINSZ, &size);
}

static void read_signals(const struct proxy *proxy, int master)
{
	struct signalfd_siginfo info;

	while (read(proxy->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGWINCH)
			tty_copy_size(master);
		else if (info.ssi_signo == SIGCHLD)
			proc_reap_others(proxy->pid);
		else
			(void)proc_pidfd_send(proxy->pidfd, (int)info.ssi_signo);
	}
}

static bool is_empty(const struct flow *flow)
{
	return flow->start == flow->end;
}

/* Moves what poll said can be moved. EIO on a master means that nobody has the other end open. */
static void fill(struct flow *flow)
{
	ssize_t got = read(flow->in, flow->data, sizeof(flow->data));

	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	flow->start = 0;
	flow->end = got > 0 ? (size_t)got : 0;
	if (got <= 0)
		flow->in = -1;
}

static void empty(struct flow *flow)
{
	ssize_t done = write(flow->out, flow->data + flow->start, flow->end - flow->start);

	if (done < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (done < 0) {
		flow->out = -1;
		done = (ssize_t)(flow->end - flow->start);
	}
	flow->start += (size_t)done;
}

/* A flow waits for one side at a time. Bytes that nobody takes any more are dropped, so that the writer goes on. */
static void poll_flow(struct flow *flow, struct pollfd *fds)
{
	fds[0] = (struct pollfd){ .fd = is_empty(flow) ? flow->in : -1, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = is_empty(flow) ? -1 : flow->out, .events = POLLOUT };
}

static void move_flow(struct flow *flow, const struct pollfd *fds)
{
	if (fds[0].revents)
		fill(flow);
	if (fds[1].revents & POLLOUT)
		empty(flow);
	else if (fds[1].revents)
		flow->out = -1;
	if (flow->out < 0)
		flow->start = flow->end;
}

enum { POLL_SIGNAL, POLL_PROCESS, POLL_INPUT, POLL_OUTPUT = POLL_INPUT + 2, POLL_MAX = POLL_OUTPUT + 2 };

/* Until the process ends: 0, or -errno. */
static int pump(struct proxy *proxy, int master)
{
	for (;;) {
		struct pollfd fds[POLL_MAX] = {
			[POLL_SIGNAL] = { .fd = proxy->signal_fd, .events = POLLIN },
			[POLL_PROCESS] = { .fd = proxy->pidfd, .events = POLLIN },
		};

		if (proxy->input.out < 0)
			proxy->input.in = -1;
		poll_flow(&proxy->input, &fds[POLL_INPUT]);
		poll_flow(&proxy->output, &fds[POLL_OUTPUT]);
		if (poll(fds, POLL_MAX, -1) < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		if (fds[POLL_SIGNAL].revents)
			read_signals(proxy, master);
		move_flow(&proxy->input, &fds[POLL_INPUT]);
		move_flow(&proxy->output, &fds[POLL_OUTPUT]);
		if (fds[POLL_PROCESS].revents)
			return 0;
	}
}

/* What the process wrote before it ended. Bounded: others may still write to the terminal, and nobody may read ours. */
static void drain(struct flow *flow)
{
	for (size_t total = 0; total < DRAIN_MAX;) {
		struct pollfd room = { .fd = flow->out, .events = POLLOUT };
		size_t before = flow->start;

		if (is_empty(flow)) {
			if (flow->in < 0)
				return;
			fill(flow); /* the master does not block */
			if (is_empty(flow))
				return;
			continue;
		}
		if (flow->out < 0 || poll(&room, 1, DRAIN_WRITE_MS) <= 0)
			return;
		empty(flow);
		total += flow->start - before;
	}
}

int tty_proxy(int master_fd, pid_t pid, int pidfd, struct error *err)
{
	auto_cleanup(restore) struct proxy proxy = {
		.input = { .in = STDIN_FILENO, .out = master_fd },
		.output = { .in = master_fd, .out = STDOUT_FILENO },
		.signal_fd = -1,
		.pid = pid,
		.pidfd = pidfd,
	};
	int r = fcntl(master_fd, F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;

	if (r == 0)
		r = take_signals(&proxy);
	if (r == 0)
		r = make_raw(&proxy);
	if (r < 0)
		return fail(err, -r, "set up the terminal");
	r = pump(&proxy, master_fd);
	if (r < 0)
		return fail(err, -r, "poll the terminal");
	drain(&proxy.output);
	return 0;
}
