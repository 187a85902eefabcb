/*
 * clone_init.h - one process made inside the namespaces that a plan asks for: new ones, joined ones, or both.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "cgroups/cgroup.h"
#include "namespaces/ns.h"

struct clone_request {
	uint64_t flags;          /* CLONE_NEW* */
	int joined[NS_TYPE_MAX]; /* namespace fds to join, -1: none; mount and cgroup: left to the new process */
	bool no_return;          /* the caller's own namespaces are not its user namespace's: it could not go back */
	const struct cgroup *cgroup; /* NULL: the caller's */
};

/*
 * Clones. The caller enters the joined namespaces only for the moment of the clone and returns to its own, except
 * where there is no way back (a user namespace to join; a runtime that is root only of an engine's user namespace):
 * then a short-lived process enters and clones with CLONE_PARENT, so that the new process is the caller's child all the
 * same. Returns the pid (caller's pid namespace), 0 in the new process, or -errno with text.
 */
pid_t clone_init(const struct clone_request *request, int *ret_pidfd, struct error *err);

/* O_PATH fd of a procfs of the pid namespace that pid_ns_fd refers to, made by a short-lived process inside it that
   keeps the caller's user namespace: for a container with a new user namespace, which may not make it itself. */
int clone_proc_fs(int pid_ns_fd, struct error *err);
