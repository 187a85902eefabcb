/* store.c - see store.h: directories, lock, and the records in them. The leases: lease.c. */
#include "store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "lines.h"

/* Makes what is missing, as mkdir -p; what is in the way shows when the last one is opened. */
static int make_directory(const char *path, struct error *err)
{
	auto_free char *copy = xstrdup(path);

	for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(copy, 0755);
		*slash = '/';
	}
	return mkdir(copy, 0700) < 0 && errno != EEXIST ? fail(err, errno, "make %s", path) : 0;
}

/* It is made where it is missing, and has to be ours alone. */
static int open_directory(const char *path, int *ret_fd, struct error *err)
{
	const int how = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	auto_fd int fd = open(path, how);
	struct stat st;

	if (fd < 0 && errno == ENOENT) {
		if (make_directory(path, err) < 0)
			return -err->code;
		fd = open(path, how);
	}
	if (fd < 0 || fstat(fd, &st) < 0)
		return fail(err, errno, "open %s", path);
	if (st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH)))
		return refuse(err, "%s: others may write to it", path);
	*ret_fd = take_fd(&fd);
	return 0;
}

int net_store_look(const char *config, const char *run, struct net_store *ret, struct error *err)
{
	auto_net_store struct net_store store = NET_STORE_CLOSED;
	int r = open_directory(config, &store.config_fd, err);

	if (r == 0)
		r = open_directory(run, &store.run_fd, err);
	if (r < 0)
		return r;
	*ret = (struct net_store){ .config_fd = take_fd(&store.config_fd),
				   .run_fd = take_fd(&store.run_fd),
				   .lock_fd = -1 };
	return 0;
}

