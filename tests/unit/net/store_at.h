/* store_at.h - a store of networks with both of its directories below one of the test's. */
#pragma once

#include <stdio.h>

#include "net/store.h"

static inline int store_at(const char *directory, struct net_store *store, struct error *err)
{
	char config[160];
	char run[160];

	(void)snprintf(config, sizeof(config), "%s/config", directory);
	(void)snprintf(run, sizeof(run), "%s/run", directory);
	return net_store_open(config, run, store, err);
}
