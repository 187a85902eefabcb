/*
 * oom.h - what happens when a container reaches its memory limit: the policy, as options or annotations give it and as
 * oom.json in the state directory keeps it, and how the other verbs talk to the watcher that carries it out.
 *
 *	kill    the kernel kills a process (memory.max alone: as without a policy)
 *	group   the kernel kills all processes of the container (memory.oom.group)
 *	freeze  the watcher stops all processes, tells whoever listens, and waits for a decision (cgroups/tripwire.h)
 *
 * The watcher is one process per state root, started by the first container that needs it and gone soon after the last
 * one. A container without `freeze` costs nothing here. Socket protocol and formats: specs/oom.md.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"
#include "cgroups/limits.h"
#include "container.h"
#include "state.h"

enum oom_mode { OOM_UNSET, OOM_KILL, OOM_GROUP, OOM_FREEZE };

/* What is done when nobody has decided in time. */
enum oom_fallback { OOM_KILL_LARGEST, OOM_KILL_GROUP, OOM_RAISE, OOM_STAY };

struct oom_policy {
	enum oom_mode mode;
	uint64_t limit;      /* memory.max, bytes; freeze only */
	uint64_t gap;        /* memory.high is this much below; from `reserve`, or tripwire_gap() */
	uint64_t timeout_ms; /* 0: for ever */
	enum oom_fallback fallback;
	uint32_t raise_percent; /* of the limit, 1..1000 */
	uint64_t raise_cap;     /* bytes; 0: none */
	const char *hook;       /* program, or NULL */
	const char *socket;     /* unix socket to tell, or NULL */
	const char *pressure;   /* to be told of stalls, as given: "some:150ms/1s"; or NULL */
};

/*
 * Reads options (they win) and annotations "run.coffer.oom", "run.coffer.oom-reserve" ..., and adds what the mode needs
 * to `limits`: memory.high, memory.oom.group. A hook or socket that an annotation names has to be in /etc/coffer/oom.
 * Freeze needs a memory limit: without one an option is refused, and an annotation, which an engine may put on every
 * container of a pod, leaves the mode unset.
 */
int oom_policy_make(struct arena *arena, const struct oom_options *options, const struct key_value *annotations,
		    size_t n_annotations, struct cgroup_limits *limits, struct oom_policy *ret_policy,
		    struct error *err);

/*
 * What an update means for a container that freezes: its new limit, or 0 where it gets none. Refused before anything is
 * written: memory.high, which is the policy's, no limit at all, and one that is too small.
 */
int oom_policy_update(const struct cgroup_limits *limits, uint64_t *ret_limit, struct error *err);

/* oom.json; read: -ENOENT without text for a container without the policy. */
int oom_policy_write(const struct state_dir *dir, const struct oom_policy *policy, struct error *err);
int oom_policy_read(int state_dir_fd, struct arena *arena, struct oom_policy *ret_policy, struct error *err);
int oom_policy_parse(struct arena *arena, const char *text, size_t length, struct oom_policy *ret_policy,
		     struct error *err);
bool oom_policy_exists(int state_dir_fd);

/* "some|full:STALL/WINDOW" as memory.pressure takes it: "some 150000 1000000" (µs). The kernel's bounds are checked. */
const char *oom_pressure_trigger(struct arena *arena, const char *text, struct error *err);

const char *oom_fallback_text(struct arena *arena, const struct oom_policy *policy);

/* No huge pages for the calling process and all it starts: one fault of 2 MiB is more than the kernel slows down. */
int oom_no_huge_pages(struct error *err);

/* ---- the watcher, from outside ---- */

/* Connects; `start`: starts one first where there is none. A socket, or -errno (-ENOENT, -ECONNREFUSED: none runs). */
int oom_connect(const char *root, bool start, struct error *err);

/* The same, and starts one only where a container has the policy, since the one before has died then. */
int oom_connect_if_needed(const char *root, struct error *err);

/* One request, a JSON object without newline, and its answer, parsed, in `arena`. An answer with "ok": false is an
   error with its text. */
int oom_request(int socket, struct arena *arena, const char *request, struct json **ret_answer, struct error *err);

/* From now on a line for each event comes over the socket: of one container, or with id NULL of all. */
int oom_subscribe(int socket, const char *id, struct error *err);

/* "watch" of a new container; before anything runs in it. */
int oom_watch(const char *root, const char *id, struct error *err);

/* The container's memory.max has been changed to `bytes` by somebody else than the watcher: it takes that on. */
int oom_limit_changed(const char *root, const char *id, uint64_t bytes, struct error *err);

/* Has the watcher stopped the container at its limit? False too if nobody can tell. */
bool oom_is_frozen(const char *root, const char *id);

/* The watcher itself: never returns but with an error, or 0 when there is nothing to watch any more. */
int oom_watcher_main(const struct runtime *runtime, int listener, struct error *err);
