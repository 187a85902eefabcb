/* preserved_fds.c - see preserved_fds.h. */
#include "preserved_fds.h"

#include <fcntl.h>
#include <stdlib.h>

#include "base/str.h"

enum { FIRST_FD = 3, LISTEN_FDS_MAX = 1024 };

static unsigned listen_fds(void)
{
	const char *text = getenv("LISTEN_FDS");
	uint64_t count;

	return text && str_to_u64(text, LISTEN_FDS_MAX, &count) == 0 ? (unsigned)count : 0;
}

int preserved_fds_check(unsigned preserve_fds, struct process_start *start, struct error *err)
{
	unsigned listen = listen_fds();
	uint64_t count = (uint64_t)preserve_fds + listen;

	/* No fd has a number that an int does not hold: long before, one is not open. */
	for (uint64_t i = 0; i < count; i++)
		if (fcntl(FIRST_FD + (int)i, F_GETFD) < 0)
			return refuse(err, "--preserve-fds %u: fd %u is not open", preserve_fds,
				      FIRST_FD + (unsigned)i);
	start->preserve_fds = (unsigned)count;
	start->listen_fds = listen;
	return 0;
}
