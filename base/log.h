/*
 * log.h - the runtime's own messages, to stderr or the --log file, as text or as one JSON object a line
 * {"level","msg","time"} with RFC 3339 time, which is what containerd, Podman and CRI-O read. Only cli and the parent
 * process log; lower layers return struct error. On success nothing is written at the default level.
 */
#pragma once

#include <stdbool.h>

#include "error.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

struct log_options {
	const char *target; /* NULL for stderr, or a file name with optional "file:" in front */
	bool json;
	enum log_level level;
};

/* Opens the target. Until it is called, messages go to stderr as text. */
int log_open(const struct log_options *options, struct error *err);

void log_message(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

bool log_is_enabled(enum log_level level);
