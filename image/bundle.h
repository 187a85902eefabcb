/*
 * bundle.h - an image's configuration and what a command line adds to it become config.json: image-spec conversion.md
 * on runtime-spec config.md. Pure: values in, JSON out; rows in specs/image-spec.md.
 *
 *	bundle.c            the process and what identifies the container; annotations
 *	bundle_mounts.c     mounts: the usual ones, volumes of the image, those of the command line
 *	bundle_linux.c      namespaces, resources, devices, closed paths
 *	bundle_seccomp.c    the default filter
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"
#include "base/opt.h"
#include "config.h"
#include "users.h"

struct bundle_mount {
	const char *destination, *type, *source;
	const char *const *options; /* NULL-terminated, or NULL */
};

struct bundle_device {
	const char *path;   /* in the container */
	const char *type;   /* "c" or "b" */
	const char *access; /* "rwm" */
	unsigned major, minor;
	uint32_t mode, uid, gid;
};

struct bundle_rlimit {
	const char *type; /* "RLIMIT_NOFILE" */
	uint64_t soft, hard;
};

struct bundle_limits {
	struct opt_i64 memory, memory_soft, memory_swap, pids; /* bytes, bytes, bytes, count; -1: no limit */
	struct opt_u64 cpu_quota_us;                           /* of a period of 100 ms */
	struct opt_u64 cpu_weight;
	const char *cpus, *mems;
};

enum { BUNDLE_CPU_PERIOD_US = 100000 };

/* What is said about this one container. Zeroed: nothing; NULL lists are empty. */
struct bundle_options {
	const char *name;              /* the container's id */
	const char *rootfs;            /* root.path */
	const char *image_name;        /* for the annotation org.opencontainers.image.ref.name, or NULL */
	const char *const *command;    /* replaces Cmd */
	const char *const *entrypoint; /* replaces Entrypoint, and Cmd unless `command` is there; empty list: none */
	const char *const *env;        /* KEY=VALUE: on top of the image's */
	const char *working_dir, *hostname, *stop_signal;
	const char *const *cap_add, *const *cap_drop; /* with or without CAP_, any case; "ALL" */
	const struct key_value *annotations;          /* win over all that an image says */
	size_t n_annotations;
	const struct key_value *sysctls;
	size_t n_sysctls;
	const struct bundle_mount *mounts;
	size_t n_mounts;
	const struct bundle_device *devices;
	size_t n_devices;
	const struct bundle_rlimit *rlimits;
	size_t n_rlimits;
	struct bundle_limits limits;
	const char *seccomp_profile; /* a linux.seccomp object as JSON text; NULL: the default one */
	const char *apparmor, *selinux_label;
	uint32_t userns_first, userns_size; /* a user namespace of these host ids; size 0: none is asked for */
	bool no_seccomp, no_new_privileges, unmask;
	const char *network_path;              /* join this network namespace; NULL: an own one */
	const char *name_servers, *more_hosts; /* lines for resolv.conf and hosts; NULL: none */
	bool terminal, read_only, host_network;
	bool no_volumes; /* the image's volumes stay part of its root */
};

/* config: of the image, or NULL for a root file system without one. The text is the arena's. */
int bundle_config(struct arena *arena, const struct image_config *config, const struct bundle_options *options,
		  const struct bundle_user *user, const char **ret_text, size_t *ret_length, struct error *err);
