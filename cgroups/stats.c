/*
 * stats.c - reads the numbers of a cgroup by one table: file, key, field. Rows of the same file stand together, so each
 * file is read once. Formats: cgroup-v2.rst "Interface Files" (single value, flat keyed, nested keyed).
 */
#include "stats.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "tree.h"

enum { STATS_FILE_SIZE = 64 * 1024 };

#define SEPARATORS " \n"

struct number {
	const char *file;
	const char *key; /* NULL: the file is one number; "rbytes=" and the like: summed over all lines; "some avg10":
			    of that line of a pressure file, in hundredths */
	size_t field;    /* offset of the struct opt_u64 */
};

#define FIELD(name) offsetof(struct cgroup_stats, name)

/* What is in use: few files, for who has little time. */
static const struct number usage[] = {
	{ "memory.current", NULL, FIELD(memory_current) },
	{ "memory.peak", NULL, FIELD(memory_peak) },
	{ "memory.swap.current", NULL, FIELD(memory_swap_current) },
	{ "memory.stat", "anon", FIELD(memory_anon) },
	{ "memory.stat", "file", FIELD(memory_file) },
	{ "memory.stat", "kernel", FIELD(memory_kernel) },
	{ "memory.stat", "shmem", FIELD(memory_shmem) },
	{ "memory.events", "low", FIELD(memory_events_low) },
	{ "memory.events", "high", FIELD(memory_events_high) },
	{ "memory.events", "max", FIELD(memory_events_max) },
	{ "memory.events", "oom", FIELD(memory_events_oom) },
	{ "memory.events", "oom_kill", FIELD(memory_events_oom_kill) },
};

static const struct number others[] = {
	{ "cpu.stat", "usage_usec", FIELD(cpu_usage_us) },
	{ "cpu.stat", "user_usec", FIELD(cpu_user_us) },
	{ "cpu.stat", "system_usec", FIELD(cpu_system_us) },
	{ "cpu.stat", "nr_periods", FIELD(cpu_periods) },
	{ "cpu.stat", "nr_throttled", FIELD(cpu_throttled_periods) },
	{ "cpu.stat", "throttled_usec", FIELD(cpu_throttled_us) },
	{ "memory.max", NULL, FIELD(memory_max) },
	{ "memory.high", NULL, FIELD(memory_high) },
	{ "memory.low", NULL, FIELD(memory_low) },
	{ "memory.min", NULL, FIELD(memory_min) },
	{ "memory.swap.max", NULL, FIELD(memory_swap_max) },
	{ "memory.zswap.current", NULL, FIELD(memory_zswap_current) },
	{ "memory.zswap.max", NULL, FIELD(memory_zswap_max) },
	{ "cpu.pressure", "some avg10", FIELD(cpu_some) },
	{ "memory.pressure", "some avg10", FIELD(memory_some) },
	{ "memory.pressure", "full avg10", FIELD(memory_full) },
	{ "io.pressure", "some avg10", FIELD(io_some) },
	{ "pids.current", NULL, FIELD(pids_current) },
	{ "pids.max", NULL, FIELD(pids_max) },
	{ "io.stat", "rbytes=", FIELD(io_read_bytes) },
	{ "io.stat", "wbytes=", FIELD(io_write_bytes) },
	{ "io.stat", "rios=", FIELD(io_read_ops) },
	{ "io.stat", "wios=", FIELD(io_write_ops) },
};

enum { WORD_MAX = 24, HUNDRED = 100 }; /* 2^64 has 20 digits */

static bool parse_digits(const char *text, size_t length, uint64_t *ret)
{
	char word[WORD_MAX];

	if (length == 0 || length >= sizeof(word) || strnlen(text, length) < length)
		return false;
	memcpy(word, text, length);
	word[length] = '\0';
	return str_to_u64(word, UINT64_MAX, ret) == 0;
}

