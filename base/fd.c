/* fd.c - see fd.h. */
#include "fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "str.h"

static int read_to_end(int fd, size_t max, char **ret_text, size_t *ret_length)
{
	size_t capacity = 4096;
	size_t used = 0;
	struct stat st;
	auto_free char *text = NULL;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
		if ((uint64_t)st.st_size > max)
			return -EFBIG;
		capacity = (size_t)st.st_size + 2;
	}
	text = xcalloc(1, capacity);
	for (;;) {
		ssize_t got = read(fd, text + used, capacity - used - 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		used += (size_t)got;
		if (used > max)
			return -EFBIG;
		if (used + 1 == capacity) {
			capacity *= 2;
			text = xreallocarray(text, capacity, 1);
		}
	}
	text[used] = '\0';
	*ret_text = take_ptr(text);
	if (ret_length)
		*ret_length = used;
	return 0;
}

int fd_read_file(int dirfd, const char *path, size_t max, char **ret_text, size_t *ret_length, struct error *err)
{
	auto_fd int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int r;

	if (fd < 0)
		return fail(err, errno, "open %s", path);
	r = read_to_end(fd, max, ret_text, ret_length);
	if (r == -EFBIG)
		return fail(err, EFBIG, "read %s: more than %zu bytes", path, max);
	if (r < 0)
		return fail(err, -r, "read %s", path);
	return 0;
}

ssize_t fd_read_small(int dirfd, const char *path, char *buffer, size_t size)
{
	auto_fd int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);
	size_t used = 0;

	if (fd < 0)
		return -errno;
	while (used < size - 1) {
		ssize_t got = read(fd, buffer + used, size - 1 - used);

		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		used += (size_t)got;
	}
	while (used > 0 && buffer[used - 1] == '\n')
		used--;
	buffer[used] = '\0';
	return (ssize_t)used;
}

int fd_write_existing(int dirfd, const char *path, const char *text)
{
	auto_fd int fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		return -errno;
	return 0;
}

int fd_write_all(int fd, const void *data, size_t size)
{
	const char *next = data;

	while (size > 0) {
		ssize_t done = write(fd, next, size);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		next += done;
		size -= (size_t)done;
	}
	return 0;
}

static int replace(int dirfd, const char *path, const void *data, size_t size, mode_t mode, bool sync,
		   struct error *err)
{
	auto_free char *temporary = xasprintf("%s.%d.tmp", path, getpid());
	auto_fd int fd = openat(dirfd, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode);
	int r;

	if (fd < 0)
		return fail(err, errno, "create %s", temporary);
	r = fd_write_all(fd, data, size);
	if (r == 0 && sync && fsync(fd) < 0)
		r = -errno;
	if (r == 0 && renameat(dirfd, temporary, dirfd, path) < 0)
		r = -errno;
	if (r < 0) {
		(void)unlinkat(dirfd, temporary, 0);
		return fail(err, -r, "write %s", path);
	}
	return 0;
}

int fd_write_atomic(int dirfd, const char *path, const void *data, size_t size, mode_t mode, struct error *err)
{
	return replace(dirfd, path, data, size, mode, false, err);
}

int fd_write_durable(int dirfd, const char *path, const void *data, size_t size, mode_t mode, struct error *err)
{
	int r = replace(dirfd, path, data, size, mode, true, err);

	return r == 0 && fsync(dirfd) < 0 ? fail(err, errno, "fsync the directory of %s", path) : r;
}

int fd_send(int socket, const void *data, size_t size, int fd)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec part = { .iov_base = (void *)(uintptr_t)data, .iov_len = size };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	if (fd >= 0) {
		memset(&control, 0, sizeof(control));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(int));
		message.msg_control = control.space;
		message.msg_controllen = sizeof(control.space);
	}
	while (sendmsg(socket, &message, MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

ssize_t fd_receive(int socket, void *data, size_t size, int *ret_fd)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec part = { .iov_base = data, .iov_len = size };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	const struct cmsghdr *header;
	ssize_t got;

	/* Room for one fd without the padding, where the kernel would put a second: surplus ones it drops itself. */
	message.msg_control = control.space;
	message.msg_controllen = CMSG_LEN(sizeof(int));
	do
		got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	*ret_fd = -1;
	if (got < 0)
		return -errno;
	header = CMSG_FIRSTHDR(&message);
	if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
	    header->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(ret_fd, CMSG_DATA(header), sizeof(int));
	return got;
}

int fd_set_cloexec(int fd, bool on)
{
	return fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0) < 0 ? -errno : 0;
}

int fd_above_stdio(int fd)
{
	int moved;

	if (fd > STDERR_FILENO)
		return fd;
	moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (moved < 0)
		return -errno;
	(void)close(fd);
	return moved;
}
