/* oom_screen.h - `coffer oom` on a terminal: choose a container, look at its processes, decide. */
#pragma once

#include "verb.h"

/* Until the person at standard input has enough. */
int oom_screen(const struct invocation *in, struct error *err);
