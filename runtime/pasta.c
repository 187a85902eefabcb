/* pasta.c - see pasta.h. */
#include "pasta.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/arena.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/syscalls.h"
#include "child.h"

#define PID_FILE "pasta.pid"

enum { MESSAGE_SIZE = 400, ARGUMENTS_FIXED = 32, NUMBER_SIZE = 32, COMMAND_SIZE = 8192, EXEC_FAILED = 127 };

static const char program[] = "/usr/bin/pasta";

/* "ADDRESS/HOST:CONTAINER", which is how pasta has it. */
static const char *port_word(struct arena *arena, const struct nft_port *port)
{
	char text[IP_TEXT_SIZE];
	const char *address = ip_text(&port->host, text);

	return arena_printf(arena, "%s%s%u:%u", address, *address ? "/" : "", port->host_port, port->port);
}

/* Without a port: none, or pasta would open each one that is listened at in the container. */
static size_t put_ports(struct arena *arena, const char **argv, uint8_t protocol, const struct nft_port *ports,
			size_t n_ports)
{
	const char *option = protocol == IPPROTO_TCP ? "-t" : "-u";
	size_t count = 0;

	for (size_t i = 0; i < n_ports; i++) {
		if (ports[i].protocol != protocol)
			continue;
		argv[count++] = option;
		argv[count++] = port_word(arena, &ports[i]);
	}
	if (count == 0) {
		argv[count++] = option;
		argv[count++] = "none";
	}
	return count;
}

static const char **make_arguments(struct arena *arena, pid_t pid, const char *pid_file, const struct nft_port *ports,
				   size_t n_ports)
{
	/* Nothing of the host's loopback interface is the container's, nor the other way round. */
	const char *const fixed[] = {
		"pasta", "--config-net", "--quiet", "--no-map-gw", "--dns-forward", PASTA_NAME_SERVER,
		"-T",    "none",         "-U",      "none",        "--pid",         pid_file,
	};
	const char **argv = arena_array(arena, 2 * n_ports + ARGUMENTS_FIXED, sizeof(*argv));
	size_t count = ARRAY_SIZE(fixed);

	memcpy(argv, fixed, sizeof(fixed));
	count += put_ports(arena, argv + count, IPPROTO_TCP, ports, n_ports);
	count += put_ports(arena, argv + count, IPPROTO_UDP, ports, n_ports);
	argv[count] = arena_printf(arena, "%d", (int)pid);
	return argv;
}

/* What it says goes to a file in memory: it stays behind when pasta goes on in the background. */
static void become_pasta(const char *const *argv, int output)
{
	auto_fd int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	char *const no_environment[] = { NULL };
	struct error ignored;

	if (null < 0 || child_signals(&ignored) < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
	    dup2(output, STDERR_FILENO) < 0 || sys_close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		_exit(EXEC_FAILED);
	(void)execve(program, (char *const *)(uintptr_t)argv, no_environment);
	_exit(EXEC_FAILED);
}

/* The last line that is about the matter; where there is no system log it says so for every line. */
static const char *last_words(struct arena *arena, int output)
{
	char text[MESSAGE_SIZE + 1];
	const off_t end = lseek(output, 0, SEEK_END);
	const ssize_t got = pread(output, text, MESSAGE_SIZE, end > MESSAGE_SIZE ? end - MESSAGE_SIZE : 0);
	const char *last = "it does not say why";
	char *rest = text;
	const char *line;

	text[got > 0 ? got : 0] = '\0';
	while ((line = strsep(&rest, "\n")) != NULL)
		if (*line && !str_starts(line, "Failed to send"))
			last = line;
	return arena_strdup(arena, last);
}

static int run_pasta(struct arena *arena, const char *const *argv, struct error *err)
{
	auto_fd int output = memfd_create("pasta", MFD_CLOEXEC);
	int status;
	pid_t pid;

	if (output < 0)
		return fail(err, errno, "a file for what pasta says");
	pid = fork();
	if (pid == 0)
		become_pasta(argv, output);
	if (pid < 0)
		return fail(err, errno, "fork pasta");
	status = proc_wait(pid);
	return status == 0 ? 0
			   : refuse(err, "pasta: %s (exit status %d); --network none does without",
				    last_words(arena, output), status);
}

int pasta_start(pid_t pid, const char *state, const struct nft_port *ports, size_t n_ports, struct error *err)
{
	auto_arena struct arena *arena = arena_new();

	for (size_t i = 0; i < n_ports; i++)
		if (ports[i].protocol != IPPROTO_TCP && ports[i].protocol != IPPROTO_UDP)
			return refuse(err, "pasta publishes ports of tcp and udp only");
	if (geteuid() == 0)
		return refuse(err, "pasta is for users who are not root: use --network bridge");
	if (access(program, X_OK) < 0)
		return fail(err, errno,
			    "%s, which carries the network of a container that is not root's (package passt; "
			    "--network none does without)",
			    program);
	return run_pasta(arena, make_arguments(arena, pid, arena_printf(arena, "%s/" PID_FILE, state), ports, n_ports),
			 err);
}

/* A pid may be another's by now: pasta's has the file's path among its arguments. */
static bool is_ours(int pid, const char *path)
{
	char name[NUMBER_SIZE];
	char command[COMMAND_SIZE];
	ssize_t length;

	(void)snprintf(name, sizeof(name), "/proc/%d/cmdline", pid);
	length = fd_read_small(AT_FDCWD, name, command, sizeof(command));
	return length > 0 && memmem(command, (size_t)length, path, strlen(path));
}

void pasta_stop(const char *state)
{
	auto_free char *path = xasprintf("%s/" PID_FILE, state);
	char text[NUMBER_SIZE];
	auto_fd int pidfd = -1;
	uint64_t pid = 0;

	if (fd_read_small(AT_FDCWD, path, text, sizeof(text)) < 0)
		return;
	if (str_to_u64(text, INT_MAX, &pid) == 0 && pid > 0)
		pidfd = proc_pidfd_open((pid_t)pid);
	if (pidfd >= 0 && is_ours((int)pid, path))
		(void)proc_pidfd_send(pidfd, SIGTERM);
	(void)unlink(path);
}
