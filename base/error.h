/*
 * error.h - the one error type.
 *
 * A fallible function is `int f(inputs..., type *ret_out, struct error *err)`: it returns 0, or a negative errno after
 * filling *err; ret_ parameters are set only on success. Text is made once, where the failure happens; a caller at a
 * folder boundary may put a context in front of it; cli prints it once. The struct is plain memory, so it is also the
 * payload of an error record on the init socket (specs/init-protocol.md).
 */
#pragma once

#include <stdint.h>

struct error {
	int32_t code;   /* positive errno, never 0 once filled */
	char text[504]; /* NOLINT(readability-magic-numbers): 512 with what else is in the record */
};

/* Fills *err with the formatted text and, if errnum > 0, ": " and its strerror. Returns -errnum. */
int fail(struct error *err, int errnum, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The same for input that is wrong in itself: code EINVAL, no strerror. Returns -EINVAL. */
int refuse(struct error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* refuse() with another code than EINVAL; the text stands alone, since callers match it. Returns -errnum. */
int refuse_as(struct error *err, int errnum, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Puts "text: " in front of what *err says and keeps its code. Returns -err->code. */
int context(struct error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* What the static analyzer cannot see from here: that these never return 0, so that what follows is not reached. */
#ifdef __clang_analyzer__
#define error_known_negative(call)                                                                                     \
	({                                                                                                             \
		int code_ = (call);                                                                                    \
		__builtin_assume(code_ < 0);                                                                           \
		code_;                                                                                                 \
	})
#define fail(...)      error_known_negative((fail)(__VA_ARGS__))
#define refuse(...)    error_known_negative((refuse)(__VA_ARGS__))
#define refuse_as(...) error_known_negative((refuse_as)(__VA_ARGS__))
#define context(...)   error_known_negative((context)(__VA_ARGS__))
#endif
