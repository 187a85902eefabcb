/* fault.c - the test build's half of fault.h. */
#include "fault.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/str.h"

void fault_point(const char *name)
{
	if (!str_eq(getenv("COFFER_FAULT"), name))
		return;
	(void)kill(getpid(),
		   SIGKILL); /* not raise(): a C library may remember whose thread this was before the clone */
	/* The first process of a pid namespace does not hear signals of its own; a trap ends it as suddenly. */
	__builtin_trap();
}
