/*
 * config_parts.h - what the config_*.c files share: the tables and decoders of the parts of config.json.
 * Private to the reader; everybody else includes config.h.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"
#include "cgroups/devices.h"
#include "cgroups/limits.h"

extern const struct json_field config_process_fields[];   /* struct config_process */
extern const struct json_field config_hooks_fields[];     /* struct config */
extern const struct json_field config_linux_fields[];     /* struct config */
extern const struct json_field config_resources_fields[]; /* struct config_resources */
extern const struct json_field config_id_map_fields[];    /* struct id_map */

struct config_resources { /* linux.resources */
	struct cgroup_limits limits;
	struct device_rule *rules;
	size_t n_rules;
};

json_decode_fn config_decode_mount;   /* struct mount */
json_decode_fn config_decode_seccomp; /* struct seccomp_profile */

/* MS_* of "private", "rslave" ...; runtime-spec linux.rootfsPropagation. */
json_decode_fn config_decode_propagation; /* uint64_t */

/* Makes an error text one line of UTF-8, whatever the config holds: engines read our log line by line. */
void config_error_one_line(struct error *err);
