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

enum { MESSAGE_SIZE = 400, ARGUMENTS_FIXED = 32, NUMBER_SIZE = 32, COMMAND_MAX = 512 * 1024, EXEC_FAILED = 127 };
enum { PRIVILEGED_PORTS = 1024 };

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

/* The first port that the kernel keeps from an ordinary user; 0: none of them. */
static unsigned privileged(const struct nft_port *ports, size_t n_ports)
{
	char text[NUMBER_SIZE];
	uint64_t first = PRIVILEGED_PORTS;

	if (fd_read_small(AT_FDCWD, "/proc/sys/net/ipv4/ip_unprivileged_port_start", text, sizeof(text)) > 0)
		(void)str_to_u64(text, UINT16_MAX + 1, &first);
	for (size_t i = 0; i < n_ports; i++)
		if (ports[i].host_port < first)
			return ports[i].host_port;
	return 0;
}

static int explain(const char *words, int status, const struct nft_port *ports, size_t n_ports, struct error *err)
{
	const unsigned port = privileged(ports, n_ports);

	if (str_starts(words, "Failed to bind") && port)
		return refuse(
			err,
			"pasta: %s: port %u is root's, as all below net.ipv4.ip_unprivileged_port_start are: take "
			"a higher one",
			words, port);
	if (str_starts(words, "Failed to bind"))
		return refuse(err, "pasta: %s: another process may have the port (ss -anp shows which)", words);
	return refuse(err, "pasta: %s (exit status %d); --network none does without", words, status);
}

static int run_pasta(struct arena *arena, const char *const *argv, const struct nft_port *ports, size_t n_ports,
		     struct error *err)
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
	return status == 0 ? 0 : explain(last_words(arena, output), status, ports, n_ports, err);
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
			 ports, n_ports, err);
}

/* ---- the one of a state directory ---- */

/* 0: what the file says is no pid; -1: there is none. */
static pid_t read_pid(const char *path)
{
	char text[NUMBER_SIZE];
	uint64_t pid = 0;

	if (fd_read_small(AT_FDCWD, path, text, sizeof(text)) < 0)
		return -1;
	return str_to_u64(text, INT_MAX, &pid) == 0 ? (pid_t)pid : 0;
}

/* Its arguments, one behind the other; NULL: a pid may be another's by now, and pasta's has the file's path in them. */
static char *read_command(pid_t pid, const char *path, size_t *ret_length)
{
	char name[NUMBER_SIZE];
	auto_free char *command = NULL;
	struct error ignored;

	(void)snprintf(name, sizeof(name), "/proc/%d/cmdline", (int)pid);
	if (fd_read_file(AT_FDCWD, name, COMMAND_MAX, &command, ret_length, &ignored) < 0 ||
	    !memmem(command, *ret_length, path, strlen(path)))
		return NULL;
	return take_ptr(command);
}

/* port_word() the other way. */
static bool read_port(char *word, uint8_t protocol, struct nft_port *ret)
{
	char *slash = strchr(word, '/');
	char *colon = strrchr(word, ':');
	struct nft_port port = { .protocol = protocol };
	struct error ignored;
	uint64_t from;
	uint64_t into;

	if (!colon || (slash && colon < slash))
		return false;
	*colon = '\0';
	if (slash)
		*slash = '\0';
	if ((slash && ip_parse(word, &port.host, &ignored) < 0) ||
	    str_to_u64(slash ? slash + 1 : word, UINT16_MAX, &from) < 0 || str_to_u64(colon + 1, UINT16_MAX, &into) < 0)
		return false;
	port.host_port = (uint16_t)from;
	port.port = (uint16_t)into;
	*ret = port;
	return true;
}

size_t pasta_ports(struct arena *arena, const char *state, struct nft_port **ret_ports)
{
	auto_free char *path = xasprintf("%s/" PID_FILE, state);
	const pid_t pid = read_pid(path);
	size_t length = 0;
	auto_free char *command = pid > 0 ? read_command(pid, path, &length) : NULL;
	uint8_t protocol = 0;
	size_t count = 0;

	*ret_ports = arena_array(arena, length / 2 + 1, sizeof(**ret_ports)); /* more than there can be */
	for (size_t at = 0; at < length;) {
		char *word = command + at;

		at += strlen(word) + 1;
		if (protocol && read_port(word, protocol, &(*ret_ports)[count]))
			count++;
		protocol = str_eq(word, "-t") ? IPPROTO_TCP : str_eq(word, "-u") ? IPPROTO_UDP : 0;
	}
	return count;
}

void pasta_stop(const char *state)
{
	auto_free char *path = xasprintf("%s/" PID_FILE, state);
	const pid_t pid = read_pid(path);
	auto_fd int pidfd = pid > 0 ? proc_pidfd_open(pid) : -1;
	size_t length;
	auto_free char *command = pidfd >= 0 ? read_command(pid, path, &length) : NULL;

	if (command)
		(void)proc_pidfd_send(pidfd, SIGTERM);
	if (pid >= 0)
		(void)unlink(path);
}
