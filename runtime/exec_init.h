/*
 * exec_init.h - everything that a process of `exec` does between clone and execve.
 */
#pragma once

#include "process.h"

struct exec_init {
	int sync;
	int pidfd;      /* of the container's init: its namespaces are joined */
	int namespaces; /* CLONE_NEW* still to be joined */
	bool user_ns;   /* already inside a joined user namespace */
	const char *id;
	bool new_keyring; /* as the container has one */
	struct arena *arena;
	struct opt_u64 personality; /* the container's */
	struct process_start start;
};

__attribute__((noreturn)) void exec_init_main(struct exec_init *init);
