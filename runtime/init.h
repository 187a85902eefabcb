/*
 * init.h - everything that the container's first process does before it becomes the container's program.
 */
#pragma once

#include "namespaces/rootfs.h"
#include "plan.h"
#include "process.h"
#include "state.h"

/* What init works on: made by the parent, inherited over clone. */
struct init {
	const struct plan *plan;
	struct rootfs_fds *fds;
	const struct state *state; /* for the state JSON of hooks; the pid in it is not init's yet */
	int sync;                  /* init's end of the pair */
	int gate;                  /* the start socket, -1 for run */
	const int *joined;         /* open namespaces to join, of which init does the mount and cgroup ones; -1: none */
	int lock;                  /* the state directory's fd, closed: it holds the runtime's lock */
	struct process_start start;
	/* init's own */
	int peer;       /* terminal, -1: none */
	int connection; /* from `start`, -1: none */
};

/* Runs the steps of init.c and executes the program; on failure tells the other side why, and exits. */
__attribute__((noreturn)) void init_main(struct init *init);
