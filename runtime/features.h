/* features.h - the document of `coffer features`: runtime-spec features.md and features-linux.md. */
#pragma once

#include "base/json.h"

/* One whole document: what this build can do, whatever the host offers. */
void features_write(struct json_writer *writer);
