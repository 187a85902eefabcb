/*
 * users.h - "USER[:GROUP]" of an image or a command line to numbers, by the passwd(5) and group(5) of the container's
 * own root (image-spec conversion.md "Config.User"). All three are hostile: bounded, and a number beyond 2^31-1 is
 * refused instead of becoming somebody else (CVE-2024-40635).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

struct bundle_user {
	uint32_t uid, gid;
	const uint32_t *groups; /* additional ones */
	size_t n_groups;
	const char *home; /* of passwd; NULL: not known */
};

/* The files' texts (any bytes), or NULL where there is none; `why` is then the reason, for errors that need it. */
struct users_files {
	const char *passwd, *group;
	size_t passwd_length, group_length;
	const char *passwd_why, *group_why;
};

/* user: "", NULL, "name", "uid", "name:group", "uid:gid" ... Memory is the arena's. */
int users_resolve(struct arena *arena, const char *user, const struct users_files *files, struct bundle_user *ret,
		  struct error *err);
