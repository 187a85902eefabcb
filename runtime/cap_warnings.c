/* cap_warnings.c - see cap_warnings.h. Costs nothing at the default log level. */
#include "cap_warnings.h"

#include "base/log.h"
#include "namespaces/caps.h"

void cap_warnings(const struct config_process *process, bool own_user_ns)
{
	struct cap_sets sets = process->capabilities;
	uint64_t lost;

	if (!log_is_enabled(LOG_LEVEL_WARNING))
		return;
	for (const char **name = process->unknown_capabilities; name && *name; name++)
		log_message(LOG_LEVEL_WARNING, "process.capabilities: %.64s is not known and not given", *name);
	lost = cap_sets_limit(&sets, own_user_ns ? cap_kernel_mask() : cap_own_permitted());
	for (; lost; lost &= lost - 1) {
		const char *name = cap_name((unsigned)__builtin_ctzll(lost));

		log_message(LOG_LEVEL_WARNING, "process.capabilities: %s cannot be given in all of its sets",
			    name ? name : "a newer one");
	}
}
