/* tripwire.c - see tripwire.h. */
#include "tripwire.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"

enum {
	TEXT_SIZE = 64,
	STAT_SIZE = 8192,
	GAP_SHARE = 8,               /* of the limit */
	GAP_BASE = 2 * 1024 * 1024,  /* bytes */
	GAP_TASK = 512 * 1024,       /* two charges of 64 pages */
	TASKS_PER_PROCESSOR = 4,     /* that are between charge and check */
	ROOM_MIN = 64 * 1024 * 1024, /* bytes */
	SPARE_SHARE = 64,            /* of memory.high: what reclaim may be too slow or unable to find */
	SPARE_MIN = 256 * 1024,      /* bytes */
};

uint64_t tripwire_gap(uint64_t limit, unsigned processors)
{
	uint64_t tasks = GAP_BASE + (uint64_t)GAP_TASK * TASKS_PER_PROCESSOR * (processors ? processors : 1);
	uint64_t gap = limit / GAP_SHARE > tasks ? limit / GAP_SHARE : tasks;

	return gap < limit / 2 ? gap : limit / 2;
}

static uint64_t spare_below(uint64_t high)
{
	return high / SPARE_SHARE > SPARE_MIN ? high / SPARE_SHARE : SPARE_MIN;
}

uint64_t tripwire_ceiling(uint64_t limit, uint64_t gap)
{
	return limit - gap > spare_below(limit - gap) ? limit - gap - spare_below(limit - gap) : 0;
}

/*
 * What is otherwise while all stop.
 *
 *	cpu.max		Microseconds a period, more than any machine has: what has used up a quota stops in the next
 *			period only. "max" for the last quota of a host, and back, has the kernel patch its own code,
 *			which takes all processors.
 *	memory.swap.max	Next to nothing: a task that looks for pages to swap out, at each page that it is given above
 *			memory.high, does not stop before it has looked at all.
 */
static const struct override overrides[TRIPWIRE_OVERRIDES] = {
	{ .file = "cpu.max", .meanwhile = "1000000000", .fine = "max" },
	{ .file = "memory.swap.max", .meanwhile = "65536", .fine = "0" },
};

/* Non-blocking: for a limit below the usage the kernel reclaims, and at memory.max kills, in the writer's time; newer
   ones leave that to the next allocation (cgroup-v2.rst "memory.high", O_NONBLOCK), and older ones ignore the flag. */
static const struct {
	const char *name;
	size_t fd;
	int flags;
} files[] = {
	{ "memory.events.local", offsetof(struct tripwire, events), O_RDONLY },
	{ "cgroup.events", offsetof(struct tripwire, frozen), O_RDONLY },
	{ "memory.max", offsetof(struct tripwire, max), O_RDWR | O_NONBLOCK },
	{ "memory.high", offsetof(struct tripwire, high), O_RDWR | O_NONBLOCK },
	{ "memory.current", offsetof(struct tripwire, current), O_RDONLY },
	{ "memory.stat", offsetof(struct tripwire, stat), O_RDONLY },
	{ "cgroup.freeze", offsetof(struct tripwire, freeze), O_RDWR },
};

static uint64_t room_of(uint64_t limit)
{
	return limit / 2 > ROOM_MIN ? limit / 2 : ROOM_MIN;
}

int tripwire_open(int cgroup_fd, uint64_t limit, uint64_t gap, struct tripwire *ret_wire, struct error *err)
{
	struct tripwire wire = TRIPWIRE_NONE;

	wire.limit = limit;
	wire.gap = gap;
	wire.room = room_of(limit);
	wire.dir = fcntl(cgroup_fd, F_DUPFD_CLOEXEC, 3);
	if (wire.dir < 0)
		return fail(err, errno, "duplicate the fd of a cgroup");
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		int *fd = (void *)((char *)&wire + files[i].fd);

		*fd = openat(wire.dir, files[i].name, files[i].flags | O_CLOEXEC | O_NOFOLLOW);
		if (*fd < 0) {
			int r = fail(err, errno, "open %s of the container's cgroup", files[i].name);

			tripwire_close(&wire);
			return r;
		}
	}
	(void)tripwire_touched(&wire);
	memcpy(wire.overrides, overrides, sizeof(overrides));
	for (size_t i = 0; i < ARRAY_SIZE(wire.overrides); i++)
		override_adopt(wire.dir, &wire.overrides[i]);
	tripwire_put_back(&wire);
	*ret_wire = wire;
	return 0;
}

void tripwire_close(struct tripwire *wire)
{
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		cleanup_fd((const int *)(const void *)((const char *)wire + files[i].fd));
	cleanup_fd(&wire->dir);
	*wire = (struct tripwire)TRIPWIRE_NONE;
}

/* ---- kernel files ---- */

