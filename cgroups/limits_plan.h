/*
 * limits_plan.h - inside cgroups/: how the rows of the table in limits.c become writes; cpu, memory and io have a file
 * each. Also planning with knowledge of what a cgroup has now, which update needs and create does not.
 */
#pragma once

#include "limits.h"

/* What the files say at the moment; unset where there is no file. UINT64_MAX is "max". */
struct limits_now {
	struct opt_u64 memory_max, memory_current, memory_swap_current;
	struct opt_u64 cpu_quota, cpu_period; /* us */
};

/* limits_plan() is this with now == NULL: a fresh cgroup, everything at the kernel's defaults. */
int limits_plan_from(struct arena *arena, const struct cgroup_limits *limits, const struct limits_now *now,
		     struct limit_plan *ret_plan, struct error *err);

struct planner {
	struct arena *arena;
	const struct cgroup_limits *limits;
	const struct limits_now *now; /* NULL: a fresh cgroup */
	struct limit_write *writes;
	size_t count, capacity;
	uint32_t controllers;
	struct error *err;
};

struct row {
	const char *field; /* below "linux.resources." */
	enum cgroup_controller controller;
	const char *file;
	size_t offset; /* of the value in struct cgroup_limits, where the function takes it from there */
	int (*plan)(struct planner *planner, const struct row *row);
};

/* Appends a write; its controller becomes wanted unless the write is optional. */
void planner_add(struct planner *planner, const struct limit_write *write);

/* Appends a write of text to the row's file. */
void planner_write(struct planner *planner, const struct row *row, const char *text, bool optional);

/* The member of the limits at the row's offset. */
const void *planner_value(const struct planner *planner, const struct row *row);

/* A number, or "max" below 0. */
const char *planner_bytes(struct planner *planner, int64_t bytes);

#define refuse_row(planner, row, fmt, ...)                                                                             \
	refuse((planner)->err, "linux.resources.%s: " fmt, (row)->field, ##__VA_ARGS__)

int limits_bytes(struct planner *planner, const struct row *row);

/* limits_memory.c */
int limits_check_usage(struct planner *planner, const struct row *row);
int limits_check_swappiness(struct planner *planner, const struct row *row);
int limits_check_oom_killer(struct planner *planner, const struct row *row);
int limits_swap_early(struct planner *planner, const struct row *row);
int limits_swap_late(struct planner *planner, const struct row *row);

/* limits_cpu.c */
int limits_check_realtime(struct planner *planner, const struct row *row);
int limits_idle(struct planner *planner, const struct row *row);
int limits_shares(struct planner *planner, const struct row *row);
int limits_quota(struct planner *planner, const struct row *row);
int limits_burst_early(struct planner *planner, const struct row *row);
int limits_burst_late(struct planner *planner, const struct row *row);

/* limits_io.c */
int limits_io_weight(struct planner *planner, const struct row *row);
int limits_check_leaf_weight(struct planner *planner, const struct row *row);
int limits_io_device_weights(struct planner *planner, const struct row *row);
int limits_io_rates(struct planner *planner, const struct row *row);
