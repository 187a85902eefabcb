/*
 * main.c - the program: makes its tables read-only, makes sure that fds 0 to 2 are taken and that children can be
 * waited for, and hands the command line to command_run().
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "command.h"
#include "runtime/exe_seal.h"

/* A caller that closed one of them must not find a state or cgroup fd of ours in its place as stdio of a container. */
static int fill_stdio(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", O_RDWR | O_NOCTTY) != fd)
			return -EBADF;
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (exe_protect() < 0 || fill_stdio() < 0)
		return EXIT_FAILURE;
	/* A caller that ignores it hands that on, and then the kernel reaps the container, with its status. */
	(void)signal(SIGCHLD, SIG_DFL);
	return command_run((const char *const *)argv + (argc > 0));
}
