/* userns_child.c - see userns_child.h: clone, ids mapped from outside, then one message each way. */
#include "userns_child.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/proc.h"
#include "namespaces/idmap.h"

struct report {
	int result;
	struct error error;
};

/* The end of the socket is the end of the caller: nothing is done without it. */
__attribute__((noreturn)) static void child_main(int socket, userns_function *function, const void *argument)
{
	struct report report = { 0 };
	int none = -1;
	char go;

	if (fd_receive(socket, &go, 1, &none) != 1)
		_exit(EXIT_FAILURE);
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		report.result = fail(&report.error, errno, "become root of a user namespace");
	else
		report.result = function(argument, &report.error);
	(void)fd_send(socket, &report, sizeof(report), -1);
	_exit(EXIT_SUCCESS);
}

static int let_it_run(pid_t pid, int socket, struct report *report, struct error *err)
{
	auto_arena struct arena *arena = arena_new();
	struct id_maps maps;
	int none = -1;
	int r = idmap_for_caller(arena, &maps, err);

	if (r == 0)
		r = idmap_write(pid, &maps, err);
	if (r < 0)
		return r;
	r = fd_send(socket, "", 1, -1);
	if (r == 0 && fd_receive(socket, report, sizeof(*report), &none) != (ssize_t)sizeof(*report))
		r = -ECHILD;
	return r < 0 ? fail(err, -r, "a process in a user namespace") : 0;
}

int userns_child_run(userns_function *function, const void *argument, struct error *err)
{
	struct report report = { 0 };
	auto_fd int own = -1;
	int pair[2];
	pid_t pid;
	int r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return fail(err, errno, "socketpair");
	own = pair[0];
	pid = proc_clone(CLONE_NEWUSER | CLONE_NEWNS, -1, NULL);
	if (pid == 0) {
		(void)close(pair[0]);
		child_main(pair[1], function, argument);
	}
	(void)close(pair[1]);
	if (pid < 0)
		return fail(err, -pid, "make a user namespace");
	r = let_it_run(pid, own, &report, err);
	(void)close(take_fd(&own));
	(void)proc_wait(pid);
	if (r == 0 && report.result < 0) {
		*err = report.error;
		r = report.result;
	}
	return r;
}
