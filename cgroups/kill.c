/*
 * kill.c - the processes of a cgroup and its children: their pids, and signals to all of them.
 *
 * A signal goes to a list of pids, so the cgroup is frozen between reading the list and sending: then no process of it
 * can exit, free its pid for a stranger, or fork one that is not on the list. SIGKILL has cgroup.kill instead, which
 * the kernel does in one step and which also ends frozen tasks.
 */
#include "kill.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "events.h"
#include "tree.h"

enum {
	PROCS_MAX = 64 * 1024 * 1024, /* bytes; more than 4 million pids make */
	DECIMAL = 10,
	FLAG_SIZE = 8,
	FREEZE_MS = 500,
	KILL_ROUNDS = 16,
	KILL_WAIT_MS = 100,
};

struct pid_list {
	pid_t *pids;
	size_t count, capacity;
};

static void add_pid(struct pid_list *list, pid_t pid)
{
	if (list->count == list->capacity) {
		list->capacity = list->capacity ? 2 * list->capacity : 64;
		list->pids = xreallocarray(list->pids, list->capacity, sizeof(*list->pids));
	}
	list->pids[list->count++] = pid;
}

/* Processes outside the reader's pid namespace are listed as 0: not for us, and poison for kill(2). */
static void add_lines(struct pid_list *list, const char *text)
{
	while (*text) {
		char *end;
		long pid = strtol(text, &end, DECIMAL);

		if (end == text)
			return;
		if (pid > 0 && pid <= INT_MAX)
			add_pid(list, (pid_t)pid);
		text = end + strspn(end, "\n");
	}
}

/* A threaded cgroup refuses cgroup.procs: below a domain its processes are in the domain's list already, at the top
   the threads stand in for them. */
static int collect(int fd, size_t depth, void *data)
{
	struct error ignored;
	auto_free char *text = NULL;
	int r = fd_read_file(fd, "cgroup.procs", PROCS_MAX, &text, NULL, &ignored);

	if (r == -EOPNOTSUPP && depth == 0)
		r = fd_read_file(fd, "cgroup.threads", PROCS_MAX, &text, NULL, &ignored);
	if (r == 0)
		add_lines(data, text);
	return r == -EOPNOTSUPP || r == -ENOENT || r == -ENODEV ? 0 : r;
}

static int compare(const void *a, const void *b)
{
	pid_t left = *(const pid_t *)a;
	pid_t right = *(const pid_t *)b;

	return (left > right) - (left < right);
}

/* Sorted, and each once: a process may have moved while the tree was read. */
static size_t sort_unique(pid_t *pids, size_t count)
{
	size_t kept = 0;

	if (count > 0)
		qsort(pids, count, sizeof(*pids), compare);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || pids[kept - 1] != pids[i])
			pids[kept++] = pids[i];
	return kept;
}

int cgroup_pids(const struct cgroup *cgroup, pid_t **ret_pids, size_t *ret_count, struct error *err)
{
	struct pid_list list = { 0 };
	const struct tree_visitor visitor = { .enter = collect, .data = &list };
	int r = tree_walk(cgroup->fd, &visitor);

	if (r < 0 && r != -ENOENT) {
		free(list.pids);
		return fail(err, -r, "read the processes of cgroup %.200s", cgroup->path);
	}
	*ret_count = sort_unique(list.pids, list.count);
	*ret_pids = list.pids ? list.pids : xcalloc(1, sizeof(pid_t));
	return 0;
}

/* Sends to all; *ret_sent counts those that got it. The first refusal is the result, the rest still get theirs. */
static int send_all(const struct cgroup *cgroup, int signal, size_t *ret_sent, struct error *err)
{
	auto_free pid_t *pids = NULL;
	size_t count = 0;
	int r = cgroup_pids(cgroup, &pids, &count, err);

	*ret_sent = 0;
	for (size_t i = 0; i < count; i++)
		if (kill(pids[i], signal) == 0)
			(*ret_sent)++;
		else if (errno != ESRCH && r == 0)
			r = fail(err, errno, "send signal %d to process %d of cgroup %.200s", signal, pids[i],
				 cgroup->path);
	return r;
}

/* What was asked for, not what is: a paused cgroup is for a moment not frozen while tasks of it die. */
static bool is_paused(const struct cgroup *cgroup)
{
	char text[FLAG_SIZE];

	return fd_read_small(cgroup->fd, "cgroup.freeze", text, sizeof(text)) > 0 && text[0] == '1';
}

/* Freezing serves order, not success: without the right to freeze, or with a stuck task, the signal still goes out. */
static int send_frozen(const struct cgroup *cgroup, int signal, size_t *ret_sent, struct error *err)
{
	bool paused = is_paused(cgroup);
	struct error ignored;
	int r;

	if (!paused)
		(void)cgroup_freeze(cgroup, true, FREEZE_MS, &ignored);
	r = send_all(cgroup, signal, ret_sent, err);
	if (!paused)
		(void)fd_write_existing(cgroup->fd, "cgroup.freeze", "0");
	return r;
}

int kill_by_walking(const struct cgroup *cgroup, struct error *err)
{
	size_t sent = 1;

	for (int round = 0; round < KILL_ROUNDS && sent > 0; round++) {
		int r = send_frozen(cgroup, SIGKILL, &sent, err);

		if (r < 0)
			return r;
		if (sent > 0)
			(void)events_wait(cgroup->fd, EVENT_POPULATED, false, KILL_WAIT_MS);
	}
	return 0;
}

int cgroup_kill(const struct cgroup *cgroup, struct error *err)
{
	int r = fd_write_existing(cgroup->fd, "cgroup.kill", "1");

	if (r == 0 || r == -ENODEV)
		return 0;
	/* ENOENT: before Linux 5.14. EOPNOTSUPP: threaded, where the kernel cannot kill a part of a process. */
	if (r == -ENOENT || r == -EOPNOTSUPP)
		return kill_by_walking(cgroup, err);
	return fail(err, -r, "kill cgroup %.200s", cgroup->path);
}

int cgroup_signal(const struct cgroup *cgroup, int signal, struct error *err)
{
	size_t sent;

	return signal == SIGKILL ? cgroup_kill(cgroup, err) : send_frozen(cgroup, signal, &sent, err);
}
