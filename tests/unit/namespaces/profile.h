/* profile.h - a profile as large as the one that Docker sends: most system calls allowed by name, some by argument. */
#pragma once

#include <errno.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "namespaces/seccomp.h"

enum { LARGE_PROFILE_NAMES = 400 };

#ifdef __x86_64__
#define LARGE_PROFILE_ARCHITECTURES                                                                                    \
	{                                                                                                              \
		SCMP_ARCH_X86_64, SCMP_ARCH_X86, SCMP_ARCH_X32                                                         \
	}
#else
#define LARGE_PROFILE_ARCHITECTURES                                                                                    \
	{                                                                                                              \
		SCMP_ARCH_NATIVE, SCMP_ARCH_NATIVE, SCMP_ARCH_NATIVE                                                   \
	}
#endif

struct large_profile {
	struct seccomp_profile profile;
	struct seccomp_rule rules[3];
	struct seccomp_arg personality[2], clone;
	uint32_t architectures[3];
	const char *names[LARGE_PROFILE_NAMES];
	const char *personality_name, *clone_name;
};

/* Everything of this architecture but the names in `without`, a NULL-terminated list. Ends in large_profile_free(). */
static inline void large_profile_make(struct large_profile *large, const char *const *without)
{
	size_t count = 0;

	*large = (struct large_profile){
		.personality_name = "personality",
		.clone_name = "clone",
		.architectures = LARGE_PROFILE_ARCHITECTURES,
		.personality = { { 0, 0, 0, SCMP_CMP_EQ }, { 0, 8, 0, SCMP_CMP_EQ } },
		.clone = { 0, 0x7e020000, 0, SCMP_CMP_MASKED_EQ },
	};
	for (int number = 0; number < 500 && count < LARGE_PROFILE_NAMES; number++) {
		char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);
		const char *const *skip = without;

		while (name && *skip && strcmp(*skip, name) != 0)
			skip++;
		if (name && !*skip && strcmp(name, "clone") != 0 && strcmp(name, "personality") != 0)
			large->names[count++] = name;
		else
			free(name);
	}
	large->rules[0] = (struct seccomp_rule){ .names = large->names, .n_names = count, .action = SCMP_ACT_ALLOW };
	large->rules[1] = (struct seccomp_rule){
		&large->personality_name, 1, SCMP_ACT_ALLOW, large->personality, 2,
	};
	large->rules[2] = (struct seccomp_rule){ &large->clone_name, 1, SCMP_ACT_ALLOW, &large->clone, 1 };
	large->profile = (struct seccomp_profile){
		.default_action = SCMP_ACT_ERRNO(EPERM),
		.architectures = large->architectures,
		.n_architectures = 3,
		.rules = large->rules,
		.n_rules = 3,
	};
}

static inline void large_profile_free(struct large_profile *large)
{
	for (size_t i = 0; i < large->rules[0].n_names; i++)
		free((void *)(uintptr_t)large->names[i]);
}
