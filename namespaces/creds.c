/*
 * creds.c - see creds.h. Groups before the gid before the uid: each step takes away the right to do the one before.
 * The system calls are used for the calling thread's process through libc; the runtime is single-threaded.
 */
#include "creds.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "caps.h"

enum { OOM_SCORE_MIN = -1000, OOM_SCORE_MAX = 1000, UMASK_MAX = 0777 };

/*
 * setgroups(2) asks two things: CAP_SETGID, and that the user namespace does not deny it (/proc/PID/setgroups, which is
 * "deny" where an unprivileged user wrote the gid map). So EPERM with CAP_SETGID at hand means the second. The file
 * itself is not read: at this moment /proc is what the container's root file system says it is.
 */
static int apply_groups(const struct user *user, struct error *err)
{
	int errnum;

	if (setgroups(user->n_additional_gids, user->additional_gids) == 0)
		return 0;
	errnum = errno;
	if (user->n_additional_gids > 0) {
		if (errnum == EPERM && (cap_own_effective() & (UINT64_C(1) << CAP_SETGID)))
			return fail(err, errnum, "additional groups: the user namespace denies setgroups");
		return fail(err, errnum, "set %zu additional groups", user->n_additional_gids);
	}
	if (errnum == EPERM && ((cap_own_effective() & (UINT64_C(1) << CAP_SETGID)) || getgroups(0, NULL) == 0))
		return 0;
	return fail(err, errnum, "drop the additional groups");
}

int user_apply(const struct user *user, bool keep_caps, struct error *err)
{
	if (user->umask.set && user->umask.value > UMASK_MAX)
		return refuse(err, "umask %#llo is above 0777", (unsigned long long)user->umask.value);
	/* To setresuid(2) and setresgid(2) this value means "leave it as it is", which would be the runtime's root. */
	if (user->uid == UINT32_MAX || user->gid == UINT32_MAX)
		return refuse(err, "uid and gid %u are reserved", UINT32_MAX);
	if (keep_caps && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return fail(err, errno, "keep capabilities over the user change");
	if (apply_groups(user, err) < 0)
		return -err->code;
	if (setresgid(user->gid, user->gid, user->gid) < 0)
		return fail(err, errno, "set gid %u", user->gid);
	if (setresuid(user->uid, user->uid, user->uid) < 0)
		return fail(err, errno, "set uid %u", user->uid);
	if (user->umask.set)
		(void)umask((mode_t)user->umask.value);
	return 0;
}

int oom_score_adj_write(pid_t pid, int value, struct error *err)
{
	char path[64];
	char text[16];
	int r;

	if (value < OOM_SCORE_MIN || value > OOM_SCORE_MAX)
		return refuse(err, "oomScoreAdj %d is not in -1000..1000", value);
	(void)snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", pid);
	(void)snprintf(text, sizeof(text), "%d", value);
	r = fd_write_existing(AT_FDCWD, path, text);
	if (r < 0)
		return fail(err, -r, "write %d to %s", value, path);
	return 0;
}
