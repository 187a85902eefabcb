/* bundle_caps.c - the capabilities of a container: the default set, and what --cap-add and --cap-drop make of it. */
#include <strings.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "bundle_parts.h"

/* capabilities(7). `usual`: what programs in images are built to find, and what does not reach out of the container. */
static const struct {
	const char *name;
	bool usual;
} known[] = {
	{ "CAP_AUDIT_CONTROL", false },
	{ "CAP_AUDIT_READ", false },
	{ "CAP_AUDIT_WRITE", false },
	{ "CAP_BLOCK_SUSPEND", false },
	{ "CAP_BPF", false },
	{ "CAP_CHECKPOINT_RESTORE", false },
	{ "CAP_CHOWN", true },
	{ "CAP_DAC_OVERRIDE", true },
	{ "CAP_DAC_READ_SEARCH", false },
	{ "CAP_FOWNER", true },
	{ "CAP_FSETID", true },
	{ "CAP_IPC_LOCK", false },
	{ "CAP_IPC_OWNER", false },
	{ "CAP_KILL", true },
	{ "CAP_LEASE", false },
	{ "CAP_LINUX_IMMUTABLE", false },
	{ "CAP_MAC_ADMIN", false },
	{ "CAP_MAC_OVERRIDE", false },
	{ "CAP_MKNOD", false },
	{ "CAP_NET_ADMIN", false },
	{ "CAP_NET_BIND_SERVICE", true },
	{ "CAP_NET_BROADCAST", false },
	{ "CAP_NET_RAW", false },
	{ "CAP_PERFMON", false },
	{ "CAP_SETFCAP", true },
	{ "CAP_SETGID", true },
	{ "CAP_SETPCAP", true },
	{ "CAP_SETUID", true },
	{ "CAP_SYSLOG", false },
	{ "CAP_SYS_ADMIN", false },
	{ "CAP_SYS_BOOT", false },
	{ "CAP_SYS_CHROOT", true },
	{ "CAP_SYS_MODULE", false },
	{ "CAP_SYS_NICE", false },
	{ "CAP_SYS_PACCT", false },
	{ "CAP_SYS_PTRACE", false },
	{ "CAP_SYS_RAWIO", false },
	{ "CAP_SYS_RESOURCE", false },
	{ "CAP_SYS_TIME", false },
	{ "CAP_SYS_TTY_CONFIG", false },
	{ "CAP_WAKE_ALARM", false },
};

enum { PREFIX_LENGTH = sizeof("CAP_") - 1 };

struct sets {
	bool held[ARRAY_SIZE(known)], added[ARRAY_SIZE(known)];
};

/* "net_raw", "CAP_NET_RAW", "ALL". */
static int apply(struct sets *sets, const char *name, bool on, struct error *err)
{
	const char *bare = strncasecmp(name, "CAP_", PREFIX_LENGTH) == 0 ? name + PREFIX_LENGTH : name;
	bool all = strcasecmp(bare, "ALL") == 0;
	bool found = all;

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (!all && strcasecmp(known[i].name + PREFIX_LENGTH, bare) != 0)
			continue;
		sets->held[i] = on;
		sets->added[i] = on;
		found = true;
	}
	return found ? 0 : refuse(err, "--cap-%s: capability \"%.64s\" is not known", on ? "add" : "drop", name);
}

static int apply_list(struct sets *sets, const char *const *names, bool on, bool all, struct error *err)
{
	int r = 0;

	for (; r == 0 && names && *names; names++)
		if ((strcasecmp(*names, "ALL") == 0) == all)
			r = apply(sets, *names, on, err);
	return r;
}

static const char *const *names_of(struct arena *arena, const bool *set)
{
	const char **names = arena_array(arena, ARRAY_SIZE(known) + 1, sizeof(*names));
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (set[i])
			names[count++] = known[i].name;
	return names;
}

/* ALL first, so that "--cap-drop ALL --cap-add X" means the same in both orders; then a dropped one is gone. */
int bundle_capabilities(struct bundle_input *in, struct error *err)
{
	const struct bundle_options *options = in->options;
	struct sets sets = { 0 };
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		sets.held[i] = known[i].usual;
	r = apply_list(&sets, options->cap_add, true, true, err);
	if (r == 0)
		r = apply_list(&sets, options->cap_drop, false, true, err);
	if (r == 0)
		r = apply_list(&sets, options->cap_add, true, false, err);
	if (r == 0)
		r = apply_list(&sets, options->cap_drop, false, false, err);
	in->capabilities = names_of(in->arena, sets.held);
	in->added = names_of(in->arena, sets.added);
	return r;
}
