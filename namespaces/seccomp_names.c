/*
 * seccomp_names.c - runtime-spec names of actions, architectures, operators and flags: see seccomp.h.
 * Each list is written once, as a macro over its rows, and gives both the lookup table and the list of names.
 */
#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "seccomp.h"

/* Newer than the oldest kernel headers that we build with. */
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

enum { ERRNO_MAX = 4095 /* MAX_ERRNO of the kernel, which would cut it down in silence */, TRACE_MAX = 0xffff };

#define ACTIONS(ROW)                                                                                                   \
	ROW("SCMP_ACT_KILL", SCMP_ACT_KILL_THREAD)                                                                     \
	ROW("SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS)                                                            \
	ROW("SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD)                                                              \
	ROW("SCMP_ACT_TRAP", SCMP_ACT_TRAP)                                                                            \
	ROW("SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0))                                                                       \
	ROW("SCMP_ACT_TRACE", SCMP_ACT_TRACE(0))                                                                       \
	ROW("SCMP_ACT_ALLOW", SCMP_ACT_ALLOW)                                                                          \
	ROW("SCMP_ACT_LOG", SCMP_ACT_LOG)

#define OPERATORS(ROW)                                                                                                 \
	ROW("SCMP_CMP_NE", SCMP_CMP_NE)                                                                                \
	ROW("SCMP_CMP_LT", SCMP_CMP_LT)                                                                                \
	ROW("SCMP_CMP_LE", SCMP_CMP_LE)                                                                                \
	ROW("SCMP_CMP_EQ", SCMP_CMP_EQ)                                                                                \
	ROW("SCMP_CMP_GE", SCMP_CMP_GE)                                                                                \
	ROW("SCMP_CMP_GT", SCMP_CMP_GT)                                                                                \
	ROW("SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ)

/* libseccomp 2.6 brought these four together. */
#ifdef SCMP_ARCH_LOONGARCH64
#define ARCHITECTURES_2_6(ROW)                                                                                         \
	ROW("SCMP_ARCH_LOONGARCH64", SCMP_ARCH_LOONGARCH64)                                                            \
	ROW("SCMP_ARCH_M68K", SCMP_ARCH_M68K)                                                                          \
	ROW("SCMP_ARCH_SH", SCMP_ARCH_SH)                                                                              \
	ROW("SCMP_ARCH_SHEB", SCMP_ARCH_SHEB)
#else
#define ARCHITECTURES_2_6(ROW)
#endif

#define ARCHITECTURES(ROW)                                                                                             \
	ROW("SCMP_ARCH_NATIVE", SCMP_ARCH_NATIVE)                                                                      \
	ROW("SCMP_ARCH_X86", SCMP_ARCH_X86)                                                                            \
	ROW("SCMP_ARCH_X86_64", SCMP_ARCH_X86_64)                                                                      \
	ROW("SCMP_ARCH_X32", SCMP_ARCH_X32)                                                                            \
	ROW("SCMP_ARCH_ARM", SCMP_ARCH_ARM)                                                                            \
	ROW("SCMP_ARCH_AARCH64", SCMP_ARCH_AARCH64)                                                                    \
	ROW("SCMP_ARCH_MIPS", SCMP_ARCH_MIPS)                                                                          \
	ROW("SCMP_ARCH_MIPS64", SCMP_ARCH_MIPS64)                                                                      \
	ROW("SCMP_ARCH_MIPS64N32", SCMP_ARCH_MIPS64N32)                                                                \
	ROW("SCMP_ARCH_MIPSEL", SCMP_ARCH_MIPSEL)                                                                      \
	ROW("SCMP_ARCH_MIPSEL64", SCMP_ARCH_MIPSEL64)                                                                  \
	ROW("SCMP_ARCH_MIPSEL64N32", SCMP_ARCH_MIPSEL64N32)                                                            \
	ROW("SCMP_ARCH_PPC", SCMP_ARCH_PPC)                                                                            \
	ROW("SCMP_ARCH_PPC64", SCMP_ARCH_PPC64)                                                                        \
	ROW("SCMP_ARCH_PPC64LE", SCMP_ARCH_PPC64LE)                                                                    \
	ROW("SCMP_ARCH_S390", SCMP_ARCH_S390)                                                                          \
	ROW("SCMP_ARCH_S390X", SCMP_ARCH_S390X)                                                                        \
	ROW("SCMP_ARCH_PARISC", SCMP_ARCH_PARISC)                                                                      \
	ROW("SCMP_ARCH_PARISC64", SCMP_ARCH_PARISC64)                                                                  \
	ROW("SCMP_ARCH_RISCV64", SCMP_ARCH_RISCV64)                                                                    \
	ARCHITECTURES_2_6(ROW)

#define FLAGS(ROW)                                                                                                     \
	ROW("SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC)                                                    \
	ROW("SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG)                                                        \
	ROW("SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW)                                          \
	ROW("SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)

struct row {
	const char *name;
	uint64_t value;
};

#define ROW_PAIR(name, value) { name, value },
#define ROW_NAME(name, value) name,

static const struct row actions[] = { ACTIONS(ROW_PAIR) };
static const struct row operators[] = { OPERATORS(ROW_PAIR) };
static const struct row architectures[] = { ARCHITECTURES(ROW_PAIR) };
static const struct row flags[] = { FLAGS(ROW_PAIR) };

static const char *const action_names[] = { ACTIONS(ROW_NAME) NULL };
static const char *const operator_names[] = { OPERATORS(ROW_NAME) NULL };
static const char *const architecture_names[] = { ARCHITECTURES(ROW_NAME) NULL };
static const char *const flag_names[] = { FLAGS(ROW_NAME) NULL };

static const struct row *find(const struct row *rows, size_t n_rows, const char *name)
{
	for (size_t i = 0; i < n_rows; i++)
		if (str_eq(rows[i].name, name))
			return &rows[i];
	return NULL;
}

int seccomp_action_by_name(const char *name, struct opt_u64 errno_ret, uint32_t *ret_action, struct error *err)
{
	const struct row *row = find(actions, ARRAY_SIZE(actions), name);
	uint64_t max;
	uint32_t action;

	if (str_eq(name, "SCMP_ACT_NOTIFY"))
		return fail(err, ENOTSUP, "seccomp action SCMP_ACT_NOTIFY: this runtime has no listener for it yet");
	if (!row)
		return refuse(err, "seccomp action %s is not known", name);
	action = (uint32_t)row->value;
	if (action != SCMP_ACT_ERRNO(0) && action != SCMP_ACT_TRACE(0)) {
		if (errno_ret.set)
			return refuse(err, "seccomp action %s takes no errno value", name);
		*ret_action = action;
		return 0;
	}
	max = action == SCMP_ACT_ERRNO(0) ? ERRNO_MAX : TRACE_MAX;
	if (errno_ret.set && errno_ret.value > max)
		return refuse(err, "seccomp action %s: errno value %llu is above %llu", name,
			      (unsigned long long)errno_ret.value, (unsigned long long)max);
	*ret_action = action | (errno_ret.set ? (uint32_t)errno_ret.value : EPERM);
	return 0;
}

int seccomp_arch_by_name(const char *name, uint32_t *ret_arch)
{
	const struct row *row = find(architectures, ARRAY_SIZE(architectures), name);

	if (!row)
		return -EINVAL;
	*ret_arch = (uint32_t)row->value;
	return 0;
}

int seccomp_operator_by_name(const char *name, int *ret_op)
{
	const struct row *row = find(operators, ARRAY_SIZE(operators), name);

	if (!row)
		return -EINVAL;
	*ret_op = (int)row->value;
	return 0;
}

int seccomp_flag_by_name(const char *name, uint64_t *ret_flag)
{
	const struct row *row = find(flags, ARRAY_SIZE(flags), name);

	if (!row)
		return -EINVAL;
	*ret_flag = row->value;
	return 0;
}

const char *const *seccomp_action_names(void)
{
	return action_names;
}

const char *const *seccomp_operator_names(void)
{
	return operator_names;
}

const char *const *seccomp_arch_names(void)
{
	return architecture_names;
}

const char *const *seccomp_flag_names(void)
{
	return flag_names;
}
