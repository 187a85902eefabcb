/*
 * idmap.c - see idmap.h. Each map is tried in the order of cost and right: a direct write, which the kernel allows to a
 * privileged caller and for the own uid; for the own gid, the same after setgroups is denied (user_namespaces(7)); then
 * the setuid helper newuidmap(1) or newgidmap(1), which asks /etc/subuid. A refused write leaves the map empty, so
 * trying is safe.
 */
#include "idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/proc.h"
#include "base/str.h"
#include "subid.h"

enum {
	LINES_MAX = 340, /* UID_GID_MAP_MAX_EXTENTS of the kernel */
	LINE_SIZE = 36,  /* three numbers of ten digits, two spaces, a newline, NUL */
	NUMBER_SIZE = 12,
	CALLER_RANGES = 100, /* so many lines of full length still fit in the one page that a map write may have */
	SUBID_FILE_MAX = 1024 * 1024,
	PASSWD_FILE_MAX = 16 * 1024 * 1024,
};

struct kind {
	const char *field; /* runtime-spec */
	const char *file;  /* /proc/PID/ */
	const char *helper;
	const char *subids;
};

static const struct kind uid_kind = { "uidMappings", "uid_map", "newuidmap", "/etc/subuid" };
static const struct kind gid_kind = { "gidMappings", "gid_map", "newgidmap", "/etc/subgid" };

static bool overlap(uint32_t a, uint32_t a_size, uint32_t b, uint32_t b_size)
{
	return a < (uint64_t)b + b_size && b < (uint64_t)a + a_size;
}

static int validate_entry(const struct kind *kind, const struct id_map *maps, size_t index, struct error *err)
{
	const struct id_map *map = &maps[index];

	if (map->size == 0)
		return refuse(err, "%s[%zu]: size is 0", kind->field, index);
	/* The kernel wants start + size to stay below 2^32: the last id of all is no id. */
	if (map->size > UINT32_MAX - map->container_id || map->size > UINT32_MAX - map->host_id)
		return refuse(err, "%s[%zu]: the range goes beyond the last id", kind->field, index);
	for (size_t i = 0; i < index; i++) {
		if (overlap(map->container_id, map->size, maps[i].container_id, maps[i].size))
			return refuse(err, "%s[%zu]: container ids overlap with %s[%zu]", kind->field, index,
				      kind->field, i);
		if (overlap(map->host_id, map->size, maps[i].host_id, maps[i].size))
			return refuse(err, "%s[%zu]: host ids overlap with %s[%zu]", kind->field, index, kind->field,
				      i);
	}
	return 0;
}

static int validate_kind(const struct kind *kind, const struct id_map *maps, size_t n_maps, struct error *err)
{
	if (n_maps > LINES_MAX)
		return refuse(err, "%s[%d]: the kernel takes at most %d entries", kind->field, LINES_MAX, LINES_MAX);
	for (size_t i = 0; i < n_maps; i++)
		if (validate_entry(kind, maps, i, err) < 0)
			return -err->code;
	return 0;
}

int idmap_validate(const struct id_maps *maps, struct error *err)
{
	if (validate_kind(&uid_kind, maps->uids, maps->n_uids, err) < 0)
		return -err->code;
	return validate_kind(&gid_kind, maps->gids, maps->n_gids, err);
}

int64_t idmap_to_host(const struct id_map *maps, size_t n_maps, uint32_t container_id)
{
	if (n_maps == 0)
		return container_id;
	for (size_t i = 0; i < n_maps; i++)
		if (container_id >= maps[i].container_id && container_id - maps[i].container_id < maps[i].size)
			return (int64_t)maps[i].host_id + (container_id - maps[i].container_id);
	return -EOVERFLOW;
}

/* First executable `name` in a colon-separated list of directories; relative ones do not count. Heap or NULL. */
static char *find_in(const char *dirs, const char *name)
{
	while (dirs && *dirs) {
		size_t length = strcspn(dirs, ":");

		if (*dirs == '/') {
			auto_free char *path = xasprintf("%.*s/%s", (int)length, dirs, name);

			if (access(path, X_OK) == 0)
				return take_ptr(path);
		}
		dirs += length;
		dirs += *dirs == ':';
	}
	return NULL;
}

