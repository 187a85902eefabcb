/*
 * idmap.h - uid and gid maps of a user namespace (user_namespaces(7)).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/error.h"

struct id_map {
	uint32_t container_id, host_id, size;
};

struct id_maps {
	struct id_map *uids, *gids;
	size_t n_uids, n_gids;
};

/* No overlap, no wrap, size > 0, at most 340 lines. Text names the entry: "uidMappings[1]". */
int idmap_validate(const struct id_maps *maps, struct error *err);

/*
 * Writes uid_map, setgroups and gid_map of process pid. Directly when the caller has CAP_SETUID over the parent
 * namespace (or the map is only the caller's own id, then setgroups is denied first); else by newuidmap(1) and
 * newgidmap(1), whose missing or refusing is one clear error.
 */
int idmap_write(pid_t pid, const struct id_maps *maps, struct error *err);

/* The maps an unprivileged caller gets when config has no user namespace: own id -> 0, then /etc/subuid and
   /etc/subgid ranges -> 1... (only the own id where newuidmap or a range is missing). */
int idmap_for_caller(struct arena *arena, struct id_maps *ret_maps, struct error *err);

/* Host id of a container id; -EOVERFLOW if it is not mapped. No maps: identity. */
int64_t idmap_to_host(const struct id_map *maps, size_t n_maps, uint32_t container_id);

/* A user namespace fd with these maps, for idmapped mounts (mount_setattr MOUNT_ATTR_IDMAP). Made by a short-lived
   child that only waits. Caller closes. */
int idmap_userns_fd(const struct id_maps *maps, struct error *err);
