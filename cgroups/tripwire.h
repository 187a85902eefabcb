/*
 * tripwire.h - a memory limit that stops instead of killing: the files, the thresholds and the freezer of one cgroup,
 * opened beforehand, for a watcher that must be faster than the kernel's OOM killer.
 *
 * memory.max = limit, memory.high = limit - gap. Above high the kernel slows allocations down and reports an event;
 * the watcher then lifts memory.max, so that nobody is killed whatever is still on its way, asks whether the memory can
 * be reclaimed after all, and if not freezes. Without a watcher memory.max is as finite as without all this.
 * Nothing here allocates or blocks, but tripwire_open(). Policy, and who is told, are for the caller.
 * Kernel: cgroup-v2.rst "Memory Interface Files"; mm/memcontrol.c try_charge_memcg(), mem_cgroup_handle_over_high().
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "override.h"

enum { TRIPWIRE_OVERRIDES = 2 };

struct tripwire {
	int dir;    /* the cgroup; owned, as are the others */
	int events; /* memory.events.local: readable for EPOLLPRI at each new event */
	int frozen; /* cgroup.events: EPOLLPRI when frozen or populated changes */
	int max, high, current, stat, freeze;
	uint64_t limit, gap; /* bytes */
	uint64_t room;       /* above the limit while lifted */
	uint64_t lifted_to;  /* what memory.max says while lifted, else 0 */
	bool unbraked;       /* memory.high is raised as well */
	uint64_t n_high, n_max, n_oom;
	bool froze;                                    /* the freeze is this tripwire's, not somebody's `pause` */
	struct override overrides[TRIPWIRE_OVERRIDES]; /* while all stop */
};

#define TRIPWIRE_NONE                                                                                                  \
	{                                                                                                              \
		.dir = -1, .events = -1, .frozen = -1, .max = -1, .high = -1, .current = -1, .stat = -1, .freeze = -1  \
	}

/* What tasks may take between the first event and the freeze: each up to 64 pages a charge, and again before it is
   slowed down, on as many processors as there are; a share of the limit, so that the slowing has something to grow on.
   At most half of the limit. */
uint64_t tripwire_gap(uint64_t limit, unsigned processors);

/* What may be in use, besides what can be reclaimed, to go on after a stop: some less than limit - gap. */
uint64_t tripwire_ceiling(uint64_t limit, uint64_t gap);

/* Bytes that can still go to swap by the text of memory.stat, when cgroup and host have so much of it left: neither
   memory of the kernel, such as full pipes, nor what is locked is among them. */
uint64_t tripwire_swappable(const char *stat, uint64_t own_room, uint64_t host_room);

/* The same where memory.zswap.writeback is 0: what is swapped out stays in memory, compressed to the share that it was
   until now, and is at most so much. As long as nothing is compressed nobody knows what there is to gain: 0. */
uint64_t tripwire_compressible(const char *stat, uint64_t swap, uint64_t zswap_room);

/* Opens the files of the cgroup directory (which stays the caller's); thresholds are not written. What somebody
   has overridden and could not put back, since he was killed, is put back. */
int tripwire_open(int cgroup_fd, uint64_t limit, uint64_t gap, struct tripwire *ret_wire, struct error *err);
void tripwire_close(struct tripwire *wire);

/* The functions below: 0 or a flag, or -errno without text; -ENODEV is a cgroup that is gone. */

/* Reads the events and with that re-arms them: 1 if the limit was touched since the last call. */
int tripwire_touched(struct tripwire *wire);

/* memory.max up to limit + room, or further where the usage is near that already. Idempotent and cheap. */
int tripwire_lift(struct tripwire *wire);

/* memory.max back to the limit; -EBUSY if the usage is above, where writing it would kill. */
int tripwire_restore(struct tripwire *wire);

/* 1 if what is above memory.high cannot be reclaimed: a hit. 0 if it can, or is gone already. */
int tripwire_is_hit(const struct tripwire *wire);

/* The same for what is stopped: 1 even if the last reclaim has left a few pages below memory.high, since the next of
   them would touch it again; see tripwire_ceiling(). */
int tripwire_is_full(const struct tripwire *wire);

/* cgroup.freeze, without waiting, and with memory.high out of the way: a task that it puts to sleep, for up to two
   seconds, cannot stop before the sleep ends. A thaw puts memory.high back. Somebody's own pause is not undone.
   Until the thaw or tripwire_put_back() there is no quota either, and no room in the swap. */
int tripwire_freeze(struct tripwire *wire);
void tripwire_put_back(struct tripwire *wire);
int tripwire_thaw(struct tripwire *wire);

/* The flags of cgroup.events, which re-arms that file. */
int tripwire_state(const struct tripwire *wire, bool *ret_frozen, bool *ret_populated);

/* Bytes in use. */
int tripwire_usage(const struct tripwire *wire, uint64_t *ret_bytes);

/* Bytes: the lowest memory.max of the cgroups above, at which the kernel kills whatever this one's says; UINT64_MAX if
   none has one. Their other children's memory counts there, too. */
uint64_t tripwire_above(const struct tripwire *wire);

/* A new limit and its memory.high; memory.max follows unless it is lifted. */
int tripwire_set_limit(struct tripwire *wire, uint64_t limit, uint64_t gap);
