/* port.c - `coffer port`: the published ports of a container. */
#include "runtime/network.h"

#include "print.h"
#include "verb.h"

static int run(const struct invocation *in, int *ret_exit, struct error *err)
{
	struct endpoint *endpoints = NULL;
	size_t count = 0;
	char text[128];
	struct container_info info;
	int r = network_endpoints(in->arena, NULL, in->arguments[0], &endpoints, &count, err);

	(void)ret_exit;
	if (r == 0 && count == 0)
		return container_state(in->runtime, in->arena, in->arguments[0], &info, err);
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; r == 0 && j < endpoints[i].n_ports; j++)
			r = print_text(network_port_text(&endpoints[i].ports[j], text), err);
	return r;
}

const struct verb verb_port = {
	.name = "port",
	.group = GROUP_LOOK,
	.summary = "show a container's published ports",
	.arguments = "ID",
	.min_arguments = 1,
	.max_arguments = 1,
	.options = no_options,
	.run = run,
};
