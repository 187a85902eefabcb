/*
 * service.h - a process of ours behind a socket in a directory: at most one, started by whoever needs it first, and no
 * child of the one who did.
 *
 * It holds the lock beside the socket for as long as it lives. Whoever finds nobody listening takes the lock, binds the
 * socket and forks the process with both, so there is no moment when a connection is refused but for want of one.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/* What the process is started with, besides no environment, no terminal and / as its directory: its listening socket,
   which does not block, and the lock. */
enum { SERVICE_LISTENER_FD = 3, SERVICE_LOCK_FD = 4 };

struct service {
	const char *what;                /* "the oom watcher of /run/coffer", for messages */
	int dir;                         /* that nobody else writes to */
	const char *socket, *lock;       /* names there */
	int type;                        /* SOCK_STREAM or SOCK_SEQPACKET */
	char *const *argv, *const *envp; /* of this program */
};

/* Connects; `start`: starts the process first where there is none. A socket, or -errno (-ENOENT, -ECONNREFUSED: none
   runs). A process that is just about to end may take the connection with it: -ECONNRESET or -EPIPE by its user. */
int service_connect(const struct service *service, bool start, struct error *err);
