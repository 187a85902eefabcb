/* kill.c - `coffer kill`. */
#include <signal.h>

#include "verb.h"

struct kill_options {
	bool all;
};

static const struct cli_option options[] = {
	FLAG_ROW(struct kill_options, all, "all", 'a', "every process of the container"),
	END_ROW,
};

static int run(const struct invocation *in, int *ret_exit, struct error *err)
{
	const struct kill_options *kill_options = in->options;
	int signal = SIGTERM;
	int r;

	(void)ret_exit;
	if (in->n_arguments > 1) {
		r = signal_parse(in->arguments[1], &signal, err);
		if (r < 0)
			return r;
	}
	return container_kill(in->runtime, in->arguments[0], signal, kill_options->all, err);
}

const struct verb verb_kill = {
	.name = "kill",
	.group = GROUP_LIFE,
	.summary = "send a signal, TERM by default",
	.arguments = "ID [SIGNAL]",
	.min_arguments = 1,
	.max_arguments = 2,
	.options = options,
	.options_size = sizeof(struct kill_options),
	.run = run,
};
