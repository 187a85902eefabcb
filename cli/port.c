/* port.c - `coffer port`: the published ports of a container. */
#include <unistd.h>

#include "runtime/network.h"

#include "print.h"
#include "verb.h"

static int print_ports(const struct nft_port *ports, size_t count, struct error *err)
{
	char text[128];
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++)
		r = print_text(network_port_text(&ports[i], text), err);
	return r;
}

/* Networks are root's; what is on none of them may be on pasta. */
static int run(const struct invocation *in, int *ret_exit, struct error *err)
{
	struct endpoint *endpoints = NULL;
	struct nft_port *ports = NULL;
	size_t n_ports = 0;
	size_t count = 0;
	int r = geteuid() == 0 ? network_endpoints_of(in->runtime, in->arena, in->arguments[0], &endpoints, &count, err)
			       : 0;

	(void)ret_exit;
	if (r == 0 && count == 0)
		r = network_pasta_ports(in->runtime, in->arena, in->arguments[0], &ports, &n_ports, err);
	if (r == 0)
		r = print_ports(ports, n_ports, err);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = print_ports(endpoints[i].ports, endpoints[i].n_ports, err);
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
