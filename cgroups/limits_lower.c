/*
 * limits_lower.c - see limits_lower.h.
 *
 * Writing memory.max below the usage makes the kernel reclaim and then kill until it fits; writing memory.high only
 * reclaims (cgroup-v2.rst "memory.high", "memory.max"). So high goes first and stands as a brake, memory.reclaim asks
 * for the rest, and what is left is counted with everything frozen.
 */
#include "limits_lower.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/str.h"
#include "stats.h"
#include "tree.h"

enum { ROUNDS = 8, FREEZE_MS = 500, NUMBER_SIZE = 32 };

static bool read_number(const struct cgroup *cgroup, const char *file, uint64_t *ret)
{
	char text[NUMBER_SIZE];

	if (fd_read_small(cgroup->fd, file, text, sizeof(text)) <= 0)
		return false;
	*ret = UINT64_MAX;
	return str_eq(text, "max") || str_to_u64(text, UINT64_MAX, ret) == 0;
}

static void write_number(const struct cgroup *cgroup, const char *file, uint64_t value)
{
	char text[NUMBER_SIZE];

	(void)snprintf(text, sizeof(text), "%" PRIu64, value);
	(void)fd_write_existing(cgroup->fd, file, value == UINT64_MAX ? "max" : text);
}

/* EAGAIN says that less was found than asked for, which may still be progress; ENOENT is a kernel before 5.19. */
static void reclaim(const struct cgroup *cgroup, uint64_t target)
{
	uint64_t before = UINT64_MAX;
	uint64_t now;

	for (int i = 0; i < ROUNDS && read_number(cgroup, "memory.current", &now); i++) {
		if (now <= target || now >= before)
			return;
		before = now;
		write_number(cgroup, "memory.reclaim", now - target);
	}
}

/* A cgroup that is frozen already stays so; one that cannot be frozen in time has only the brake. */
static bool freeze(const struct cgroup *cgroup)
{
	struct error ignored;
	char text[NUMBER_SIZE];

	if (fd_read_small(cgroup->fd, "cgroup.freeze", text, sizeof(text)) <= 0 || text[0] == '1')
		return false;
	(void)cgroup_freeze(cgroup, true, FREEZE_MS, &ignored);
	return true;
}

static int refuse_lowering(const struct cgroup *cgroup, uint64_t target, uint64_t used, struct error *err)
{
	struct cgroup_stats stats = { 0 };
	struct error ignored;

	(void)cgroup_stats_read(cgroup, &stats, &ignored);
	return refuse_as(err, EBUSY,
			 "linux.resources.memory.limit: %" PRIu64 " bytes are too few: after reclaim %" PRIu64
			 " are still in use (anonymous %" PRIu64 ", shared %" PRIu64 ", file %" PRIu64
			 ", kernel %" PRIu64 "); nothing was changed, and --force lets the kernel kill for it",
			 target, used, stats.memory_anon.value, stats.memory_shmem.value, stats.memory_file.value,
			 stats.memory_kernel.value);
}

int lower_begin(const struct cgroup *cgroup, uint64_t target, bool *ret_frozen, struct error *err)
{
	uint64_t high = UINT64_MAX;
	uint64_t used = 0;
	bool has_high;

	*ret_frozen = false;
	if (!read_number(cgroup, "memory.current", &used) || used <= target / 2)
		return 0;
	has_high = read_number(cgroup, "memory.high", &high);
	if (has_high && high > target)
		write_number(cgroup, "memory.high", target);
	reclaim(cgroup, target);
	*ret_frozen = freeze(cgroup);
	if (has_high && high > target)
		write_number(cgroup, "memory.high", high);
	if (read_number(cgroup, "memory.current", &used) && used > target) {
		lower_end(cgroup, *ret_frozen);
		*ret_frozen = false;
		return refuse_lowering(cgroup, target, used, err);
	}
	return 0;
}

void lower_end(const struct cgroup *cgroup, bool frozen)
{
	if (frozen)
		(void)fd_write_existing(cgroup->fd, "cgroup.freeze", "0");
}
