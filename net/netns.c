/* netns.c - see netns.h. */
#include "netns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/sockios.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "netlink.h"

enum { SETTING_SIZE = 160 };

int netns_of_socket(int socket, int *ret_fd, struct error *err)
{
	int fd = socket < 0 ? -1 : ioctl(socket, SIOCGSKNS);

	if (fd < 0)
		fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail(err, errno, "open the own network namespace");
	*ret_fd = fd;
	return 0;
}

int netns_enter(int netns_fd, int socket, int *ret_home, struct error *err)
{
	auto_fd int home = -1;

	if (netns_of_socket(socket, &home, err) < 0)
		return -err->code;
	if (setns(netns_fd, CLONE_NEWNET) < 0)
		return fail(err, errno, "enter the container's network namespace");
	*ret_home = take_fd(&home);
	return 0;
}

void netns_leave(int home)
{
	if (setns(home, CLONE_NEWNET) < 0) {
		(void)fputs("coffer: cannot go back to the host's network namespace\n", stderr);
		abort();
	}
	(void)close(home);
}

int netns_open_route(int netns_fd, int socket, int *ret_route, struct error *err)
{
	int home = -1;
	int r = netns_enter(netns_fd, socket, &home, err);

	if (r < 0)
		return r;
	r = netlink_open(NETLINK_ROUTE, ret_route, err);
	netns_leave(home);
	return r;
}

int netns_set(const char *name, const char *value, bool optional, struct error *err)
{
	char path[SETTING_SIZE];
	char old[16];
	ssize_t length;
	int r;

	(void)snprintf(path, sizeof(path), "/proc/sys/net/%s", name);
	length = fd_read_small(AT_FDCWD, path, old, sizeof(old));
	if (length > 0 && strcmp(old, value) == 0) /* also where it is read-only */
		return 0;
	r = fd_write_existing(AT_FDCWD, path, value);
	if (r < 0 && !(optional && r == -ENOENT))
		return fail(err, -r, "set %s to %s", path, value);
	return 0;
}

int netns_set_interface(int version, const char *interface, const char *name, const char *value, struct error *err)
{
	char path[SETTING_SIZE];

	(void)snprintf(path, sizeof(path), "ipv%d/conf/%s/%s", version, interface, name);
	return netns_set(path, value, version != 4, err);
}
