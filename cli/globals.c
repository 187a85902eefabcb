/* globals.c - the table of the global options. */
#include "globals.h"

#include "base/cleanup.h"
#include "base/log.h"

static const char *const log_formats[] = { [LOG_TEXT] = "text", [LOG_JSON] = "json", NULL };

static const char *const log_levels[] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARNING] = "warning",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
	NULL,
};
_Static_assert(ARRAY_SIZE(log_levels) == LOG_LEVEL_DEBUG + 2, "a name for every log level");

static const char *const cgroup_managers[] = {
	[CGROUP_MANAGER_CGROUPFS] = "cgroupfs",
	[CGROUP_MANAGER_SYSTEMD] = "systemd",
	[CGROUP_MANAGER_DISABLED] = "disabled",
	NULL,
};
_Static_assert(ARRAY_SIZE(cgroup_managers) == CGROUP_MANAGER_DISABLED + 2, "a name for every cgroup manager");

const struct cli_option global_options[] = {
	TEXT_ROW(struct globals, root, "root", 0, "DIR", "state directory (/run/coffer)"),
	TEXT_ROW(struct globals, log, "log", 0, "FILE", "append messages to this file"),
	CHOICE_ROW(struct globals, log_format, log_formats, "log-format", 0, "FORMAT", "text (default) or json"),
	CHOICE_ROW(struct globals, log_level, log_levels, "log-level", 0, "LEVEL",
		   "error (default), warning, info or debug"),
	FLAG_ROW(struct globals, debug, "debug", 0, "same as --log-level debug"),
	CHOICE_ROW(struct globals, cgroup_manager, cgroup_managers, "cgroup-manager", 0, "NAME",
		   "cgroupfs (default), systemd or disabled"),
	FLAG_ROW(struct globals, systemd_cgroup, "systemd-cgroup", 0, "same as --cgroup-manager systemd"),
	TRISTATE_ROW(struct globals, rootless, "rootless", 0, "auto|true|false", "run without root's rights"),
	FLAG_ROW(struct globals, version, "version", 'v', "show the version"),
	END_ROW,
};
