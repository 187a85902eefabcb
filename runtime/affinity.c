/* affinity.c - see affinity.h. */
#include "affinity.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* What a cpu_set_t holds; CPU_SETSIZE is less in some versions of musl. */
enum { CPUS_MAX = 8 * sizeof(cpu_set_t) };

/* One number of at most CPUS_MAX - 1; advances *text. */
static bool next_cpu(const char **text, unsigned *ret)
{
	unsigned value = 0;

	if (**text < '0' || **text > '9')
		return false;
	for (; **text >= '0' && **text <= '9'; (*text)++) {
		value = value * 10 + (unsigned)(**text - '0');
		if (value >= CPUS_MAX)
			return false;
	}
	*ret = value;
	return true;
}

static bool next_range(const char **text, cpu_set_t *set)
{
	unsigned first;
	unsigned last;

	if (!next_cpu(text, &first))
		return false;
	last = first;
	if (**text == '-') {
		(*text)++;
		if (!next_cpu(text, &last) || last < first)
			return false;
	}
	for (unsigned cpu = first; cpu <= last; cpu++)
		CPU_SET(cpu, set);
	return true;
}

int affinity_parse(const char *list, cpu_set_t *ret_set, struct error *err)
{
	const char *next = list;

	CPU_ZERO(ret_set);
	for (;;) {
		if (!next_range(&next, ret_set))
			return refuse(err, "\"%s\" is no list of cpus such as 0-3,7 (at most %d)", list, CPUS_MAX - 1);
		if (*next == '\0')
			return 0;
		if (*next++ != ',')
			return refuse(err, "\"%s\" is no list of cpus such as 0-3,7", list);
		next += strspn(next, " ");
	}
}

int affinity_apply(const char *list, const char *field, struct error *err)
{
	cpu_set_t set;

	if (!list || !*list)
		return 0;
	if (affinity_parse(list, &set, err) < 0)
		return context(err, "%s", field);
	return sched_setaffinity(0, sizeof(set), &set) < 0 ? fail(err, errno, "%s: %s", field, list) : 0;
}

int affinity_apply_final(const char *initial, const char *final, struct error *err)
{
	cpu_set_t all;

	if (!initial || !*initial || (final && *final))
		return affinity_apply(final, "process.execCPUAffinity.final", err);
	memset(&all, UINT8_MAX, sizeof(all));
	return sched_setaffinity(0, sizeof(all), &all) < 0 ? fail(err, errno, "process.execCPUAffinity.final") : 0;
}
