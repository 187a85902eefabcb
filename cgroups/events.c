/*
 * events.c - reads and waits on cgroup.events. The kernel wakes poll(POLLPRI) at each change after the last read, so
 * the order is read, compare, poll: a change in between is not lost.
 */
#include "events.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"

enum { EVENTS_SIZE = 256 };

static const char *const keys[] = { [EVENT_POPULATED] = "populated ", [EVENT_FROZEN] = "frozen " };

static int open_events(int cgroup_fd)
{
	int fd = openat(cgroup_fd, "cgroup.events", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int parse_flag(const char *text, enum cgroup_event event)
{
	const char *at = strstr(text, keys[event]);

	if (!at)
		return -ENOTSUP; /* "frozen" came with Linux 5.2 */
	return at[strlen(keys[event])] == '1';
}

static int read_events(int fd, char *text, size_t size)
{
	ssize_t length = pread(fd, text, size - 1, 0);

	if (length < 0)
		return -errno;
	text[length] = '\0';
	return 0;
}

/* 1 if the flag has the wanted value, or never will: see events.h. */
static int has_happened(int fd, enum cgroup_event event, bool wanted)
{
	char text[EVENTS_SIZE];
	int r = read_events(fd, text, sizeof(text));
	int flag = r < 0 ? r : parse_flag(text, event);

	if (flag < 0)
		return flag;
	return flag == (int)wanted || (event == EVENT_FROZEN && !wanted && parse_flag(text, EVENT_POPULATED) == 0);
}

int events_read(int cgroup_fd, enum cgroup_event event)
{
	auto_fd int fd = open_events(cgroup_fd);
	char text[EVENTS_SIZE];
	int r = fd < 0 ? fd : read_events(fd, text, sizeof(text));

	return r < 0 ? r : parse_flag(text, event);
}

int events_wait(int cgroup_fd, enum cgroup_event event, bool wanted, int timeout_ms)
{
	auto_fd int fd = open_events(cgroup_fd);
	struct pollfd watch = { .fd = fd, .events = POLLPRI };
	int64_t deadline = 0;

	if (fd < 0)
		return fd;
	for (;;) {
		int left = -1;
		int happened = has_happened(fd, event, wanted);

		if (happened != 0)
			return happened < 0 ? happened : 0;
		if (timeout_ms >= 0) {
			int64_t now = clock_ms();

			if (deadline == 0)
				deadline = now + timeout_ms;
			if (now >= deadline)
				return -ETIMEDOUT;
			left = (int)(deadline - now);
		}
		if (poll(&watch, 1, left) < 0 && errno != EINTR)
			return -errno;
	}
}
