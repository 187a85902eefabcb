/* still.c - see still.h. */
#include "still.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/str.h"
#include "tasks.h"

enum { TASKS_MAX = 512, PATH_SIZE = 32, TEXT_SIZE = 4096 };

static ssize_t read_proc(pid_t task, const char *name, char text[TEXT_SIZE])
{
	char path[PATH_SIZE];

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", task, name);
	return fd_read_small(AT_FDCWD, path, text, TEXT_SIZE);
}

/* 'X' if there is no such task, '?' if that cannot be told. */
static char state_of(pid_t task)
{
	char text[TEXT_SIZE];
	ssize_t got = read_proc(task, "stat", text);
	const char *name_end = got > 0 ? strrchr(text, ')') : NULL;

	if (got == -ENOENT || got == -ESRCH)
		return 'X';
	return name_end && str_starts(name_end, ") ") ? name_end[2] : '?';
}

/* proc(5): "-1 SP PC" of who is in the kernel, but not in a system call. */
static bool is_outside_of_calls(pid_t task)
{
	char text[TEXT_SIZE];

	return read_proc(task, "syscall", text) > 0 && str_starts(text, "-1 ");
}

/* Above memory.high a task sleeps where memory is charged, if that was much, or else when its call has returned. */
static bool is_at_the_end_of_a_call(pid_t task)
{
	char text[TEXT_SIZE];

	return read_proc(task, "stack", text) > 0 && strstr(text, "mem_cgroup_handle_over_high+") &&
	       !strstr(text, "charge");
}

/* The freeze has woken whoever slept so that a signal wakes it: if it sleeps so now, it is frozen. */
static bool is_still(pid_t task, void *data)
{
	size_t *left = data;

	if (task == 0 || (*left)-- == 0)
		return false;
	switch (state_of(task)) {
	case 'S':
	case 'T':
	case 't':
	case 'Z':
	case 'X':
		return true;
	case 'D':
		return is_outside_of_calls(task) || is_at_the_end_of_a_call(task);
	default:
		return false;
	}
}

bool cgroup_is_still(int cgroup_fd)
{
	size_t left = TASKS_MAX;

	return tasks_below(cgroup_fd, is_still, &left) == 0;
}
