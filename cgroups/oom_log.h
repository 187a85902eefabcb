/*
 * oom_log.h - whom the kernel has killed for want of memory, by its own log: cgroup files only count.
 *
 * A line of /dev/kmsg names the victim, its cgroup and the one whose limit was reached (mm/oom_kill.c dump_header();
 * Documentation/ABI/testing/dev-kmsg). Names of processes and of nested cgroups are the container's choice and may look
 * like the rest of the line; whose kill it was follows from the path of the container alone, which is not. The log is
 * bounded and loses its oldest lines, and of many kills in a few seconds the kernel names only some.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/error.h"

enum { OOM_VICTIMS_MAX = 16 }; /* told of one container: the latest */

struct oom_victim {
	pid_t pid;          /* of the host */
	uint32_t uid;       /* of the host */
	const char *name;   /* any bytes, 15 at most */
	const char *cgroup; /* the container's or one below it */
	const char *limit;  /* the cgroup whose limit was reached; NULL: the memory of the host */
};

struct oom_victims {
	struct oom_victim list[OOM_VICTIMS_MAX]; /* oldest first */
	size_t count;
	const char *unnamed; /* how many of those killed are not in the list, and why; NULL: all are */
};

/* The latest `kills` in the cgroup `path`, which is as old as the process with `start_time` (clock ticks from boot:
   proc_start_time()); strings in `arena`. Reads all of the log: for when something is known to have been killed. */
void oom_log_victims(const char *path, uint64_t start_time, uint64_t kills, struct arena *arena,
		     struct oom_victims *ret_victims);

/* The same from an fd that gives one record a read(2), and -EAGAIN at the end; since_us: by the log's clock. The latest
   `max`, at most OOM_VICTIMS_MAX. */
int oom_log_read(int log, const char *path, uint64_t since_us, size_t max, struct arena *arena,
		 struct oom_victims *ret_victims, struct error *err);
