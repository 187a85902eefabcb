/*
 * state.h - the state directory of a container: <root>/<id>/
 *
 *	state.json    struct state; replaced atomically; written before anything else of the container exists
 *	config.json   the config as it was at create, for exec, start and delete
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
	const char *created;         /* RFC 3339, UTC, nanoseconds */
	uint32_t owner;              /* uid that made it */
	pid_t pid;                   /* of init in the runtime's pid namespace; 0 while creating */
	uint64_t start_time;         /* proc_start_time(pid): pid reuse is detected */
	bool own_pid_ns;             /* killing init kills all */
};

struct state_dir {
	int fd;      /* the directory */
	char *path;  /* <root>/<id> */
	char *id;
};

/* Makes <root> (0700) if missing and <root>/<id>; -EEXIST with text "container `ID` already exists". */
int state_dir_reserve(const char *root, const char *id, struct state_dir *ret_dir, struct error *err);

/* Opens; -ENOENT with text "container `ID` does not exist". The id is validated first. */
int state_dir_open(const char *root, const char *id, struct state_dir *ret_dir, struct error *err);

/* flock LOCK_EX, waits. Released by close. Verifies after the wait that the directory is still the one of this id. */
int state_dir_lock(const struct state_dir *dir, struct error *err);

void state_dir_close(struct state_dir *dir); /* NULL-safe, leaves the directory */

/* Removes the directory and what is in it, bounded to the files above. A missing one is success. */
int state_dir_remove(struct state_dir *dir, struct error *err);

int state_write(const struct state_dir *dir, const struct state *state, struct error *err);

/* A missing or half-written state.json (killed while creating) gives a struct with only id set and pid 0. */
int state_read(const struct state_dir *dir, struct arena *arena, struct state *ret_state, struct error *err);

/* Does init still live (pid and start time)? */
bool state_alive(const struct state *state);

/* Computed: gate, process and cgroup.freeze are looked at, nothing is cached. */
int state_status(const struct state_dir *dir, const struct state *state, enum container_status *ret_status,
		 struct error *err);

/* Sorted ids below root; a missing root is an empty list. */
int state_list_ids(const char *root, struct arena *arena, const char ***ret_ids, size_t *ret_count, struct error *err);

/* Pidfd of init, checked against the start time. -ESRCH with text "container not running" if it is gone. */
int state_pidfd(const struct state *state, struct error *err);
