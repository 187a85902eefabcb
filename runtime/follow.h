/*
 * follow.h - what happens to containers while somebody looks: a process killed by the kernel, an end, and whatever the
 * oom watcher tells. While nothing happens it costs a look a second for a watcher. A container that has come and gone
 * before this process was scheduled once - it takes some milliseconds to come and go - is not told of, and of one that
 * went soon after only its end may be.
 */
#pragma once

#include "base/error.h"
#include "container.h"

enum followed_kind {
	FOLLOWED_NOTHING, /* the time is over */
	FOLLOWED_KILL,    /* the kernel has killed for want of memory */
	FOLLOWED_EXIT,    /* init has ended */
	FOLLOWED_LINE,    /* an event of the watcher: specs/oom.md */
	FOLLOWED_END,     /* the one container that was asked for has ended, and all is told */
};

struct followed {
	enum followed_kind kind;
	const char *id;             /* KILL, EXIT; until the next call */
	struct oom_record record;   /* KILL, EXIT: the last that could be read; the cgroup goes soon after init */
	struct oom_victims victims; /* KILL: whom, of those not told of before; EXIT: of all; until the next call */
	const char *line;           /* LINE: one JSON object, without newline; until the next call */
};

struct follow;

/* Lets this process open as many files as it may. One container, which has to run, or with id NULL all, and those that
   come. */
int follow_new(const struct runtime *runtime, const char *id, struct follow **ret_follow, struct error *err);
void follow_free(struct follow *follow); /* NULL-safe */

/* Waits at most timeout_ms for the next thing. */
int follow_next(struct follow *follow, int timeout_ms, struct followed *ret_followed, struct error *err);

/* The ids of those that have not ended, in `arena`. */
size_t follow_ids(const struct follow *follow, struct arena *arena, const char ***ret_ids);

DEFINE_AUTO(follow, struct follow, follow_free)
#define auto_follow auto_cleanup(cleanup_follow)
