/* dns_served.c - see dns_served.h. */
#include "dns_served.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "link.h"

enum { INDEX_BITS = 32, HASH_BITS = 31 };
enum { NETNS_COOKIE = 71 }; /* SO_NETNS_COOKIE of asm-generic/socket.h: newer than musl's headers */

static uint64_t hash_of(const struct network *network, uint64_t netns)
{
	const struct ip_address *v4 = &network->v4.address;
	const struct ip_address *v6 = &network->v6.address;
	const uint64_t gateways =
		ip_hash_bytes(v6->bytes, sizeof(v6->bytes), ip_hash_bytes(v4->bytes, sizeof(v4->bytes), netns));

	return ip_hash(network->name, gateways + network->internal);
}

/* The namespace's number is of any socket in it; 0 before Linux 5.14. */
uint64_t dns_served_place(const struct network *network)
{
	auto_fd int any = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	const uint64_t bridge = any < 0 ? 0 : link_index(any, network->bridge);
	uint64_t netns = 0;
	socklen_t size = sizeof(netns);

	if (bridge == 0)
		return 0;
	(void)getsockopt(any, SOL_SOCKET, NETNS_COOKIE, &netns, &size);
	return (hash_of(network, netns) & ((UINT64_C(1) << HASH_BITS) - 1)) << INDEX_BITS | bridge;
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
