/* version.c - `coffer version`. Engines read the lines "<name> version", "commit: " and "spec: ". */
#include "commit.h"
#include "print.h"
#include "verb.h"

#define OCI_VERSION "1.3.0"

static int run(const struct invocation *in, int *ret_exit, struct error *err)
{
	static const char text[] = "coffer version " COFFER_VERSION "\n"
				   "%s%s%s"
				   "spec: " OCI_VERSION "\n"
				   "libraries: " COFFER_LIBRARIES "\n";
	bool known = *coffer_commit;

	(void)ret_exit;
	return print_text(arena_printf(in->arena, text, known ? "commit: " : "", coffer_commit, known ? "\n" : ""),
			  err);
}

const struct verb verb_version = {
	.name = "version",
	.group = GROUP_HOST,
	.summary = "show the version",
	.arguments = "",
	.options = no_options,
	.stateless = true,
	.run = run,
};
