/*
 * devices.h - device access of a cgroup by an eBPF program (BPF_PROG_TYPE_CGROUP_DEVICE); v2 has no devices controller.
 * Rules are applied in order, the last match wins, as runtime-spec config-linux.md "Allowed Device list" wants - for
 * reading, writing and mknod each by itself, as the v1 controller did. Without a match access is denied, so no rules at
 * all deny every device; a caller whose config has no list does not call this.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "cgroup.h"

struct device_rule {
	bool allow;
	char type;            /* 'a' (both kinds), 'b' or 'c' */
	int64_t major, minor; /* -1 = any */
	unsigned access;      /* BPF_DEVCG_ACC_READ | WRITE | MKNOD */
};

/* "rwm" in any order -> bits; -EINVAL for anything else or empty. */
int device_access_parse(const char *text, unsigned *ret_access);

/* Compiles, loads and attaches (replacing a program this runtime attached before, atomically: BPF_F_REPLACE or attach
   new, detach old). Returns -EPERM with text when the caller may not load BPF: the caller decides (a user without
   privilege cannot make device nodes either, so the runtime skips device rules in a non-initial user namespace). */
int devices_apply(const struct cgroup *cgroup, const struct device_rule *rules, size_t n_rules, struct error *err);
