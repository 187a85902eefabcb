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

/*
 * The first real-time signal as users count: 32 and 33 are glibc's own. A C library that keeps one more for itself does
 * not move the signals of a container's init.
 */
enum { FIRST_REAL_TIME = 34, LAST_REAL_TIME = 64 };

static const struct {
	const char *name;
	int number;
} names[] = {
	{ "ABRT", SIGABRT }, { "ALRM", SIGALRM }, { "BUS", SIGBUS },       { "CHLD", SIGCHLD },
	{ "CLD", SIGCHLD },  { "CONT", SIGCONT }, { "FPE", SIGFPE },       { "HUP", SIGHUP },
	{ "ILL", SIGILL },   { "INT", SIGINT },   { "IO", SIGIO },         { "IOT", SIGIOT },
	{ "KILL", SIGKILL }, { "PIPE", SIGPIPE }, { "POLL", SIGPOLL },     { "PROF", SIGPROF },
	{ "PWR", SIGPWR },   { "QUIT", SIGQUIT }, { "SEGV", SIGSEGV },     { "STKFLT", SIGSTKFLT },
	{ "STOP", SIGSTOP }, { "SYS", SIGSYS },   { "TERM", SIGTERM },     { "TRAP", SIGTRAP },
	{ "TSTP", SIGTSTP }, { "TTIN", SIGTTIN }, { "TTOU", SIGTTOU },     { "URG", SIGURG },
	{ "USR1", SIGUSR1 }, { "USR2", SIGUSR2 }, { "VTALRM", SIGVTALRM }, { "WINCH", SIGWINCH },
	{ "XCPU", SIGXCPU }, { "XFSZ", SIGXFSZ },
};

static bool starts_with(const char *text, const char *prefix)
{
	return strncasecmp(text, prefix, strlen(prefix)) == 0;
}

static int by_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcasecmp(name, names[i].name) == 0)
			return names[i].number;
	return -EINVAL;
}

/* "RTMIN", "RTMIN+n", "RTMAX", "RTMAX-n". */
static int real_time(const char *name)
{
	const bool from_min = starts_with(name, "RTMIN");
	const int base = from_min ? FIRST_REAL_TIME : LAST_REAL_TIME;
	const char *offset = name + strlen("RTMIN");
	uint64_t steps;

	if (!from_min && !starts_with(name, "RTMAX"))
		return -EINVAL;
	if (!*offset)
		return base;
	if (*offset != (from_min ? '+' : '-') || str_to_u64(offset + 1, LAST_REAL_TIME - FIRST_REAL_TIME, &steps) < 0)
		return -EINVAL;
	return from_min ? base + (int)steps : base - (int)steps;
}

int signal_parse(const char *text, int *ret_signal, struct error *err)
{
	const char *name = starts_with(text, "SIG") ? text + strlen("SIG") : text;
	uint64_t value;
	int number;

	if (str_to_u64(text, LAST_REAL_TIME, &value) == 0) {
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
			text, LAST_REAL_TIME);
	*ret_signal = number;
	return 0;
}
