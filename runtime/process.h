/*
 * process.h - the last stretch of every process that coffer starts, container's init and exec alike: from "all set up"
 * to execve(2).
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "config.h"

/* Of a program whose config has none, and of hooks in the container. */
enum { DEFAULT_UMASK = 022 };

struct process_start {
	const struct config_process *process;
	const struct seccomp_filter *filter; /* NULL: none */
	unsigned preserve_fds;               /* 3 .. 3+n-1 stay open */
	unsigned listen_fds; /* the first n of these came by the LISTEN_FDS protocol (sd_listen_fds(3)) */
	bool no_huge_pages;  /* oom.h */
	int attributes;      /* labels.h */
	/* found by process_find() */
	const char *executable;
	const char **env;
};

/*
 * Inside the container's root, before its user is taken on: finds process.args[0] as execvp(3) would with the
 * container's PATH and completes the environment (HOME from the root's own /etc/passwd, LISTEN_FDS and LISTEN_PID).
 * -ENOENT or -EACCES with the texts that engines turn into exit codes 127 and 126:
 * `exec: "foo": executable file not found in $PATH`.
 */
int process_find(struct process_start *start, struct arena *arena, struct error *err);

/*
 * Scheduler, bounding set, seccomp (with no_new_privs: last of all), user, capabilities, working directory,
 * execve. Returns only on failure. The caller is single-threaded and has all capabilities of its user namespace.
 */
int process_exec(const struct process_start *start, struct error *err);

/*
 * The text for an execve (or a look before it) that failed with `errnum`: `exec: "foo": no such file or directory`, in
 * the lower-case words that engines look for; the code is ENOENT, ENOTDIR or EACCES ... where the exit code is to be
 * 127 or 126. Returns -err->code.
 */
int process_exec_failed(const char *name, int errnum, struct error *err);
