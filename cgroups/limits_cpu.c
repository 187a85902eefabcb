/*
 * limits_cpu.c - cpu.weight, cpu.idle, cpu.max and cpu.max.burst.
 */
#include <assert.h>
#include <inttypes.h>
#include <stddef.h>

#include "limits_plan.h"
#include "weight.h"

enum {
	CPU_PERIOD_DEFAULT = 100000, /* us; cgroup-v2.rst "cpu.max" */
	CPU_PERIOD_MIN = 1000,       /* us; kernel/sched/core.c, as are the next two */
	CPU_PERIOD_MAX = 1000000,
	CPU_QUOTA_MIN = 1000,
};

/* Both realtime fields: the value is what counts, and it is at the same place in both opt types. */
int limits_check_realtime(struct planner *planner, const struct row *row)
{
	const struct opt_u64 *value = planner_value(planner, row);

	static_assert(offsetof(struct opt_i64, set) == offsetof(struct opt_u64, set), "read as one another");
	if (value->set && value->value != 0)
		return refuse_row(planner, row, "realtime scheduling groups do not exist on cgroup v2");
	return 0;
}

int limits_idle(struct planner *planner, const struct row *row)
{
	const struct opt_i64 *idle = planner_value(planner, row);

	if (!idle->set)
		return 0;
	if (idle->value != 0 && idle->value != 1)
		return refuse_row(planner, row, "%" PRId64 " is neither 0 nor 1", idle->value);
	planner_write(planner, row, idle->value ? "1" : "0", idle->value == 0);
	return 0;
}

/* An idle group has a weight of its own, and the kernel refuses another. */
int limits_shares(struct planner *planner, const struct row *row)
{
	const struct opt_u64 *shares = planner_value(planner, row);
	const struct opt_i64 *idle = &planner->limits->cpu_idle;

	if (shares->set && shares->value != 0 && !(idle->set && idle->value == 1))
		planner_write(planner, row, arena_printf(planner->arena, "%" PRIu64, weight_of_shares(shares->value)),
			      false);
	return 0;
}

static int check_quota(struct planner *planner, const struct row *row)
{
	const struct cgroup_limits *limits = planner->limits;
	const struct opt_i64 *quota = &limits->cpu_quota;

	if (quota->set && quota->value < -1)
		return refuse_row(planner, row, "%" PRId64 " is neither -1 (no limit) nor at least %d us", quota->value,
				  CPU_QUOTA_MIN);
	if (quota->set && quota->value > 0 && quota->value < CPU_QUOTA_MIN)
		return refuse_row(planner, row, "%" PRId64 " us is below the kernel's least, %d us", quota->value,
				  CPU_QUOTA_MIN);
	if (limits->cpu_period.set && limits->cpu_period.value != 0 &&
	    (limits->cpu_period.value < CPU_PERIOD_MIN || limits->cpu_period.value > CPU_PERIOD_MAX))
		return refuse(planner->err, "linux.resources.cpu.period: %" PRIu64 " us is not in %d..%d us",
			      limits->cpu_period.value, CPU_PERIOD_MIN, CPU_PERIOD_MAX);
	if (limits->cpu_burst.set && quota->set && quota->value > 0 && limits->cpu_burst.value > (uint64_t)quota->value)
		return refuse(planner->err,
			      "linux.resources.cpu.burst: %" PRIu64 " us is above linux.resources.cpu.quota, %" PRId64
			      " us",
			      limits->cpu_burst.value, quota->value);
	return 0;
}

/* cpu.max is one file for two fields: the one that is not given keeps what it has now. */
int limits_quota(struct planner *planner, const struct row *row)
{
	const struct opt_i64 *quota = &planner->limits->cpu_quota;
	const struct opt_u64 *period = &planner->limits->cpu_period;
	const struct limits_now *now = planner->now;
	uint64_t us = UINT64_MAX;
	uint64_t per = CPU_PERIOD_DEFAULT;
	bool period_given = period->set && period->value != 0;

	if (check_quota(planner, row) < 0)
		return -planner->err->code;
	if (!quota->set && !period_given)
		return 0;
	if (quota->set && quota->value > 0)
		us = (uint64_t)quota->value;
	else if (!quota->set && now && now->cpu_quota.set)
		us = now->cpu_quota.value;
	if (period_given)
		per = period->value;
	else if (now && now->cpu_period.set)
		per = now->cpu_period.value;
	if (us == UINT64_MAX)
		planner_write(planner, row, arena_printf(planner->arena, "max %" PRIu64, per), true);
	else
		planner_write(planner, row, arena_printf(planner->arena, "%" PRIu64 " %" PRIu64, us, per), false);
	return 0;
}

/*
 * The kernel wants burst <= quota after each write. A burst that fits the quota of now goes before cpu.max, which may
 * lower the quota; a greater one goes after, when the quota is raised. A fresh cgroup has burst 0 and no quota.
 */
static bool burst_fits_now(const struct planner *planner)
{
	const struct limits_now *now = planner->now;

	return now && now->cpu_quota.set && planner->limits->cpu_burst.value <= now->cpu_quota.value;
}

static int plan_burst(struct planner *planner, const struct row *row)
{
	const struct opt_u64 *burst = planner_value(planner, row);

	if (burst->set)
		planner_write(planner, row, arena_printf(planner->arena, "%" PRIu64, burst->value), burst->value == 0);
	return 0;
}

int limits_burst_early(struct planner *planner, const struct row *row)
{
	return burst_fits_now(planner) ? plan_burst(planner, row) : 0;
}

int limits_burst_late(struct planner *planner, const struct row *row)
{
	return burst_fits_now(planner) ? 0 : plan_burst(planner, row);
}
