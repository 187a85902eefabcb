/* spec_default.h - the config.json that `coffer spec` writes to start from. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/json.h"

/* One whole document. rootless: a user namespace with root mapped to uid and gid (else unused), and nothing that needs
   more rights than that. */
void spec_default_write(struct json_writer *writer, bool rootless, uid_t uid, gid_t gid);
