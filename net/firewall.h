/*
 * firewall.h - other firewalls of this host that drop what they have not been told to let pass. No rule of ours can do
 * anything about that: each table has its say. Found where a person asks; nothing is changed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "netlink.h"

enum { FIREWALLS_MAX = 8, FIREWALL_TEXT_SIZE = 96 };

/* "ip filter: forward": family, table and hook of a chain whose policy is to drop; or firewalld's, which rejects by a
   rule at its end. */
struct firewalls {
	char texts[FIREWALLS_MAX][FIREWALL_TEXT_SIZE];
	size_t count;
};

/* Those at the hooks input, where the name server is asked, and forward. `netfilter`: a socket of netlink_open(). */
int firewalls_find(int netfilter, struct firewalls *ret, struct error *err);

/* Reads an NFT_MSG_NEWCHAIN: for the fuzz target. False: it does not drop, or is ours. */
bool firewalls_read(const struct netlink_reply *reply, char ret_text[FIREWALL_TEXT_SIZE]);
