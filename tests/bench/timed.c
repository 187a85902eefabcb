/*
 * timed.c - how long a program takes: timed FD PROGRAM [ARGUMENT...]
 *
 * From posix_spawn to waitpid, in milliseconds, as text to FD, which the program does not get. It is another process
 * than the bench, so that what an interpreter takes to spawn is not in it. Exits as the program did.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

int main(int argc, char **argv)
{
	const int fd = argc < 3 ? -1 : atoi(argv[1]);
	double began;
	pid_t pid;
	int status;

	if (fd < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return EXIT_FAILURE;
	began = now_ms();
	if (posix_spawn(&pid, argv[2], NULL, NULL, argv + 2, environ) != 0 || waitpid(pid, &status, 0) != pid)
		return EXIT_FAILURE;
	(void)dprintf(fd, "%.4f\n", now_ms() - began);
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}
