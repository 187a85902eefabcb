/*
 * tty.c - the pty pair of a container's process: opened in init, made its stdio, its master sent to the engine.
 * The byte pump of a foreground run is tty_proxy.c.
 */
#include "tty.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/path.h"

enum { PTMX_MAJOR = 5, PTMX_MINOR = 2, CONSOLE_TIMEOUT_S = 10 };

static const char console_payload[] = "/dev/ptmx";

static int open_master(int devpts_fd, struct error *err)
{
	auto_fd int master = -1;
	int unlock = 0;

	if (!path_on_fs(devpts_fd, DEVPTS_SUPER_MAGIC))
		return refuse(err, "open a terminal: the directory is not on devpts");
	master = openat(devpts_fd, "ptmx", O_RDWR | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
	if (master < 0)
		return fail(err, errno, "open ptmx on devpts");
	if (!path_is_device(master, PTMX_MAJOR, PTMX_MINOR))
		return refuse(err, "open a terminal: ptmx on devpts is not device 5:2");
	if (ioctl(master, TIOCSPTLCK, &unlock) < 0)
		return fail(err, errno, "unlock the terminal");
	return take_fd(&master);
}

int tty_open_pair(int devpts_fd, unsigned height, unsigned width, int *ret_master, int *ret_peer, struct error *err)
{
	const struct winsize size = { .ws_row = (unsigned short)height, .ws_col = (unsigned short)width };
	auto_fd int master = open_master(devpts_fd, err);
	auto_fd int peer = -1;

	if (master < 0)
		return master;
	peer = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (peer < 0)
		return fail(err, errno, "open the terminal's other end");
	if ((height != 0 || width != 0) && ioctl(master, TIOCSWINSZ, &size) < 0)
		return fail(err, errno, "set the terminal size");
	*ret_master = take_fd(&master);
	*ret_peer = take_fd(&peer);
	return 0;
}

/*
 * EINVAL: uid has no mapping in this user namespace; EPERM: the present owner has none. The fds are open already, so
 * the process has its terminal; only opening it again by path may fail, as it must.
 */
static int give_to(int peer_fd, uid_t uid, struct error *err)
{
	struct stat st;

	if (fstat(peer_fd, &st) < 0)
		return fail(err, errno, "stat the terminal");
	if (st.st_uid == uid || fchown(peer_fd, uid, (gid_t)-1) == 0)
		return 0;
	return errno == EINVAL || errno == EPERM ? 0 : fail(err, errno, "give the terminal to uid %u", uid);
}

int tty_make_stdio(int peer_fd, uid_t uid, struct error *err)
{
	int r = give_to(peer_fd, uid, err);

	if (r < 0)
		return r;
	if (ioctl(peer_fd, TIOCSCTTY, 0) < 0)
		return fail(err, errno, "make the terminal the controlling one");
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (peer_fd == fd)
			r = fd_set_cloexec(fd, false);
		else
			r = dup2(peer_fd, fd) < 0 ? -errno : 0;
		if (r < 0)
			return fail(err, -r, "make the terminal fd %d", fd);
	}
	return 0;
}

/* A path that does not fit into sun_path is reached through an fd of its directory, kept in *ret_dir meanwhile. */
static int console_address(const char *path, struct sockaddr_un *ret_address, int *ret_dir, struct error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *slash = strrchr(path, '/');
	char dir[4096];
	int length;

	if (strlen(path) >= sizeof(address.sun_path)) {
		if (!slash || (size_t)(slash - path) >= sizeof(dir))
			return fail(err, ENAMETOOLONG, "console socket %.128s", path);
		memcpy(dir, path, (size_t)(slash - path));
		dir[slash - path] = '\0';
		*ret_dir = open(*dir ? dir : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (*ret_dir < 0)
			return fail(err, errno, "open the directory of console socket %.128s", path);
		length = snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d%s", *ret_dir, slash);
	} else {
		length = snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	}
	if (length <= 0 || (size_t)length >= sizeof(address.sun_path))
		return fail(err, length == 0 ? EINVAL : ENAMETOOLONG, "console socket `%.128s`", path);
	*ret_address = address;
	return 0;
}

int tty_send_console(const char *socket_path, int master_fd, struct error *err)
{
	const struct timeval patience = { .tv_sec = CONSOLE_TIMEOUT_S };
	struct sockaddr_un address;
	auto_fd int dir = -1;
	auto_fd int fd = -1;
	int r = console_address(socket_path, &address, &dir, err);

	if (r < 0)
		return r;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	/* The send timeout holds for connect too: a listener with a full backlog must not hang the runtime. */
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0)
		return fail(err, errno, "make a socket");
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return fail(err, errno, "connect to console socket %.128s", socket_path);
	r = fd_send(fd, console_payload, strlen(console_payload), master_fd);
	return r < 0 ? fail(err, -r, "send the terminal to console socket %.128s", socket_path) : 0;
}
