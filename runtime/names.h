/*
 * names.h - the process that answers containers' questions for names (net/dns_server.h): one for all networks of a
 * store, started by the first container that is on one, gone some seconds after the last. <run>/names is where it is
 * asked for a network's sockets, <run>/names.lock is held by it for as long as it lives.
 */
#pragma once

#include "base/error.h"

/* The name server answers at this network's gateway when this returns; `run`: the directory of the store. */
int names_ensure(const char *run, const char *network, struct error *err);

/* The process itself; returns when there is nothing to do any more. */
int names_main(const char *config, const char *run, struct error *err);