static char *find_helper(const char *name)
{
	char *path = find_in("/usr/bin:/bin:/usr/sbin", name);

	return path ? path : find_in(getenv("PATH"), name);
}

static int spawn_and_wait(const char *path, char *const argv[])
{
	char *const no_environment[] = { NULL };
	auto_fd int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	pid_t pid;

	if (null_fd < 0)
		return -errno;
	pid = proc_spawn(path, argv, no_environment, null_fd);
	return pid < 0 ? pid : proc_wait(pid);
}

static int run_helper(pid_t pid, const struct kind *kind, const struct id_map *maps, size_t n_maps, struct error *err)
{
	auto_free char *path = find_helper(kind->helper);
	auto_free char(*words)[NUMBER_SIZE] = xcalloc(3 * n_maps + 1, sizeof(*words));
	auto_free char **argv = xcalloc(3 * n_maps + 3, sizeof(*argv));
	size_t n_words = 0;
	int status;

	if (!path)
		return fail(err, EPERM, "%s: more than the own id needs %s, which is not installed (package uidmap)",
			    kind->field, kind->helper);
	(void)snprintf(words[n_words++], NUMBER_SIZE, "%d", pid);
	for (size_t i = 0; i < n_maps; i++) {
		(void)snprintf(words[n_words++], NUMBER_SIZE, "%u", maps[i].container_id);
		(void)snprintf(words[n_words++], NUMBER_SIZE, "%u", maps[i].host_id);
		(void)snprintf(words[n_words++], NUMBER_SIZE, "%u", maps[i].size);
	}
	argv[0] = path;
	for (size_t i = 0; i < n_words; i++)
		argv[i + 1] = words[i];
	status = spawn_and_wait(path, argv);
	if (status < 0)
		return fail(err, -status, "run %s", path);
	if (status > 0)
		return fail(err, EPERM, "%s refused %s (status %d): see the ranges of this user in %s", path,
			    kind->field, status, kind->subids);
	return 0;
}

static char *format_map(const struct id_map *maps, size_t n_maps)
{
	char *text = xcalloc(n_maps + 1, LINE_SIZE);
	size_t used = 0;

	for (size_t i = 0; i < n_maps; i++)
		used += (size_t)snprintf(text + used, LINE_SIZE, "%u %u %u\n", maps[i].container_id, maps[i].host_id,
					 maps[i].size);
	return text;
}

static int write_direct(int proc_fd, const struct kind *kind, const struct id_map *maps, size_t n_maps,
			const char *text)
{
	int r = fd_write_existing(proc_fd, kind->file, text);

	if (r != -EPERM || kind != &gid_kind || n_maps != 1 || maps->size != 1 || maps->host_id != getegid())
		return r;
	r = fd_write_existing(proc_fd, "setgroups", "deny");
	return r < 0 ? r : fd_write_existing(proc_fd, kind->file, text);
}

static int write_kind(pid_t pid, int proc_fd, const struct kind *kind, const struct id_map *maps, size_t n_maps,
		      struct error *err)
{
	auto_free char *text = format_map(maps, n_maps);
	int r;

	if (n_maps == 0)
		return 0;
	if (strlen(text) >= (size_t)sysconf(_SC_PAGESIZE))
		return refuse(err, "%s: %zu entries are more text than the kernel takes", kind->field, n_maps);
	r = write_direct(proc_fd, kind, maps, n_maps, text);
	if (r == -EPERM || r == -EACCES)
		return run_helper(pid, kind, maps, n_maps, err);
	if (r < 0)
		return fail(err, -r, "write %s of process %d", kind->file, pid);
	return 0;
}

int idmap_write(pid_t pid, const struct id_maps *maps, struct error *err)
{
	char path[32];
	auto_fd int proc_fd = -1;

	(void)snprintf(path, sizeof(path), "/proc/%d", pid);
	proc_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (proc_fd < 0)
		return fail(err, errno, "open %s", path);
	if (write_kind(pid, proc_fd, &uid_kind, maps->uids, maps->n_uids, err) < 0)
		return -err->code;
	return write_kind(pid, proc_fd, &gid_kind, maps->gids, maps->n_gids, err);
}

