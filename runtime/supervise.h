/*
 * supervise.h - a foreground run or exec: signals go to the container's process, its end comes back.
 */
#pragma once

#include <signal.h>
#include <sys/types.h>

#include "base/error.h"

struct supervise {
	int signals;     /* signalfd of all signals that are passed on, -1 until prepared */
	sigset_t before; /* mask to restore */
};

#define SUPERVISE_NONE                                                                                                 \
	{                                                                                                              \
		.signals = -1                                                                                          \
	}

/* Blocks the signals, before the clone, so that none is lost between. init undoes the mask for itself. */
int supervise_prepare(struct supervise *supervise, struct error *err);

/*
 * Waits for the process: its terminal, if any, is carried to the own one (tty_proxy), signals are passed on, orphans
 * are reaped. *ret_exit is its status, or 128 + signal.
 */
int supervise_wait(const struct supervise *supervise, pid_t pid, int pidfd, int master_fd, int *ret_exit,
		   struct error *err);

void supervise_end(struct supervise *supervise);

#define auto_supervise __attribute__((cleanup(supervise_end)))
