/*
 * ns.c - see ns.h. The table is in the order in which namespaces are joined: the user namespace first, since it gives
 * the capabilities over the others, and the mount namespace last, since it takes the caller's /proc and paths away.
 */
#include "ns.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>

#include "base/cleanup.h"
#include "base/str.h"

static const struct ns_info table[] = {
	[NS_USER] = { "user", "user", CLONE_NEWUSER },
	[NS_PID] = { "pid", "pid", CLONE_NEWPID },
	[NS_NETWORK] = { "network", "net", CLONE_NEWNET },
	[NS_IPC] = { "ipc", "ipc", CLONE_NEWIPC },
	[NS_UTS] = { "uts", "uts", CLONE_NEWUTS },
	[NS_TIME] = { "time", "time", CLONE_NEWTIME },
	[NS_CGROUP] = { "cgroup", "cgroup", CLONE_NEWCGROUP },
	[NS_MOUNT] = { "mount", "mnt", CLONE_NEWNS },
};
static_assert(ARRAY_SIZE(table) == NS_TYPE_MAX, "every namespace type has its row");

const struct ns_info *ns_info(enum ns_type type)
{
	return &table[type];
}

int ns_by_name(const char *name)
{
	for (int type = 0; type < NS_TYPE_MAX; type++)
		if (str_eq(table[type].name, name))
			return type;
	return -EINVAL;
}

static const char *name_by_flag(int flag)
{
	for (int type = 0; type < NS_TYPE_MAX; type++)
		if (table[type].flag == (uint64_t)flag)
			return table[type].name;
	return "unknown";
}

int ns_open(enum ns_type type, const char *path, struct error *err)
{
	/* O_NONBLOCK: a FIFO in the place of the namespace file must not hang the runtime. */
	auto_fd int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	int flag;

	if (fd < 0)
		return fail(err, errno, "open %s namespace %s", table[type].name, path);
	flag = ioctl(fd, NS_GET_NSTYPE);
	if (flag < 0 && errno == ENOTTY)
		return refuse(err, "%s is not a namespace file", path);
	if (flag < 0)
		return fail(err, errno, "ask for the namespace type of %s", path);
	if ((uint64_t)flag != table[type].flag)
		return refuse(err, "%s is a %s namespace, not a %s namespace", path, name_by_flag(flag),
			      table[type].name);
	return take_fd(&fd);
}

int ns_join(enum ns_type type, int fd, struct error *err)
{
	if (setns(fd, (int)table[type].flag) < 0)
		return fail(err, errno, "join the %s namespace", table[type].name);
	return 0;
}
