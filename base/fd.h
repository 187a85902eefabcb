/*
 * fd.h - whole-file reads and writes relative to a directory fd, and fds passed over a unix socket.
 * Every fd made here is close-on-exec. Paths in error texts are as given.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "error.h"

/* Reads at most max bytes of a regular or kernel file; a longer file is refused (-EFBIG). The text is NUL-terminated;
   the caller frees it. *ret_length may be NULL. */
int fd_read_file(int dirfd, const char *path, size_t max, char **ret_text, size_t *ret_length, struct error *err);

/* Reads a small kernel file into buffer, NUL-terminated, trailing newlines removed. No error text: -errno. */
ssize_t fd_read_small(int dirfd, const char *path, char *buffer, size_t size);

/* One write(2) of text to an existing file, as kernel interfaces want it. No error text: 0 or -errno. */
int fd_write_existing(int dirfd, const char *path, const char *text);

/* Writes all of data; retries short writes and EINTR. 0 or -errno. */
int fd_write_all(int fd, const void *data, size_t size);

/* Replaces path atomically with the text (temporary file in the same directory, then rename); mode as given. */
int fd_write_atomic(int dirfd, const char *path, const void *data, size_t size, mode_t mode, struct error *err);

/* The same, and it is there after a power cut: one text or the other, whole. `path`: a name in that directory. */
int fd_write_durable(int dirfd, const char *path, const void *data, size_t size, mode_t mode, struct error *err);

/* Sends size bytes and, if fd >= 0, that fd (SCM_RIGHTS) in one message. 0 or -errno; never raises SIGPIPE. */
int fd_send(int socket, const void *data, size_t size, int fd);

/* Receives one message of at most size bytes; *ret_fd is the passed fd or -1 and belongs to the caller.
   Returns bytes received, 0 at end of file, or -errno. */
ssize_t fd_receive(int socket, void *data, size_t size, int *ret_fd);

/* Sets or clears FD_CLOEXEC. 0 or -errno. */
int fd_set_cloexec(int fd, bool on);

/* Moves fd to a number >= 3, so that it never sits where stdio belongs. Returns the new fd (the old one is closed) or
   -errno. */
int fd_above_stdio(int fd);
