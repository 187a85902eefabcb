/*
 * plan.h - every decision about a container's start, taken before anything happens.
 *
 * plan_make() is pure: config and host in, plan out, no system call. After it nothing decides: launch.c and init.c
 * execute. Strings live in the config's arena, so a plan lives no longer than its config.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "container.h"
#include "host.h"

struct plan {
	const struct config *config;
	const struct config_process *process;
	const char *id;

	/* namespaces */
	uint64_t clone_flags;            /* new namespaces that init is cloned into */
	const char *joined[NS_TYPE_MAX]; /* path of a namespace to join, or NULL */
	bool enter;                      /* a user namespace is joined: one process goes in first and clones there */
	bool new_user_ns, new_time_ns, new_cgroup_ns, own_pid_ns, own_mount_ns;
	bool proc_before_clone; /* new user namespace, joined pid namespace: see clone_init.h */
	struct id_maps id_maps;

	/* resources */
	const char *cgroup_path; /* NULL: no cgroup */
	struct limit_plan limits;
	struct device_rule *device_rules;
	size_t n_device_rules;
	bool delegate; /* chown the cgroup to the user of the container's program */
	uid_t delegate_uid;
	gid_t delegate_gid;

	/* the rest */
	struct rootfs rootfs; /* the config's, with mounts rewritten that this host needs otherwise */
	unsigned preserve_fds;
	bool new_keyring;
	bool seal_exe;
	bool gate; /* create: wait for `start`; run: go on at once */
};

int plan_make(const struct config *config, const struct host *host, const struct create_options *options, bool gate,
	      struct plan *ret_plan, struct error *err);
