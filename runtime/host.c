/* host.c - see host.h. A handful of cheap looks; whatever is only rarely needed is looked at where it is needed. */
#include "host.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"

/* The initial user namespace's map is one line "0 0 4294967295". */
bool host_in_initial_user_ns(void)
{
	char text[128];
	unsigned inside, outside, size;

	/* Without the file the kernel has no user namespaces; empty, it is a new one that has no map yet. */
	if (fd_read_small(AT_FDCWD, "/proc/self/uid_map", text, sizeof(text)) < 0)
		return true;
	return sscanf(text, "%u %u %u", &inside, &outside, &size) == 3 && inside == 0 && outside == 0 &&
	       size == UINT32_MAX;
}

static bool reads_as_enabled(const char *path)
{
	char text[8];

	return fd_read_small(AT_FDCWD, path, text, sizeof(text)) > 0 && (text[0] == 'Y' || text[0] == '1');
}

/* Of the cgroup that has the caller's own in it: cgroup-v2.rst "Delegation Containment". */
static bool may_use_parent(const struct cgroup_host *cgroup)
{
	const char *slash = strrchr(cgroup->own_path, '/');
	auto_free char *parent = NULL;
	auto_free char *procs = NULL;

	if (cgroup->root_fd < 0 || !slash)
		return false;
	parent = xasprintf(".%.*s", (int)(slash - cgroup->own_path), cgroup->own_path);
	procs = xasprintf("%s/cgroup.procs", parent);
	return faccessat(cgroup->root_fd, parent, W_OK, AT_EACCESS) == 0 &&
	       faccessat(cgroup->root_fd, procs, W_OK, AT_EACCESS) == 0;
}

static const char system_socket[] = "/run/systemd/private";

/*
 * Root of the initial user namespace has the system's manager, and so has root of one that owns such a manager
 * (an unprivileged LXC). In an engine's user namespace the socket is of an owner that is not mapped.
 */
static bool has_system_manager(void)
{
	struct stat st;

	return geteuid() == 0 && (host_in_initial_user_ns() || (stat(system_socket, &st) == 0 && st.st_uid == 0));
}

int host_systemd_socket(struct arena *arena, const char **ret_socket, struct error *err)
{
	const char *directory = getenv("XDG_RUNTIME_DIR");

	if (has_system_manager())
		*ret_socket = system_socket;
	else if (directory && *directory)
		*ret_socket = arena_printf(arena, "%s/systemd/private", directory);
	else
		return refuse(err, "XDG_RUNTIME_DIR is not set, where the socket of this user's systemd is");
	return 0;
}

static int find_systemd(struct host *host, struct arena *arena, struct error *err)
{
	const char *socket;
	int r = host_systemd_socket(arena, &socket, err);

	if (r == 0)
		r = systemd_open(socket, &host->systemd, err);
	if (r < 0)
		return context(err, "--systemd-cgroup");
	host->systemd_cgroup = arena_strdup(arena, systemd_cgroup(host->systemd));
	host->systemd_of_user = !str_eq(socket, system_socket);
	return 0;
}

int host_probe(const struct runtime *runtime, struct arena *arena, struct host *ret_host, struct error *err)
{
	struct host host = { .cgroup = { .root_fd = -1 } };
	int r = 0;

	host.uid = geteuid();
	host.gid = getegid();
	host.privileged = runtime->rootless == AUTO ? host.uid == 0 : runtime->rootless == NO;
	host.initial_user_ns = host_in_initial_user_ns();
	host.apparmor = reads_as_enabled("/sys/module/apparmor/parameters/enabled");
	host.selinux = access("/sys/fs/selinux/enforce", F_OK) == 0;
	if (runtime->cgroup_manager != CGROUP_MANAGER_DISABLED)
		r = cgroup_host_probe(&host.cgroup, err);
	if (r == 0 && runtime->cgroup_manager == CGROUP_MANAGER_SYSTEMD && host.cgroup.root_fd >= 0)
		r = find_systemd(&host, arena, err);
	host.delegated = !host.privileged && may_use_parent(&host.cgroup);
	if (r == 0 && !host.privileged)
		r = idmap_for_caller(arena, &host.caller_maps, err);
	if (r < 0) {
		host_close(&host);
		return r;
	}
	*ret_host = host;
	return 0;
}

void host_close(struct host *host)
{
	if (host->cgroup.root_fd >= 0)
		cgroup_host_close(&host->cgroup);
	systemd_close(take_ptr(host->systemd));
}
