/*
 * limits_apply.c - writes a plan to a cgroup, and brings an existing one up to new limits: read what it has now, plan
 * from there, give it the controllers it lacks, write.
 */
#include "limits.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "enable.h"
#include "host.h"
#include "limits_lower.h"
#include "limits_plan.h"
#include "scope_weights.h"
#include "tree.h"

enum { VALUE_SIZE = 64 };

static const struct {
	const char *file;
	int code;
	const char *why;
} hints[] = {
	{ "cpu.weight", EINVAL, " (a cgroup with cpu.idle 1 takes no weight)" },
	{ "cpu.max", EINVAL, " (quota may not be below cpu.max.burst)" },
	{ "cpu.max.burst", EINVAL, " (burst may not be above the quota of cpu.max)" },
	{ "io.max", ENODEV, " (no such block device)" },
	{ "io.weight", ENODEV, " (no such block device)" },
	{ "io.weight", EOPNOTSUPP, " (the I/O scheduler of the device knows no weights)" },
};

static const char *hint(const char *file, int code)
{
	for (size_t i = 0; i < ARRAY_SIZE(hints); i++)
		if (hints[i].code == code && str_eq(hints[i].file, file))
			return hints[i].why;
	return "";
}

static int write_failed(const struct cgroup *cgroup, const struct limit_write *write, int code, struct error *err)
{
	if (code == ENOENT && write->controller < CGROUP_CONTROLLER_MAX)
		return fail(err, code,
			    "write \"%.80s\" to %s of cgroup %.150s: this kernel does not have the file, or the %s "
			    "controller is not enabled for the cgroup",
			    write->text, write->file, cgroup->path, cgroup_controller_name(write->controller));
	return fail(err, code, "write \"%.80s\" to %s of cgroup %.150s%s", write->text, write->file, cgroup->path,
		    hint(write->file, code));
}

static int write_one(const struct cgroup *cgroup, const struct limit_write *write, struct error *err)
{
	int r = fd_write_existing(cgroup->fd, write->file, write->text);

	if (write->also_file && fd_write_existing(cgroup->fd, write->also_file, write->also_text) == 0)
		r = 0;
	if (r == 0 || (r == -ENOENT && write->optional))
		return 0;
	return write_failed(cgroup, write, -r, err);
}

int limits_apply(const struct cgroup_host *host, const struct cgroup *cgroup, const struct limit_plan *plan,
		 struct error *err)
{
	int r = host_require(host, plan->controllers, err);

	for (size_t i = 0; r == 0 && i < plan->n_writes; i++)
		r = write_one(cgroup, &plan->writes[i], err);
	return r;
}

static void parse_now(const char *word, struct opt_u64 *ret)
{
	ret->set = true;
	if (str_eq(word, "max"))
		ret->value = UINT64_MAX;
	else
		ret->set = str_to_u64(word, UINT64_MAX, &ret->value) == 0;
}

static void read_now(const struct cgroup *cgroup, const char *file, struct opt_u64 *ret)
{
	char text[VALUE_SIZE];

	if (fd_read_small(cgroup->fd, file, text, sizeof(text)) > 0)
		parse_now(text, ret);
}

/* "max 100000", "50000 100000" */
static void read_cpu_max(const struct cgroup *cgroup, struct limits_now *ret)
{
	char text[VALUE_SIZE];
	char *space;

	if (fd_read_small(cgroup->fd, "cpu.max", text, sizeof(text)) <= 0)
		return;
	space = strchr(text, ' ');
	if (!space)
		return;
	*space = '\0';
	parse_now(text, &ret->cpu_quota);
	parse_now(space + 1, &ret->cpu_period);
}

/* Only what the given limits make it necessary to know. */
static void read_what_matters(const struct cgroup *cgroup, const struct cgroup_limits *limits, struct limits_now *ret)
{
	if (limits->memory_limit.set || limits->memory_swap.set || limits->n_unified)
		read_now(cgroup, "memory.max", &ret->memory_max);
	if (limits->memory_check_before_update) {
		read_now(cgroup, "memory.current", &ret->memory_current);
		read_now(cgroup, "memory.swap.current", &ret->memory_swap_current);
	}
	if (limits->cpu_quota.set || limits->cpu_period.set || limits->cpu_burst.set)
		read_cpu_max(cgroup, ret);
}

/* The last write to memory.max is the one that stays; UINT64_MAX if there is none. */
static uint64_t planned_memory_max(const struct limit_plan *plan)
{
	uint64_t bytes = UINT64_MAX;

	for (size_t i = 0; i < plan->n_writes; i++)
		if (str_eq(plan->writes[i].file, "memory.max"))
			bytes = limits_kernel_number(plan->writes[i].text);
	return bytes;
}

/* Who is interrupted on the way would leave the container frozen, or at the brake: that waits until all is back. */
static int apply_lowered(const struct cgroup_host *host, const struct cgroup *cgroup, const struct limit_plan *plan,
			 uint64_t target, struct error *err)
{
	bool frozen = false;
	sigset_t all, before;
	int r;

	(void)sigfillset(&all);
	if (sigprocmask(SIG_BLOCK, &all, &before) < 0)
		return fail(err, errno, "signal mask");
	r = lower_begin(cgroup, target, &frozen, err);
	if (r == 0)
		r = limits_apply(host, cgroup, plan, err);
	lower_end(cgroup, frozen);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}

static bool is_idle(const struct cgroup *cgroup)
{
	struct opt_u64 idle = { 0 };

	read_now(cgroup, "cpu.idle", &idle);
	return idle.set && idle.value == 1;
}

int limits_update(const struct cgroup_host *host, const struct cgroup *cgroup, const struct cgroup_limits *limits,
		  bool force, struct scope_weights *ret_weights, struct error *err)
{
	auto_arena struct arena *arena = arena_new();
	struct limits_now now = { 0 };
	struct limit_plan plan;
	uint64_t target;
	int r;

	read_what_matters(cgroup, limits, &now);
	r = limits_plan_from(arena, limits, &now, &plan, err);
	if (r == 0)
		r = enable_controllers(host, cgroup, plan.controllers, err);
	if (r < 0)
		return r;
	if (ret_weights)
		*ret_weights = scope_weights_of(&plan, is_idle(cgroup));
	target = planned_memory_max(&plan);
	if (force || !now.memory_max.set || target >= now.memory_max.value)
		return limits_apply(host, cgroup, &plan, err);
	return apply_lowered(host, cgroup, &plan, target, err);
}
