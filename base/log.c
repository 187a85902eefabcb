/* log.c - see log.h. The log sink is the one mutable global of the program: a process has one. */
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fd.h"
#include "str.h"
#include "utf8.h"

static struct {
	int fd;
	bool json;
	enum log_level level;
} sink = { .fd = STDERR_FILENO, .level = LOG_LEVEL_WARNING };

static const char *const level_names[] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARNING] = "warning",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
};

int log_open(const struct log_options *options, struct error *err)
{
	const char *path = options->target;

	sink.json = options->json;
	sink.level = options->level;
	if (!path || !*path)
		return 0;
	if (str_starts(path, "file:"))
		path += strlen("file:");
	sink.fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0644);
	if (sink.fd < 0) {
		sink.fd = STDERR_FILENO;
		return fail(err, errno, "open log file %s", path);
	}
	return 0;
}

bool log_is_enabled(enum log_level level)
{
	return level <= sink.level;
}

enum { MESSAGE_MAX = 2048, ESCAPE_LENGTH = 6, REPLACEMENT_CHARACTER = 0xfffd, DELETE = 0x7f };

/* One character of at most ESCAPE_LENGTH bytes to `out`; advances *text. A byte that is no UTF-8 is replaced. */
static size_t escape_character(const char **text, size_t left, char *out)
{
	size_t sequence = utf8_sequence(*text, left);
	unsigned char c = (unsigned char)**text;

	*text += sequence ? sequence : 1;
	if (sequence > 1 || (sequence == 1 && c >= ' ' && c != DELETE && c != '"' && c != '\\')) {
		memcpy(out, *text - sequence, sequence);
		return sequence;
	}
	return (size_t)snprintf(out, ESCAPE_LENGTH + 1, "\\u%04x", sequence ? c : (unsigned)REPLACEMENT_CHARACTER);
}

/* Copies text as the inside of a JSON string; what does not fit is cut at a whole character. */
static void escape_json(const char *text, char *out, size_t size)
{
	const char *end = text + strlen(text);
	size_t used = 0;

	while (text < end && used + ESCAPE_LENGTH < size)
		used += escape_character(&text, (size_t)(end - text), out + used);
	out[used] = '\0';
}

static int format_json(enum log_level level, const char *text, char *line, size_t size)
{
	char message[MESSAGE_MAX];
	char stamp[32] = "";
	struct timespec now = { 0 };
	struct tm utc;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (gmtime_r(&now.tv_sec, &utc))
		(void)strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &utc);
	escape_json(text, message, sizeof(message));
	return snprintf(line, size, "{\"level\":\"%s\",\"msg\":\"%s\",\"time\":\"%s.%06ldZ\"}\n", level_names[level],
			message, stamp, now.tv_nsec / 1000);
}

/* Names in configs and images may hold anything; the terminal and the log get one line. */
static int format_text(enum log_level level, char *text, char *line, size_t size)
{
	utf8_one_line(text);
	return snprintf(line, size, "coffer: %s: %s\n", level_names[level], text);
}

void log_message(enum log_level level, const char *fmt, ...)
{
	char text[1024];
	char line[MESSAGE_MAX + 256];
	va_list args;
	int length;

	if (!log_is_enabled(level))
		return;
	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (sink.json)
		length = format_json(level, text, line, sizeof(line));
	else
		length = format_text(level, text, line, sizeof(line));
	if (length > 0)
		(void)fd_write_all(sink.fd, line, (size_t)length < sizeof(line) ? (size_t)length : sizeof(line) - 1);
}
