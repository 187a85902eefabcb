/* run_image.h - `coffer run --image` and `--rootfs`: from the command line to container_run(). */
#pragma once

#include "run_options.h"
#include "verb.h"

int run_image(const struct invocation *in, const struct run_options *options, int *ret_exit, struct error *err);
