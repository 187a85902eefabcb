/*
 * container.h - the container API: what the command line, and later the image code, call. One function a verb; each
 * file container_<verb>.c. Texts that callers of a runtime match ("does not exist", "container not running") are part
 * of the contract: specs/cli.md.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"
#include "cgroups/limits.h"
#include "cgroups/oom_log.h"
#include "cgroups/oom_record.h"
#include "cgroups/stats.h"
#include "namespaces/overlay.h"
#include "state.h"

enum tristate { AUTO, YES, NO };

/* The global options. */
struct runtime {
	const char *root; /* state root, never NULL: container_default_root() */
	bool root_given;  /* --root was typed: a missing directory is then an error for list */
	enum cgroup_manager cgroup_manager;
	enum tristate rootless;
};

/* /run/coffer for root; $XDG_RUNTIME_DIR/coffer else, /tmp/coffer-UID (0700, owner checked) where that is unset. */
const char *container_default_root(struct arena *arena);

struct network_plan; /* network.h */

/* The out-of-memory policy as texts, each NULL if not given: oom.h. */
struct oom_options {
	const char *mode;     /* kill, group, freeze */
	const char *reserve;  /* size */
	const char *timeout;  /* "30s", "500ms", "5m", "0" */
	const char *fallback; /* kill-largest, kill-group, raise:PERCENT[:CAP], stay */
	const char *hook, *socket;
	const char *pressure; /* "some:150ms/1s" */
};

struct create_options {
	const char *id;
	const char *bundle;      /* NULL: "." */
	const char *config_file; /* NULL: bundle/config.json */
	const char *pid_file, *console_socket;
	struct oom_options oom;
	const char *const *limits; /* FILE=VALUE, NULL-terminated: extra_limits.h */
	unsigned preserve_fds;
	bool no_pivot, no_new_keyring;
	const struct network_plan *network; /* joined when the process is there; NULL: what config.json says */
	/* run only */
	bool detach, keep, no_subreaper;
	/* A container of `run --image`: its directory in the image store is the bundle (absolute), and goes with it. */
	const char *config_text; /* the config's bytes, instead of a file; NULL: none */
	size_t config_length;
	struct overlay *overlay; /* instead of root.path; NULL: none */
	bool own_bundle;
};

int container_create(const struct runtime *runtime, const struct create_options *options, struct error *err);

/* create + start; waits unless detach. *ret_exit is the shell's view: status, or 128 + signal. Deletes unless keep. */
int container_run(const struct runtime *runtime, const struct create_options *options, int *ret_exit,
		  struct error *err);

/*
 * The two files that say who the users of a root file system are, read before there is a container. The root is
 * hostile: links stay inside, only regular files of at most 1 MiB count. Free with munmap().
 */
enum { ROOT_FILE_MAX = 1024 * 1024 };
struct root_users {
	struct root_file {
		int error; /* 0, or the errno that says why there is no text; EINVAL: no regular file */
		size_t length;
		char text[ROOT_FILE_MAX + 1];
	} passwd, group;
};

/* Of the directory `rootfs`, or with an overlay of that; it is then mounted, detached, and left so in overlay->fd,
   where this process may mount at all. */
int container_root_users(const struct runtime *runtime, const char *rootfs, struct overlay *overlay,
			 struct root_users **ret_users, struct error *err);

int container_start(const struct runtime *runtime, const char *id, struct error *err);

struct exec_options {
	const char *id;
	const char *process_file;           /* -p: a process object; NULL: args below on top of the config's process */
	const char *const *args;            /* NULL-terminated */
	const char *const *env;             /* -e KEY=VALUE, NULL-terminated */
	const char *const *caps;            /* -c, NULL-terminated */
	const char *const *additional_gids; /* -g */
	const char *user;                   /* -u UID[:GID] */
	const char *cwd;
	const char *cgroup; /* --cgroup PATH below the container's */
	const char *pid_file, *console_socket;
	const char *apparmor, *process_label;
	unsigned preserve_fds;
	bool tty, detach, no_new_privs, ignore_paused;
};

int container_exec(const struct runtime *runtime, const struct exec_options *options, int *ret_exit, struct error *err);

/* "UID", "UID:GID" -> numbers <= 2^32-2; ":GID", "", names and anything else are refused. */
int exec_user_parse(const char *text, uint32_t *ret_uid, uint32_t *ret_gid, bool *ret_has_gid, struct error *err);

/* signal: 0 is allowed (probe). `all`: every process of the cgroup. */
int container_kill(const struct runtime *runtime, const char *id, int signal, bool all, struct error *err);

/* "KILL", "SIGKILL", "kill", "9", "RTMIN+3" -> number, or -EINVAL with text. */
int signal_parse(const char *text, int *ret_signal, struct error *err);

/* force: a missing container is success, a live one is killed first; never hangs (bounded waits, error names pids). */
int container_delete(const struct runtime *runtime, const char *id, bool force, struct error *err);

int container_pause(const struct runtime *runtime, const char *id, struct error *err);
int container_resume(const struct runtime *runtime, const char *id, struct error *err);

/* force: a memory limit below the usage is set all the same, and the kernel kills for it: limits_update(). */
int container_update(const struct runtime *runtime, const char *id, const struct cgroup_limits *limits, bool force,
		     struct error *err);

/* Pids of all processes in the runtime's pid namespace; caller frees. */
int container_pids(const struct runtime *runtime, const char *id, pid_t **ret_pids, size_t *ret_count,
		   struct error *err);

/* Asks the kernel to take `bytes` back from the container; *ret_freed is how much less it uses after that. */
int container_reclaim(const struct runtime *runtime, const char *id, uint64_t bytes, uint64_t *ret_freed,
		      struct error *err);

/* The numbers of a container's cgroup, which is there until the container is deleted. */
int container_stats(const struct runtime *runtime, const char *id, struct cgroup_stats *ret_stats, struct error *err);

/* A container as `state` and `list` print it. */
struct container_info {
	struct state state;
	enum container_status status;
	const char *oci_version;
	const struct key_value *annotations;
	size_t n_annotations;
};

/* What the kernel did to the container for want of memory; all unset when its cgroup is gone or there was none. */
void container_oom_record(const struct runtime *runtime, const char *id, struct oom_record *ret_record);

/* Whom, by the kernel's log, of `kills`; also when the cgroup is gone. Without kills nothing is read. */
void container_oom_victims(const struct runtime *runtime, const char *id, uint64_t kills, struct arena *arena,
			   struct oom_victims *ret_victims);

int container_state(const struct runtime *runtime, struct arena *arena, const char *id, struct container_info *ret_info,
		    struct error *err);

/* All containers below the root, sorted by id. One that cannot be read is listed as stopped with an empty bundle. */
int container_list(const struct runtime *runtime, struct arena *arena, struct container_info **ret_infos,
		   size_t *ret_count, struct error *err);
