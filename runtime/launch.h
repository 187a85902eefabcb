/*
 * launch.h - making a container: what the runtime's own process does, from config.json to a container that is created
 * (create) or has executed its program (run). Private to runtime/.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "cgroups/cgroup.h"
#include "config.h"
#include "container.h"
#include "host.h"
#include "namespaces/rootfs.h"
#include "oom.h"
#include "plan.h"
#include "process.h"
#include "state.h"

/* One container in the making; filled step by step, see launch.c. All fds are -1 until opened. */
struct launch {
	const struct runtime *runtime;
	const struct create_options *options;
	bool gate; /* create: init waits for `start` */

	struct config *config;
	struct host host;
	struct plan plan;
	struct state_dir dir;
	struct state state;
	struct oom_policy oom;
	struct cgroup *cgroup;
	pid_t scope_holder; /* systemd.h; 0: none */
	struct rootfs_fds fds;
	struct seccomp_filter filter;
	struct process_start start;
	int sync, init_sync; /* the parent's and init's end */
	int gate_socket;
	int seal; /* mount of the sealed binary, closed last: exe_seal.h */
	int pidfd;
	int master;         /* terminal of a foreground run, else -1 */
	bool owes_poststop; /* the container was made, or creation hooks were run on the way */
	bool wrote_pid_file;
};

#define LAUNCH_EMPTY                                                                                                   \
	{                                                                                                              \
		.host = { .cgroup = { .root_fd = -1 } }, .dir = { .fd = -1 },                                          \
		.fds = { .root = -1, .devpts = -1, .proc = -1 }, .sync = -1, .init_sync = -1, .gate_socket = -1,       \
		.seal = -1, .pidfd = -1, .master = -1                                                                  \
	}

/*
 * Runs the steps. On failure everything that was made is undone - process, cgroup, state directory, hooks' work by
 * poststop hooks - and nothing is left.
 */
int launch_run(struct launch *launch, struct error *err);

/* After the program's end, or to undo: kills what is left, removes cgroup, runs poststop hooks, removes the state. */
void launch_remove(struct launch *launch);

/* On failure: engines take a pid file for success. */
void launch_drop_pid_file(const struct launch *launch);

/* Frees and closes; the container stays. */
void launch_close(struct launch *launch);

/* Runs the hooks of a stage, if there are any: hooks_run(). */
int launch_hooks(const struct launch *launch, enum hook_stage stage, enum container_status status, struct error *err);

#define auto_launch __attribute__((cleanup(launch_close)))
