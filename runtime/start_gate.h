/*
 * start_gate.h - how `start` reaches a created container: a unix socket in its state directory.
 *
 * The parent makes it listening before clone, init inherits it and accepts one connection when all is set up. The
 * connection speaks the protocol of sync.h: SYNC_START one way; end of file (execve succeeded) or SYNC_ERROR the other.
 * A fifo, as peers use, cannot tell `start` that execve failed, and has to be opened by path from inside the container.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "state.h"

/* Listening socket start.sock in the state directory, mode 0600. */
int start_gate_make(const struct state_dir *dir, int *ret_listener, struct error *err);

bool start_gate_exists(const struct state_dir *dir);

/* `start`: connects; -ENOENT, -ECONNREFUSED when there is no init behind it. */
int start_gate_connect(const struct state_dir *dir, int *ret_socket, struct error *err);

int start_gate_remove(const struct state_dir *dir, struct error *err);

/* Init: waits for `start`; only the same effective user or root may come. Returns the connection, sync_expect done. */
int start_gate_wait(int listener, int *ret_socket, struct error *err);
