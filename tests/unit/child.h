/*
 * child.h - what changes the process, or ends it, is tested in a forked child: its body returns 0, or the line of the
 * first EXPECT that was not true. CHECK must not be used in a body: it would jump back into the parent's list of tests.
 */
#pragma once

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXPECT(condition)                                                                                              \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			fprintf(stderr, "# in child: %s:%d: not true: %s\n", __FILE__, __LINE__, #condition);          \
			return __LINE__;                                                                               \
		}                                                                                                      \
	} while (0)

/* 0 if the body returned 0, 1 if it returned something else, 1000 + signal if one ended it. */
static inline int in_child(int (*body)(const void *), const void *argument)
{
	int status = 0;
	pid_t pid;

	(void)fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(body(argument) ? 1 : 0);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}
