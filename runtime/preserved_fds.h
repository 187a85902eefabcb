/*
 * preserved_fds.h - fds of the caller that the container's process keeps: --preserve-fds and sd_listen_fds(3).
 */
#pragma once

#include "process.h"

/* Checks that fds 3 .. 3+n-1 are open, n = $LISTEN_FDS + preserve_fds, and fills start->preserve_fds and listen_fds.
   To be called before this process opens fds of its own, which would take the places of missing ones. */
int preserved_fds_check(unsigned preserve_fds, struct process_start *start, struct error *err);
