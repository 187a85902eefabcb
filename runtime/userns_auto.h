/*
 * userns_auto.h - ids of a container's own for `run --userns=auto`: a block of the ranges that /etc/subuid and
 * /etc/subgid give to the user "containers", as other engines take them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { USERNS_AUTO_SIZE = 65536 };

/* A block of USERNS_AUTO_SIZE ids that both texts (any bytes) have and `taken` (first ids, any order) does not touch;
   `random` says where the search begins. -ENOSPC: all are taken, -ENOENT: there is none. */
int userns_auto_choose(const char *subuid, const char *subgid, const uint32_t *taken, size_t n_taken, uint32_t random,
		       uint32_t *ret_first, struct error *err);

/* The same with the host's files. */
int userns_auto(const uint32_t *taken, size_t n_taken, uint32_t *ret_first, struct error *err);
