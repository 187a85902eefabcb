/*
 * limits.h - resource limits as cgroup v2 files.
 *
 * Input is in the units of the OCI runtime-spec (config-linux.md, "Control groups") since those are what every caller
 * has; limits_plan() turns them into an ordered list of {file, text} writes - pure, testable, printable - and
 * limits_apply() writes the list. Conversions: cpu.shares -> cpu.weight by 10^((l^2 + 125 l)/612 - 7/34) rounded up,
 * l = log2(shares); blkio weight 10-1000 -> io.weight 1-10000 and io.bfq.weight; swap = memory+swap in, swap alone out.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/opt.h"
#include "cgroup.h"

struct limit_hugepage {
	const char *page_size; /* "2MB", "64KB", "1GB": the kernel's names */
	uint64_t limit;        /* bytes */
};

struct limit_rdma {
	const char *device;
	struct opt_u64 hca_handles, hca_objects;
};

struct limit_io_device {
	int64_t major, minor;
	struct opt_u64 weight, leaf_weight;      /* 10..1000 */
	struct opt_u64 rbps, wbps, riops, wiops; /* per second; 0 = max */
};

struct limit_unified {
	const char *file; /* "memory.high": one plain cgroup file name, no '/' */
	const char *value;
};

struct cgroup_limits {
	struct opt_i64 memory_limit, memory_reservation,
		memory_swap;                             /* bytes, -1 = max, 0 = not set (as runc has it) */
	struct opt_i64 memory_kernel, memory_kernel_tcp; /* v1 only: accepted and ignored, as peers do */
	struct opt_u64 memory_swappiness;                /* v1 only: refused unless 0..100 and then ignored */
	bool memory_disable_oom_killer;                  /* v1 only: refused on v2 with a clear text */
	bool memory_use_hierarchy;                       /* v1 only: ignored, v2 is always so */
	bool memory_check_before_update;                 /* refuse a limit below memory.current */
	struct opt_u64 cpu_shares;                       /* 2..262144, others as the nearer end; 0 = unset */
	struct opt_i64 cpu_quota;                        /* us, <= 0 max; -1 = max */
	struct opt_u64 cpu_period, cpu_burst;            /* us; period 0 = unset */
	struct opt_i64 cpu_realtime_runtime;             /* v1 only: refused when set and not 0 */
	struct opt_u64 cpu_realtime_period;
	struct opt_i64 cpu_idle;   /* 0 or 1 */
	const char *cpus, *mems;   /* list formats of cpuset.cpus and cpuset.mems */
	struct opt_i64 pids_limit; /* <0 = max; 0 is a limit of 0 */
	struct opt_u64 io_weight, io_leaf_weight;
	struct limit_io_device *io_devices;
	size_t n_io_devices;
	struct limit_hugepage *hugepages;
	size_t n_hugepages;
	struct limit_rdma *rdma;
	size_t n_rdma;
	struct limit_unified *unified; /* written last, verbatim */
	size_t n_unified;
};

struct limit_write {
	enum cgroup_controller controller;
	const char *file;
	const char *text;
	bool optional;         /* a kernel without the file is no error (memory.swap.max = max, io.bfq.weight ...) */
	const char *also_file; /* NULL, or a second place of the same setting (io.bfq.weight for io.weight): both are */
	const char *also_text; /* written, and it is enough that one of them takes it */
};

struct limit_plan {
	struct limit_write *writes; /* in the order that never passes through an invalid state */
	size_t n_writes;
	uint32_t controllers; /* bits that must be enabled in the parents for these writes */
};

/* Validates and plans; every string of the plan lives in `arena`. Errors name the runtime-spec field
   ("linux.resources.cpu.quota") and the accepted range. */
int limits_plan(struct arena *arena, const struct cgroup_limits *limits, struct limit_plan *ret_plan,
		struct error *err);

/* As the kernel reads it (memparse): decimal, octal or hexadecimal, with a unit; "max" is UINT64_MAX. */
uint64_t limits_kernel_number(const char *text);

/* Writes the plan. An error names file, value and what the kernel said; a controller this host does not have on v2 is
   reported as such ("memory controller is on cgroup v1 on this host ..."). */
int limits_apply(const struct cgroup_host *host, const struct cgroup *cgroup, const struct limit_plan *plan,
		 struct error *err);

/* For update: memory.max and memory.swap.max are ordered by what the cgroup has now, cpu.max keeps the half that is
   not given, and memory_check_before_update is honoured. A memory.max below the usage is reclaimed for first and, if
   that does not do, refused (-EBUSY, with the numbers) and nothing changed; `force` lets the kernel kill instead.
   ret_weights may be NULL: what a scope that the cgroup is in has to get, too (scope_weights.h). */
struct scope_weights;
int limits_update(const struct cgroup_host *host, const struct cgroup *cgroup, const struct cgroup_limits *limits,
		  bool force, struct scope_weights *ret_weights, struct error *err);
