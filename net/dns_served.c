/* dns_served.c - see dns_served.h. */
#include "dns_served.h"

#include <fcntl.h>
#include <unistd.h>

static struct flock byte_of(unsigned bridge, short type)
{
	return (struct flock){ .l_type = type, .l_whence = SEEK_SET, .l_start = bridge, .l_len = 1 };
}

void dns_served_mark(int file, unsigned bridge, bool served)
{
	struct flock byte = byte_of(bridge, served ? F_WRLCK : F_UNLCK);

	(void)fcntl(file, F_OFD_SETLK, &byte);
}

bool dns_served(int file, unsigned bridge)
{
	struct flock byte = byte_of(bridge, F_WRLCK);

	return fcntl(file, F_OFD_GETLK, &byte) == 0 && byte.l_type != F_UNLCK;
}
