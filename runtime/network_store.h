/*
 * network_store.h - the records of networks, and whose they are, for those who act by them: network.c, network_admin.c.
 * Private to runtime/.
 */
#pragma once

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "container_open.h"
#include "net/store.h"

/* Absolute; in `arena`. */
struct network_directories {
	char *config, *run;
};

struct network_directories network_directories(struct arena *arena);

/* Takes the lock of all networks. -EPERM with text: not root. */
int network_store_open(struct net_store *store, struct error *err);

/* Says what was left out, as it cannot be read. */
void network_store_close(struct net_store *store);

#define auto_network_store auto_cleanup(network_store_close)

/* The container that a record is of, by its own word for the state root; as container_open(), without the lock. */
int network_open_owner(struct arena *arena, const struct endpoint *endpoint, struct open_container *ret,
		       struct error *err);

/* Whether that one has ended: it does not start again. */
bool network_has_ended(const struct endpoint *endpoint);
