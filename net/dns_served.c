/* dns_served.c - see dns_served.h. */
#include "dns_served.h"

#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PLACE_SIZE = NETWORK_NAME_SIZE + 2 * IP_TEXT_SIZE + 32, INDEX_BITS = 32, HASH_BITS = 31 };

uint64_t dns_served_place(const struct network *network)
{
	char v4[IP_TEXT_SIZE];
	char v6[IP_TEXT_SIZE];
	char all[PLACE_SIZE];
	struct stat netns;
	const unsigned bridge = if_nametoindex(network->bridge);

	if (bridge == 0 || stat("/proc/self/ns/net", &netns) < 0)
		return 0;
	(void)snprintf(all, sizeof(all), "%s %s %s %d %llu", network->name, ip_text(&network->v4.address, v4),
		       ip_text(&network->v6.address, v6), network->internal, (unsigned long long)netns.st_ino);
	return (ip_hash(all, 0) & ((UINT64_C(1) << HASH_BITS) - 1)) << INDEX_BITS | bridge;
}

static struct flock byte_at(uint64_t place, short type)
{
	return (struct flock){ .l_type = type, .l_whence = SEEK_SET, .l_start = (off_t)place, .l_len = 1 };
}

void dns_served_mark(int file, uint64_t place, bool served)
{
	struct flock byte = byte_at(place, served ? F_WRLCK : F_UNLCK);

	if (place > 0)
		(void)fcntl(file, F_OFD_SETLK, &byte);
}

bool dns_served(int file, uint64_t place)
{
	struct flock byte = byte_at(place, F_WRLCK);

	return place > 0 && fcntl(file, F_OFD_GETLK, &byte) == 0 && byte.l_type != F_UNLCK;
}
