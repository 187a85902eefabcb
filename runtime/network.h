/*
 * network.h - a container's networks, for the command line and for launch.c: what was asked for as data, joining by the
 * pid of a container's process, leaving by its id. Networks are root's: they change the host's interfaces and rules.
 *
 * What there is lies in /var/lib/coffer/networks and /run/coffer-networks, or below $COFFER_NETWORKS, an absolute path,
 * as config/ and run/ (net/store.h).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "config.h"
#include "container.h"
#include "net/endpoint.h"
#include "net/firewall.h"
#include "net/network.h"

enum network_mode {
	NETWORK_MODE_NAMED, /* joins networks; the first that is a bridge and not internal has the ports */
	NETWORK_MODE_NONE,
	NETWORK_MODE_HOST,
	NETWORK_MODE_PATH,  /* another's network namespace */
	NETWORK_MODE_PASTA, /* the user's own sockets: pasta.h */
};

struct network_join {
	const char *name;
	struct ip_address v4, v6; /* wanted ones */
	const char *aliases;      /* more names, with spaces between; NULL: none */
	uint8_t mac[MAC_SIZE];
	bool has_mac;
};

struct network_plan {
	enum network_mode mode;
	const char *container; /* PATH: of this container, or */
	const char *path;      /* this file */
	struct network_join *joins;
	size_t n_joins;
	struct nft_port *ports;
	size_t n_ports;
	struct net_rate rate; /* of each network's interface */
};

/* As typed; NULL where not. */
struct network_words {
	const char *const
		*networks; /* none, host, pasta, container:ID, ns:PATH, or NAME[:ip=ADDRESS,mac=MAC,alias=NAME] */
	const char *const *ports;   /* port_parse() */
	const char *rate;           /* rate_parse() */
	const char *ip, *ip6, *mac; /* of the first network */
	const char *const *aliases; /* there, too */
};

/* Pure. Without a --network: the default network. Refused: ports or addresses without a network of their own. */
int network_plan_make(struct arena *arena, const struct network_words *words, struct network_plan *ret,
		      struct error *err);

/* What a container that did not ask is on: $COFFER_DEFAULT_NETWORK; else the default network, or pasta for who is not
   root. */
const char *network_default_word(void);

/* Lines of a resolv.conf: the name servers of the networks of the plan; "" where they have none. The default network is
   made if it is missing. */
int network_name_servers(struct arena *arena, const struct network_plan *plan, const char **ret_lines,
			 struct error *err);

/* What the resolv.conf of another container says: as `run` has made it, or, of any other bundle, the name servers of
   its networks. NULL: not known. */
const char *network_name_servers_of(struct arena *arena, const struct runtime *runtime, const char *id);

/* The process that answers for names: names.h. */
int network_names_main(struct error *err);

/* Joins all networks of the plan, or starts pasta; `pid` is in the container's network namespace. On failure
   those already joined are left again. */
int network_join(const struct runtime *runtime, const char *id, pid_t pid, const struct network_plan *plan,
		 struct error *err);

/* Moves the interfaces of linux.netDevices to the network namespace of this process of the container. They do not come
   back: the kernel gives hardware back when the namespace ends. */
int network_bring_devices(pid_t pid, const struct config *config, struct error *err);

/* The container is gone, or going: leaves all networks. Next to nothing if it is on none. */
int network_leave(const struct runtime *runtime, const char *id, struct error *err);

/* The same for a live container, on one network. One of `run` that was on none is told of the network's name server. */
int network_connect(const struct runtime *runtime, const char *id, const struct network_plan *plan, struct error *err);
int network_disconnect(const struct runtime *runtime, const char *id, const char *network, struct error *err);

/* An fd of a live container's network namespace; -ESRCH: it does not live. */
int network_of_container(const struct runtime *runtime, const char *id, struct error *err);

/* Networks as definitions: net/create.h. `v6`: IPv6 addresses are chosen too. */
int network_define(struct network *network, bool v6, struct error *err);
int network_undefine(const char *name, struct error *err);

/* Other firewalls that drop what they are not told to let pass (net/firewall.h); none where that is not known. */
struct firewalls network_firewalls(void);

/* One of them; -ENOENT. */
int network_find(const char *name, struct network *ret, struct error *err);

/* All of them, sorted by name; in `arena`. As with all of these, a file that cannot be read is left out, and said so in
   the log. */
int network_list(struct arena *arena, struct network **ret, size_t *ret_count, struct error *err);

/* Who is on a network, or where a container is. In `arena`. */
int network_endpoints(struct arena *arena, const char *network, struct endpoint **ret, size_t *ret_count,
		      struct error *err);
int network_endpoints_of(const struct runtime *runtime, struct arena *arena, const char *id, struct endpoint **ret,
			 size_t *ret_count, struct error *err);

/* The ports of a container on pasta; -ENOENT with text: there is no such container. */
int network_pasta_ports(const struct runtime *runtime, struct arena *arena, const char *id, struct nft_port **ret_ports,
			size_t *ret_count, struct error *err);

/* "80/tcp -> 127.0.0.1:8080" to buffer[128], which is returned. */
const char *network_port_text(const struct nft_port *port, char *buffer);

/* Makes again what others have removed. *ret_lost: a line, in `arena`, for each container that runs and whose interface
   is gone, ended with NULL. Refused at the end if there was a file that cannot be read. */
int network_reload(struct arena *arena, const char ***ret_lost, struct error *err);

/* Takes down what containers that are gone have left, then removes networks without a container, but for the default
   one. ret_names: the removed ones, ended with NULL, in `arena`. */
int network_prune(struct arena *arena, const char ***ret_names, struct error *err);
