/* fault_none.c - the product's half of fault.h. */
#include "fault.h"

void fault_point(const char *name)
{
	(void)name;
}
