/*
 * override.h - a file of a cgroup that says something else for a moment, and what it said again after that, whoever is
 * killed meanwhile: it is noted first, as an extended attribute trusted.coffer.FILE of the cgroup, with which it goes.
 * Who may set that may write any cgroup's files as well. Without the right to it nothing is overridden.
 */
#pragma once

enum { OVERRIDE_SIZE = 48 }; /* two numbers */

struct override {
	const char *file;
	const char *meanwhile;      /* its first word then: one that nobody else writes */
	const char *fine;           /* its first word when there is nothing to do */
	char before[OVERRIDE_SIZE]; /* what it said, while it says `meanwhile`; else "" */
};

/* Takes over what somebody who was killed has left. */
void override_adopt(int cgroup_fd, struct override *override);

/* Idempotent, both. What somebody has written meanwhile is newer, and stays. */
void override_begin(int cgroup_fd, struct override *override);
void override_end(int cgroup_fd, struct override *override);
