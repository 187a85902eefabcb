/* net_print.h - networks and who is on them, as texts. All in `arena`. */
#pragma once

#include "base/arena.h"
#include "runtime/network.h"

char *network_list_table(struct arena *arena, const struct network *networks, size_t count, bool only_names);
char *network_list_json(struct arena *arena, const struct network *networks, size_t count);

/* One network with those of the endpoints that are on it. */
char *network_json(struct arena *arena, const struct network *network, const struct endpoint *endpoints, size_t count,
		   const struct firewalls *others);
