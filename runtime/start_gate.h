/*
 * start_gate.h - how `start` reaches a created container: a unix socket in its state directory.
 *
 * The parent makes the socket before clone, so that init inherits it, and binds it when init is ready: the name's
 * existence is what makes the container "created". Init then accepts one connection, which speaks the protocol of
 * sync.h: SYNC_START one way; end of file (execve succeeded) or SYNC_ERROR the other.
 * A fifo, as peers use, cannot tell `start` that execve failed, and has to be opened by path from inside the container.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "state.h"

/* An unbound socket, before clone. Returns the fd. */
int start_gate_socket(struct error *err);

/* Binds it as start.sock in the state directory (mode 0600) and listens: from now on start_gate_connect() works. */
int start_gate_publish(const struct state_dir *dir, int listener, struct error *err);

/* Is there a gate with an init behind it? The file alone, left by a `start` that was killed, does not count. */
bool start_gate_exists(const struct state_dir *dir);

/* `start`: connects; -ENOENT, -ECONNREFUSED when there is no init behind it. */
int start_gate_connect(const struct state_dir *dir, int *ret_socket, struct error *err);

int start_gate_remove(const struct state_dir *dir, struct error *err);

/* Init: waits for `start`; only the user that made the gate or root may come. Whoever goes away without SYNC_START is
   forgotten. Returns the connection, SYNC_START received. */
int start_gate_wait(int listener, int *ret_socket, struct error *err);
