/*
 * host.c - what the machine offers, in ten system calls on a unified host: open and fstatfs of the usual mount points
 * (mountinfo only if it is at neither), then /proc/self/cgroup, then the root's cgroup.controllers.
 *
 * Inside a container with a cgroup namespace the same holds: the mount shows the namespace's root, whose
 * cgroup.controllers lists what was delegated to it.
 */
#include "host.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"

enum {
	PROC_CGROUP_SIZE = 64 * 1024, /* a line for each of about a dozen v1 hierarchies, each with a path */
	MOUNTINFO_MAX = 16 * 1024 * 1024,
	MOUNT_FIELD = 4, /* of mountinfo, counted from 0 */
};

static const char *const names[] = {
	[CGROUP_CPUSET] = "cpuset",   [CGROUP_CPU] = "cpu",   [CGROUP_IO] = "io",     [CGROUP_MEMORY] = "memory",
	[CGROUP_HUGETLB] = "hugetlb", [CGROUP_PIDS] = "pids", [CGROUP_RDMA] = "rdma", [CGROUP_MISC] = "misc",
};

static_assert(ARRAY_SIZE(names) == CGROUP_CONTROLLER_MAX, "a name for each controller");

const char *cgroup_controller_name(enum cgroup_controller controller)
{
	return controller < CGROUP_CONTROLLER_MAX ? names[controller] : "core";
}

static uint32_t controller_bit(const char *name, size_t length)
{
	for (unsigned i = 0; i < CGROUP_CONTROLLER_MAX; i++)
		if (strlen(names[i]) == length && memcmp(names[i], name, length) == 0)
			return 1u << i;
	return 0;
}

uint32_t host_parse_controllers(const char *list)
{
	uint32_t bits = 0;

	while (*list) {
		size_t length = strcspn(list, " \n");

		bits |= controller_bit(list, length);
		list += length;
		list += strspn(list, " \n");
	}
	return bits;
}

/* The line "ID:LIST:PATH": the list and the path; NULL if it is not of that form. */
static const char *line_path(const char *line, const char **ret_list)
{
	const char *list = line + strcspn(line, ":\n");

	if (*list != ':')
		return NULL;
	*ret_list = list + 1;
	list += 1 + strcspn(list + 1, ":\n");
	return *list == ':' ? list + 1 : NULL;
}

static const char *next_line(const char *line)
{
	line += strcspn(line, "\n");
	return *line ? line + 1 : line;
}

static bool list_has(const char *list, const char *controller)
{
	size_t end = strcspn(list, ":");
	size_t at = 0;

	if (!controller)
		return end > 0 && !str_starts(list, "name=");
	while (at < end) {
		size_t length = strcspn(list + at, ",:");

		if (strlen(controller) == length && memcmp(list + at, controller, length) == 0)
			return true;
		at += length + 1;
	}
	return false;
}

bool host_on_v1(const char *text, const char *controller)
{
	const char *list;

	for (; *text; text = next_line(text))
		if (line_path(text, &list) && list_has(list, controller))
			return true;
	return false;
}

int host_own_path(const char *text, char *buffer, size_t size)
{
	const char *list;

	for (; *text; text = next_line(text)) {
		const char *path = line_path(text, &list);
		size_t length;

		if (!path || !str_starts(text, "0::"))
			continue;
		length = strcspn(path, "\n");
		if (length >= size)
			return -ENAMETOOLONG;
		memcpy(buffer, path, length);
		buffer[length] = '\0';
		return 0;
	}
	return -ENOENT;
}

static const char *field(const char *line, int index)
{
	while (index-- > 0) {
		line += strcspn(line, " \n");
		line += *line == ' ';
	}
	return line;
}

/* mountinfo writes space, tab, newline and backslash as three octal digits (proc(5)). */
static int copy_unescaped(const char *from, char *buffer, size_t size)
{
	size_t used = 0;

	while (*from && *from != ' ' && *from != '\n') {
		char c = *from++;

		if (used + 1 >= size)
			return -ENAMETOOLONG;
		if (c == '\\' && strspn(from, "01234567") >= 3) {
			c = (char)((from[0] - '0') * 64 + (from[1] - '0') * 8 + (from[2] - '0'));
			from += 3;
		}
		buffer[used++] = c;
	}
	buffer[used] = '\0';
	return 0;
}

