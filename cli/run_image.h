/* run_image.h - `coffer run --image` and `--rootfs`: from the command line to container_run(). */
#pragma once

#include "run_options.h"
#include "verb.h"

/* True if --image or --rootfs was given. If not, an option that needs one is refused in *err, and -EINVAL returned. */
int run_image_wanted(const struct run_options *options, bool *ret_wanted, struct error *err);

int run_image(const struct invocation *in, const struct run_options *options, int *ret_exit, struct error *err);
