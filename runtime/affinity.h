/*
 * affinity.h - process.execCPUAffinity: cpus in the kernel's list format.
 */
#pragma once

#include <sched.h>

#include "base/error.h"

/* "0-3,7" -> set. Bounded by CPU_SETSIZE; -EINVAL with text. */
int affinity_parse(const char *list, cpu_set_t *ret_set, struct error *err);

/* Sets it on the calling process; a NULL list changes nothing. `field` stands in the error text. */
int affinity_apply(const char *list, const char *field, struct error *err);
