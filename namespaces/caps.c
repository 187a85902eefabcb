/*
 * caps.c - see caps.h. The bounding set goes first and alone, because dropping from it needs CAP_SETPCAP; then one
 * capset(2) for three sets, then ambient, which the kernel grants only from what is permitted and inheritable already.
 * Which capability was the wrong one is looked up after a failure only: the good path asks nothing.
 */
#include "caps.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/capability.h>

#include "base/cleanup.h"
#include "base/str.h"

enum { MASK_BITS = 64 };

static const char *const names[] = {
	[CAP_CHOWN] = "CAP_CHOWN",
	[CAP_DAC_OVERRIDE] = "CAP_DAC_OVERRIDE",
	[CAP_DAC_READ_SEARCH] = "CAP_DAC_READ_SEARCH",
	[CAP_FOWNER] = "CAP_FOWNER",
	[CAP_FSETID] = "CAP_FSETID",
	[CAP_KILL] = "CAP_KILL",
	[CAP_SETGID] = "CAP_SETGID",
	[CAP_SETUID] = "CAP_SETUID",
	[CAP_SETPCAP] = "CAP_SETPCAP",
	[CAP_LINUX_IMMUTABLE] = "CAP_LINUX_IMMUTABLE",
	[CAP_NET_BIND_SERVICE] = "CAP_NET_BIND_SERVICE",
	[CAP_NET_BROADCAST] = "CAP_NET_BROADCAST",
	[CAP_NET_ADMIN] = "CAP_NET_ADMIN",
	[CAP_NET_RAW] = "CAP_NET_RAW",
	[CAP_IPC_LOCK] = "CAP_IPC_LOCK",
	[CAP_IPC_OWNER] = "CAP_IPC_OWNER",
	[CAP_SYS_MODULE] = "CAP_SYS_MODULE",
	[CAP_SYS_RAWIO] = "CAP_SYS_RAWIO",
	[CAP_SYS_CHROOT] = "CAP_SYS_CHROOT",
	[CAP_SYS_PTRACE] = "CAP_SYS_PTRACE",
	[CAP_SYS_PACCT] = "CAP_SYS_PACCT",
	[CAP_SYS_ADMIN] = "CAP_SYS_ADMIN",
	[CAP_SYS_BOOT] = "CAP_SYS_BOOT",
	[CAP_SYS_NICE] = "CAP_SYS_NICE",
	[CAP_SYS_RESOURCE] = "CAP_SYS_RESOURCE",
	[CAP_SYS_TIME] = "CAP_SYS_TIME",
	[CAP_SYS_TTY_CONFIG] = "CAP_SYS_TTY_CONFIG",
	[CAP_MKNOD] = "CAP_MKNOD",
	[CAP_LEASE] = "CAP_LEASE",
	[CAP_AUDIT_WRITE] = "CAP_AUDIT_WRITE",
	[CAP_AUDIT_CONTROL] = "CAP_AUDIT_CONTROL",
	[CAP_SETFCAP] = "CAP_SETFCAP",
	[CAP_MAC_OVERRIDE] = "CAP_MAC_OVERRIDE",
	[CAP_MAC_ADMIN] = "CAP_MAC_ADMIN",
	[CAP_SYSLOG] = "CAP_SYSLOG",
	[CAP_WAKE_ALARM] = "CAP_WAKE_ALARM",
	[CAP_BLOCK_SUSPEND] = "CAP_BLOCK_SUSPEND",
	[CAP_AUDIT_READ] = "CAP_AUDIT_READ",
	[CAP_PERFMON] = "CAP_PERFMON",
	[CAP_BPF] = "CAP_BPF",
	[CAP_CHECKPOINT_RESTORE] = "CAP_CHECKPOINT_RESTORE",
};
static_assert(ARRAY_SIZE(names) == CAP_LAST_CAP + 1, "a capability of the kernel headers has no name here");

static void free_caps(const cap_t *caps)
{
	if (*caps)
		(void)cap_free(*caps);
}

#define auto_caps auto_cleanup(free_caps)

static uint64_t bit(unsigned number)
{
	return UINT64_C(1) << number;
}

int cap_by_name(const char *name, bool bare)
{
	static const char prefix[] = "CAP_";

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_eq(names[i], name) || (bare && str_eq(names[i] + strlen(prefix), name)))
			return (int)i;
	return -EINVAL;
}

const char *cap_name(unsigned number)
{
	return number < ARRAY_SIZE(names) ? names[number] : NULL;
}

uint64_t cap_kernel_mask(void)
{
	/* libcap asked the kernel when it was loaded, by bisection with PR_CAPBSET_READ. */
	int count = cap_max_bits();

	return count >= MASK_BITS ? UINT64_MAX : bit((unsigned)count) - 1;
}

