/* shown_config.h - what of a container's config.json `state` and `list` show. */
#pragma once

#include "container.h"

/* What a state says as ociVersion when the container has no readable config.json (yet). */
#define OCI_VERSION_UNKNOWN "1.0.0"

/* ociVersion and annotations of the config.json in a directory, into the arena; if it is missing or cannot be read they
   stay as they are. */
void shown_config_read(int dir_fd, struct arena *arena, struct container_info *info);
