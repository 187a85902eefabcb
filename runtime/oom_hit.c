/*
 * oom_hit.c - the states of one container, see enum hit_state:
 *
 *	ARMED, SOFT --touched--> lift memory.max; reclaimable? -> SOFT, else freeze -> FREEZING
 *	SOFT        --quiet----> memory.max back to the limit -> ARMED
 *	FREEZING    --frozen, or standing still--> reclaimable after all? -> thaw, SOFT, else -> DECIDE
 *	FREEZING    --too long-> the same, but DECIDE as pending: what still runs is slowed down, and can be killed
 *	DECIDE      --raise, resume--> thaw -> SOFT     --kill--> SETTLE     --nobody in time--> the policy's default
 *	SETTLE      --fits-----> thaw -> SOFT           --too long--> DECIDE, told again
 *
 * Nothing that a container does can hold this up: all reads are of kernel files, none takes a lock of a frozen task.
 */
#include "oom_watcher.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/proc.h"
#include "base/str.h"

#ifndef SYS_process_mrelease
#define SYS_process_mrelease 448
#endif

enum { NS_PER_US = 1000, NUMBER_SIZE = 32, RAISES_MAX = 64 };

#define NS_PER_MS 1000000ULL
#define NS_PER_S  1000000000ULL
#define QUIET_NS  (200 * NS_PER_MS) /* without an event, until memory.max is put back */
#define FREEZE_NS (100 * NS_PER_MS) /* for all tasks to stop, until told as pending */
#define TELL_NS   (50 * NS_PER_MS)  /* after the event, until it is told whoever else touches a limit */
#define LIFT_NS   (50 * NS_PER_MS)  /* between looks at what still runs */
#define LOOK_NS   (1 * NS_PER_MS)   /* between looks at what may be told late */
#define MORE_NS   (5 * NS_PER_MS)   /* between looks for tasks that have been forked meanwhile */
#define LATE_NS   (20 * NS_PER_MS)  /* a tick or so above the kernel's CGROUP_FILE_NOTIFY_MIN_INTV */
#define SETTLE_NS (10 * NS_PER_MS)  /* between looks at what is being killed */
#define KILL_NS   (5 * NS_PER_S)    /* for killed processes to give their memory back */

uint64_t oom_now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static void enter(struct watched *container, enum hit_state state, uint64_t tick_ns)
{
	container->state = state;
	container->tick_ns = tick_ns ? oom_now_ns() + tick_ns : 0;
	if (state != HIT_DECIDE)
		container->decide_ns = 0;
	if (state == HIT_FREEZING) {
		container->look_ns = oom_now_ns() + LOOK_NS;
		container->more_ns = oom_now_ns() + MORE_NS;
	}
}

/* ---- towards a hit ---- */

static uint64_t us_since_event(const struct watched *container)
{
	return (oom_now_ns() - container->event_ns) / NS_PER_US;
}

static void end_boost(struct watched *container)
{
	boost_end(container->wire.dir, &container->boost, oom_now_ns());
}

static void end_looks(struct watched *container)
{
	end_boost(container);
	still_end(container);
	container->look_ns = 0;
}

static void freeze(struct watched *container)
{
	container->pending = false;
	container->judge_us = us_since_event(container);
	(void)tripwire_freeze(&container->wire);
	container->ask_us = us_since_event(container);
	enter(container, HIT_FREEZING, FREEZE_NS);
}

static void evaluate(struct watched *container)
{
	if (tripwire_is_hit(&container->wire) > 0)
		freeze(container);
	else
		enter(container, HIT_SOFT, QUIET_NS);
}

static void soft_again(struct watched *container)
{
	container->pending = false;
	end_looks(container);
	(void)tripwire_thaw(&container->wire);
	enter(container, HIT_SOFT, QUIET_NS);
	/* Whoever touches the limit again at once would sleep above memory.high by the time that the kernel tells. */
	container->late_ns = container->touched_ns + LATE_NS;
	container->look_ns = oom_now_ns() + LOOK_NS;
}

static void decide(struct watched *container, bool pending)
{
	container->freeze_us = us_since_event(container);
	end_looks(container);
	container->pending = pending;
	container->announce = true;
	container->hits++;
	enter(container, HIT_DECIDE, pending ? LIFT_NS : 0);
	if (container->policy.timeout_ms)
		container->decide_ns = oom_now_ns() + container->policy.timeout_ms * NS_PER_MS;
}

/* All have stopped, or (pending) have had their time for that. */
static void stopped(struct watched *container, bool pending)
{
	tripwire_put_back(&container->wire);
	if (tripwire_is_full(&container->wire) > 0) {
		decide(container, pending);
		return;
	}
	container->thawed_hits++;
	soft_again(container);
}

