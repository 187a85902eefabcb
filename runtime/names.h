/*
 * names.h - the process that answers containers' questions for names (net/dns_server.h): one for all networks of a
 * store, started by the first container that is on one, gone some seconds after the last. <run>/names is where it is
 * asked for a network's sockets, <run>/names.lock is held by it for as long as it lives.
 */
#pragma once

#include "base/error.h"
#include "net/network.h"

/* The name server answers at this network's gateway when this returns; `run`: the directory of the store. Not before
   there is a record of a container on the network: the server gives up a network that has none. */
int names_ask(const char *run, const char *network, struct error *err);

/* The same, without asking a server that shows that it listens there (net/dns_served.h): so does one that has just been
   killed and has not ended yet, and names_ask() brings back. */
int names_ensure(const char *run, const struct network *network, struct error *err);

/* The process itself; returns when there is nothing to do any more. */
int names_main(const char *config, const char *run, struct error *err);
