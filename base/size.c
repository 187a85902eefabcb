/* size.c - see size.h. */
#include "size.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "str.h"

enum { DIGITS_SIZE = 24 };

/* The power of two that a unit stands for, or -1. */
static int unit_shift(const char *unit)
{
	static const char letters[] = "kmgtp";
	static const int shift_per_letter = 10;
	const char *found;

	if (!*unit || strcasecmp(unit, "b") == 0)
		return 0;
	found = strchr(letters, *unit | 0x20);
	unit++;
	if (!found || (*unit && strcasecmp(unit, "b") != 0 && strcasecmp(unit, "ib") != 0))
		return -1;
	return (int)(found - letters + 1) * shift_per_letter;
}

int size_parse(const char *text, int64_t *ret_bytes)
{
	char digits[DIGITS_SIZE];
	size_t length = strspn(text, "0123456789");
	int64_t number;
	int shift;
	int r;

	if (str_eq(text, "-1")) {
		*ret_bytes = -1;
		return 0;
	}
	shift = unit_shift(text + length);
	if (length == 0 || shift < 0)
		return -EINVAL;
	if (length >= sizeof(digits))
		return -ERANGE;
	memcpy(digits, text, length);
	digits[length] = '\0';
	r = str_to_i64(digits, 0, INT64_MAX, &number);
	if (r < 0)
		return r;
	if (number > INT64_MAX >> shift)
		return -ERANGE;
	*ret_bytes = number << shift;
	return 0;
}
