/*
 * subid.h - /etc/subuid and /etc/subgid (subuid(5)): which id ranges a user may map into a namespace.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct subid_range {
	uint32_t start, count;
};

/*
 * Copies the ranges that text (`length` bytes, any bytes) gives to the user of this login name (may be NULL) or this
 * numeric id, in file order, at most max of them. Lines that are malformed, empty or reach beyond the last id are
 * skipped, as newuidmap(1) does. Returns how many.
 */
size_t subid_parse(const char *text, size_t length, const char *name, uint32_t id, struct subid_range *ranges,
		   size_t max);

/* Login name of a numeric id in the text of a passwd(5) file: heap, or NULL if there is none. */
char *passwd_name(const char *text, size_t length, uint32_t id);
