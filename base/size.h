/* size.h - numbers of bytes as people write them. */
#pragma once

#include <stdint.h>

/* "512m", "64K", "1g", "2t", "7kib", "100b", "-1" (no limit): bytes. 0, -EINVAL, or -ERANGE above INT64_MAX. */
int size_parse(const char *text, int64_t *ret_bytes);
