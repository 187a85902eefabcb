/* clock.c - see clock.h. */
#include "clock.h"

#include <time.h>

enum { MS_PER_S = 1000, NS_PER_MS = 1000000 };

int64_t clock_ms(void)
{
	struct timespec now = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * MS_PER_S + now.tv_nsec / NS_PER_MS;
}
