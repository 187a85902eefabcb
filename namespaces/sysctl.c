/*
 * sysctl.c - see sysctl.h. A name becomes a path below /proc/sys once, and both the check and the write use that path,
 * so they can never disagree about what a name means. Which namespace owns a parameter is one table of path prefixes.
 */
#include "sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"

enum { SYSCTL_PATH_MAX = 512 };

enum owner { OWNER_IPC, OWNER_NETWORK, OWNER_UTS, OWNER_USER };

static const char *const owner_names[] = {
	[OWNER_IPC] = "IPC",
	[OWNER_NETWORK] = "network",
	[OWNER_UTS] = "UTS",
	[OWNER_USER] = "user",
};

/* A trailing slash makes it a whole directory. */
static const struct {
	const char *path;
	enum owner owner;
} parameters[] = {
	{ "kernel/msgmax", OWNER_IPC }, { "kernel/msgmnb", OWNER_IPC },          { "kernel/msgmni", OWNER_IPC },
	{ "kernel/sem", OWNER_IPC },    { "kernel/shmall", OWNER_IPC },          { "kernel/shmmax", OWNER_IPC },
	{ "kernel/shmmni", OWNER_IPC }, { "kernel/shm_rmid_forced", OWNER_IPC }, { "fs/mqueue/", OWNER_IPC },
	{ "net/", OWNER_NETWORK },      { "kernel/domainname", OWNER_UTS },      { "kernel/hostname", OWNER_UTS },
	{ "user/", OWNER_USER },
};

/* sysctl.d(5): with a dot first, dots separate and a slash stands for a dot in a name (a VLAN interface). */
static int path_of(const char *name, char path[SYSCTL_PATH_MAX], struct error *err)
{
	size_t length = strlen(name);
	char *separator;

	if (length >= SYSCTL_PATH_MAX)
		return refuse(err, "sysctl %.64s...: the name is too long", name);
	memcpy(path, name, length + 1);
	separator = strpbrk(path, "./");
	if (!separator || *separator == '/')
		return 0;
	for (; separator; separator = strpbrk(separator + 1, "./"))
		*separator = *separator == '.' ? '/' : '.';
	return 0;
}

static bool parts_are_clean(const char *path)
{
	for (;;) {
		size_t length = strcspn(path, "/");

		if (length == 0 || (length == 1 && path[0] == '.') || (length == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		if (path[length] == '\0')
			return true;
		path += length + 1;
	}
}

static bool owner_of(const char *path, enum owner *ret_owner)
{
	for (size_t i = 0; i < ARRAY_SIZE(parameters); i++) {
		const char *known = parameters[i].path;
		bool matches = str_ends(known, "/") ? str_starts(path, known) : str_eq(path, known);

		if (!matches)
			continue;
		*ret_owner = parameters[i].owner;
		return true;
	}
	return false;
}

static bool is_own(const struct sysctl_scope *scope, enum owner owner)
{
	switch (owner) {
	case OWNER_IPC:
		return scope->ipc;
	case OWNER_NETWORK:
		return scope->network;
	case OWNER_UTS:
		return scope->uts;
	case OWNER_USER:
		return scope->user;
	}
	return false;
}

static int validate_one(const struct sysctl *sysctl, const struct sysctl_scope *scope, struct error *err)
{
	char path[SYSCTL_PATH_MAX];
	enum owner owner;

	if (path_of(sysctl->name, path, err) < 0)
		return -err->code;
	if (!parts_are_clean(path))
		return refuse(err, "sysctl %s: not a valid name", sysctl->name);
	if (!owner_of(path, &owner))
		return refuse(err, "sysctl %s: belongs to the host, not to a namespace of the container", sysctl->name);
	if (!is_own(scope, owner))
		return refuse(err, "sysctl %s: needs an own %s namespace", sysctl->name, owner_names[owner]);
	if (scope->own_hostname && str_eq(path, "kernel/hostname"))
		return refuse(err, "sysctl %s: hostname is set already", sysctl->name);
	if (scope->own_domainname && str_eq(path, "kernel/domainname"))
		return refuse(err, "sysctl %s: domainname is set already", sysctl->name);
	if (strchr(sysctl->value, '\n'))
		return refuse(err, "sysctl %s: the value has a newline", sysctl->name);
	return 0;
}

int sysctl_validate(const struct sysctl *sysctls, size_t n_sysctls, const struct sysctl_scope *scope, struct error *err)
{
	for (size_t i = 0; i < n_sysctls; i++)
		if (validate_one(&sysctls[i], scope, err) < 0)
			return -err->code;
	return 0;
}

static int open_below(int dirfd, const char *path, int flags)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS,
	};
	long fd = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

static int apply_one(int sys_fd, const struct sysctl *sysctl, struct error *err)
{
	char path[SYSCTL_PATH_MAX];
	auto_fd int fd = -1;

	if (path_of(sysctl->name, path, err) < 0)
		return -err->code;
	if (!parts_are_clean(path))
		return refuse(err, "sysctl %s: not a valid name", sysctl->name);
	fd = open_below(sys_fd, path, O_WRONLY);
	if (fd < 0)
		return fail(err, -fd, "open sysctl %s", sysctl->name);
	if (write(fd, sysctl->value, strlen(sysctl->value)) < 0)
		return fail(err, errno, "set sysctl %s to \"%.64s\"", sysctl->name, sysctl->value);
	return 0;
}

int sysctl_apply(int proc_fd, const struct sysctl *sysctls, size_t n_sysctls, struct error *err)
{
	auto_fd int sys_fd = -1;

	if (n_sysctls == 0)
		return 0;
	sys_fd = open_below(proc_fd, "sys", O_PATH | O_DIRECTORY);
	if (sys_fd < 0)
		return fail(err, -sys_fd, "open sys of procfs");
	for (size_t i = 0; i < n_sysctls; i++)
		if (apply_one(sys_fd, &sysctls[i], err) < 0)
			return -err->code;
	return 0;
}
