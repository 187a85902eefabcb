/* clock.h - a clock that only goes forward, for what is due. */
#pragma once

#include <stdint.h>

/* Milliseconds of CLOCK_MONOTONIC (clock_gettime(2)). */
int64_t clock_ms(void);
