/*
 * affinity.h - process.execCPUAffinity: cpus in the kernel's list format.
 */
#pragma once

#include <sched.h>

#include "base/error.h"

/* "0-3,7" -> set; spaces may follow a comma. Bounded by CPU_SETSIZE; -EINVAL with text. */
int affinity_parse(const char *list, cpu_set_t *ret_set, struct error *err);

/* Sets it on the calling process; a list that is NULL or empty changes nothing. `field` stands in the error text. */
int affinity_apply(const char *list, const char *field, struct error *err);

/* The same for `final`, after the move to the container's cgroup: without a list, all cpus that the cgroup allows, if
   `initial` had taken some away. */
int affinity_apply_final(const char *initial, const char *final, struct error *err);
