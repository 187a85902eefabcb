/* error.c - formatting of struct error; see error.h. A text too long is cut; the reason at its end stays. */
#include "error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#undef fail /* the analyzer's view of them */
#undef refuse
#undef refuse_as
#undef context

static void append_errno(struct error *err, int errnum)
{
	char reason[128];
	size_t length;
	size_t kept;

	(void)snprintf(reason, sizeof(reason), ": %s", strerror(errnum));
	length = strlen(reason);
	kept = strnlen(err->text, sizeof(err->text) - 1 - length);
	memcpy(err->text + kept, reason, length + 1);
}

int fail(struct error *err, int errnum, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(err->text, sizeof(err->text), fmt, args);
	va_end(args);
	if (errnum > 0)
		append_errno(err, errnum);
	err->code = errnum > 0 ? errnum : EINVAL;
	return -err->code;
}

int refuse(struct error *err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(err->text, sizeof(err->text), fmt, args);
	va_end(args);
	err->code = EINVAL;
	return -EINVAL;
}

int refuse_as(struct error *err, int errnum, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(err->text, sizeof(err->text), fmt, args);
	va_end(args);
	err->code = errnum;
	return -errnum;
}

int context(struct error *err, const char *fmt, ...)
{
	char prefix[256];
	size_t length;
	size_t room;
	size_t used;
	size_t kept;
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(prefix, sizeof(prefix) - 2, fmt, args);
	va_end(args);
	length = strlen(prefix);
	prefix[length++] = ':';
	prefix[length++] = ' ';
	room = sizeof(err->text) - 1 - length;
	used = strnlen(err->text, sizeof(err->text) - 1);
	kept = used < room ? used : room;
	memmove(err->text + length, err->text + used - kept, kept);
	memcpy(err->text, prefix, length);
	err->text[length + kept] = '\0';
	return -err->code;
}
