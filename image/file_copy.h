/* file_copy.h - bytes from file to file, shared where the file systems can (reflink), else copied in the kernel. */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "source.h"

/* Appends bytes [have, size) of from_fd to to_fd, which ends at `have`. A shorter file is an error. */
int file_copy_tail(int from_fd, int to_fd, uint64_t have, uint64_t size, const struct fetch_progress *progress,
		   struct error *err);
