/*
 * fuzz_oom_log.c - any bytes as records of the kernel's log, a line each: who is said to have been killed in a
 * container was in its cgroup.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "cgroups/oom_log.h"

#define CONTAINER "/pod/a"

enum { PACKET_MAX = 8191 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct oom_victim *victim)
{
	const char *below = victim->cgroup + strlen(CONTAINER);

	if (victim->pid <= 0 || strlen(victim->name) > 15 || !str_starts(victim->cgroup, CONTAINER) ||
	    (*below && *below != '/') || (victim->limit && victim->limit[0] != '/'))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_arena struct arena *arena = arena_new();
	struct oom_victims victims = { 0 };
	struct error err;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends) < 0)
		return 0;
	while (size > 0) {
		const uint8_t *end = memchr(data, '\n', size);
		const size_t length = end ? (size_t)(end - data) + 1 : size;

		if (send(ends[1], data, length < PACKET_MAX ? length : PACKET_MAX, MSG_NOSIGNAL) < 0)
			break;
		data += length;
		size -= length;
	}
	(void)close(ends[1]);
	if (oom_log_read(ends[0], CONTAINER, 0, OOM_VICTIMS_MAX, arena, &victims, &err) == 0)
		for (size_t i = 0; i < victims.count; i++)
			check(&victims.list[i]);
	(void)close(ends[0]);
	return 0;
}