/* Login name of the caller from /etc/passwd itself, or NULL: NSS would load libraries and may ask a server. */
static char *caller_name(void)
{
	auto_free char *text = NULL;
	struct error ignored;
	size_t length;

	if (fd_read_file(AT_FDCWD, "/etc/passwd", PASSWD_FILE_MAX, &text, &length, &ignored) < 0)
		return NULL;
	return passwd_name(text, length, geteuid());
}

/* Appends the range at the next free container id, unless it touches a host id that is mapped already. */
static size_t append_range(struct id_map *maps, size_t n_maps, const struct subid_range *range)
{
	const struct id_map *last = &maps[n_maps - 1];
	uint32_t next = last->container_id + last->size;

	for (size_t i = 0; i < n_maps; i++)
		if (overlap(range->start, range->count, maps[i].host_id, maps[i].size))
			return n_maps;
	if (range->count > UINT32_MAX - next)
		return n_maps;
	maps[n_maps] = (struct id_map){ .container_id = next, .host_id = range->start, .size = range->count };
	return n_maps + 1;
}

static int map_caller(struct arena *arena, const struct kind *kind, uint32_t own_id, struct id_map **ret_maps,
		      size_t *ret_n_maps, struct error *err)
{
	struct subid_range ranges[CALLER_RANGES];
	auto_free char *helper = find_helper(kind->helper);
	auto_free char *name = NULL;
	auto_free char *text = NULL;
	struct id_map *maps = arena_array(arena, CALLER_RANGES + 1, sizeof(*maps));
	size_t n_maps = 1;
	size_t n_ranges = 0;
	size_t length;

	maps[0] = (struct id_map){ .container_id = 0, .host_id = own_id, .size = 1 };
	if (helper) {
		int r = fd_read_file(AT_FDCWD, kind->subids, SUBID_FILE_MAX, &text, &length, err);

		if (r < 0 && r != -ENOENT)
			return r;
		name = caller_name();
	}
	if (text)
		n_ranges = subid_parse(text, length, name, geteuid(), ranges, CALLER_RANGES);
	for (size_t i = 0; i < n_ranges; i++)
		n_maps = append_range(maps, n_maps, &ranges[i]);
	*ret_maps = maps;
	*ret_n_maps = n_maps;
	return 0;
}

int idmap_for_caller(struct arena *arena, struct id_maps *ret_maps, struct error *err)
{
	struct id_maps maps = { 0 };

	if (map_caller(arena, &uid_kind, geteuid(), &maps.uids, &maps.n_uids, err) < 0)
		return -err->code;
	if (map_caller(arena, &gid_kind, getegid(), &maps.gids, &maps.n_gids, err) < 0)
		return -err->code;
	*ret_maps = maps;
	return 0;
}

/* In a child made for its user namespace only: waits until the parent kills it or is gone itself. */
__attribute__((noreturn)) static void wait_for_parent(int read_end, int write_end)
{
	char byte;

	(void)close(write_end);
	while (read(read_end, &byte, 1) < 0 && errno == EINTR)
		;
	_exit(EXIT_SUCCESS);
}

static int open_userns(pid_t pid, const struct id_maps *maps, struct error *err)
{
	char path[32];
	int fd;

	if (idmap_write(pid, maps, err) < 0)
		return -err->code;
	(void)snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? fail(err, errno, "open %s", path) : fd;
}

int idmap_userns_fd(const struct id_maps *maps, struct error *err)
{
	int pipe_fds[2];
	auto_fd int read_end = -1;
	auto_fd int write_end = -1;
	pid_t pid;
	int fd;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return fail(err, errno, "make a pipe");
	read_end = pipe_fds[0];
	write_end = pipe_fds[1];
	pid = proc_clone(CLONE_NEWUSER, -1, NULL);
	if (pid < 0)
		return fail(err, -pid, "make a user namespace");
	if (pid == 0)
		wait_for_parent(read_end, write_end);
	fd = open_userns(pid, maps, err);
	(void)kill(pid, SIGKILL);
	(void)proc_wait(pid);
	return fd;
}
