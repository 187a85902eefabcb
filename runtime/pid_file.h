/*
 * pid_file.h - the file that engines read the pid from.
 */
#pragma once

#include <sys/types.h>

#include "base/error.h"

/* Decimal digits without a newline (callers parse the whole content), replaced atomically, mode 0644. */
int pid_file_write(const char *path, pid_t pid, struct error *err);
