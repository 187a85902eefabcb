/* container_json.h - a container as `coffer state` and `coffer list` print it: the runtime-spec's state, and more. */
#pragma once

#include "base/json.h"
#include "runtime/container.h"

/* Members "killed" and "killedUnnamed"; none if there is nothing to tell. */
void put_victims(struct json_writer *writer, const struct oom_victims *victims);

/* One object, an element of an array or the whole text. */
void put_container(struct json_writer *writer, const struct runtime *runtime, const struct container_info *info);
