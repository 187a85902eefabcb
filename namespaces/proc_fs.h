/*
 * proc_fs.h - a procfs that nothing can be mounted over: a detached mount of its own.
 */
#pragma once

#include "base/error.h"

/* O_PATH directory fd of a new procfs of the caller's pid namespace. Needs CAP_SYS_ADMIN over its owner. */
int proc_fs_open(struct error *err);