static int read_text(int fd, char *text, size_t size)
{
	ssize_t length = pread(fd, text, size - 1, 0);

	if (length < 0)
		return -errno;
	text[length] = '\0';
	return 0;
}

static int read_bytes(int fd, uint64_t *ret)
{
	char text[TEXT_SIZE];
	int r = read_text(fd, text, sizeof(text));

	if (r < 0)
		return r;
	text[strcspn(text, "\n")] = '\0';
	*ret = UINT64_MAX;
	return str_eq(text, "max") ? 0 : str_to_u64(text, UINT64_MAX, ret);
}

static int write_bytes(int fd, uint64_t bytes)
{
	char text[TEXT_SIZE];
	int length = snprintf(text, sizeof(text), "%" PRIu64, bytes);

	return pwrite(fd, text, (size_t)length, 0) == length ? 0 : -errno;
}

/* The number behind "key " at the start of a line; 0 where there is none. */
static uint64_t keyed(const char *text, const char *key)
{
	size_t length = strlen(key);

	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		uint64_t value = 0;

		if (strncmp(line, key, length) != 0 || line[length] != ' ')
			continue;
		for (const char *digit = line + length + 1; *digit >= '0' && *digit <= '9'; digit++)
			value = value * 10 + (uint64_t)(*digit - '0');
		return value;
	}
	return 0;
}

/* ---- what the watcher does, in this order ---- */

int tripwire_touched(struct tripwire *wire)
{
	char text[TEXT_SIZE * 4];
	uint64_t high, max, oom;
	int touched;
	int r = read_text(wire->events, text, sizeof(text));

	if (r < 0)
		return r;
	high = keyed(text, "high");
	max = keyed(text, "max");
	oom = keyed(text, "oom");
	touched = high != wire->n_high || max != wire->n_max || oom != wire->n_oom;
	wire->n_high = high;
	wire->n_max = max;
	wire->n_oom = oom;
	return touched;
}

int tripwire_lift(struct tripwire *wire)
{
	uint64_t wanted = wire->limit + wire->room;
	uint64_t used;
	int r;

	if (wire->lifted_to) {
		r = read_bytes(wire->current, &used);
		if (r < 0)
			return r;
		wanted = used + wire->room / 2 > wire->lifted_to ? used + wire->room : wire->lifted_to;
	}
	if (wanted == wire->lifted_to)
		return 0;
	r = write_bytes(wire->max, wanted);
	if (r == 0)
		wire->lifted_to = wanted;
	return r;
}

int tripwire_restore(struct tripwire *wire)
{
	uint64_t used;
	int r = read_bytes(wire->current, &used);

	if (r < 0)
		return r;
	/* Half of the gap: what is used may grow between this look and the write. */
	if (used > wire->limit - wire->gap / 2)
		return -EBUSY;
	r = write_bytes(wire->max, wire->limit);
	if (r == 0)
		wire->lifted_to = 0;
	return r;
}

/* The number in a file that not every kernel has. */
static uint64_t read_optional(const struct tripwire *wire, const char *name, uint64_t otherwise)
{
	auto_fd int fd = openat(wire->dir, name, O_RDONLY | O_CLOEXEC);
	uint64_t value;

	return fd < 0 || read_bytes(fd, &value) < 0 ? otherwise : value;
}

/* How much more the cgroup may swap out, or keep compressed; what the host has is the host's affair. */
static uint64_t room_below(const struct tripwire *wire, const char *max, const char *current)
{
	uint64_t limit = read_optional(wire, max, 0);
	uint64_t used = read_optional(wire, current, UINT64_MAX);

	return limit > used ? limit - used : 0;
}