static void look_at_freezer(struct watched *container)
{
	bool is_frozen, populated;

	if (tripwire_state(&container->wire, &is_frozen, &populated) < 0)
		return;
	if (!populated)
		soft_again(container); /* all have ended: nobody is left to decide about */
	else if (is_frozen)
		stopped(container, false);
}

/* By now there may be others that have been forked, and some that stand still where the kernel does not say so. */
static void look_for_more(struct watched *container)
{
	if (oom_now_ns() < container->more_ns)
		return;
	container->more_ns = oom_now_ns() + MORE_NS;
	boost_more(container->wire.dir, &container->boost);
	still_begin(container);
}

/* Is the freeze still asked for? `coffer resume` or an engine may have taken it back. */
static bool is_asked_for(const struct watched *container)
{
	char text[NUMBER_SIZE];

	return fd_read_small(container->wire.dir, "cgroup.freeze", text, sizeof(text)) <= 0 || text[0] == '1';
}

static void look_at_tasks(struct watched *container)
{
	look_at_freezer(container);
	if (container->state == HIT_FREEZING && still_is_seen(container) && is_asked_for(container))
		stopped(container, false);
	if (container->state != HIT_FREEZING)
		return;
	look_for_more(container);
	if (boost_is_over(&container->boost, oom_now_ns()))
		end_boost(container);
	container->look_ns = oom_now_ns() + LOOK_NS;
}

/* What has not stopped at once waits for a processor, mostly. */
static void hasten(struct watched *container)
{
	look_at_freezer(container);
	if (container->state == HIT_FREEZING)
		boost_begin(container->wire.dir, &container->boost, oom_now_ns());
}

void hit_leave(struct watched *container)
{
	end_looks(container);
}

void hit_touched(struct watched *container)
{
	uint64_t now = oom_now_ns();

	if (tripwire_touched(&container->wire) <= 0)
		return;
	container->touched_ns = now;
	(void)tripwire_lift(&container->wire);
	if (container->state != HIT_ARMED && container->state != HIT_SOFT)
		return;
	container->event_ns = now;
	container->lift_us = us_since_event(container);
	if (container->state == HIT_ARMED)
		container->soft_hits++;
	evaluate(container);
	if (container->state == HIT_FREEZING)
		hasten(container);
}

static void look_for_touch(struct watched *container)
{
	hit_touched(container);
	if (container->state == HIT_SOFT && oom_now_ns() < container->late_ns)
		container->look_ns = oom_now_ns() + LOOK_NS;
}

static void tell_outcome(struct watcher *watcher, struct watched *container, const char *outcome)
{
	auto_free char *line = NULL;

	container->outcome = outcome;
	line = report_event(watcher, container, "resolved", false);
	server_tell(watcher, container->id, line);
}

static void let_go(struct watcher *watcher, struct watched *container, const char *outcome)
{
	container->announce = false;
	soft_again(container);
	tell_outcome(watcher, container, outcome);
}

void hit_freezer(struct watcher *watcher, struct watched *container)
{
	bool is_frozen, populated;

	if (tripwire_state(&container->wire, &is_frozen, &populated) < 0)
		return;
	if (container->state == HIT_FREEZING) {
		look_at_freezer(container);
		return;
	}
	if (container->state != HIT_DECIDE && container->state != HIT_SETTLE)
		return;
	if (!populated) {
		let_go(watcher, container, container->state == HIT_SETTLE ? container->outcome : "ended");
	} else if (container->pending && is_frozen) {
		auto_free char *line = NULL;

		container->pending = false;
		container->tick_ns = 0;
		line = report_event(watcher, container, "frozen", false);
		server_tell(watcher, container->id, line);
	} else if (!is_frozen && !container->pending && !is_asked_for(container)) {
		container->wire.froze = false;
		container->outcome = "thawed by somebody else";
		evaluate(container);
	}
}

void hit_adopt(struct watched *container)
{
	bool is_frozen = false;
	bool populated = false;
	char text[NUMBER_SIZE] = "";
	uint64_t max = 0;

	boost_recover(container->wire.dir);
	(void)fd_read_small(container->wire.dir, "memory.max", text, sizeof(text));
	if (str_eq(text, "max") || (str_to_u64(text, UINT64_MAX, &max) == 0 && max > container->wire.limit))
		container->wire.lifted_to = max ? max : UINT64_MAX;
	if (!container->wire.lifted_to)
		return;
	/* A watcher ended in the middle of a hit. What is frozen was frozen by it, and memory.high raised. */
	container->wire.unbraked = true;
	(void)tripwire_state(&container->wire, &is_frozen, &populated);
	container->wire.froze = is_asked_for(container);
	container->event_ns = oom_now_ns();
	if (container->wire.froze)
		enter(container, HIT_FREEZING, FREEZE_NS);
	else
		evaluate(container);
	if (container->state == HIT_FREEZING && is_frozen)
		stopped(container, false);
}

