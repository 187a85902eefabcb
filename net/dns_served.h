/*
 * dns_served.h - which networks the name server listens for, seen without waking it: it keeps a byte locked for each in
 * a file that it has open (F_OFD_SETLK, fcntl(2)). The locks end with it, however it ends. The file is on a file system
 * of this host.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "network.h"

/* Which byte: of the bridge as it is now, in this process's network namespace, and what the server knows of the
   network; 0 without a bridge. */
uint64_t dns_served_place(const struct network *network);

/* The server's; `file` is open for writing. Without the mark, which only a lack of memory prevents, it is asked. */
void dns_served_mark(int file, uint64_t place, bool served);

/* Anybody's; `file` is opened anew. */
bool dns_served(int file, uint64_t place);
