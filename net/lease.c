/* lease.c - see store.h: who has which address, and which one is next. */
#include "store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"

enum { OFFSET_TEXT_SIZE = 24 };

static char *lease_path(const char *network, const struct ip_address *address)
{
	char text[IP_TEXT_SIZE];

	return xasprintf("leases/%s/%s", network, ip_text(address, text));
}

/* Any network's address is its first, the last is for broadcast with IPv4, and the gateway's is the host's. */
static bool is_usable(const struct ip_network *net, const struct ip_address *address)
{
	const uint64_t offset = ip_offset(net, address);
	const uint64_t last = ip_count(net) - 1;

	return ip_network_has(net, address) && !ip_equal(address, &net->address) && offset > 0 &&
	       (offset < last || net->address.family == AF_INET6);
}

/* 0, -EEXIST or another -errno without text. */
static int take(const struct net_store *store, const char *network, const struct ip_address *address, const char *owner)
{
	auto_free char *path = lease_path(network, address);
	auto_free char *directory = xasprintf("leases/%s", network);

	if (symlinkat(owner, store->run_fd, path) == 0)
		return 0;
	if (errno != ENOENT)
		return -errno;
	if (mkdirat(store->run_fd, directory, 0700) < 0 && errno != EEXIST)
		return -errno;
	return symlinkat(owner, store->run_fd, path) < 0 ? -errno : 0;
}

/* A lease of a process that was killed before it had made its record is nobody's. */
static int take_stale(const struct net_store *store, const char *network, const struct ip_address *address,
		      const char *owner)
{
	auto_free char *path = lease_path(network, address);
	auto_free char *record = NULL;
	char holder[ENDPOINT_OWNER_SIZE];
	ssize_t length = readlinkat(store->run_fd, path, holder, sizeof(holder) - 1);

	if (length <= 0)
		return -EEXIST;
	holder[length] = '\0';
	if (!endpoint_owner_valid(holder))
		return -EEXIST;
	record = xasprintf("endpoints/%s/%s", holder, network);
	if (faccessat(store->run_fd, record, F_OK, 0) == 0 || errno != ENOENT)
		return -EEXIST;
	if (unlinkat(store->run_fd, path, 0) < 0)
		return -errno;
	return take(store, network, address, owner);
}

static int take_wanted(const struct net_store *store, const struct network *network, const struct ip_network *net,
		       const struct ip_address *wanted, const char *owner, struct error *err)
{
	char text[IP_TEXT_SIZE];
	int r;

	if (!is_usable(net, wanted))
		return refuse(err, "network %s has no address %s for a container", network->name,
			      ip_text(wanted, text));
	r = take(store, network->name, wanted, owner);
	if (r == -EEXIST)
		r = take_stale(store, network->name, wanted, owner);
	if (r == -EEXIST)
		return refuse_as(err, EEXIST, "network %s: the address %s is another container's", network->name,
				 ip_text(wanted, text));
	return r < 0 ? fail(err, -r, "take the address %s", ip_text(wanted, text)) : 0;
}

static char *last_path(const char *network, int family)
{
	return xasprintf("last/%s.%c", network, family == AF_INET ? '4' : '6');
}

static uint64_t read_last(const struct net_store *store, const char *path)
{
	char text[OFFSET_TEXT_SIZE];
	ssize_t length = readlinkat(store->run_fd, path, text, sizeof(text) - 1);
	uint64_t offset = 0;

	if (length <= 0)
		return 0;
	text[length] = '\0';
	return str_to_u64(text, UINT32_MAX, &offset) < 0 ? 0 : offset;
}

/* Only a hint: lost between the two calls, the search begins at the start again. */
static void write_last(const struct net_store *store, const char *path, uint64_t offset)
{
	char text[OFFSET_TEXT_SIZE];

	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)offset);
	(void)unlinkat(store->run_fd, path, 0);
	(void)symlinkat(text, store->run_fd, path);
}

/* How many addresses from this offset on are reserved. A reservation may be larger than can be tried one by one, and
   end behind the pool. */
static uint64_t reserved_from(const struct network *network, const struct ip_network *pool, uint64_t offset)
{
	const struct ip_address address = ip_at(pool, offset);
	const uint64_t rest = ip_count(pool) - offset;

	for (size_t i = 0; i < network->n_reserved; i++) {
		const struct ip_range *range = &network->reserved[i];
		uint64_t last;

		if (!ip_range_has(range, &address))
			continue;
		last = ip_network_has(pool, &range->last) ? ip_offset(pool, &range->last) : UINT64_MAX;
		return last >= offset && last - offset < rest ? last - offset + 1 : rest;
	}
	return 0;
}

