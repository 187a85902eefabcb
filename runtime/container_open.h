/*
 * container_open.h - what the verbs have in common: a container of this id with its directory, state and cgroup.
 * Private to runtime/.
 */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "cgroups/cgroup.h"
#include "container.h"
#include "state.h"

struct open_container {
	struct state_dir dir;
	struct arena_room room;
	struct arena *arena; /* of the strings in state; in room, so that this is not copied */
	struct state state;
	struct cgroup_host host; /* root_fd -1 until container_open_cgroup() */
};

/* To be the first value of an auto_open_container variable. */
#define CONTAINER_NOT_OPEN                                                                                             \
	{                                                                                                              \
		.dir = { .fd = -1 }, .host = {.root_fd = -1 }                                                          \
	}

enum container_lock { CONTAINER_UNLOCKED, CONTAINER_LOCKED };

/* Opens the directory, takes the lock if asked to, and then reads the state. Errors as of state.h; on any of them the
   value is still one for container_close(). */
int container_open(const struct runtime *runtime, const char *id, enum container_lock lock,
		   struct open_container *ret_container, struct error *err);

void container_close(struct open_container *container);

/* Reads the state again, after the lock. */
int container_reread(struct open_container *container, struct error *err);

int container_status(const struct open_container *container, enum container_status *ret_status, struct error *err);

/* The container's cgroup. -ENOENT: it has one and it is gone; a container without one is refused (-EINVAL). */
int container_open_cgroup(struct open_container *container, struct cgroup **ret_cgroup, struct error *err);

#define auto_open_container auto_cleanup(container_close)
