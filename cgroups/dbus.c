/* dbus.c - see dbus.h. From the socket up: bytes by the deadline, who calls, messages, calls. */
#include "dbus.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/str.h"

/* ---- bytes ---- */

static int wait_for(const struct dbus *dbus, short events, struct error *err)
{
	struct pollfd poll_fd = { .fd = dbus->fd, .events = events };
	int64_t left = dbus->deadline - clock_ms();
	int r = poll(&poll_fd, 1, left > 0 ? (int)left : 0);

	if (r < 0 && errno != EINTR)
		return fail(err, errno, "wait for systemd");
	return r == 0 ? fail(err, ETIMEDOUT, "systemd does not answer") : 0;
}

static int send_all(const struct dbus *dbus, const uint8_t *bytes, size_t size, struct error *err)
{
	while (size > 0) {
		ssize_t n = send(dbus->fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
		int r = 0;

		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return fail(err, errno, "send to systemd");
		if (n < 0)
			r = wait_for(dbus, POLLOUT, err);
		if (r < 0)
			return r;
		bytes += n > 0 ? n : 0;
		size -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static int receive_all(const struct dbus *dbus, uint8_t *bytes, size_t size, struct error *err)
{
	while (size > 0) {
		ssize_t n = recv(dbus->fd, bytes, size, MSG_DONTWAIT);
		int r = 0;

		if (n == 0)
			return fail(err, ECONNRESET, "systemd has closed the connection");
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return fail(err, errno, "receive from systemd");
		if (n < 0)
			r = wait_for(dbus, POLLIN, err);
		if (r < 0)
			return r;
		bytes += n > 0 ? n : 0;
		size -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static int skip(struct dbus *dbus, size_t size, struct error *err)
{
	while (size > 0) {
		size_t part = size < sizeof(dbus->buffer) ? size : sizeof(dbus->buffer);
		int r = receive_all(dbus, dbus->buffer, part, err);

		if (r < 0)
			return r;
		size -= part;
	}
	return 0;
}

/* ---- who calls ---- */

/* A line up to "\r\n", and not a byte of what follows. */
static int receive_line(struct dbus *dbus, char *line, size_t size, struct error *err)
{
	size_t length = 0;

	while (length < size - 1) {
		int r = receive_all(dbus, (uint8_t *)line + length, 1, err);

		if (r < 0)
			return r;
		length++;
		line[length] = '\0';
		if (str_ends(line, "\r\n")) {
			line[length - strlen("\r\n")] = '\0';
			return 0;
		}
	}
	return fail(err, EBADMSG, "systemd's answer to who calls");
}

/* Without an identity in it: the socket's credentials tell, also from a user namespace, where ids differ. */
static int authenticate(struct dbus *dbus, struct error *err)
{
	static const char hello[] = "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n";
	char line[128] = "";
	int r = send_all(dbus, (const uint8_t *)hello, sizeof(hello) - 1, err);

	if (r == 0)
		r = receive_line(dbus, line, sizeof(line), err);
	if (r == 0 && str_eq(line, "DATA"))
		r = receive_line(dbus, line, sizeof(line), err);
	if (r < 0)
		return r;
	return str_starts(line, "OK ") ? 0 : fail(err, EACCES, "systemd: \"%s\"", line);
}

int dbus_connect(struct dbus *dbus, const char *path, int timeout_ms, struct error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	auto_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(address.sun_path))
		return fail(err, ENAMETOOLONG, "connect to %s", path);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return fail(err, errno, "connect to %s", path);
	dbus->fd = take_fd(&fd);
	dbus->serial = 0;
	dbus->timeout_ms = timeout_ms;
	dbus->deadline = clock_ms() + timeout_ms;
	return authenticate(dbus, err);
}

void dbus_close(struct dbus *dbus)
{
	cleanup_fd(&dbus->fd);
	dbus->fd = -1;
}

/* ---- messages ---- */

int dbus_receive(struct dbus *dbus, struct dbus_message *ret_message, struct error *err)
{
	for (;;) {
		int r = receive_all(dbus, dbus->buffer, DBUS_PREFIX_SIZE, err);
		size_t length = r < 0 ? 0 : dbus_length(dbus->buffer);

		if (r < 0)
			return r;
		if (length == 0)
			return fail(err, EBADMSG, "what systemd sends");
		if (length <= sizeof(dbus->buffer)) {
			r = receive_all(dbus, dbus->buffer + DBUS_PREFIX_SIZE, length - DBUS_PREFIX_SIZE, err);
			if (r == 0 && dbus_parse(dbus->buffer, length, ret_message) < 0)
				r = fail(err, EBADMSG, "a message of systemd");
			return r;
		}
		r = skip(dbus, length - DBUS_PREFIX_SIZE, err);
		if (r < 0)
			return r;
	}
}

void dbus_begin_call(struct dbus *dbus, struct dbus_writer *writer, const struct dbus_method *method)
{
	dbus->deadline = clock_ms() + dbus->timeout_ms;
	dbus_begin(writer, ++dbus->serial, method);
}

int dbus_call(struct dbus *dbus, struct dbus_writer *writer, struct dbus_message *ret_answer, struct error *err)
{
	int r = dbus_end(writer);

	if (r < 0)
		return fail(err, -r, "a call of systemd");
	r = send_all(dbus, writer->bytes, writer->length, err);
	while (r == 0) {
		r = dbus_receive(dbus, ret_answer, err);
		if (r == 0 && ret_answer->type != DBUS_SIGNAL && ret_answer->reply_to == dbus->serial)
			return 0;
	}
	return r;
}
