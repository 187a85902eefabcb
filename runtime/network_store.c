/* network_store.c - see network_store.h. */
#include "network_store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

struct network_directories network_directories(struct arena *arena)
{
	const char *given = getenv("COFFER_NETWORKS");

	if (given && given[0] == '/')
		return (struct network_directories){ arena_printf(arena, "%s/config", given),
						     arena_printf(arena, "%s/run", given) };
	return (struct network_directories){ arena_strdup(arena, "/var/lib/coffer/networks"),
					     arena_strdup(arena, "/run/coffer-networks") };
}

int network_store_open(struct net_store *store, struct error *err)
{
	auto_arena struct arena *arena = arena_new();
	const struct network_directories where = network_directories(arena);

	if (geteuid() != 0)
		return refuse_as(err, EPERM, "networks need root: they change the host's interfaces and rules");
	return net_store_open(where.config, where.run, store, err);
}

/* What was left out is said once, when all else is done. */
void network_store_close(struct net_store *store)
{
	for (const struct net_broken *at = store->broken ? *store->broken : NULL; at; at = at->next)
		log_message(LOG_LEVEL_ERROR, "%s is left out: %s", at->file, at->why);
	net_store_close(store);
}

int network_open_owner(struct arena *arena, const struct endpoint *endpoint, struct open_container *ret,
		       struct error *err)
{
	char *root = arena_strdup(arena, endpoint->state);
	char *slash = strrchr(root, '/');
	const struct runtime runtime = { .root = root };

	if (slash)
		*slash = '\0';
	return container_open(&runtime, endpoint->owner, CONTAINER_UNLOCKED, ret, err);
}

bool network_has_ended(const struct endpoint *endpoint)
{
	auto_arena struct arena *arena = arena_new();
	auto_open_container struct open_container container = CONTAINER_NOT_OPEN;
	enum container_status status;
	struct error ignored;

	return network_open_owner(arena, endpoint, &container, &ignored) == 0 &&
	       container_status(&container, &status, &ignored) == 0 && status == STATUS_STOPPED;
}
