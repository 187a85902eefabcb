/*
 * forwarding.h - the host passes packets on between its interfaces, which bridges need.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/* Turns it on, in the present namespace, for the families that are wanted. A kernel that forwards IPv6 forgets what
   routers have advertised and hears no more of it, unless accept_ra is 2: that is what every interface with 1 gets
   before, and what later ones begin with. Where it is on already, nothing is changed. */
int forwarding_enable(bool v4, bool v6, struct error *err);
