/*
 * saved_hooks.h - hooks of the config as it was at create, for start and delete. Private to runtime/.
 */
#pragma once

#include "container_open.h"
#include "hooks.h"

/*
 * The hooks of config.json in the state directory, which is only parsed if it can have hooks of the stage at all. A
 * missing one (killed while creating) has none.
 */

/* The first that fails, or an unreadable config, is the error. */
int saved_hooks_poststart(const struct open_container *container, struct error *err);

/* All of them; failures, an unreadable config among them, are warnings in the log. */
void saved_hooks_poststop(const struct open_container *container);
