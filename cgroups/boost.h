/*
 * boost.h - the tasks of a cgroup that has been told to freeze get a processor next: one stops when it runs next, and
 * among many that want to run that takes as long as they take turns.
 *
 * Each ordinary task (SCHED_OTHER) becomes SCHED_RR, of the lowest priority, for a moment; all others stay as they are.
 * It keeps its nice value; a child that it forks meanwhile is SCHED_OTHER, with nice 0 (sched(7), "Resetting scheduling
 * policy for child processes"). What the cgroup is owed is noted on it first, as an extended attribute that only root
 * may write: if the caller is killed, whoever comes next pays. Where the attribute or the policy is not allowed, as
 * without root or with CONFIG_RT_GROUP_SCHED, nothing happens.
 * The tasks belong to somebody hostile: as real-time ones they are to be ended soon, whatever they do.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct boost {
	pid_t *tasks; /* owned */
	size_t count;
};

/* Boosts those of the cgroup and of what is below it, 512 of them at most, and none where there are more than 64
   cgroups below: the time that this takes is bounded. `boost` is empty, and is so again if nothing was done. */
void boost_begin(int cgroup_fd, struct boost *boost);

/* All back, and nothing owed. What has got another policy from somebody keeps that. */
void boost_end(int cgroup_fd, struct boost *boost);

/* The same by the note, for whoever died between the two. */
void boost_recover(int cgroup_fd);
