/* utf8.h - is this UTF-8? As RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. */
#pragma once

#include <stddef.h>

/* Length (1 to 4) of the sequence that `text` starts with, or 0 if it is not a whole valid one. */
size_t utf8_sequence(const char *text, size_t length);

/* Makes it one line of text: '?' for each control character and each byte that is no UTF-8. */
void utf8_one_line(char *text);

/* Length of the valid text in front: `length` if all of it is UTF-8. */
size_t utf8_valid_prefix(const char *text, size_t length);
