/* clash.c - see clash.h. */
#include "clash.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>

#include "base/str.h"
#include "port.h"

enum { NAMES_PORT = 53 };

struct clash {
	const struct endpoint *mine;
	struct error *err;
};

static bool is_in(const struct endpoint *endpoint, const struct nft_port *port, int family)
{
	return nft_port_is_in(port, family) && ip_is_set(family == AF_INET ? &endpoint->v4 : &endpoint->v6);
}

static bool meet(const struct endpoint *one, const struct nft_port *port, const struct endpoint *other,
		 const struct nft_port *theirs)
{
	return ports_overlap(port, theirs) && ((is_in(one, port, AF_INET) && is_in(other, theirs, AF_INET)) ||
					       (is_in(one, port, AF_INET6) && is_in(other, theirs, AF_INET6)));
}

static int see_clash(const struct endpoint *other, void *context, struct error *err)
{
	const struct clash *clash = context;
	char text[PORT_TEXT_SIZE];

	(void)err;
	if (str_eq(other->owner, clash->mine->owner) && str_eq(other->network, clash->mine->network))
		return 0;
	for (size_t i = 0; i < clash->mine->n_ports * other->n_ports; i++) {
		const struct nft_port *port = &other->ports[i % other->n_ports];

		if (meet(clash->mine, &clash->mine->ports[i / other->n_ports], other, port))
			return refuse_as(clash->err, EEXIST, "the port is published already, by container `%s`: %s",
					 other->owner, port_text(port, text));
	}
	return 0;
}

int clash_with_records(const struct net_store *store, const struct endpoint *endpoint, struct error *err)
{
	struct clash clash = { .mine = endpoint, .err = err };
	struct error ignored;

	if (endpoint->n_ports == 0)
		return 0;
	return net_store_each_endpoint(store, see_clash, &clash, &ignored) == -EEXIST ? -EEXIST : 0;
}

struct gateway {
	const struct ip_address *at;
	char *network; /* [NETWORK_NAME_SIZE] */
};

static int see_gateway(const struct network *network, void *context, struct error *err)
{
	const struct gateway *gateway = context;

	(void)err;
	if (network->no_names ||
	    (!ip_equal(&network->v4.address, gateway->at) && !ip_equal(&network->v6.address, gateway->at)))
		return 0;
	(void)snprintf(gateway->network, NETWORK_NAME_SIZE, "%s", network->name);
	return -EEXIST;
}

bool clash_is_name_server(const struct net_store *store, const struct ip_address *at, char *ret_network)
{
	struct gateway gateway = { .at = at, .network = ret_network };
	struct error ignored;

	return net_store_each_network(store, see_gateway, &gateway, &ignored) == -EEXIST;
}

static int check_name_servers(const struct net_store *store, const struct endpoint *endpoint, struct error *err)
{
	for (size_t i = 0; i < endpoint->n_ports; i++) {
		const struct nft_port *port = &endpoint->ports[i];
		char network[NETWORK_NAME_SIZE];
		char text[IP_TEXT_SIZE];

		if (port->host_port == NAMES_PORT && port->protocol != IPPROTO_SCTP && !nft_port_anywhere(port) &&
		    clash_is_name_server(store, &port->host, network))
			return refuse_as(err, EEXIST,
					 "port 53/%s cannot be published at %s: there network %s has its name server; "
					 "publish it at another address of the host",
					 port_protocol(port->protocol), ip_text(&port->host, text), network);
	}
	return 0;
}

int clash_check(const struct net_store *store, int netfilter, const struct endpoint *endpoint, struct error *err)
{
	if (endpoint->n_ports == 0)
		return 0;
	if (check_name_servers(store, endpoint, err) < 0)
		return -err->code;
	if ((ip_is_set(&endpoint->v4) && nft_is_taken(netfilter, AF_INET, endpoint->ports, endpoint->n_ports)) ||
	    (ip_is_set(&endpoint->v6) && nft_is_taken(netfilter, AF_INET6, endpoint->ports, endpoint->n_ports)))
		return clash_with_records(store, endpoint, err) < 0
			       ? -err->code
			       : refuse_as(err, EEXIST,
					   "a port is published already, by none of the containers on "
					   "record (coffer network reload makes the rules anew)");
	return 0;
}