/* Free swap of the host, in bytes. */
static uint64_t host_swap(void)
{
	auto_fd int fd = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
	char text[STAT_SIZE];
	const char *at;
	uint64_t kib = 0;

	if (fd < 0 || read_text(fd, text, sizeof(text)) < 0)
		return 0;
	at = strstr(text, "SwapFree:");
	if (!at)
		return 0;
	at += strlen("SwapFree:");
	for (at += strspn(at, " "); *at >= '0' && *at <= '9'; at++)
		kib = kib * 10 + (uint64_t)(*at - '0');
	return kib * 1024;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t tripwire_swappable(const char *stat, uint64_t own_room, uint64_t host_room)
{
	uint64_t movable = keyed(stat, "inactive_anon") + keyed(stat, "active_anon");

	return smaller(movable, smaller(own_room, host_room));
}

uint64_t tripwire_compressible(const char *stat, uint64_t swap, uint64_t zswap_room)
{
	/* What was to be swapped out and could not be compressed has its place in the swap, and stays. */
	uint64_t refused = keyed(stat, "swapcached");
	uint64_t before = keyed(stat, "zswapped") + refused;
	uint64_t after = keyed(stat, "zswap") + refused;
	double share = before ? (double)after / (double)before : 1;

	if (share >= 1)
		return 0;
	if ((double)swap * share > (double)zswap_room)
		swap = (uint64_t)((double)zswap_room / share);
	return (uint64_t)((double)swap * (1 - share));
}

/* What memory.current would lose if all was swapped out that can be. */
static uint64_t swap_gain(const struct tripwire *wire, const char *stat)
{
	uint64_t swap = room_below(wire, "memory.swap.max", "memory.swap.current");

	if (swap > 0)
		swap = tripwire_swappable(stat, swap, host_swap());
	if (swap > 0 && read_optional(wire, "memory.zswap.writeback", 1) == 0)
		swap = tripwire_compressible(stat, swap, room_below(wire, "memory.zswap.max", "memory.zswap.current"));
	return swap;
}

int tripwire_is_hit(const struct tripwire *wire)
{
	uint64_t used;
	int r = read_bytes(wire->current, &used);

	return r < 0 || used <= wire->limit - wire->gap ? r : tripwire_is_full(wire);
}

int tripwire_is_full(const struct tripwire *wire)
{
	const uint64_t high = wire->limit - wire->gap;
	char text[STAT_SIZE];
	uint64_t used, fixed, spare, swap;
	int r = read_bytes(wire->current, &used);

	if (r == 0)
		r = read_text(wire->stat, text, sizeof(text));
	if (r < 0)
		return r;
	/* Shared memory is on the anonymous lists: what is on the file lists can be dropped or written back. */
	fixed = keyed(text, "inactive_file") + keyed(text, "active_file") + keyed(text, "slab_reclaimable");
	fixed = used > fixed ? used - fixed : 0;
	spare = spare_below(high);
	if (fixed + spare < high)
		return 0;
	swap = swap_gain(wire, text);
	return swap <= spare || fixed + spare - high > swap - spare;
}

/* Up to the limit: what is on its way fits into the gap, and one long system call is slowed down from there on. */
static void unbrake(struct tripwire *wire)
{
	if (!wire->unbraked)
		wire->unbraked = write_bytes(wire->high, wire->limit) == 0;
}

static void brake(struct tripwire *wire)
{
	if (wire->unbraked)
		wire->unbraked = write_bytes(wire->high, wire->limit - wire->gap) < 0;
}

void tripwire_put_back(struct tripwire *wire)
{
	for (size_t i = 0; i < ARRAY_SIZE(wire->overrides); i++)
		override_end(wire->dir, &wire->overrides[i]);
}

int tripwire_freeze(struct tripwire *wire)
{
	char text[TEXT_SIZE];
	int r;

	unbrake(wire);
	r = read_text(wire->freeze, text, sizeof(text));
	if (r < 0 || text[0] == '1')
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(wire->overrides); i++)
		override_begin(wire->dir, &wire->overrides[i]);
	if (pwrite(wire->freeze, "1", 1, 0) != 1)
		return -errno;
	wire->froze = true;
	return 0;
}

int tripwire_thaw(struct tripwire *wire)
{
	brake(wire);
	tripwire_put_back(wire);
	if (!wire->froze)
		return 0;
	if (pwrite(wire->freeze, "0", 1, 0) != 1)
		return -errno;
	wire->froze = false;
	return 0;
}

int tripwire_state(const struct tripwire *wire, bool *ret_frozen, bool *ret_populated)
{
	char text[TEXT_SIZE * 2];
	int r = read_text(wire->frozen, text, sizeof(text));

	if (r < 0)
		return r;
	*ret_frozen = keyed(text, "frozen") == 1;
	*ret_populated = keyed(text, "populated") == 1;
	return 0;
}

int tripwire_usage(const struct tripwire *wire, uint64_t *ret_bytes)
{
	return read_bytes(wire->current, ret_bytes);
}

uint64_t tripwire_above(const struct tripwire *wire)
{
	uint64_t lowest = UINT64_MAX;
	auto_fd int dir = openat(wire->dir, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);

	while (dir >= 0) {
		auto_fd int file = openat(dir, "memory.max", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		int above = openat(dir, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		uint64_t bytes;

		(void)close(dir);
		dir = above;
		if (file < 0 || read_bytes(file, &bytes) < 0) /* the root has none */
			return lowest;
		lowest = bytes < lowest ? bytes : lowest;
	}
	return lowest;
}

int tripwire_set_limit(struct tripwire *wire, uint64_t limit, uint64_t gap)
{
	int r = write_bytes(wire->high, limit - gap);

	if (r < 0)
		return r;
	wire->unbraked = false;
	wire->limit = limit;
	wire->gap = gap;
	wire->room = room_of(limit);
	if (wire->lifted_to)
		return tripwire_lift(wire);
	return write_bytes(wire->max, limit);
}
