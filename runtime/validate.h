/*
 * validate.h - is this config one that coffer can run? Pure: no system call, no change.
 */
#pragma once

#include "config.h"

/* 0, or the first error in document order, with its JSON path, what is wrong, and what to do. */
int config_validate(const struct config *config, struct error *err);

/* The same rules for a process object alone (exec). */
int config_validate_process(const struct config_process *process, struct error *err);

/* A container id is one path component: [A-Za-z0-9_+.-]{1,255} that does not start with a dot. */
int container_id_validate(const char *id, struct error *err);
