/*
 * systemd.h - a container in a transient scope of systemd, by the D-Bus API of its service manager
 * (org.freedesktop.systemd1(5), "Control Group APIs and Delegation" of systemd.io). The scope is delegated: systemd has
 * what is above and the scope's own files, and the container's cgroup, with all its limits, is a child of it. Of limits
 * the scope has only what has no effect in the child (scope_weights.h).
 *
 *	/system.slice/engine-id.scope               systemd's: made and removed by it; weights, no limits
 *	/system.slice/engine-id.scope/container     coffer's, as any cgroup of cgroup.h
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "cgroup.h"
#include "scope_weights.h"

/* A connection to a service manager. */
struct systemd;

/* `socket` is the manager's own: /run/systemd/private, or systemd/private in a user's $XDG_RUNTIME_DIR. One that
   executes itself anew at the moment is waited for. -ENOENT: there is no such socket. */
int systemd_open(const char *socket, struct systemd **ret_systemd, struct error *err);
void systemd_close(struct systemd *systemd); /* NULL-safe */

/* The cgroup that has the manager's units below it; "" is the root. */
const char *systemd_cgroup(const struct systemd *systemd);

/*
 * The cgroup path of a container: in the scope "SLICE:PREFIX:NAME" of the manager at `manager`, its systemd_cgroup();
 * NULL or "" is coffer-ID.scope in default_slice. Pure. The caller frees. The error's text begins with the name.
 */
int systemd_container_path(const char *manager, const char *name, const char *id, const char *default_slice,
			   char **ret_path, struct error *err);

/* The scope's path of a container's. The caller frees. */
char *systemd_scope_path(const char *container_path);

/*
 * Starts the scope of the container's path. systemd wants a process in a scope from the beginning, and ends it with the
 * last one: *ret_holder is one, a child of the caller's that does nothing and dies with it. It sits beside the
 * container's cgroup, until there is a process in that and systemd_let_go().
 */
int systemd_start_scope(struct systemd *systemd, const struct cgroup_host *host, const char *container_path,
			const char *id, const struct scope_weights *weights, pid_t *ret_holder, struct error *err);
void systemd_let_go(const struct cgroup_host *host, const char *container_path, pid_t *holder); /* 0: there is none */

/* Gives the scope of a running container other weights, of those that are set. */
int systemd_set_weights(const char *socket, const char *container_path, const struct scope_weights *weights,
			struct error *err);

/*
 * Ends the scope of a container whose cgroup has been removed, and waits until its name is free. One that is gone is
 * success, and so is one that has processes: it is another container's by now. The directory is only removed here if
 * there is no systemd (no file at `socket`); if it does not do it, the error says what is left.
 */
int systemd_stop_scope(const char *socket, const struct cgroup_host *host, const char *container_path,
		       struct error *err);

/* Waits a short while for systemd to see that the container's scope is empty, and to remove it. */
bool systemd_scope_ends(const struct cgroup_host *host, const char *container_path);

DEFINE_AUTO(systemd, struct systemd, systemd_close)
#define auto_systemd auto_cleanup(cleanup_systemd)
