/*
 * dns_served.h - which bridges the name server listens at, seen without waking it: it keeps the byte of an interface's
 * number locked in a file that it has open (F_OFD_SETLK, fcntl(2)). The locks end with it, however it ends.
 */
#pragma once

#include <stdbool.h>

/* The server's; `file` is open for writing. Without the mark, which only a lack of memory prevents, it is asked. */
void dns_served_mark(int file, unsigned bridge, bool served);

/* Anybody's; `file` is opened anew. */
bool dns_served(int file, unsigned bridge);
