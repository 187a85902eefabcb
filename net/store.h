/*
 * store.h - what networks there are, and who is on them, as files:
 *
 *	<config>/NAME                 struct network: what was asked for, kept over a reboot
 *	<run>/endpoints/OWNER/NAME    struct endpoint: written before what it tells of, removed after it
 *	<run>/leases/NAME/ADDRESS     a symbolic link to OWNER: making it takes the address, in one system call
 *	<run>/last/NAME               a symbolic link to the offset that was given last
 *	<run>/lock                    held for every change
 *
 * <run> is on a file system that a reboot empties, as it does the namespaces. A process that is killed at any moment
 * leaves a record from which net_detach() and net_reload() find the rest, or a lease whose owner has no record, or a
 * file NAME.PID.tmp, which net_store_sweep() takes back.
 */
#pragma once

#include "endpoint.h"
#include "network.h"

/* A file that cannot be read, and why. */
struct net_broken {
	struct net_broken *next;
	char *file, *why; /* absolute */
};

struct net_store {
	int config_fd, run_fd, lock_fd;
	struct net_broken **broken;        /* each such file that was met so far, once; NULL: not kept */
	void (*at_step)(const char *name); /* for tests that end the process there; NULL */
};

#define NET_STORE_CLOSED                                                                                               \
	{                                                                                                              \
		.config_fd = -1, .run_fd = -1, .lock_fd = -1                                                           \
	}

/* Makes the directories (0700) and takes the lock, for which it waits. Both paths absolute. The lock's times change
   with the records of endpoints: who watches it with inotify(7) sees each. */
int net_store_open(const char *config, const char *run, struct net_store *ret, struct error *err);
/* To look at only, without the lock: what it reads may go meanwhile. */
int net_store_look(const char *config, const char *run, struct net_store *ret, struct error *err);
void net_store_close(struct net_store *store); /* lets the lock go */
#define auto_net_store auto_cleanup(net_store_close)

/* Tells at_step, if there is one. */
void net_store_reached(const struct net_store *store, const char *step);

/* -ENOENT with text: there is no network of this name. -EUCLEAN: its file cannot be read. The definition is written so
   that it outlives a power cut, since it is kept over a boot. */
int net_store_load_network(const struct net_store *store, const char *name, struct network *ret, struct error *err);

/* The same, of a network that a container is on, to take down what it has there, or to keep it in: where the definition
   cannot be read, or is gone, what follows from the name, as a bridge that nothing leads out of. */
int net_store_guess_network(const struct net_store *store, const char *name, struct network *ret, struct error *err);

int net_store_save_network(const struct net_store *store, const struct network *network, struct error *err);
int net_store_remove_network(const struct net_store *store, const char *name, struct error *err);

/* Sorted names, ended with NULL, freed with net_store_names_free(). */
int net_store_networks(const struct net_store *store, char ***ret_names, struct error *err);
int net_store_owners(const struct net_store *store, char ***ret_names, struct error *err);
int net_store_networks_of(const struct net_store *store, const char *owner, char ***ret_names, struct error *err);
void net_store_names_free(char **names);

static inline void net_store_names_cleanup(char ***names)
{
	net_store_names_free(*names);
}
#define auto_names auto_cleanup(net_store_names_cleanup)

/* -ENOENT with text: the container is not on it. -EUCLEAN: the record cannot be read. */
int net_store_load_endpoint(const struct net_store *store, const char *owner, const char *network, struct endpoint *ret,
			    struct error *err);
int net_store_save_endpoint(const struct net_store *store, const struct endpoint *endpoint, struct error *err);
int net_store_remove_endpoint(const struct net_store *store, const struct endpoint *endpoint, struct error *err);

/* Calls `see` for each network, in the order of names, but those whose file cannot be read: these are in `broken`. So
   is what `see` itself could not read, or did not find: its -EUCLEAN and -ENOENT end nothing, any other error does. */
typedef int net_store_network_fn(const struct network *network, void *context, struct error *err);
int net_store_each_network(const struct net_store *store, net_store_network_fn *see, void *context, struct error *err);

/* The same for each endpoint of every network. */
typedef int net_store_endpoint_fn(const struct endpoint *endpoint, void *context, struct error *err);
int net_store_each_endpoint(const struct net_store *store, net_store_endpoint_fn *see, void *context,
			    struct error *err);

/* Takes an address of the network for the owner: `wanted`, or (family 0) the next free one, in a circle, so that one
   that was given back is not given again at once, and none that is reserved. -EEXIST: it is taken; -ENOSPC: none is
   free. */
int net_store_lease(const struct net_store *store, const struct network *network, const struct ip_network *net,
		    const struct ip_address *wanted, const char *owner, struct ip_address *ret, struct error *err);
int net_store_release(const struct net_store *store, const char *network, const struct ip_address *address,
		      struct error *err);

/* Removes the directory of leases; false if there are some. */
bool net_store_unused(const struct net_store *store, const char *network);

/* Where the search for a free address goes on: of a network that is removed. */
void net_store_forget_last(const struct net_store *store, const char *network);

/* Takes back what only a killed process leaves: leases whose owner has no record, and files that were to be renamed. */
int net_store_sweep(const struct net_store *store, struct error *err);
