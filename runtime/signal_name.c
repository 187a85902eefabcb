/*
 * signal_name.c - a signal as people and engines write it: "KILL", "sigterm", "9", "RTMIN+3", "SIGRTMAX-1".
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "container.h"

/* Names beside those of sigabbrev_np(3). */
static const struct {
	const char *name;
	int number;
} aliases[] = {
	{ "CLD", SIGCHLD },
	{ "IO", SIGIO },
	{ "IOT", SIGIOT },
};

static bool starts_with(const char *text, const char *prefix)
{
	return strncasecmp(text, prefix, strlen(prefix)) == 0;
}

static int by_name(const char *name)
{
	for (int number = 1; number < NSIG; number++) {
		const char *known = sigabbrev_np(number);

		if (known && strcasecmp(name, known) == 0)
			return number;
	}
	for (size_t i = 0; i < ARRAY_SIZE(aliases); i++)
		if (strcasecmp(name, aliases[i].name) == 0)
			return aliases[i].number;
	return -EINVAL;
}

/* "RTMIN", "RTMIN+n", "RTMAX", "RTMAX-n". */
static int real_time(const char *name)
{
	const bool from_min = starts_with(name, "RTMIN");
	const int base = from_min ? SIGRTMIN : SIGRTMAX;
	const char *offset = name + strlen("RTMIN");
	uint64_t steps;

	if (!from_min && !starts_with(name, "RTMAX"))
		return -EINVAL;
	if (!*offset)
		return base;
	if (*offset != (from_min ? '+' : '-') || str_to_u64(offset + 1, (uint64_t)(SIGRTMAX - SIGRTMIN), &steps) < 0)
		return -EINVAL;
	return from_min ? base + (int)steps : base - (int)steps;
}

int signal_parse(const char *text, int *ret_signal, struct error *err)
{
	const char *name = starts_with(text, "SIG") ? text + strlen("SIG") : text;
	uint64_t value;
	int number;

	if (str_to_u64(text, (uint64_t)SIGRTMAX, &value) == 0) {
		*ret_signal = (int)value;
		return 0;
	}
	number = by_name(name);
	if (number < 0)
		number = real_time(name);
	if (number < 0)
		return refuse(
			err,
			"unknown signal `%.64s`: expected a name (TERM, SIGKILL, RTMIN+1) or a number from 0 to %d",
			text, SIGRTMAX);
	*ret_signal = number;
	return 0;
}
