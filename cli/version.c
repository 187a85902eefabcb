/* version.c - `coffer version`. Engines read the lines "<name> version", "commit: " and "spec: ". */
#include "cli/commit.h" /* generated: COFFER_COMMIT */
#include "print.h"
#include "verb.h"

#define OCI_VERSION "1.3.0"

static int run(const struct invocation *in, int *ret_exit, struct error *err)
{
	static const char text[] = "coffer version " COFFER_VERSION "\n"
				   "%s%s%s"
				   "spec: " OCI_VERSION "\n"
				   "libraries: " COFFER_LIBRARIES "\n";
	bool known = sizeof(COFFER_COMMIT) > 1;

	(void)ret_exit;
	return print_text(arena_printf(in->arena, text, known ? "commit: " : "", COFFER_COMMIT, known ? "\n" : ""),
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
