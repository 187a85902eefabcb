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

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Zeroed: none yet. Times are of one clock, in ns. */
struct boost {
	pid_t *tasks; /* owned; NULL: none now */
	size_t count;
	uint64_t since_ns;
	uint64_t rest_ns; /* none before */
};

/* Boosts those of the cgroup and of what is below it, 512 of them at most, and none where there are more than 64
   cgroups below: the time that this takes is bounded. Nor while it rests: a cgroup is boosted for a fifth of the time
   at most, of which it saves up 100 ms. */
void boost_begin(int cgroup_fd, struct boost *boost, uint64_t now_ns);

/* Those as well that have been forked since, if any are boosted. */
void boost_more(int cgroup_fd, struct boost *boost);

/* Whether it has lasted for 20 ms: then it is to end. */
bool boost_is_over(const struct boost *boost, uint64_t now_ns);

/* All back, and nothing owed. What has got another policy from somebody keeps that. */
void boost_end(int cgroup_fd, struct boost *boost, uint64_t now_ns);

/* The same by the note, for whoever died between the two. */
void boost_recover(int cgroup_fd);
