/* still.c - see still.h. */
#include "still.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "tasks.h"

enum { TASKS_MAX = 512, PATH_SIZE = 32, LINE_SIZE = 128, TEXT_SIZE = 4096, DECIMAL = 10 };

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

	if (name_end && str_starts(name_end, ") "))
		return name_end[2];
	return got < 0 && kill(task, 0) < 0 && errno == ESRCH ? 'X' : '?';
}

/* Signals and what else was left to be done are looked at there as well, and may take as long as they like. */
static bool is_returning(const char *stack)
{
	return strstr(stack, "exit_to_user_mode") || strstr(stack, "do_notify_resume");
}

/* proc(5): syscall is "-1 SP PC" of who is in the kernel for another reason. A worker of io_uring has no program. */
static bool is_in_a_page_fault(pid_t task, const char *stack)
{
	char text[TEXT_SIZE];

	return strstr(stack, "handle_mm_fault+") && !is_returning(stack) && !strstr(stack, "ret_from_fork") &&
	       read_proc(task, "syscall", text) > 0 && str_starts(text, "-1 ");
}

/* Above memory.high a task sleeps where memory is charged, if that was much, or else in the last step of all. */
static bool is_at_the_end_of_a_call(const char *stack)
{
	const char *caller = strstr(stack, "mem_cgroup_handle_over_high+");
	char line[LINE_SIZE];

	caller = caller ? strchr(caller, '\n') : NULL;
	if (!caller)
		return false;
	(void)snprintf(line, sizeof(line), "%.*s", (int)strcspn(caller + 1, "\n"), caller + 1);
	return is_returning(line);
}

static bool sleeps_still(pid_t task)
{
	char stack[TEXT_SIZE];

	return read_proc(task, "stack", stack) > 0 &&
	       (is_at_the_end_of_a_call(stack) || is_in_a_page_fault(task, stack));
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
		return sleeps_still(task);
	default:
		return false;
	}
}

/* /proc, if there is one, may be that of another pid namespace. */
static bool has_proc(void)
{
	char text[LINE_SIZE] = "";

	return readlink("/proc/self", text, sizeof(text) - 1) > 0 && strtol(text, NULL, DECIMAL) == getpid();
}

bool cgroup_is_still(int cgroup_fd)
{
	size_t left = TASKS_MAX;

	return has_proc() && tasks_below(cgroup_fd, is_still, &left) == 0;
}
