/*
 * seccomp.h - syscall filters; seccomp.c and its tables in seccomp_names.c are the only files that use libseccomp.
 * Compiled BPF is cached (seccomp_cache.h).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/opt.h"

struct seccomp_arg {
	unsigned index;            /* 0..5 */
	uint64_t value, value_two; /* MASKED_EQ: (argument & value) == value_two; else value_two has no meaning */
	int op;                    /* enum scmp_compare */
};

struct seccomp_rule {
	const char **names; /* syscalls; those unknown to this architecture or libseccomp are skipped, as peers do */
	size_t n_names;
	uint32_t action; /* SCMP_ACT_* with errno already in it */
	struct seccomp_arg *args;
	size_t n_args;
};

struct seccomp_profile {
	uint32_t default_action;
	uint32_t *architectures; /* SCMP_ARCH_*; empty: native only */
	size_t n_architectures;
	uint64_t flags; /* SECCOMP_FILTER_FLAG_* */
	struct seccomp_rule *rules;
	size_t n_rules;
};

/* A compiled filter: what seccomp(2) takes. */
struct seccomp_filter {
	void *code; /* struct sock_filter[count], heap */
	uint16_t count;
	uint64_t flags;
};

/* SCMP_ACT_* of "SCMP_ACT_ERRNO" with `errno_ret` (default EPERM; only for ERRNO and TRACE) folded in. NOTIFY answers
   -ENOTSUP with text. */
int seccomp_action_by_name(const char *name, struct opt_u64 errno_ret, uint32_t *ret_action, struct error *err);
int seccomp_arch_by_name(const char *name, uint32_t *ret_arch); /* "SCMP_ARCH_X86_64"; -EINVAL */
int seccomp_operator_by_name(const char *name, int *ret_op);    /* "SCMP_CMP_EQ"; -EINVAL */
int seccomp_flag_by_name(const char *name, uint64_t *ret_flag); /* "SECCOMP_FILTER_FLAG_LOG"; -EINVAL */

/* NULL-terminated names for `features`: all that the functions above accept. */
const char *const *seccomp_action_names(void);
const char *const *seccomp_operator_names(void);
const char *const *seccomp_arch_names(void);
const char *const *seccomp_flag_names(void);

/*
 * Compiles the profile with the binary-tree optimisation when it is large, or takes the same filter from the cache
 * directory (cache_dir_fd, -1 for none): key = digest of the profile, kernel release and libseccomp version. A cache
 * file is trusted only if root-owned (or own) and not writable by others, whole and with matching header; writes are
 * atomic and bounded in number. Runs in the parent, before clone.
 */
int seccomp_compile(const struct seccomp_profile *profile, int cache_dir_fd, struct seccomp_filter *ret_filter,
		    struct error *err);

void seccomp_filter_free(struct seccomp_filter *filter); /* frees code; NULL-safe fields */

/* seccomp(2) in the calling process. Needs no_new_privs or CAP_SYS_ADMIN. (libseccomp owns the name seccomp_load.) */
int seccomp_filter_load(const struct seccomp_filter *filter, struct error *err);
