/* run_network.h - `coffer run --image --network ...`: what was typed to a plan, and to what the container is told. */
#pragma once

#include "image/bundle.h"
#include "run_options.h"
#include "runtime/network.h"

/* Fills the network fields of `bundle`. Without any of the options: network_default_word(),
   or none for `--image host`. */
int run_network(struct arena *arena, const struct runtime *runtime, const struct image_options *options,
		struct network_plan *ret_plan, struct bundle_options *bundle, struct error *err);
