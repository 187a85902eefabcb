/*
 * config.h - config.json as a C value.
 *
 * config_load() reads the bytes and fills struct config by tables (config_*.c); after it nothing parses. Everything
 * lives in one arena and is read-only from then on. What the runtime-spec leaves absent is NULL, 0 or !set here.
 * Layer-1 structs are composed, not wrapped. Clauses: specs/runtime-spec.md.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/opt.h"
#include "cgroups/devices.h"
#include "cgroups/limits.h"
#include "namespaces/caps.h"
#include "namespaces/creds.h"
#include "namespaces/idmap.h"
#include "namespaces/mount.h"
#include "namespaces/ns.h"
#include "namespaces/rootfs.h"
#include "namespaces/seccomp.h"
#include "namespaces/sysctl.h"

enum hook_stage {
	HOOK_PRESTART,
	HOOK_CREATE_RUNTIME,
	HOOK_CREATE_CONTAINER,
	HOOK_START_CONTAINER,
	HOOK_POSTSTART,
	HOOK_POSTSTOP,
	HOOK_STAGE_MAX,
};

struct hook {
	const char *path;
	const char **args; /* NULL-terminated; NULL: {path} */
	const char **env;  /* NULL-terminated; NULL: empty environment */
	int64_t timeout_s; /* 0: none */
};

struct hook_list {
	struct hook *items;
	size_t count;
};

struct config_scheduler { /* process.scheduler */
	bool set;
	uint32_t policy; /* SCHED_* */
	uint64_t flags;  /* SCHED_FLAG_* */
	int32_t nice;
	int32_t priority;
	uint64_t runtime_ns, deadline_ns, period_ns;
};

struct config_process {
	const char **args; /* NULL-terminated, at least one */
	const char **env;  /* NULL-terminated, never NULL */
	const char *cwd;
	bool terminal;
	struct opt_u64 console_height, console_width;
	struct user user;
	bool has_capabilities; /* absent object: no capabilities are given */
	struct cap_sets capabilities;
	const char **unknown_capabilities; /* NULL-terminated names this build does not know: a warning */
	struct rlimit_entry *rlimits;
	size_t n_rlimits;
	bool no_new_privileges;
	struct opt_i64 oom_score_adj;
	const char *apparmor_profile, *selinux_label;
	struct config_scheduler scheduler;
	struct opt_i64 io_priority;                            /* ioprio_set(2) value: class << 13 | priority */
	const char *cpu_affinity_initial, *cpu_affinity_final; /* process.execCPUAffinity, list format */
};

struct config_namespace {
	bool present;
	const char *path; /* NULL: a new one */
};

/* linux.netDevices */
struct config_net_device {
	const char *name; /* on the host */
	const char *as;   /* in the container; NULL: the same; with %d at its end: a free number */
};

struct config_time_offset {
	bool set;
	int64_t seconds;
	uint32_t nanoseconds;
};

struct config {
	struct arena *arena;
	const char *oci_version;
	const char *bundle; /* absolute */
	const char *name;   /* what error texts call the file: "config.json" */
	const char *text;   /* config_load(): the bytes as read, for the copy in the state directory */
	size_t length;
	struct config_process *process; /* NULL when absent: create works, start is refused */
	struct rootfs rootfs;           /* path made absolute against the bundle; mounts, devices, masks inside */
	const char *hostname, *domainname;
	struct hook_list hooks[HOOK_STAGE_MAX];
	struct key_value *annotations;
	size_t n_annotations;

	struct config_namespace namespaces[NS_TYPE_MAX];
	struct id_maps id_maps;
	struct config_time_offset monotonic, boottime; /* linux.timeOffsets */
	struct sysctl *sysctls;
	size_t n_sysctls;
	const char *cgroups_path;
	struct cgroup_limits limits;
	struct device_rule *device_rules; /* linux.resources.devices */
	size_t n_device_rules;
	bool has_seccomp;
	struct seccomp_profile seccomp;
	struct opt_u64 personality; /* personality(2) domain */
	struct config_net_device *net_devices;
	size_t n_net_devices;
	bool has_intel_rdt, has_memory_policy; /* refused by validate: not supported yet */
};

/* Limits of the reader: a larger or deeper file is refused before it costs memory. */
enum { CONFIG_SIZE_MAX = 16 * 1024 * 1024, CONFIG_DEPTH_MAX = 64 };

/* Reads `file` (NULL: bundle/config.json). Errors name the file and the JSON path: "config.json: process.cwd: ...". */
int config_load(const char *bundle, const char *file, struct config **ret_config, struct error *err);

/* The same from bytes in memory, for a bundle that is an absolute path; `text` is copied. */
int config_load_text(const char *bundle, const char *text, size_t length, struct config **ret_config,
		     struct error *err);

/* Only parsed, from memory: for tests and the fuzz target. `name` stands in error texts. */
int config_parse(const char *bundle, const char *name, const char *text, size_t length, struct config **ret_config,
		 struct error *err);

/* A process object alone (exec --process FILE), in the given arena. */
int config_load_process(struct arena *arena, const char *file, struct config_process **ret_process, struct error *err);

/* A resources object alone (update --resources FILE, "-" is stdin): linux.resources of the spec, limits and devices. */
int config_load_resources(struct arena *arena, const char *file, struct cgroup_limits *ret_limits,
			  struct device_rule **ret_rules, size_t *ret_n_rules, struct error *err);

void config_free(struct config *config); /* NULL-safe */

DEFINE_AUTO(config, struct config, config_free)
#define auto_config auto_cleanup(cleanup_config)

/* The value of an annotation, or NULL. */
const char *config_annotation(const struct config *config, const char *key);
