/*
 * limits_memory.c - memory.max and memory.swap.max from limits that mean "memory" and "memory and swap together".
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "limits_plan.h"

enum { SWAPPINESS_MAX = 100 };

uint64_t limits_kernel_number(const char *text)
{
	static const char units[] = "kmgtpe";
	static const int shift_per_unit = 10;
	char *end;
	uint64_t number = strtoull(text, &end, 0);
	const char *unit = *end ? strchr(units, *end | 0x20) : NULL;

	if (str_eq(text, "max"))
		return UINT64_MAX;
	for (int i = 0; unit && i <= unit - units; i++)
		number = number > UINT64_MAX >> shift_per_unit ? UINT64_MAX : number << shift_per_unit;
	return number;
}

static bool given(const struct opt_i64 *value)
{
	return value->set && value->value != 0;
}

/* In: the limit to subtract; -1 for none, which an update takes from the cgroup if it does not bring one itself. */
static int memory_limit_for_swap(struct planner *planner, const struct row *row, int64_t *ret_limit)
{
	const struct limits_now *now = planner->now;

	if (given(&planner->limits->memory_limit))
		*ret_limit = planner->limits->memory_limit.value;
	else if (now && now->memory_max.set)
		*ret_limit = now->memory_max.value > INT64_MAX ? -1 : (int64_t)now->memory_max.value;
	else
		return refuse_row(planner, row,
				  "needs linux.resources.memory.limit: it is memory and swap together, and cgroup v2 "
				  "limits swap alone");
	return 0;
}

static int plan_swap(struct planner *planner, const struct row *row)
{
	const struct opt_i64 *limit = &planner->limits->memory_limit;
	const struct opt_i64 *swap = &planner->limits->memory_swap;
	int64_t memory = 0;
	int64_t alone;

	/* v1 let unlimited memory imply unlimited memory and swap. */
	if (!given(swap) && limit->set && limit->value == -1)
		planner_write(planner, row, "max", true);
	if (!given(swap))
		return 0;
	if (swap->value < -1)
		return refuse_row(planner, row, "%" PRId64 " is neither a number of bytes nor -1 (no limit)",
				  swap->value);
	if (swap->value == -1) {
		planner_write(planner, row, "max", true);
		return 0;
	}
	if (memory_limit_for_swap(planner, row, &memory) < 0)
		return -planner->err->code;
	if (memory > swap->value)
		return refuse_row(planner, row,
				  "%" PRId64 " is memory and swap together and may not be below the memory limit, "
				  "%" PRId64,
				  swap->value, memory);
	alone = memory < 0 ? swap->value : swap->value - memory;
	/* No swap at all is what a kernel without memory.swap.max gives. */
	planner_write(planner, row, planner_bytes(planner, alone), alone == 0);
	return 0;
}

static bool lowers_memory(const struct planner *planner)
{
	const struct limits_now *now = planner->now;
	const struct opt_i64 *limit = &planner->limits->memory_limit;

	return now && now->memory_max.set && limit->set && limit->value > 0 &&
	       (uint64_t)limit->value < now->memory_max.value;
}

/* cgroup v2 kills rather than refuse a limit that is too low already; v1 refused. */
int limits_check_usage(struct planner *planner, const struct row *row)
{
	const struct cgroup_limits *limits = planner->limits;
	const struct limits_now *now = planner->now;
	uint64_t used;

	if (!limits->memory_check_before_update || !now || !now->memory_current.set)
		return 0;
	used = now->memory_current.value;
	if (limits->memory_limit.value > 0 && (uint64_t)limits->memory_limit.value < used)
		return refuse_row(planner, row, "%" PRId64 " is below what is in use now, %" PRIu64,
				  limits->memory_limit.value, used);
	used += now->memory_swap_current.value;
	if (limits->memory_swap.value > 0 && (uint64_t)limits->memory_swap.value < used)
		return refuse(planner->err,
			      "linux.resources.memory.swap: %" PRId64 " is below what is in use now, %" PRIu64,
			      limits->memory_swap.value, used);
	return 0;
}

/* Swap before or after memory.max: room is made before it is taken away, so that lowering need not kill. */
int limits_swap_early(struct planner *planner, const struct row *row)
{
	return lowers_memory(planner) ? plan_swap(planner, row) : 0;
}

int limits_swap_late(struct planner *planner, const struct row *row)
{
	return lowers_memory(planner) ? 0 : plan_swap(planner, row);
}

int limits_check_swappiness(struct planner *planner, const struct row *row)
{
	const struct opt_u64 *value = planner_value(planner, row);

	if (value->set && value->value > SWAPPINESS_MAX)
		return refuse_row(planner, row, "%" PRIu64 " is not in 0..%d", value->value, SWAPPINESS_MAX);
	return 0;
}

int limits_check_oom_killer(struct planner *planner, const struct row *row)
{
	if (planner->limits->memory_disable_oom_killer)
		return refuse_row(planner, row,
				  "true is not possible on cgroup v2, whose OOM killer cannot be disabled");
	return 0;
}
