/*
 * oom_watcher.h - inside the watcher: its containers, its clients, and who does what.
 *
 *	oom_watcher.c  the loop, the timers, containers coming and going
 *	oom_hit.c      the states of one container, and the decisions
 *	oom_still.c    whether what is to stop stands still, seen by a process of its own
 *	oom_default.c  what is done when nobody decides in time
 *	oom_report.c   a hit as JSON
 *	oom_server.c   clients: requests, answers, events
 *	oom_tell.c     hook program and unix socket of a policy
 *
 * One thread, no waiting but in epoll. What is slow, as telling is, is done when no container is touching its limit, or
 * has waited for long; and between its pieces watcher_glance() looks after those that touch theirs meanwhile.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/json.h"
#include "cgroups/boost.h"
#include "cgroups/cgroup.h"
#include "cgroups/tripwire.h"
#include "oom.h"

enum hit_state {
	HIT_ARMED,    /* nothing happens */
	HIT_SOFT,     /* touched, and reclaim copes: memory.max is lifted until things are quiet */
	HIT_FREEZING, /* asked to freeze, not yet all stopped */
	HIT_DECIDE,   /* told; waits for a decision */
	HIT_SETTLE,   /* decided to kill; waits for the memory */
};

enum source_kind {
	SOURCE_LISTENER,
	SOURCE_INOTIFY,
	SOURCE_SIGNAL,
	SOURCE_EVENTS,
	SOURCE_FROZEN,
	SOURCE_PRESSURE,
	SOURCE_CLIENT
};

/* Hook programs of one container that may run at a time. */
enum { HOOKS_MAX = 8 };

/* What an epoll event belongs to; its owner holds it by value. */
struct source {
	enum source_kind kind;
	void *owner;
};

struct watched {
	struct watched *next;
	struct source events_source, frozen_source, pressure_source;
	char *id, *hook, *socket, *stalls; /* stalls: the policy's `pressure` */
	const char *root;                  /* the state root, the runtime's */
	ino_t inode;                       /* of the state directory */
	int inotify_watch;                 /* of the state directory: it goes, the container goes */
	bool gone;
	struct cgroup *cgroup;
	struct tripwire wire;
	int pressure;         /* memory.pressure with the policy's trigger, or -1 */
	int hooks[HOOKS_MAX]; /* pidfds of those that have been started, or 0 */
	struct oom_policy policy;
	bool own_gap; /* the policy names it: a new limit does not change it */

	enum hit_state state;
	bool pending;                /* told before all were frozen: some task does not leave the kernel */
	bool announce;               /* to be told: hit_announce() */
	uint64_t tick_ns, decide_ns; /* monotonic; 0: none */
	uint64_t settle_end_ns;
	uint64_t event_ns; /* the last hit: when, and how long from there to each step */
	uint64_t lift_us, judge_us, ask_us, freeze_us, notify_us;
	uint64_t hits, soft_hits, thawed_hits; /* thawed: frozen, and then found reclaimable */
	const char *outcome;                   /* of the last decision */

	struct boost boost;           /* of what is to stop */
	uint64_t look_ns;             /* for the next look at what the kernel may tell late; monotonic, 0: none */
	uint64_t more_ns;             /* for the next look for what has been forked since */
	int still;                    /* the pipe from the process that looks whether all stand still, or 0 */
	uint64_t touched_ns, late_ns; /* the last event; until when one may be told late, after a thaw */
};

struct client {
	struct client *next;
	struct source source;
	int fd;
	bool subscribed, closed;
	bool bound;     /* a policy's socket: it decides about `only` and nothing else */
	char *only;     /* events of this container alone, or NULL */
	char *in, *out; /* not yet a line; not yet sent */
	size_t n_in, in_size, n_out, out_size;
};

struct watcher {
	const struct runtime *runtime;
	struct cgroup_host host;
	int epoll, inotify, signals;
	struct source listener_source, inotify_source, signals_source;
	int listener;
	int spare; /* an fd to give up when there are no more: server_accept() */
	struct watched *containers;
	struct client *clients;
	bool realtime, locked, ends;
	unsigned processors;
};

uint64_t oom_now_ns(void);

/* ---- oom_watcher.c ---- */
int watcher_add(struct watcher *watcher, const char *id, struct error *err); /* by its state directory; once */
struct watched *watcher_find(const struct watcher *watcher, const char *id);
void watcher_glance(const struct watcher *watcher); /* touched limits, and nothing else; no container comes or goes */

/* ---- oom_hit.c: events ---- */
void hit_touched(struct watched *container);
void hit_freezer(struct watcher *watcher, struct watched *container);
void hit_tick(struct watcher *watcher, struct watched *container);
void hit_adopt(struct watched *container); /* as an earlier watcher, or nobody, has left it */
void hit_leave(struct watched *container); /* for the next watcher */
void hit_pressure(struct watcher *watcher, struct watched *container);
bool hit_announce(struct watcher *watcher, struct watched *container, bool busy); /* busy: not yet, if it can wait */

/* ---- oom_still.c: a look, one at a time, which ends after 100 ms ---- */
void still_begin(struct watched *container);
bool still_is_seen(const struct watched *container);
void still_end(struct watched *container);

/* ---- oom_default.c ---- */
void hit_fall_back(struct watcher *watcher, struct watched *container);

/* ---- oom_hit.c: decisions; each refuses with text what cannot be ---- */
uint64_t hit_gap(const struct watcher *watcher, const struct watched *container, uint64_t limit); /* below a limit */
int hit_raise(struct watcher *watcher, struct watched *container, uint64_t limit, struct error *err);
int hit_take_limit(struct watcher *watcher, struct watched *container, uint64_t limit, struct error *err);
int hit_kill(struct watcher *watcher, struct watched *container, const int64_t *pids, size_t count, struct error *err);
int hit_kill_all(struct watcher *watcher, struct watched *container, struct error *err);
int hit_resume(struct watcher *watcher, struct watched *container, struct error *err);

/* ---- oom_report.c ---- */
const char *hit_state_name(const struct watched *container);
void report_summary(struct json_writer *writer, const struct watched *container);
void report_processes(struct json_writer *writer, const struct watcher *watcher, const struct watched *container);
pid_t report_largest(const struct watcher *watcher, const struct watched *container);

/* One event as a line for everybody: {"type":"oom","event":EVENT,...}. */
char *report_event(const struct watcher *watcher, const struct watched *container, const char *event, bool processes);

/* ---- oom_server.c ---- */
void server_accept(struct watcher *watcher);
void server_readable(struct watcher *watcher, struct client *client);
void server_writable(struct client *client);
struct client *server_add(struct watcher *watcher, int fd); /* takes the fd; NULL if there are too many already */
void server_tell(struct watcher *watcher, const char *id, const char *line);
void server_sweep(struct watcher *watcher); /* frees the closed ones */

/* ---- oom_tell.c ---- */
void tell_hook(struct watched *container, const char *line, bool warning); /* one warning at a time */
void tell_socket(struct watcher *watcher, const struct watched *container, const char *line);