/* However many others touch their limits all the time: who decides about this one does not wait for them for long. */
bool hit_announce(struct watcher *watcher, struct watched *container, bool busy)
{
	auto_free char *line = NULL;

	if (!container->announce || (busy && oom_now_ns() - container->event_ns < TELL_NS))
		return false;
	container->announce = false;
	container->notify_us = us_since_event(container);
	line = report_event(watcher, container, container->pending ? "pending" : "hit", true);
	server_tell(watcher, container->id, line);
	tell_socket(watcher, container, line);
	tell_hook(container, line, false);
	return true;
}

/* A warning, no more: whoever raises or kills by it does so as at any other time. */
void hit_pressure(struct watcher *watcher, struct watched *container)
{
	auto_free char *line = report_event(watcher, container, "pressure", false);

	server_tell(watcher, container->id, line);
	tell_socket(watcher, container, line);
	tell_hook(container, line, true);
}

/* ---- decisions ---- */

static void adopt_limit(struct watched *container, uint64_t limit, uint64_t gap)
{
	auto_cleanup(state_dir_close) struct state_dir dir = { .fd = -1 };
	struct error ignored;

	container->policy.limit = limit;
	container->policy.gap = gap;
	/* Only what a later watcher starts from; the cgroup has the limit already. */
	if (state_dir_open(container->root, container->id, &dir, &ignored) == 0)
		(void)oom_policy_write(&dir, &container->policy, &ignored);
}

uint64_t hit_gap(const struct watcher *watcher, const struct watched *container, uint64_t limit)
{
	if (container->own_gap && container->policy.gap < limit)
		return container->policy.gap;
	return tripwire_gap(limit, watcher->processors);
}

/* The least limit with which `used` bytes may go on. */
static uint64_t limit_for(const struct watcher *watcher, const struct watched *container, uint64_t used)
{
	uint64_t limit = container->wire.limit;

	for (int i = 0; i < RAISES_MAX; i++) {
		uint64_t ceiling = tripwire_ceiling(limit, hit_gap(watcher, container, limit));

		if (ceiling > used)
			break;
		limit += used - ceiling + 1;
	}
	return limit;
}

static int still_too_much(const struct watcher *watcher, const struct watched *container, struct error *err)
{
	const struct tripwire *wire = &container->wire;
	uint64_t used = 0;

	(void)tripwire_usage(wire, &used);
	return refuse_as(err, EBUSY,
			 "container `%s` stays frozen: %" PRIu64 " bytes are in use, and with its limit of %" PRIu64
			 " it may go on below %" PRIu64 ": raise the limit to %" PRIu64 ", or kill",
			 container->id, used, wire->limit, tripwire_ceiling(wire->limit, wire->gap),
			 limit_for(watcher, container, used));
}

static bool is_stopped(const struct watched *container)
{
	return container->state == HIT_DECIDE || container->state == HIT_SETTLE;
}

int hit_raise(struct watcher *watcher, struct watched *container, uint64_t limit, struct error *err)
{
	uint64_t above;
	uint64_t gap;
	int r;

	if (limit <= container->wire.limit)
		return refuse(err, "%" PRIu64 " bytes are not more than the limit of now, %" PRIu64, limit,
			      container->wire.limit);
	if (limit > INT64_MAX)
		return refuse(err, "%" PRIu64 " bytes are more than any machine has", limit);
	above = tripwire_above(&container->wire);
	if (limit > above)
		return refuse(err,
			      "a cgroup above container `%s` has a limit of %" PRIu64 " bytes, where the kernel kills: "
			      "raise that first",
			      container->id, above);
	gap = hit_gap(watcher, container, limit);
	r = tripwire_set_limit(&container->wire, limit, gap);
	if (r < 0)
		return fail(err, -r, "raise the memory limit of container `%s`", container->id);
	adopt_limit(container, limit, gap);
	if (!is_stopped(container))
		return 0;
	if (tripwire_is_full(&container->wire) > 0)
		return still_too_much(watcher, container, err);
	let_go(watcher, container, "raised");
	return 0;
}

/* memory.max was written by `coffer update`, which an engine's update ends in. It need not be what is in the file by
   now: the end of a hit writes it too. */
int hit_take_limit(struct watcher *watcher, struct watched *container, uint64_t limit, struct error *err)
{
	uint64_t gap;
	int r;

	if (limit == 0 || limit > INT64_MAX)
		return refuse(err, "container `%s` has no finite memory.max any more: its oom policy has no effect",
			      container->id);
	gap = hit_gap(watcher, container, limit);
	container->wire.lifted_to = 0;
	r = tripwire_set_limit(&container->wire, limit, gap);
	if (r < 0)
		return fail(err, -r, "follow the memory limit of container `%s`", container->id);
	adopt_limit(container, limit, gap);
	if (!is_stopped(container))
		return 0;
	(void)tripwire_lift(&container->wire);
	if (tripwire_is_full(&container->wire) <= 0)
		let_go(watcher, container, "raised");
	return 0;
}

