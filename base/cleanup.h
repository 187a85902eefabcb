/*
 * cleanup.h - the one cleanup idiom: a variable frees what it owns when it leaves scope, and gives ownership away with
 * take_fd() or take_ptr(). There is no goto in coffer. Each type with a destructor x_free(x *) gets its auto_x here or
 * in its own header with DEFINE_AUTO.
 */
#pragma once

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define auto_cleanup(function) __attribute__((cleanup(function), unused)) /* the end of scope is use enough */

static inline void cleanup_free(void *slot)
{
	free(*(void **)slot);
}

static inline void cleanup_fd(const int *slot)
{
	if (*slot >= 0)
		(void)close(*slot);
}

static inline void cleanup_dir(DIR **slot)
{
	if (*slot)
		(void)closedir(*slot);
}

static inline void cleanup_file(FILE **slot)
{
	if (*slot)
		(void)fclose(*slot);
}

#define auto_free auto_cleanup(cleanup_free)
#define auto_fd   auto_cleanup(cleanup_fd)
#define auto_dir  auto_cleanup(cleanup_dir)
#define auto_file auto_cleanup(cleanup_file)

/* Defines cleanup_NAME(), which calls NULL-safe `function` on a `type *` variable: static use behind an auto_ macro. */
#define DEFINE_AUTO(name, type, function)                                                                              \
	static inline void cleanup_##name(type **slot) /* NOLINT(bugprone-macro-parentheses): a type */                \
	{                                                                                                              \
		function(*slot);                                                                                       \
	}

static inline int take_fd(int *slot)
{
	int fd = *slot;

	*slot = -1;
	return fd;
}

/* Moves a pointer out of `slot`, which keeps NULL. */
#define take_ptr(slot)                                                                                                 \
	({                                                                                                             \
		__typeof__(slot) taken_ = (slot);                                                                      \
		(slot) = NULL;                                                                                         \
		taken_;                                                                                                \
	})

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