static uint64_t own_set(cap_flag_t flag)
{
	auto_caps cap_t caps = cap_get_proc();
	uint64_t known = cap_kernel_mask();
	uint64_t mask = 0;

	for (unsigned i = 0; caps && i < MASK_BITS && (known & bit(i)); i++) {
		cap_flag_value_t value = CAP_CLEAR;

		if (cap_get_flag(caps, (cap_value_t)i, flag, &value) == 0 && value == CAP_SET)
			mask |= bit(i);
	}
	return mask;
}

uint64_t cap_own_permitted(void)
{
	return own_set(CAP_PERMITTED);
}

uint64_t cap_own_effective(void)
{
	return own_set(CAP_EFFECTIVE);
}

uint64_t cap_sets_limit(struct cap_sets *sets, uint64_t available)
{
	struct cap_sets wanted = *sets;

	sets->bounding &= available;
	sets->permitted &= available;
	sets->inheritable &= available;
	sets->effective &= sets->permitted;
	sets->ambient &= sets->permitted & sets->inheritable;
	return (wanted.bounding ^ sets->bounding) | (wanted.permitted ^ sets->permitted) |
	       (wanted.inheritable ^ sets->inheritable) | (wanted.effective ^ sets->effective) |
	       (wanted.ambient ^ sets->ambient);
}

/* Name of the lowest capability in a mask that is not empty. */
static const char *first_name(uint64_t mask)
{
	const char *name = cap_name((unsigned)__builtin_ctzll(mask));

	return name ? name : "a capability without a name here";
}

int caps_apply_bounding(const struct cap_sets *sets, struct error *err)
{
	uint64_t drop = cap_kernel_mask() & ~sets->bounding;

	for (; drop; drop &= drop - 1) {
		cap_value_t number = __builtin_ctzll(drop);
		int errnum;

		if (cap_drop_bound(number) == 0)
			continue;
		errnum = errno;
		/* Without CAP_SETPCAP the kernel refuses to drop even what is not there any more. */
		if (cap_get_bound(number) != 0)
			return fail(err, errnum, "drop %s from the bounding set", first_name(drop));
	}
	return 0;
}

static int put_set(cap_t caps, cap_flag_t flag, uint64_t mask)
{
	cap_value_t values[MASK_BITS];
	int count = 0;

	for (; mask; mask &= mask - 1)
		values[count++] = __builtin_ctzll(mask);
	return count ? cap_set_flag(caps, flag, count, values, CAP_SET) : 0;
}

/* Says which of the kernel's rules for capset(2) was broken. */
static int explain(const struct cap_sets *sets, int errnum, struct error *err)
{
	uint64_t own = cap_own_permitted();
	uint64_t missing = sets->permitted & ~own;

	if (missing)
		return fail(err, errnum, "permitted capability %s: the runtime does not have it", first_name(missing));
	missing = sets->effective & ~sets->permitted;
	if (missing)
		return fail(err, errnum, "effective capability %s is not a permitted one", first_name(missing));
	missing = sets->inheritable & ~(own | own_set(CAP_INHERITABLE));
	if (missing)
		return fail(err, errnum, "inheritable capability %s: the runtime does not have it",
			    first_name(missing));
	for (uint64_t rest = sets->inheritable & ~own_set(CAP_INHERITABLE); rest; rest &= rest - 1)
		if (cap_get_bound(__builtin_ctzll(rest)) == 0)
			return fail(err, errnum, "inheritable capability %s is not in the bounding set",
				    first_name(rest));
	return fail(err, errnum, "set capabilities");
}

static int apply_ambient(uint64_t mask, struct error *err)
{
	/* EINVAL: a kernel without ambient capabilities, where nothing has to be cleared. */
	if (cap_reset_ambient() < 0 && errno != EINVAL)
		return fail(err, errno, "clear the ambient capabilities");
	for (; mask; mask &= mask - 1)
		if (cap_set_ambient(__builtin_ctzll(mask), CAP_SET) < 0)
			return fail(err, errno, "ambient capability %s (it must be permitted and inheritable)",
				    first_name(mask));
	return 0;
}

int caps_apply(const struct cap_sets *sets, struct error *err)
{
	uint64_t known = cap_kernel_mask();
	struct cap_sets wanted = {
		.effective = sets->effective & known,
		.inheritable = sets->inheritable & known,
		.permitted = sets->permitted & known,
	};
	auto_caps cap_t caps = cap_init();

	if (!caps)
		return fail(err, errno, "allocate capabilities");
	if (put_set(caps, CAP_EFFECTIVE, wanted.effective) < 0 || put_set(caps, CAP_PERMITTED, wanted.permitted) < 0 ||
	    put_set(caps, CAP_INHERITABLE, wanted.inheritable) < 0)
		return fail(err, errno, "collect capabilities");
	if (cap_set_proc(caps) < 0)
		return explain(&wanted, errno, err);
	return apply_ambient(sets->ambient & known, err);
}
