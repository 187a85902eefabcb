/*
 * stats.h - the numbers of a cgroup, in the units of the kernel's own files.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "base/opt.h"
#include "cgroup.h"

struct cgroup_stats {
	struct opt_u64 cpu_usage_us, cpu_user_us, cpu_system_us, cpu_periods, cpu_throttled_periods, cpu_throttled_us;
	struct opt_u64 memory_current, memory_peak, memory_max, memory_high, memory_low, memory_min,
		memory_swap_current, memory_swap_max, memory_zswap_current, memory_zswap_max; /* max: UINT64_MAX */
	struct opt_u64 memory_anon, memory_file, memory_kernel, memory_shmem;
	struct opt_u64 memory_events_low, memory_events_high, memory_events_max, memory_events_oom,
		memory_events_oom_kill;
	struct opt_u64 cpu_some, memory_some, memory_full, io_some; /* pressure: stalled in the last 10 s, 1/100 % */
	struct opt_u64 pids_current, pids_max;
	struct opt_u64 io_read_bytes, io_write_bytes, io_read_ops, io_write_ops; /* summed over devices */
};

/* Reads what is there; a missing file leaves its numbers unset. Fails only if the cgroup itself is gone. */
int cgroup_stats_read(const struct cgroup *cgroup, struct cgroup_stats *ret_stats, struct error *err);

/* Only what memory is in use: memory_current, _peak, _swap_current, those of memory.stat and of memory.events. */
int cgroup_stats_read_usage(const struct cgroup *cgroup, struct cgroup_stats *ret_stats, struct error *err);