int host_find_mount(const char *text, char *buffer, size_t size)
{
	for (; *text; text = next_line(text)) {
		const char *separator = strstr(text, " - ");

		if (separator && separator < text + strcspn(text, "\n") && str_starts(separator, " - cgroup2 "))
			return copy_unescaped(field(text, MOUNT_FIELD), buffer, size);
	}
	return -ENOENT;
}

static bool try_mount(const char *path, struct cgroup_host *host)
{
	auto_fd int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	size_t length = strlen(path);

	if (fd < 0 || !path_on_fs(fd, CGROUP2_SUPER_MAGIC) || length >= sizeof(host->mount_point))
		return false;
	host->root_fd = take_fd(&fd);
	memcpy(host->mount_point, path, length + 1);
	return true;
}

static void find_root(struct cgroup_host *host)
{
	char path[sizeof(host->mount_point)];
	auto_free char *mounts = NULL;
	struct error ignored;

	host->root_fd = -1;
	if (try_mount("/sys/fs/cgroup", host) || try_mount("/sys/fs/cgroup/unified", host))
		return;
	if (fd_read_file(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX, &mounts, NULL, &ignored) == 0 &&
	    host_find_mount(mounts, path, sizeof(path)) == 0)
		(void)try_mount(path, host);
}

int cgroup_host_probe(struct cgroup_host *ret_host, struct error *err)
{
	char text[PROC_CGROUP_SIZE];
	ssize_t length = fd_read_small(AT_FDCWD, "/proc/self/cgroup", text, sizeof(text));

	if (length < 0)
		return fail(err, (int)-length, "read /proc/self/cgroup");
	ret_host->mount_point[0] = ret_host->own_path[0] = '\0';
	ret_host->controllers = 0;
	ret_host->hybrid = host_on_v1(text, NULL);
	(void)host_own_path(text, ret_host->own_path, sizeof(ret_host->own_path));
	find_root(ret_host);
	if (ret_host->root_fd < 0)
		return 0;
	length = fd_read_small(ret_host->root_fd, "cgroup.controllers", text, sizeof(text));
	if (length < 0) {
		cgroup_host_close(ret_host);
		return fail(err, (int)-length, "read cgroup.controllers of %s", ret_host->mount_point);
	}
	ret_host->controllers = host_parse_controllers(text);
	return 0;
}

void cgroup_host_close(struct cgroup_host *host)
{
	if (host->root_fd >= 0)
		(void)close(host->root_fd);
	host->root_fd = -1;
}

/* v1 called the io controller blkio. */
static const char *name_on_v1(enum cgroup_controller controller)
{
	return controller == CGROUP_IO ? "blkio" : names[controller];
}

int host_require(const struct cgroup_host *host, uint32_t wanted, struct error *err)
{
	uint32_t missing = wanted & ~host->controllers;
	char text[PROC_CGROUP_SIZE];
	enum cgroup_controller first;

	if (missing == 0)
		return 0;
	first = (enum cgroup_controller)__builtin_ctz(missing);
	if (fd_read_small(AT_FDCWD, "/proc/self/cgroup", text, sizeof(text)) >= 0 &&
	    host_on_v1(text, name_on_v1(first)))
		(void)refuse(err,
			     "the %s controller is on cgroup v1 on this host, so this limit cannot be set: boot with "
			     "cgroup_no_v1=all (systemd: systemd.unified_cgroup_hierarchy=1), or leave the limit out",
			     names[first]);
	else
		(void)refuse(err,
			     "cgroup v2 at %s has no %s controller, so this limit cannot be set: the kernel lacks or "
			     "disables it (cgroup_disable=), or it is not delegated to this container",
			     host->mount_point, names[first]);
	err->code = ENOTSUP;
	return -ENOTSUP;
}
