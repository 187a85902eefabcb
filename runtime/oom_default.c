/* oom_default.c - what is done about a container at its limit when nobody has decided in time: --oom-default. */
#include "oom_watcher.h"

enum { PERCENT = 100, RAISES_MAX = 64 };

/* The next limit of raise:PERCENT[:CAP] that is enough for what is in use; 0 if the cap is below that. */
static uint64_t raised_limit(const struct watcher *watcher, const struct watched *container)
{
	const struct oom_policy *policy = &container->policy;
	uint64_t limit = container->wire.limit;
	uint64_t used = 0;

	(void)tripwire_usage(&container->wire, &used);
	for (int i = 0; i < RAISES_MAX && limit < INT64_MAX / PERCENT / 2; i++) {
		limit += limit / PERCENT * policy->raise_percent + limit % PERCENT * policy->raise_percent / PERCENT;
		if (policy->raise_cap && limit > policy->raise_cap)
			limit = policy->raise_cap;
		if (limit > container->wire.limit && tripwire_ceiling(limit, hit_gap(watcher, container, limit)) > used)
			return limit;
	}
	return 0;
}

static void kill_largest(struct watcher *watcher, struct watched *container)
{
	struct error ignored;
	const int64_t pid = report_largest(watcher, container);

	if (pid <= 0 || hit_kill(watcher, container, &pid, 1, &ignored) < 0)
		(void)hit_kill_all(watcher, container, &ignored);
}

void hit_fall_back(struct watcher *watcher, struct watched *container)
{
	struct error ignored;
	uint64_t limit;

	container->decide_ns = 0;
	switch (container->policy.fallback) {
	case OOM_STAY:
		return;
	case OOM_KILL_GROUP:
		(void)hit_kill_all(watcher, container, &ignored);
		return;
	case OOM_RAISE:
		limit = raised_limit(watcher, container);
		if (limit && hit_raise(watcher, container, limit, &ignored) == 0)
			return;
		break;
	case OOM_KILL_LARGEST:
		break;
	}
	kill_largest(watcher, container);
}
