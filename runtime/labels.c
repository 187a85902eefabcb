/* labels.c - see labels.h. */
#include "labels.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"

#define ATTRIBUTES "thread-self/attr"

static bool has_labels(const struct process_start *start)
{
	return start->process && (start->process->apparmor_profile || start->process->selinux_label);
}

int labels_open(struct process_start *start, struct error *err)
{
	const struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
				      .resolve = RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS };
	auto_fd int proc = -1;
	long fd;

	if (!has_labels(start))
		return 0;
	proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (proc < 0)
		return fail(err, errno, "open /proc");
	if (!path_on_fs(proc, PROC_SUPER_MAGIC))
		return refuse(err, "/proc is no procfs");
	fd = syscall(SYS_openat2, proc, ATTRIBUTES, &how, sizeof(how));
	if (fd < 0)
		return fail(err, errno, "open /proc/" ATTRIBUTES);
	start->attributes = (int)fd;
	/* Where the policy does not let us, the container's keyring stays the runtime's, which is no reason to fail. */
	if (start->process->selinux_label)
		(void)fd_write_existing(start->attributes, "keycreate", start->process->selinux_label);
	return 0;
}

static int set_selinux(const struct process_start *start, const char *label, struct error *err)
{
	int r = fd_write_existing(start->attributes, "exec", label);

	if (r == -EINVAL)
		return refuse(err, "process.selinuxLabel: \"%s\" is no label of an SELinux policy in force here",
			      label);
	return r < 0 ? fail(err, -r, "process.selinuxLabel: write \"%s\" to /proc/" ATTRIBUTES "/exec", label) : 0;
}

static int set_apparmor(const struct process_start *start, const char *profile, struct error *err)
{
	auto_free char *text = xasprintf("exec %s", profile);
	int r = fd_write_existing(start->attributes, "apparmor/exec", text);

	if (r == -ENOENT && faccessat(start->attributes, "apparmor/exec", F_OK, 0) == 0)
		return refuse(err, "process.apparmorProfile: \"%s\" is not loaded", profile);
	return r < 0 ? fail(err, -r, "process.apparmorProfile: write \"%s\" to /proc/" ATTRIBUTES "/apparmor/exec",
			    text)
		     : 0;
}

int labels_set(const struct process_start *start, struct error *err)
{
	int r = 0;

	if (!has_labels(start))
		return 0;
	if (start->process->selinux_label)
		r = set_selinux(start, start->process->selinux_label, err);
	if (r == 0 && start->process->apparmor_profile)
		r = set_apparmor(start, start->process->apparmor_profile, err);
	return r;
}