static bool is_inside(const struct watched *container, pid_t pid)
{
	auto_free pid_t *pids = NULL;
	struct error ignored;
	size_t count = 0;

	if (cgroup_pids(container->cgroup, &pids, &count, &ignored) < 0)
		return false;
	for (size_t i = 0; i < count; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

/* The pidfd comes first: what is in the cgroup after it was opened is the process it stands for. */
static int kill_one(const struct watched *container, pid_t pid, struct error *err)
{
	auto_fd int pidfd = pid > 0 ? proc_pidfd_open(pid) : -EINVAL;
	int r;

	if (pidfd < 0 || !is_inside(container, pid))
		return refuse_as(err, ESRCH, "process %d is not in container `%s`", pid, container->id);
	r = proc_pidfd_send(pidfd, SIGKILL);
	if (r < 0 && r != -ESRCH)
		return fail(err, -r, "kill process %d of container `%s`", pid, container->id);
	/* Its memory at once, even if one of its threads is held up. */
	(void)syscall(SYS_process_mrelease, pidfd, 0);
	return 0;
}

static void settle(struct watcher *watcher, struct watched *container, const char *outcome)
{
	if (!is_stopped(container))
		return;
	container->settle_end_ns = oom_now_ns() + KILL_NS;
	enter(container, HIT_SETTLE, SETTLE_NS);
	tell_outcome(watcher, container, outcome);
}

int hit_kill(struct watcher *watcher, struct watched *container, const int64_t *pids, size_t count, struct error *err)
{
	size_t killed = 0;
	int r = 0;

	for (; r == 0 && killed < count; killed += r == 0)
		r = kill_one(container, pids[killed] > 0 && pids[killed] <= INT32_MAX ? (pid_t)pids[killed] : 0, err);
	if (killed > 0)
		settle(watcher, container, "killed");
	return r;
}

int hit_kill_all(struct watcher *watcher, struct watched *container, struct error *err)
{
	int r = cgroup_kill(container->cgroup, err);

	/* Failed or not: it is looked at again, and told again. */
	settle(watcher, container, "killed all");
	return r;
}

int hit_resume(struct watcher *watcher, struct watched *container, struct error *err)
{
	if (!is_stopped(container))
		return refuse(err, "container `%s` is not frozen at its memory limit", container->id);
	if (tripwire_is_full(&container->wire) > 0)
		return still_too_much(watcher, container, err);
	let_go(watcher, container, "resumed");
	return 0;
}

/* ---- time ---- */

static void restore(struct watched *container)
{
	if (tripwire_restore(&container->wire) == 0) {
		enter(container, HIT_ARMED, 0);
		return;
	}
	container->event_ns = oom_now_ns();
	evaluate(container);
	if (container->state == HIT_FREEZING)
		hasten(container);
}

static void look_after_kill(struct watcher *watcher, struct watched *container)
{
	if (tripwire_is_full(&container->wire) <= 0) {
		let_go(watcher, container, container->outcome);
		return;
	}
	(void)tripwire_lift(&container->wire);
	if (oom_now_ns() < container->settle_end_ns) {
		enter(container, HIT_SETTLE, SETTLE_NS);
		return;
	}
	container->event_ns = oom_now_ns();
	decide(container, container->pending);
}

/* What the kernel does not tell of, or late: within 10 ms of an event it keeps the next of the same file back. */
static void look(struct watched *container)
{
	container->look_ns = 0;
	if (container->state == HIT_FREEZING)
		look_at_tasks(container);
	else if (container->state == HIT_SOFT)
		look_for_touch(container);
}

void hit_tick(struct watcher *watcher, struct watched *container)
{
	uint64_t now = oom_now_ns();

	if (container->look_ns && now >= container->look_ns)
		look(container);
	if (container->tick_ns && now >= container->tick_ns) {
		container->tick_ns = 0;
		if (container->state == HIT_SOFT) {
			restore(container);
		} else if (container->state == HIT_FREEZING) {
			look_at_freezer(container);
			if (container->state == HIT_FREEZING)
				stopped(container, true);
		} else if (container->state == HIT_SETTLE) {
			look_after_kill(watcher, container);
		} else if (container->state == HIT_DECIDE && container->pending) {
			(void)tripwire_lift(&container->wire);
			container->tick_ns = now + LIFT_NS;
		}
	}
	if (container->decide_ns && now >= container->decide_ns)
		hit_fall_back(watcher, container);
}
