/*
 * run_dir.h - containers/ID of the image store: what a container of `run --image` has on disk, and its bundle.
 *
 *	config.json      as made for it                  image         hex of the image, the reference that keeps it
 *	upper, work      of the overlay                  state         path of its state directory
 *	userns           first of its host ids           boot        of which boot, if it stays when it has ended
 *	volumes/N        anonymous volumes               hosts, resolv.conf, hostname
 *
 * Who makes it or runs the container in the foreground holds a flock on it. One without a lock and without its state
 * directory is what a killed run has left: the next of this name, or `coffer image prune`, removes it. But one that was
 * to stay, from before a reboot, is removed by `coffer delete` only (image/container_dir.h).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/error.h"
#include "image/store.h"

struct run_dir {
	const char *path; /* absolute */
	int fd;           /* locked; -1: none */
};

/* state_path: <root>/ID. -EEXIST: "container `ID` already exists". */
int run_dir_make(struct arena *arena, const struct store *store, const char *id, const char *state_path,
		 struct run_dir *ret, struct error *err);

/* It stays when its container has ended, and after a reboot, until `coffer delete`. */
int run_dir_keep(const struct run_dir *dir, struct error *err);

/* A small file in it, 0644. */
int run_dir_write(const struct run_dir *dir, const char *name, const char *text, size_t length, struct error *err);

/* Who holds which ids: the first id of every container of the store that has a user namespace of its own. */
const uint32_t *run_dir_taken_ids(struct arena *arena, const struct store *store, size_t *ret_count);

/* Directories "upper", with mode and owner of the uppermost layer's top, and "work". first: of the container's host
   ids, or 0. */
int run_dir_make_layers(const struct run_dir *dir, const struct stat *top, uint32_t first, struct error *err);

/* "volumes/0" and so on, owned by this user. */
int run_dir_make_volumes(const struct run_dir *dir, size_t count, uid_t owner, struct error *err);

/* Removes it, if it is still the one that was made. */
void run_dir_remove(const struct run_dir *dir);

/* Is this the directory of a container that was to stay, and whose state directory was this one and is gone since a
   reboot? *ret_made: when it was made. */
bool run_dir_is_kept(int dir_fd, const char *state_path, struct stat *ret_made);

/* For `delete`, of a container without a state directory: removes what it has here, in the default store, if it was one
   of that state directory. */
int run_dir_delete(struct arena *arena, const char *id, const char *state_path, bool *ret_found, struct error *err);

void run_dir_close(struct run_dir *dir);

#define auto_run_dir auto_cleanup(run_dir_close)
