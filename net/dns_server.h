/*
 * dns_server.h - the name server of all networks of a store: it listens at each bridge's gateway, UDP and TCP, by
 * sockets that take packets from that bridge only, so an answer goes to where the question came from and nobody else
 * can ask. runtime/names.c starts it and finds it.
 */
#pragma once

#include "store.h"

/* `control`: a listening socket of sequential packets; a client sends a network's name, and hears "" when the sockets
   of that network are there, or what is wrong. Those of all networks that containers are on are there from the start.
   `lock`: the file in which dns_served.h marks them. `store`: without its
   lock. Returns 0 when no container has been on a network for some seconds, or the store is gone. */
int dns_server_run(const struct net_store *store, int control, int lock, struct error *err);
