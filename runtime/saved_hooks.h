/*
 * saved_hooks.h - hooks of the config as it was at create, for start and delete. Private to runtime/.
 */
#pragma once

#include "container_open.h"
#include "hooks.h"

/*
 * Runs the stage's hooks (poststart, poststop) from config.json in the state directory, with `status` in their state.
 * Failures, an unreadable config among them, are warnings in the log. The config is only parsed if it can have such
 * hooks at all. A missing config.json (killed while creating) has none.
 */
void saved_hooks_run(const struct open_container *container, enum hook_stage stage, enum container_status status);
