/*
 * validate_process.c - rules of the process object (runtime-spec config.md "Process"), for a config and for exec.
 * Order: program and environment, then limits and scheduling.
 */
#include <linux/sched.h>
#include <stdio.h>
#include <string.h>

#include "affinity.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "validate_parts.h"

enum {
	POLICY_ISO = 4,
	REALTIME_MIN = 1, /* sched(7) */
	REALTIME_MAX = 99,
};

static int check_args(const struct config_process *process, const char *at, struct error *err)
{
	if (!process->args || !process->args[0])
		return refuse(err, "%sargs: empty or missing; name the program to run", at);
	if (*process->args[0] == '\0')
		return refuse(err, "%sargs[0]: an empty program name; name the program to run", at);
	return 0;
}

static int check_cwd(const struct config_process *process, const char *at, struct error *err)
{
	if (*process->cwd != '/')
		return refuse(err, "%scwd: \"%.100s\" is not absolute; write it from \"/\" on", at, process->cwd);
	return 0;
}

/* A newline in HOME becomes a line of its own in a passwd file made from it: a CVE of a peer. */
static int check_env(const struct config_process *process, const char *at, struct error *err)
{
	for (size_t i = 0; process->env[i]; i++) {
		const char *entry = process->env[i];
		const char *equals = strchr(entry, '=');

		if (!equals)
			return refuse(err, "%senv[%zu]: \"%.64s\" has no \"=\"; write KEY=VALUE", at, i, entry);
		if (equals == entry)
			return refuse(err, "%senv[%zu]: no name before \"=\"; write KEY=VALUE", at, i);
		if (str_starts(entry, "HOME=") && strchr(entry, '\n'))
			return refuse(err, "%senv[%zu]: HOME has a newline in it; remove it", at, i);
	}
	return 0;
}

static int check_rlimits(const struct config_process *process, const char *at, struct error *err)
{
	uint64_t seen = 0;

	for (size_t i = 0; i < process->n_rlimits; i++) {
		const struct rlimit_entry *entry = &process->rlimits[i];
		uint64_t bit = (uint64_t)1 << entry->resource;

		if (seen & bit)
			return refuse(err, "%srlimits[%zu].type: %s is listed twice; remove one of them", at, i,
				      entry->name);
		if (entry->value.rlim_cur > entry->value.rlim_max)
			return refuse(err, "%srlimits[%zu].soft: %llu is above the hard limit %llu; lower it", at, i,
				      (unsigned long long)entry->value.rlim_cur,
				      (unsigned long long)entry->value.rlim_max);
		seen |= bit;
	}
	return 0;
}

static int check_deadline(const struct config_scheduler *scheduler, const char *at, struct error *err)
{
	/* sched(7): runtime <= deadline <= period, a period of 0 meaning the deadline. */
	uint64_t period = scheduler->period_ns ? scheduler->period_ns : scheduler->deadline_ns;

	if (scheduler->runtime_ns > 0 && scheduler->runtime_ns <= scheduler->deadline_ns &&
	    scheduler->deadline_ns <= period)
		return 0;
	return refuse(err, "%sscheduler.runtime: SCHED_DEADLINE needs 0 < runtime <= deadline <= period", at);
}

static int check_scheduler(const struct config_process *process, const char *at, struct error *err)
{
	const struct config_scheduler *scheduler = &process->scheduler;
	bool realtime = scheduler->policy == SCHED_FIFO || scheduler->policy == SCHED_RR;

	if (!scheduler->set)
		return 0;
	if (scheduler->policy == POLICY_ISO)
		return refuse(err, "%sscheduler.policy: Linux has no SCHED_ISO; use another one", at);
	if (realtime && (scheduler->priority < REALTIME_MIN || scheduler->priority > REALTIME_MAX))
		return refuse(err, "%sscheduler.priority: %d; this policy needs %d to %d", at, scheduler->priority,
			      REALTIME_MIN, REALTIME_MAX);
	if (!realtime && scheduler->priority != 0)
		return refuse(err, "%sscheduler.priority: %d; only SCHED_FIFO and SCHED_RR have one, remove it", at,
			      scheduler->priority);
	if (scheduler->policy == SCHED_DEADLINE)
		return check_deadline(scheduler, at, err);
	if (scheduler->runtime_ns || scheduler->deadline_ns || scheduler->period_ns)
		return refuse(err, "%sscheduler.runtime: runtime, deadline and period are for SCHED_DEADLINE only", at);
	return 0;
}

static int check_affinity(const struct config_process *process, const char *at, struct error *err)
{
	const struct {
		const char *name, *list;
	} lists[] = {
		{ "initial", process->cpu_affinity_initial },
		{ "final", process->cpu_affinity_final },
	};

	struct error ignored;
	cpu_set_t set;

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		if (lists[i].list && *lists[i].list && affinity_parse(lists[i].list, &set, &ignored) < 0)
			return refuse(err,
				      "%sexecCPUAffinity.%s: \"%.64s\" is no CPU list; write for example \"0-3,7\"", at,
				      lists[i].name, lists[i].list);
	return 0;
}

typedef int process_check_fn(const struct config_process *process, const char *at, struct error *err);

static process_check_fn *const checks[] = {
	check_args, check_env, check_cwd, check_rlimits, check_scheduler, check_affinity,
};

int validate_process(const struct config_process *process, const char *at, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++)
		if (checks[i](process, at, err) < 0)
			return -err->code;
	return 0;
}
