/*
 * scope_name.h - inside cgroups/: how systemd names what a container is put into. As runc and crun have it, engines ask
 * for "SLICE:PREFIX:NAME": the scope PREFIX-NAME.scope in SLICE (systemd.scope(5), systemd.slice(5)).
 */
#pragma once

#include <limits.h>

#include "base/error.h"

enum { SCOPE_NAME_SIZE = NAME_MAX + 1 }; /* UNIT_NAME_MAX */

struct scope_name {
	char slice[SCOPE_NAME_SIZE]; /* "a-b.slice", which is in "a.slice" */
	char unit[SCOPE_NAME_SIZE];  /* "prefix-name.scope" */
};

/* `text` NULL or "": coffer-ID.scope; no slice in it, or no text: default_slice. Errors begin with what is wrong. */
int scope_name_parse(const char *text, const char *id, const char *default_slice, struct scope_name *ret_name,
		     struct error *err);

/* The cgroup path of the scope, where the manager has its own units below `manager`. The caller frees. */
char *scope_name_path(const struct scope_name *name, const char *manager);

/* The other way round: -ENOENT if the manager gives no scope this path, so that its unit of that name is another. */
int scope_name_of_path(const char *path, const char *manager, struct scope_name *ret_name);
