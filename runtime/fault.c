/* fault.c - the test build's half of fault.h. */
#include "fault.h"

#include <signal.h>
#include <stdlib.h>

#include "base/str.h"

void fault_point(const char *name)
{
	if (str_eq(getenv("COFFER_FAULT"), name))
		(void)raise(SIGKILL);
}