int net_store_open(const char *config, const char *run, struct net_store *ret, struct error *err)
{
	static const char *const parts[] = { "endpoints", "leases", "last" };
	auto_net_store struct net_store store = NET_STORE_CLOSED;
	int r = net_store_look(config, run, &store, err);

	if (r < 0)
		return r;
	store.lock_fd = openat(store.run_fd, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (store.lock_fd < 0)
		return fail(err, errno, "open %s/lock", run);
	while (flock(store.lock_fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return fail(err, errno, "lock %s/lock", run);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (mkdirat(store.run_fd, parts[i], 0700) < 0 && errno != EEXIST)
			return fail(err, errno, "make %s/%s", run, parts[i]);
	*ret = (struct net_store){
		.config_fd = take_fd(&store.config_fd),
		.run_fd = take_fd(&store.run_fd),
		.lock_fd = take_fd(&store.lock_fd),
		.broken = xcalloc(1, sizeof(*ret->broken)),
	};
	return 0;
}

void net_store_close(struct net_store *store)
{
	for (struct net_broken *at = store->broken ? *store->broken : NULL, *after; at; at = after) {
		after = at->next;
		free(at->file);
		free(at->why);
		free(at);
	}
	free(store->broken);
	cleanup_fd(&store->config_fd);
	cleanup_fd(&store->run_fd);
	cleanup_fd(&store->lock_fd);
	*store = (struct net_store)NET_STORE_CLOSED;
}

void net_store_reached(const struct net_store *store, const char *step)
{
	if (store->at_step)
		store->at_step(step);
}

/* ---- files that cannot be read ---- */

static char *absolute(int dirfd, const char *path)
{
	char link[32];
	char directory[PATH_MAX];
	const ssize_t length = readlink(path_of_fd(dirfd, link), directory, sizeof(directory));

	return xasprintf("%.*s/%s", length > 0 ? (int)length : 0, directory, path);
}

/* One that this process cannot read now, for want of fds, is not broken. */
static int refuse_file(const struct net_store *store, int dirfd, const char *path, struct error *err)
{
	auto_free char *file = NULL;
	struct net_broken **slot = store->broken;

	if (err->code == EMFILE || err->code == ENFILE || err->code == ENOMEM)
		return -err->code;
	err->code = EUCLEAN;
	if (!slot)
		return -EUCLEAN;
	file = absolute(dirfd, path);
	while (*slot && !str_eq((*slot)->file, file))
		slot = &(*slot)->next;
	if (*slot)
		return -EUCLEAN;
	*slot = xcalloc(1, sizeof(**slot));
	**slot = (struct net_broken){ .file = take_ptr(file), .why = xstrdup(err->text) };
	return -EUCLEAN;
}

/* ---- lists ---- */

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The entries of a directory that are names of ours; none for a missing one. */
static int list(int dirfd, const char *path, bool (*valid)(const char *name), char ***ret_names, struct error *err)
{
	int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	auto_names char **names = xcalloc(1, sizeof(*names));
	const struct dirent *entry;
	size_t count = 0;

	if (!dir && errno != ENOENT)
		return fail(err, errno, "list %s", path);
	while (dir && (entry = readdir(dir)) != NULL) {
		if (!valid(entry->d_name))
			continue;
		names = xreallocarray(names, count + 2, sizeof(*names));
		names[count++] = xstrdup(entry->d_name);
		names[count] = NULL;
	}
	qsort(names, count, sizeof(*names), by_name);
	*ret_names = take_ptr(names);
	return 0;
}

void net_store_names_free(char **names)
{
	for (char **name = names; name && *name; name++)
		free(*name);
	free(names);
}

int net_store_networks(const struct net_store *store, char ***ret_names, struct error *err)
{
	return list(store->config_fd, ".", network_name_valid, ret_names, err);
}

int net_store_owners(const struct net_store *store, char ***ret_names, struct error *err)
{
	return list(store->run_fd, "endpoints", endpoint_owner_valid, ret_names, err);
}

static char *endpoint_path(const char *owner, const char *network)
{
	return xasprintf("endpoints/%s%s%s", owner, network ? "/" : "", network ? network : "");
}

int net_store_networks_of(const struct net_store *store, const char *owner, char ***ret_names, struct error *err)
{
	auto_free char *path = endpoint_path(owner, NULL);

	return list(store->run_fd, path, network_name_valid, ret_names, err);
}

/* ---- networks ---- */

int net_store_load_network(const struct net_store *store, const char *name, struct network *ret, struct error *err)
{
	auto_free char *text = NULL;
	struct network network;
	size_t length = 0;
	int r;

	if (network_name_check(name, err) < 0)
		return -err->code;
	r = fd_read_file(store->config_fd, name, LINES_MAX, &text, &length, err);
	if (r == -ENOENT)
		return refuse_as(err, ENOENT, "network `%s` does not exist", name);
	if (r == 0 && length == 0)
		r = refuse(err, "network %s: the file is empty", name);
	if (r == 0 && network_parse(text, length, &network, err) < 0)
		r = context(err, "network %s", name);
	if (r == 0 && !str_eq(network.name, name))
		r = refuse(err, "network %s: its file is of network %s", name, network.name);
	if (r < 0)
		return refuse_file(store, store->config_fd, name, err);
	*ret = network;
	return 0;
}

int net_store_guess_network(const struct net_store *store, const char *name, struct network *ret, struct error *err)
{
	int r = net_store_load_network(store, name, ret, err);

	if (r == -ENOENT)
		r = refuse_file(store, store->config_fd, name, err);
	if (r != -EUCLEAN)
		return r;
	*ret = (struct network){ .kind = NETWORK_BRIDGE, .internal = true, .no_names = true };
	(void)snprintf(ret->name, sizeof(ret->name), "%s", name);
	network_name_bridge(ret);
	return 0;
}

int net_store_save_network(const struct net_store *store, const struct network *network, struct error *err)
{
	auto_free char *text = network_format(network);

	return fd_write_durable(store->config_fd, network->name, text, strlen(text), 0600, err);
}

int net_store_remove_network(const struct net_store *store, const char *name, struct error *err)
{
	net_store_forget_last(store, name);
	if (unlinkat(store->config_fd, name, 0) < 0 && errno != ENOENT)
		return fail(err, errno, "remove network %s", name);
	return 0;
}

/* ---- endpoints ---- */

int net_store_load_endpoint(const struct net_store *store, const char *owner, const char *network, struct endpoint *ret,
			    struct error *err)
{
	auto_free char *path = endpoint_path(owner, network);
	auto_free char *text = NULL;
	size_t length = 0;
	int r;

	if (!endpoint_owner_valid(owner) || !network_name_valid(network))
		return refuse(err, "not a name of a container and a network");
	r = fd_read_file(store->run_fd, path, LINES_MAX, &text, &length, err);
	if (r == -ENOENT)
		return refuse_as(err, ENOENT, "container `%s` is not on network `%s`", owner, network);
	if (r == 0 && endpoint_parse(text, length, ret, err) < 0)
		r = context(err, "%s", path);
	return r < 0 ? refuse_file(store, store->run_fd, path, err) : 0;
}

int net_store_save_endpoint(const struct net_store *store, const struct endpoint *endpoint, struct error *err)
{
	auto_free char *directory = endpoint_path(endpoint->owner, NULL);
	auto_free char *path = endpoint_path(endpoint->owner, endpoint->network);
	auto_free char *text = endpoint_format(endpoint);

	if (mkdirat(store->run_fd, directory, 0700) < 0 && errno != EEXIST)
		return fail(err, errno, "make %s", directory);
	if (fd_write_atomic(store->run_fd, path, text, strlen(text), 0600, err) < 0)
		return -err->code;
	(void)futimens(store->lock_fd, NULL);
	return 0;
}

int net_store_remove_endpoint(const struct net_store *store, const struct endpoint *endpoint, struct error *err)
{
	auto_free char *directory = endpoint_path(endpoint->owner, NULL);
	auto_free char *path = endpoint_path(endpoint->owner, endpoint->network);

	if (unlinkat(store->run_fd, path, 0) < 0 && errno != ENOENT)
		return fail(err, errno, "remove %s", path);
	(void)unlinkat(store->run_fd, directory, AT_REMOVEDIR); /* stays while there are more */
	(void)futimens(store->lock_fd, NULL);
	return 0;
}

/* What others take away meanwhile, from who has not locked, is not there either. */
static bool is_left_out(int loaded)
{
	return loaded == -EUCLEAN || loaded == -ENOENT;
}

static int each_of_owner(const struct net_store *store, const char *owner, net_store_endpoint_fn *see, void *context,
			 struct error *err)
{
	auto_names char **networks = NULL;
	int r = net_store_networks_of(store, owner, &networks, err);

	for (char **name = networks; r == 0 && *name; name++) {
		auto_endpoint struct endpoint endpoint = { .ports = NULL };

		r = net_store_load_endpoint(store, owner, *name, &endpoint, err);
		if (r == 0)
			r = see(&endpoint, context, err);
		if (is_left_out(r))
			r = 0;
	}
	return r;
}

int net_store_each_endpoint(const struct net_store *store, net_store_endpoint_fn *see, void *context, struct error *err)
{
	auto_names char **owners = NULL;
	int r = net_store_owners(store, &owners, err);

	for (char **owner = owners; r == 0 && *owner; owner++)
		r = each_of_owner(store, *owner, see, context, err);
	return r;
}

int net_store_each_network(const struct net_store *store, net_store_network_fn *see, void *context, struct error *err)
{
	auto_names char **names = NULL;
	int r = net_store_networks(store, &names, err);

	for (char **name = names; r == 0 && *name; name++) {
		struct network network;

		r = net_store_load_network(store, *name, &network, err);
		if (r == 0)
			r = see(&network, context, err);
		if (is_left_out(r))
			r = 0;
	}
	return r;
}
