/*
 * creds.h - who the container's process is: user, groups, umask, rlimits, scheduler bits, no_new_privs.
 * All of it runs in the container's init right before execve (credentials(7), prctl(2), setrlimit(2)).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/opt.h"

struct rlimit_entry {
	int resource; /* RLIMIT_* */
	const char *name;
	struct rlimit value;
};

/* RLIMIT_* of "RLIMIT_NOFILE", or -EINVAL. */
int rlimit_by_name(const char *name);

/* Sets them on a process (0: the caller), in order; soft above hard is refused. An error names the limit. */
int rlimits_apply(pid_t pid, const struct rlimit_entry *limits, size_t n_limits, struct error *err);

struct user {
	uint32_t uid, gid;
	uint32_t *additional_gids;
	size_t n_additional_gids;
	struct opt_u64 umask;
};

/* setgroups, setresgid, setresuid, umask, in this order. Capabilities survive if keep_caps (PR_SET_KEEPCAPS).
   A setgroups that the user namespace denies is an error only if additional_gids is not empty. The umask is left alone
   when it is not set. uid or gid 4294967295 is refused: to the kernel it means "no change". */
int user_apply(const struct user *user, bool keep_caps, struct error *err);

/* oom_score_adj (-1000..1000) of process pid, through /proc of the runtime's own mount namespace. -EACCES: lowering it
   below what the process had needs CAP_SYS_RESOURCE. */
int oom_score_adj_write(pid_t pid, int value, struct error *err);
