/*
 * state.h - the state directory of a container: <root>/<id>/
 *
 *	state.json    struct state; replaced atomically; written before anything else of the container exists
 *	config.json   the config as it was at create, for exec, start and delete
 *	oom.json      struct oom_policy, of a container that freezes at its memory limit: oom.h
 *	start.sock    a listening unix socket that init accepts `start` on; exists while the container is "created"
 *
 * The directory's existence reserves the id; flock(2) on it serialises the verbs. A runtime that is killed at any
 * moment leaves a directory from which delete can find everything: the cgroup path is recorded before the cgroup is
 * made, and a process that is not recorded yet is in that cgroup. Format and upgrade rules: specs/state-dir.md.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/arena.h"
#include "base/error.h"

enum container_status { STATUS_CREATING, STATUS_CREATED, STATUS_RUNNING, STATUS_PAUSED, STATUS_STOPPED, STATUS_MAX };

const char *status_name(enum container_status status); /* runtime-spec runtime.md "State" */

enum cgroup_manager { CGROUP_MANAGER_CGROUPFS, CGROUP_MANAGER_SYSTEMD, CGROUP_MANAGER_DISABLED };

struct state {
	const char *id;
	const char *bundle, *rootfs; /* absolute */
	const char *cgroup_path;     /* NULL: none */
	enum cgroup_manager cgroup_manager;
	const char *created; /* RFC 3339, UTC, nanoseconds */
	uint32_t owner;      /* uid that made it */
	pid_t pid;           /* of init in the runtime's pid namespace; 0 while creating */
	uint64_t start_time; /* proc_start_time(pid): pid reuse is detected */
	bool own_pid_ns;     /* killing init kills all */
	bool no_new_keyring; /* made with --no-new-keyring: exec makes none either */
	bool own_bundle; /* the bundle is a directory of the image store, made for this container: it goes with it */
};

struct state_dir {
	int fd;     /* the directory */
	char *path; /* <root>/<id> */
	char *id;
};

/* The state root itself: -ENOENT without text when it is missing and not to be made. */
int state_root_open(const char *root, bool make, int *ret_fd, struct error *err);

/* Makes <root> (01700, parents too) if missing and <root>/<id> (0700); -EEXIST with text "container `ID` already
   exists". A root that is not root's or the caller's own, or that all may write to, is refused everywhere. */
int state_dir_reserve(const char *root, const char *id, struct state_dir *ret_dir, struct error *err);

/* Opens; -ENOENT with text "container `ID` does not exist". The id is validated first. */
int state_dir_open(const char *root, const char *id, struct state_dir *ret_dir, struct error *err);

/* flock LOCK_EX, waits at most 10 s (-EBUSY, text names the holder). Verifies after the wait that the directory is
   still the one of this id. create holds it until the container is created or gone. Released by state_dir_close();
   a child that outlives the command has to close its copy of the fd. */
int state_dir_lock(const struct state_dir *dir, struct error *err);

/* Lets the next command in; for what may take long after the state has settled (poststart hooks). */
void state_dir_unlock(const struct state_dir *dir);

void state_dir_close(struct state_dir *dir); /* NULL-safe, leaves the directory */

/* Removes the directory and what is in it, bounded to the files above. A missing one is success. */
int state_dir_remove(struct state_dir *dir, struct error *err);

/* A time, and the present one, as state.created has it: RFC 3339, UTC, nanoseconds. In `arena`. */
const char *state_time(struct arena *arena, struct timespec time);
const char *state_timestamp(struct arena *arena);

/* The name of this user by /etc/passwd, or "". In `arena`. */
const char *state_user_name(struct arena *arena, uint32_t uid);

int state_write(const struct state_dir *dir, const struct state *state, struct error *err);

/* A missing or empty state.json (killed while creating) gives a struct with only id set and pid 0. */
int state_read(const struct state_dir *dir, struct arena *arena, struct state *ret_state, struct error *err);

/* The same from memory: for tests and the fuzz target. -ENOTSUP: a format of another coffer version. */
int state_parse(struct arena *arena, const char *id, const char *text, size_t length, struct state *ret_state,
		struct error *err);

/* Does init still live (pid and start time)? */
bool state_alive(const struct state *state);

/* Computed: process, gate and cgroup.freeze are looked at, nothing is cached. pid 0: creating while somebody holds the
   lock, else stopped (its creator died). */
int state_status(const struct state_dir *dir, const struct state *state, enum container_status *ret_status,
		 struct error *err);

/* Sorted ids below root; a missing root is an empty list. */
int state_list_ids(const char *root, struct arena *arena, const char ***ret_ids, size_t *ret_count, struct error *err);

/* Pidfd of init, checked against the start time. -ESRCH with text "container not running" if it is gone. */
int state_pidfd(const struct state *state, struct error *err);
