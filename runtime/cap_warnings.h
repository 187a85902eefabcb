/*
 * cap_warnings.h - capabilities of the config that the process will not get: runtime-spec config.md "Linux Process"
 * wants a warning and no error. Parent process only. Private to runtime/.
 */
#pragma once

#include "config.h"

/* own_user_ns: the process has all capabilities of a user namespace, so none of them is out of reach. */
void cap_warnings(const struct config_process *process, bool own_user_ns);
