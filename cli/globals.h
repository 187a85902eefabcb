/* globals.h - the options before the command, for every command. */
#pragma once

#include <stdbool.h>

#include "options.h"
#include "runtime/container.h"

enum log_format { LOG_TEXT, LOG_JSON };

struct globals {
	const char *root, *log;
	unsigned log_format, log_level, cgroup_manager;
	bool debug, systemd_cgroup, version;
	enum tristate rootless;
};

extern const struct cli_option global_options[]; /* ended with name NULL; fills struct globals */
