/* base64.h - RFC 4648 section 4: the standard alphabet with padding. */
#pragma once

#include <stddef.h>

/* The text of `size` bytes, NUL-terminated; the caller frees it. */
char *base64_encode(const void *data, size_t size);

/* The bytes of a text of `length` characters, with a NUL behind them; the caller frees. NULL unless it is whole groups
   of the alphabet: no line breaks, padding at the end only, no bits set that stand for nothing. */
char *base64_decode(const char *text, size_t length, size_t *ret_size);
