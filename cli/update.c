/* update.c - `coffer update`: new limits, from a resources object, from options, or from both (options win). */
#include <string.h>

#include "base/log.h"
#include "runtime/config.h"
#include "runtime/extra_limits.h"
#include "verb.h"

struct update_options {
	const char *resources;
	const char *const *more;
	bool force;
	struct cgroup_limits limits;
};

#define SIZE_LIMIT(field, name, ...) SIZE_ROW(struct update_options, limits.field, name, 0, "SIZE", __VA_ARGS__)
#define NUMBER_LIMIT(field, name, argument, ...)                                                                       \
	NUMBER_ROW(struct update_options, limits.field, name, 0, argument, __VA_ARGS__)
#define INTEGER_LIMIT(field, name, argument, ...)                                                                      \
	INTEGER_ROW(struct update_options, limits.field, name, 0, argument, __VA_ARGS__)
#define TEXT_LIMIT(field, name, argument, ...)                                                                         \
	TEXT_ROW(struct update_options, limits.field, name, 0, argument, __VA_ARGS__)

static const struct cli_option options[] = {
	TEXT_ROW(struct update_options, resources, "resources", 'r', "FILE", "linux.resources as JSON; - is stdin"),
	SIZE_LIMIT(memory_limit, "memory", "hard memory limit; -1 is no limit"),
	SIZE_LIMIT(memory_reservation, "memory-reservation", "soft memory limit"),
	SIZE_LIMIT(memory_swap, "memory-swap", "memory and swap together"),
	SIZE_LIMIT(memory_kernel, "kernel-memory", "no effect on cgroup v2"),
	SIZE_LIMIT(memory_kernel_tcp, "kernel-memory-tcp", "no effect on cgroup v2"),
	NUMBER_LIMIT(cpu_period, "cpu-period", "US", "length of a CPU period in microseconds"),
	INTEGER_LIMIT(cpu_quota, "cpu-quota", "US", "CPU time per period; -1 is no limit"),
	NUMBER_LIMIT(cpu_burst, "cpu-burst", "US", "unused quota that may be saved up"),
	NUMBER_LIMIT(cpu_realtime_period, "cpu-rt-period", "US", "realtime period (cgroup v1 only)"),
	INTEGER_LIMIT(cpu_realtime_runtime, "cpu-rt-runtime", "US", "realtime time (cgroup v1 only)"),
	NUMBER_LIMIT(cpu_shares, "cpu-shares", "N", "CPU weight, 2 to 262144", .alias = "cpu-share"),
	INTEGER_LIMIT(cpu_idle, "cpu-idle", "0|1", "1: run only when nothing else does"),
	TEXT_LIMIT(cpus, "cpuset-cpus", "LIST", "CPUs to run on, like 0-3,6"),
	TEXT_LIMIT(mems, "cpuset-mems", "LIST", "memory nodes to use"),
	NUMBER_LIMIT(io_weight, "blkio-weight", "N", "relative disk weight, 10 to 1000"),
	INTEGER_LIMIT(pids_limit, "pids-limit", "N", "how many processes; -1 is no limit"),
	LIST_ROW(struct update_options, more, "limit", 0, "FILE=VALUE", "any cgroup file, like memory.high=64m"),
	FLAG_ROW(struct update_options, force, "force", 0, "lower memory even if the kernel has to kill"),
	UNSUPPORTED_ROW("l3-cache-schema", "SCHEMA", "not supported: no Intel RDT in coffer"),
	UNSUPPORTED_ROW("mem-bw-schema", "SCHEMA", "not supported: no Intel RDT in coffer"),
	END_ROW,
};

/* The limits given as options replace those of the file. opt_u64 and opt_i64 lie alike in memory. */
_Static_assert(sizeof(struct opt_u64) == sizeof(struct opt_i64) &&
		       offsetof(struct opt_u64, set) == offsetof(struct opt_i64, set),
	       "a set number is copied without a look at its sign");

static void overlay(const struct update_options *given, struct update_options *merged)
{
	for (const struct cli_option *option = options; option->name; option++) {
		const void *from = (const char *)given + option->offset;
		void *to = (char *)merged + option->offset;
		bool is_text = option->kind == OPTION_TEXT;

		if (option->kind == OPTION_UNSUPPORTED || option->kind == OPTION_LIST || option->kind == OPTION_FLAG)
			continue;
		if (is_text && *(const char *const *)from)
			memcpy(to, from, sizeof(const char *));
		else if (!is_text && ((const struct opt_u64 *)from)->set)
			memcpy(to, from, sizeof(struct opt_u64));
	}
}

static int run(const struct invocation *in, int *ret_exit, struct error *err)
{
	const struct update_options *given = in->options;
	struct update_options merged = { 0 };
	struct device_rule *rules = NULL;
	size_t n_rules = 0;
	int r;

	(void)ret_exit;
	if (given->resources) {
		r = config_load_resources(in->arena, given->resources, &merged.limits, &rules, &n_rules, err);
		if (r < 0)
			return r;
	}
	if (n_rules)
		log_message(LOG_LEVEL_DEBUG, "update: %zu device rules are left as they were at create", n_rules);
	overlay(given, &merged);
	r = extra_limits_add(in->arena, NULL, 0, given->more, &merged.limits, err);
	return r < 0 ? r : container_update(in->runtime, in->arguments[0], &merged.limits, given->force, err);
}

const struct verb verb_update = {
	.name = "update",
	.group = GROUP_INSIDE,
	.summary = "change the limits of a container",
	.arguments = "ID",
	.min_arguments = 1,
	.max_arguments = 1,
	.options = options,
	.options_size = sizeof(struct update_options),
	.run = run,
};
