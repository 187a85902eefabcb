/*
 * oom_dump.h - what one process of a container is and holds, as JSON, for a decision or for later: its memory map, its
 * threads and where each of them waits, its files. Not the memory itself: see coffer-oom(1).
 */
#pragma once

#include "base/json.h"
#include "container.h"

/* One object. -ESRCH: no process of the container. What this caller may not read is left out. */
int oom_dump(const struct runtime *runtime, const char *id, pid_t pid, struct json_writer *writer, struct error *err);
