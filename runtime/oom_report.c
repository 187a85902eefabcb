/* oom_report.c - a container at its limit as JSON: numbers, and processes largest first. Formats: specs/oom.md. */
#include "oom_watcher.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "cgroups/stats.h"

enum {
	PROCESSES_MAX = 256,   /* told */
	PROCESSES_READ = 4096, /* looked at: nobody is answered or told meanwhile */
	STATUS_SIZE = 4096,
	STATUS_LONG = STATUS_SIZE - 2, /* not read to its end */
	NAME_SIZE = 64,
	KIB = 1024,
	NUMBER_SIZE = 32
};

/* Of /proc/PID/status, which takes no lock that a stopped task could hold; bytes. */
struct process {
	pid_t pid, inner_pid;
	char name[NAME_SIZE];
	char state;
	uint64_t anon, file, shmem, swap;
	int64_t oom_score;
};

static const char *const state_names[] = {
	[HIT_ARMED] = "armed",   [HIT_SOFT] = "reclaiming", [HIT_FREEZING] = "freezing",
	[HIT_DECIDE] = "frozen", [HIT_SETTLE] = "settling",
};

const char *hit_state_name(const struct watched *container)
{
	return container->state == HIT_DECIDE && container->pending ? "pending" : state_names[container->state];
}

static uint64_t kib_after(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	return at ? strtoull(at + strlen(key), NULL, 10) * KIB : 0;
}

static void parse_status(const char *text, struct process *process)
{
	const char *state = strstr(text, "\nState:\t");
	const char *inner = strstr(text, "\nNSpid:");

	if (str_starts(text, "Name:\t"))
		(void)snprintf(process->name, sizeof(process->name), "%.*s",
			       (int)strcspn(text + strlen("Name:\t"), "\n"), text + strlen("Name:\t"));
	if (state)
		process->state = state[strlen("\nState:\t")];
	process->anon = kib_after(text, "\nRssAnon:");
	process->file = kib_after(text, "\nRssFile:");
	process->shmem = kib_after(text, "\nRssShmem:");
	process->swap = kib_after(text, "\nVmSwap:");
	process->inner_pid = process->pid;
	for (const char *at = inner ? inner + strlen("\nNSpid:") : ""; *at && *at != '\n';) {
		char *end;
		long pid = strtol(at, &end, 10);

		if (end == at)
			break;
		process->inner_pid = (pid_t)pid;
		at = end;
	}
}

/* "size resident shared ...", in pages. */
static void parse_statm(const char *text, struct process *process)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	char *end;
	uint64_t resident, shared;

	(void)strtoull(text, &end, 10);
	resident = strtoull(end, &end, 10);
	shared = strtoull(end, &end, 10);
	process->anon = resident > shared ? (resident - shared) * page : 0;
	process->file = shared * page;
	process->shmem = process->swap = 0;
}

static bool read_process(pid_t pid, struct process *ret)
{
	char path[NUMBER_SIZE];
	char text[STATUS_SIZE];
	ssize_t length;

	*ret = (struct process){ .pid = pid, .state = '?' };
	(void)snprintf(path, sizeof(path), "/proc/%d/status", pid);
	length = fd_read_small(AT_FDCWD, path, text, sizeof(text));
	if (length <= 0)
		return false;
	parse_status(text, ret);
	/* Before the sizes is a list of groups, as long as the process likes: none gets out of sight by it. */
	(void)snprintf(path, sizeof(path), "/proc/%d/statm", pid);
	if (length >= STATUS_LONG && fd_read_small(AT_FDCWD, path, text, sizeof(text)) > 0)
		parse_statm(text, ret);
	(void)snprintf(path, sizeof(path), "/proc/%d/oom_score", pid);
	if (fd_read_small(AT_FDCWD, path, text, sizeof(text)) > 0)
		ret->oom_score = strtol(text, NULL, 10);
	return true;
}

static uint64_t size_of(const struct process *process)
{
	return process->anon + process->shmem + process->file + process->swap;
}

static int larger_first(const void *a, const void *b)
{
	uint64_t left = size_of(a);
	uint64_t right = size_of(b);

	return (left < right) - (left > right);
}

