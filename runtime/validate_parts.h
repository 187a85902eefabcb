/* validate_parts.h - what the validate_*.c files share, private to them. A check returns 0 or refuses with a path. */
#pragma once

#include "base/error.h"
#include "config.h"

/* The process object; `at` is "process." in a config and "" in a file of its own. */
int validate_process(const struct config_process *process, const char *at, struct error *err);

int validate_mounts(const struct config *config, struct error *err);
int validate_namespaces(const struct config *config, struct error *err);
int validate_ids(const struct config *config, struct error *err);
int validate_hostnames(const struct config *config, struct error *err);
int validate_time_offsets(const struct config *config, struct error *err);
int validate_devices(const struct config *config, struct error *err);
int validate_cgroups_path(const struct config *config, struct error *err);
int validate_sysctls(const struct config *config, struct error *err);
int validate_protected_paths(const struct config *config, struct error *err);
int validate_net_devices(const struct config *config, struct error *err);
int validate_unsupported(const struct config *config, struct error *err);
