/*
 * fake_watcher.h - the oom watcher's socket in a temporary state root: a child answers each request as a table says, by
 * its op, and notes it. Include it in one file a program.
 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "../temporary.h"
#include "../test.h"

struct reply {
	const char *op, *answer;
};

static char watcher_root[64], watcher_socket[96], watcher_asked[96];
static pid_t watcher_pid;

/* One connection at a time: each client of coffer's ends its own. */
static void watcher_serve(int listener, const struct reply *replies)
{
	int fd = accept(listener, NULL, NULL);
	FILE *in = fdopen(fd, "r");
	FILE *asked = fopen(watcher_asked, "ae");
	char line[4096];

	while (in && fgets(line, sizeof(line), in)) {
		const struct reply *reply = replies;
		char op[64];

		(void)fputs(line, asked);
		(void)fflush(asked);
		for (; reply->op; reply++) {
			(void)snprintf(op, sizeof(op), "{\"op\":\"%s\"", reply->op);
			if (strncmp(line, op, strlen(op)) == 0)
				break;
		}
		(void)dprintf(fd, "%s\n", reply->op ? reply->answer : "{\"ok\":false,\"error\":\"not expected\"}");
	}
	(void)fclose(asked);
	if (in)
		(void)fclose(in);
}

/* `replies` ends with op NULL. */
static void watcher_start(const struct reply *replies)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char dir[96];

	strcpy(watcher_root, temporary_directory());
	(void)snprintf(dir, sizeof(dir), "%s/.oom", watcher_root);
	(void)snprintf(watcher_socket, sizeof(watcher_socket), "%s/socket", dir);
	(void)snprintf(watcher_asked, sizeof(watcher_asked), "%s/asked", dir);
	CHECK(mkdir(dir, 0700) == 0 || errno == EEXIST);
	(void)unlink(watcher_socket);
	(void)unlink(watcher_asked);
	strcpy(address.sun_path, watcher_socket);
	CHECK_INT(0, bind(listener, (const struct sockaddr *)&address, sizeof(address)));
	CHECK_INT(0, listen(listener, 8));
	(void)fflush(stdout);
	watcher_pid = fork();
	CHECK(watcher_pid >= 0);
	if (watcher_pid == 0)
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (watcher_pid == 0)
		watcher_serve(listener, replies);
	(void)close(listener);
}

/* All that it has been asked, a line each. */
static const char *watcher_stop(void)
{
	static char text[8192];

	(void)kill(watcher_pid, SIGKILL);
	(void)waitpid(watcher_pid, NULL, 0);
	(void)unlink(watcher_socket);
	text[0] = '\0';
	(void)fd_read_small(AT_FDCWD, watcher_asked, text, sizeof(text));
	return text;
}
