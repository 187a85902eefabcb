/*
 * tty.h - terminals: the pty pair of a container's process and who holds its master.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * Init side. Opens a pty on the devpts that devpts_fd refers to (a directory fd on devpts, checked by magic; "ptmx"
 * in it checked by device number 5:2); the peer is opened by TIOCGPTPEER, never by path (CVE-2025-52565). Sets the
 * size if height and width are not 0. Gives both fds.
 */
int tty_open_pair(int devpts_fd, unsigned height, unsigned width, int *ret_master, int *ret_peer, struct error *err);

/* Init side: new session must exist; makes peer the controlling terminal and stdio 0-2; chowns it to uid. */
int tty_make_stdio(int peer_fd, uid_t uid, struct error *err);

/* Runtime side: connects to an AF_UNIX stream socket of an engine and sends the master with the payload "/dev/ptmx". */
int tty_send_console(const char *socket_path, int master_fd, struct error *err);

/* Runtime side: the master gets the size of the terminal that is stdin, if it is one. */
void tty_copy_size(int master_fd);

/*
 * Runtime side, foreground `run -t` and `exec -t`: own terminal to raw mode, bytes both ways, SIGWINCH passed on, until
 * the container's process (pid, pidfd) ends, and orphans reaped; the terminal is restored on every way out. Returns
 * after draining output.
 */
int tty_proxy(int master_fd, pid_t pid, int pidfd, struct error *err);
