/* oom_record.c - see oom_record.h. */
#include "oom_record.h"

#include "base/cleanup.h"
#include "base/fd.h"
#include "stats.h"
#include "tree.h"

#include <string.h>

enum { EVENTS_SIZE = 256 };

static const char *const names[] = {
	[OOM_LEVEL_NONE] = "none",
	[OOM_LEVEL_OWN] = "own",
	[OOM_LEVEL_INSIDE] = "inside",
	[OOM_LEVEL_OUTSIDE] = "outside",
};

const char *oom_level_name(enum oom_level level)
{
	return names[level];
}

static bool own_limit_was_reached(const struct cgroup *cgroup)
{
	char text[EVENTS_SIZE];
	const char *at;

	if (fd_read_small(cgroup->fd, "memory.events.local", text, sizeof(text)) <= 0)
		return false;
	at = strstr(text, "\noom ");
	return at && at[strlen("\noom ")] != '0';
}

int oom_record_read(const struct cgroup *cgroup, struct oom_record *ret_record, struct error *err)
{
	struct cgroup_stats stats;
	int r = cgroup_stats_read(cgroup, &stats, err);

	if (r < 0)
		return r;
	*ret_record = (struct oom_record){ .kills = stats.memory_events_oom_kill, .peak = stats.memory_peak };
	if (!stats.memory_events_oom_kill.value)
		return 0;
	if (own_limit_was_reached(cgroup))
		ret_record->level = OOM_LEVEL_OWN;
	else
		ret_record->level = stats.memory_events_oom.value ? OOM_LEVEL_INSIDE : OOM_LEVEL_OUTSIDE;
	return 0;
}
