/*
 * start_gate.c - the socket at which a created container waits for `start`; see start_gate.h.
 *
 * The path goes through /proc/self/fd, so the 108 bytes of sun_path are enough for any state directory.
 */
#include "start_gate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "sync.h"

#define GATE_FILE "start.sock"

enum { GATE_MODE = 0600, GATE_BACKLOG = 1 };

static struct sockaddr_un gate_address(const struct state_dir *dir)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/" GATE_FILE, dir->fd);
	return address;
}

int start_gate_socket(struct error *err)
{
	auto_fd int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return fail(err, errno, "make the start socket");
	/* bind(2) gives the file the mode of the socket, less the umask: no moment with another mode. */
	if (fchmod(fd, GATE_MODE) < 0)
		return fail(err, errno, "set the mode of the start socket");
	return take_fd(&fd);
}

int start_gate_publish(const struct state_dir *dir, int listener, struct error *err)
{
	const struct sockaddr_un address = gate_address(dir);

	if (bind(listener, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return fail(err, errno, "bind %s/" GATE_FILE, dir->path);
	if (listen(listener, GATE_BACKLOG) < 0)
		return fail(err, errno, "listen on %s/" GATE_FILE, dir->path);
	return 0;
}

/*
 * Connects with the wrong socket type: EPROTOTYPE means that a socket is open behind the file, ECONNREFUSED that only
 * the file is left. Init does not notice.
 */
bool start_gate_exists(const struct state_dir *dir)
{
	const struct sockaddr_un address = gate_address(dir);
	auto_fd int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 && errno == EPROTOTYPE;
}

int start_gate_connect(const struct state_dir *dir, int *ret_socket, struct error *err)
{
	const struct sockaddr_un address = gate_address(dir);
	auto_fd int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return fail(err, errno, "make a socket");
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return fail(err, errno, "connect to %s/" GATE_FILE, dir->path);
	*ret_socket = take_fd(&fd);
	return 0;
}

int start_gate_remove(const struct state_dir *dir, struct error *err)
{
	if (unlinkat(dir->fd, GATE_FILE, 0) < 0 && errno != ENOENT)
		return fail(err, errno, "remove %s/" GATE_FILE, dir->path);
	return 0;
}

static bool peer_uid(int socket, uid_t *ret_uid)
{
	struct ucred creds;
	socklen_t size = sizeof(creds);

	if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &creds, &size) < 0)
		return false;
	*ret_uid = creds.uid;
	return true;
}

/*
 * On a listening socket SO_PEERCRED is who called listen(2): the runtime. Both ids come through init's user namespace,
 * where the runtime may be unmapped; then every unmapped user looks alike and the file mode alone decides.
 */
static bool may_start(int listener, int connection)
{
	uid_t maker, comer;

	return peer_uid(listener, &maker) && peer_uid(connection, &comer) && (comer == maker || comer == 0);
}

int start_gate_wait(int listener, int *ret_socket, struct error *err)
{
	for (;;) {
		auto_fd int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (connection < 0 && (errno == EINTR || errno == ECONNABORTED))
			continue;
		if (connection < 0)
			return fail(err, errno, "wait for start");
		/* A `start` that was killed before it said anything changes nothing: the next may come. */
		if (may_start(listener, connection) && sync_expect(connection, SYNC_START, NULL, err) == 0) {
			*ret_socket = take_fd(&connection);
			return 0;
		}
	}
}
