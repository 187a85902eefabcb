/*
 * rlimit.c - resource limits by name, as runtime-spec "process.rlimits" has them; see creds.h.
 * The table holds all that Linux has; a limit of a later kernel is refused until it gets its line here.
 */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/syscalls.h"
#include "creds.h"

static const char *const names[] = {
	[RLIMIT_CPU] = "RLIMIT_CPU",           [RLIMIT_FSIZE] = "RLIMIT_FSIZE",
	[RLIMIT_DATA] = "RLIMIT_DATA",         [RLIMIT_STACK] = "RLIMIT_STACK",
	[RLIMIT_CORE] = "RLIMIT_CORE",         [RLIMIT_RSS] = "RLIMIT_RSS",
	[RLIMIT_NPROC] = "RLIMIT_NPROC",       [RLIMIT_NOFILE] = "RLIMIT_NOFILE",
	[RLIMIT_MEMLOCK] = "RLIMIT_MEMLOCK",   [RLIMIT_AS] = "RLIMIT_AS",
	[RLIMIT_LOCKS] = "RLIMIT_LOCKS",       [RLIMIT_SIGPENDING] = "RLIMIT_SIGPENDING",
	[RLIMIT_MSGQUEUE] = "RLIMIT_MSGQUEUE", [RLIMIT_NICE] = "RLIMIT_NICE",
	[RLIMIT_RTPRIO] = "RLIMIT_RTPRIO",     [RLIMIT_RTTIME] = "RLIMIT_RTTIME",
};
static_assert(ARRAY_SIZE(names) == RLIMIT_NLIMITS, "every RLIMIT_* of the headers has its name");

int rlimit_by_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_eq(names[i], name))
			return (int)i;
	return -EINVAL;
}

int rlimits_apply(pid_t pid, const struct rlimit_entry *limits, size_t n_limits, struct error *err)
{
	for (size_t i = 0; i < n_limits; i++) {
		const struct rlimit_entry *limit = &limits[i];

		if (limit->value.rlim_cur > limit->value.rlim_max)
			return refuse(err, "%s: soft limit %" PRIu64 " is above hard limit %" PRIu64, limit->name,
				      (uint64_t)limit->value.rlim_cur, (uint64_t)limit->value.rlim_max);
		if (sys_prlimit(pid, limit->resource, &limit->value) < 0)
			return fail(err, errno, "set %s to %" PRIu64 ":%" PRIu64, limit->name,
				    (uint64_t)limit->value.rlim_cur, (uint64_t)limit->value.rlim_max);
	}
	return 0;
}
