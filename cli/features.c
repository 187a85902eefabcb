/* features.c - `coffer features`: what this build supports, as JSON. Engines read stdout and stderr of it together. */
#include "runtime/features.h"

#include "print.h"
#include "verb.h"

static int run(const struct invocation *in, int *ret_exit, struct error *err)
{
	auto_json_writer struct json_writer *writer = json_writer_new(true);

	(void)in;
	(void)ret_exit;
	features_write(writer);
	return print_text(json_writer_text(writer, NULL), err);
}

const struct verb verb_features = {
	.name = "features",
	.group = GROUP_HOST,
	.summary = "print what this build supports, as JSON",
	.arguments = "",
	.options = no_options,
	.stateless = true,
	.run = run,
};