int net_store_lease(const struct net_store *store, const struct network *network, const struct ip_network *net,
		    const struct ip_address *wanted, const char *owner, struct ip_address *ret, struct error *err)
{
	auto_free char *path = last_path(network->name, net->address.family);
	const struct ip_network *range = net->address.family == AF_INET ? &network->range4 : &network->range6;
	const struct ip_network *pool = ip_is_set(&range->address) ? range : net;
	const uint64_t count = ip_count(pool);
	uint64_t offset;

	if (ip_is_set(wanted)) {
		if (take_wanted(store, network, net, wanted, owner, err) < 0)
			return -err->code; /* *ret stays: what is another's is never given back */
		*ret = *wanted;
		return 0;
	}
	offset = read_last(store, path);
	for (uint64_t tries = 0; tries < count; tries++) {
		struct ip_address address;
		uint64_t reserved;
		int r;

		offset = (offset + 1) % count;
		reserved = reserved_from(network, pool, offset);
		if (reserved > 0) {
			offset += reserved - 1;
			tries += reserved - 1;
			continue;
		}
		address = ip_at(pool, offset);
		if (!is_usable(net, &address))
			continue;
		r = take(store, network->name, &address, owner);
		if (r == -EEXIST)
			r = take_stale(store, network->name, &address, owner);
		if (r == -EEXIST)
			continue;
		if (r < 0)
			return fail(err, -r, "take an address of network %s", network->name);
		write_last(store, path, offset);
		*ret = address;
		return 0;
	}
	return refuse_as(err, ENOSPC, "network %s has no free address", network->name);
}

int net_store_release(const struct net_store *store, const char *network, const struct ip_address *address,
		      struct error *err)
{
	auto_free char *path = lease_path(network, address);

	if (ip_is_set(address) && unlinkat(store->run_fd, path, 0) < 0 && errno != ENOENT)
		return fail(err, errno, "give back %s", path);
	return 0;
}

bool net_store_unused(const struct net_store *store, const char *network)
{
	auto_free char *path = xasprintf("leases/%s", network);

	return unlinkat(store->run_fd, path, AT_REMOVEDIR) == 0 || errno == ENOENT;
}

void net_store_forget_last(const struct net_store *store, const char *network)
{
	static const int families[] = { AF_INET, AF_INET6 };

	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		auto_free char *path = last_path(network, families[i]);

		(void)unlinkat(store->run_fd, path, 0);
	}
}

static int sweep_network(const struct net_store *store, const char *network, struct error *err)
{
	auto_free char *path = xasprintf("leases/%s", network);
	int fd = openat(store->run_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!dir)
		return errno == ENOENT ? 0 : fail(err, errno, "list %s", path);
	while ((entry = readdir(dir)) != NULL) {
		struct ip_address address;
		struct error ignored;

		/* Taken over by nobody if it is stale; left alone else. */
		if (ip_parse(entry->d_name, &address, &ignored) == 0 &&
		    take_stale(store, network, &address, "nobody") == 0 &&
		    net_store_release(store, network, &address, err) < 0)
			return -err->code;
	}
	return 0;
}

/* What a killed process has not put in its place (fd_write_atomic()). No network's name ends so, and the lock keeps all
   others from writing. */
static int sweep_unfinished(int dirfd, const char *path, struct error *err)
{
	int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!dir)
		return errno == ENOENT ? 0 : fail(err, errno, "list %s", path);
	while ((entry = readdir(dir)) != NULL)
		if (str_ends(entry->d_name, ".tmp"))
			(void)unlinkat(fd, entry->d_name, 0);
	return 0;
}

static int sweep_owner(const struct net_store *store, const char *owner, struct error *err)
{
	auto_free char *path = xasprintf("endpoints/%s", owner);
	int r = sweep_unfinished(store->run_fd, path, err);

	(void)unlinkat(store->run_fd, path, AT_REMOVEDIR); /* stays while there are records */
	return r;
}

int net_store_sweep(const struct net_store *store, struct error *err)
{
	auto_names char **networks = NULL;
	auto_names char **owners = NULL;
	int r = sweep_unfinished(store->config_fd, ".", err);

	if (r == 0)
		r = net_store_owners(store, &owners, err);
	for (char **name = owners; r == 0 && *name; name++)
		r = sweep_owner(store, *name, err);
	if (r == 0)
		r = net_store_networks(store, &networks, err);
	for (char **name = networks; r == 0 && *name; name++)
		r = sweep_network(store, *name, err);
	return r;
}
