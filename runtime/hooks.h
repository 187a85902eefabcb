/*
 * hooks.h - runtime-spec config.md "POSIX-platform Hooks".
 */
#pragma once

#include "base/error.h"
#include "config.h"
#include "state.h"

struct json_writer;

/* The state as runtime-spec runtime.md "State" JSON, for hooks' stdin and for `coffer state`. Text in `arena`. */
char *state_to_json(struct arena *arena, const struct state *state, enum container_status status,
		    const char *oci_version, const struct key_value *annotations, size_t n_annotations, bool pretty);

/*
 * Runs the hooks of a stage in order with `state_json` on stdin. A hook that exits non-zero, is killed by a signal or
 * its timeout, or cannot run ends the list with an error: "hooks.poststart[1]: /bin/x: exit status 3". The calling
 * process is the runtime (its namespaces), or init for createContainer and startContainer; the function forks, waits
 * with a deadline by pidfd, and on timeout kills the hook's process group.
 */
int hooks_run(enum hook_stage stage, const struct hook_list *hooks, const char *state_json, struct error *err);

/* Poststop hooks, whose failure is only a warning: every hook runs, failures go to the log. */
void hooks_run_all(const struct hook_list *hooks, const char *state_json);

const char *hook_stage_name(enum hook_stage stage); /* "createRuntime" */

/* Its members alone, into an object that the caller begins and ends. */
void state_put_json(struct json_writer *writer, const struct state *state, enum container_status status,
		    const char *oci_version, const struct key_value *annotations, size_t n_annotations);
