/*
 * refuse_as.h - refuse() with another code than EINVAL. The text stands alone, without strerror: callers match it.
 */
#pragma once

#include "base/error.h"

#define refuse_as(err, errnum, ...) (refuse((err), __VA_ARGS__), (err)->code = (errnum), -(errnum))