/* "max" or a decimal number up to the next separator. */
static bool parse_value(const char *text, uint64_t *ret)
{
	char word[WORD_MAX];
	size_t length = strcspn(text, SEPARATORS);

	if (length == 0 || length >= sizeof(word))
		return false;
	memcpy(word, text, length);
	word[length] = '\0';
	if (str_eq(word, "max")) {
		*ret = UINT64_MAX;
		return true;
	}
	return str_to_u64(word, UINT64_MAX, ret) == 0;
}

static void take_keyed(const char *text, const char *key, struct opt_u64 *ret)
{
	size_t length = strlen(key);

	for (; *text; text += strcspn(text, "\n"), text += *text == '\n')
		if (strncmp(text, key, length) == 0 && text[length] == ' ') {
			ret->set = parse_value(text + length + 1, &ret->value);
			return;
		}
}

/* Words anywhere count: some kernels print the names of idle devices without a newline after them. */
static void take_summed(const char *text, const char *key, struct opt_u64 *ret)
{
	uint64_t value;

	for (; *text; text += strcspn(text, SEPARATORS), text += strspn(text, SEPARATORS))
		if (str_starts(text, key) && parse_value(text + strlen(key), &value)) {
			ret->value += value;
			ret->set = true;
		}
}

/* "some avg10=1.25 avg60=..." by "some avg10": 125. The kernel always prints two decimals. */
static void take_pressure(const char *text, const char *key, struct opt_u64 *ret)
{
	const char *at = strstr(text, key);
	uint64_t whole, part;
	const char *dot;

	if (!at || at[strlen(key)] != '=')
		return;
	at += strlen(key) + 1;
	dot = at + strspn(at, "0123456789");
	ret->set = *dot == '.' && parse_digits(at, (size_t)(dot - at), &whole) && parse_digits(dot + 1, 2, &part);
	ret->value = ret->set ? whole * HUNDRED + part : 0;
}

static void take(const char *text, const struct number *number, struct opt_u64 *ret)
{
	if (!number->key)
		ret->set = parse_value(text, &ret->value);
	else if (strchr(number->key, ' '))
		take_pressure(text, number->key, ret);
	else if (str_ends(number->key, "="))
		take_summed(text, number->key, ret);
	else
		take_keyed(text, number->key, ret);
	if (!ret->set)
		ret->value = 0;
}

static void read_table(const struct cgroup *cgroup, const struct number *numbers, size_t count,
		       struct cgroup_stats *stats)
{
	char text[STATS_FILE_SIZE];
	const char *file = "";

	text[0] = '\0'; /* and no more of the stack than is read */

	for (size_t i = 0; i < count; i++) {
		struct opt_u64 *field = (void *)((char *)stats + numbers[i].field);

		if (!str_eq(file, numbers[i].file) &&
		    fd_read_small(cgroup->fd, numbers[i].file, text, sizeof(text)) < 0)
			text[0] = '\0';
		file = numbers[i].file;
		take(text, &numbers[i], field);
	}
}

int cgroup_stats_read_usage(const struct cgroup *cgroup, struct cgroup_stats *ret_stats, struct error *err)
{
	struct cgroup_stats stats = { 0 };

	/* Each file may be missing for a reason of its own; this one only in a cgroup that is gone. */
	if (faccessat(cgroup->fd, "cgroup.procs", F_OK, 0) < 0)
		return fail(err, errno, "read the numbers of cgroup %.200s: it is gone", cgroup->path);
	read_table(cgroup, usage, ARRAY_SIZE(usage), &stats);
	*ret_stats = stats;
	return 0;
}

int cgroup_stats_read(const struct cgroup *cgroup, struct cgroup_stats *ret_stats, struct error *err)
{
	int r = cgroup_stats_read_usage(cgroup, ret_stats, err);

	if (r == 0)
		read_table(cgroup, others, ARRAY_SIZE(others), ret_stats);
	return r;
}
