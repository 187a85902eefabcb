/* run_network.h - `coffer run --image --network ...`: what was typed to a plan, and to what the container is told. */
#pragma once

#include "image/bundle.h"
#include "run_options.h"
#include "runtime/network.h"

/* Fills the network fields of `bundle`. Without any of the options: network_default_word(), or none for
   `--image host`. *ret_netns is set to what has to stay open until the container is started, if anything. */
int run_network(struct arena *arena, const struct runtime *runtime, const struct image_options *options,
		struct network_plan *ret_plan, struct bundle_options *bundle, int *ret_netns, struct error *err);