/* The caller frees. `alive`: with those that were not looked at. */
static struct process *read_all(const struct watcher *watcher, const struct watched *container, size_t *ret_count,
				size_t *ret_alive)
{
	auto_free pid_t *pids = NULL;
	struct error ignored;
	struct process *processes;
	size_t count = 0;
	size_t found = 0;

	if (cgroup_pids(container->cgroup, &pids, &count, &ignored) < 0)
		count = 0;
	*ret_alive = count > PROCESSES_READ ? count - PROCESSES_READ : 0;
	count -= *ret_alive;
	processes = xcalloc(count + 1, sizeof(*processes));
	for (size_t i = 0; i < count; i++) {
		watcher_glance(watcher);
		found += read_process(pids[i], &processes[found]);
	}
	if (found > 0)
		qsort(processes, found, sizeof(*processes), larger_first);
	*ret_count = found;
	*ret_alive += found;
	return processes;
}

pid_t report_largest(const struct watcher *watcher, const struct watched *container)
{
	size_t count, alive;
	auto_free struct process *processes = read_all(watcher, container, &count, &alive);

	return count ? processes[0].pid : 0;
}

static void put_process(struct json_writer *writer, const struct process *process)
{
	const char state[2] = { process->state };

	json_begin_object(writer, NULL);
	json_put_i64(writer, "pid", process->pid);
	json_put_i64(writer, "innerPid", process->inner_pid);
	json_put_string(writer, "name", process->name);
	json_put_string(writer, "state", state);
	json_put_u64(writer, "anon", process->anon);
	json_put_u64(writer, "shmem", process->shmem);
	json_put_u64(writer, "file", process->file);
	json_put_u64(writer, "swap", process->swap);
	json_put_i64(writer, "oomScore", process->oom_score);
	json_end_object(writer);
}

void report_processes(struct json_writer *writer, const struct watcher *watcher, const struct watched *container)
{
	size_t count, alive;
	auto_free struct process *processes = read_all(watcher, container, &count, &alive);

	json_put_u64(writer, "processCount", alive);
	json_begin_array(writer, "processes");
	for (size_t i = 0; i < count && i < PROCESSES_MAX; i++)
		put_process(writer, &processes[i]);
	json_end_array(writer);
}

static void put_known(struct json_writer *writer, const char *key, const struct opt_u64 *value)
{
	if (value->set && value->value != UINT64_MAX)
		json_put_u64(writer, key, value->value);
}

void report_summary(struct json_writer *writer, const struct watched *container)
{
	struct cgroup_stats stats = { 0 };
	struct error ignored;
	auto_arena struct arena *arena = arena_new();

	(void)cgroup_stats_read_usage(container->cgroup, &stats, &ignored);
	json_put_string(writer, "id", container->id);
	json_put_string(writer, "state", hit_state_name(container));
	json_put_u64(writer, "limit", container->wire.limit);
	json_put_u64(writer, "high", container->wire.limit - container->wire.gap);
	put_known(writer, "usage", &stats.memory_current);
	put_known(writer, "peak", &stats.memory_peak);
	put_known(writer, "anon", &stats.memory_anon);
	put_known(writer, "file", &stats.memory_file);
	put_known(writer, "shmem", &stats.memory_shmem);
	put_known(writer, "kernel", &stats.memory_kernel);
	put_known(writer, "swap", &stats.memory_swap_current);
	put_known(writer, "kernelKills", &stats.memory_events_oom_kill);
	json_put_u64(writer, "hits", container->hits);
	json_put_u64(writer, "softHits", container->soft_hits);
	json_put_u64(writer, "thawedHits", container->thawed_hits);
	json_put_u64(writer, "liftedAfterUs", container->lift_us);
	json_put_u64(writer, "judgedAfterUs", container->judge_us);
	json_put_u64(writer, "askedAfterUs", container->ask_us);
	json_put_u64(writer, "frozenAfterUs", container->freeze_us);
	json_put_u64(writer, "toldAfterUs", container->notify_us);
	json_put_string(writer, "default", oom_fallback_text(arena, &container->policy));
	json_put_u64(writer, "timeoutMs", container->policy.timeout_ms);
	if (container->outcome)
		json_put_string(writer, "outcome", container->outcome);
}

char *report_event(const struct watcher *watcher, const struct watched *container, const char *event, bool processes)
{
	auto_json_writer struct json_writer *writer = json_writer_new(false);

	json_begin_object(writer, NULL);
	json_put_string(writer, "type", "oom");
	json_put_string(writer, "event", event);
	report_summary(writer, container);
	if (processes)
		report_processes(writer, watcher, container);
	json_end_object(writer);
	return xasprintf("%s\n", json_writer_text(writer, NULL));
}
