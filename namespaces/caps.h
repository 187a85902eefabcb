/*
 * caps.h - capabilities(7) in all five sets; the only file that uses libcap.
 *
 * The two functions that apply leave out what the running kernel does not know, and nothing else: what it knows and
 * does not grant is an error. The runtime-spec asks for a warning instead, so the planner first reduces the sets with
 * cap_sets_limit(), and warns about the capabilities in the mask that it returns.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct cap_sets {
	uint64_t bounding, effective, inheritable, permitted, ambient; /* bit = 1 << CAP_* */
};

/* CAP_* number of "CAP_NET_ADMIN" (case as in capabilities(7); "NET_ADMIN" too when bare is true), or -EINVAL. */
int cap_by_name(const char *name, bool bare);

/* "CAP_NET_ADMIN", or NULL above the last one this build knows. */
const char *cap_name(unsigned number);

/* All capabilities that the running kernel knows (/proc/sys/kernel/cap_last_cap is not read: prctl probing). */
uint64_t cap_kernel_mask(void);

/* What the calling process has itself; 0 if it cannot be read. */
uint64_t cap_own_permitted(void);
uint64_t cap_own_effective(void);

/* Reduces each set to `available` (cap_kernel_mask() for an own user namespace, cap_own_permitted() without), effective
   to permitted, and ambient to permitted and inheritable, as the kernel demands. Returns all bits that some set lost.
   Pure. */
uint64_t cap_sets_limit(struct cap_sets *sets, uint64_t available);

/* Drops the bounding set to `bounding`: to be called while CAP_SETPCAP is still there, before the user changes. */
int caps_apply_bounding(const struct cap_sets *sets, struct error *err);

/* Sets effective, permitted, inheritable, then ambient: after the user change (PR_SET_KEEPCAPS). Capabilities that the
   process does not have are refused by name. */
int caps_apply(const struct cap_sets *sets, struct error *err);
