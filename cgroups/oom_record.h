/*
 * oom_record.h - what the kernel has done to a cgroup for want of memory, read from its files while it is there, also
 * after the end of its processes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/opt.h"
#include "cgroup.h"

/* Whose limit was out of reach when the kernel killed: cgroup-v2.rst memory.events "oom", .local. */
enum oom_level {
	OOM_LEVEL_NONE,    /* nothing was killed */
	OOM_LEVEL_OWN,     /* this cgroup's */
	OOM_LEVEL_INSIDE,  /* of a cgroup below it */
	OOM_LEVEL_OUTSIDE, /* of one above it, or of the host itself */
};

struct oom_record {
	struct opt_u64 kills; /* processes killed by the kernel; unset without the memory controller */
	struct opt_u64 peak;  /* bytes */
	enum oom_level level;
};

/* Fails only if the cgroup is gone. */
int oom_record_read(const struct cgroup *cgroup, struct oom_record *ret_record, struct error *err);

/* "none", "own", "inside", "outside" */
const char *oom_level_name(enum oom_level level);
