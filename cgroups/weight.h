/*
 * weight.h - inside cgroups/: the weights of v1 as those of v2.
 */
#pragma once

#include <stdint.h>

/*
 * cpu.shares -> cpu.weight: ceil(10^((l^2 + 125 l)/612 - 7/34)), l = log2(shares).
 * 2 -> 1, 1024 -> 100, 262144 -> 10000.
 * Shares outside 2..262144 are taken as the nearest end, as cpu.shares itself did.
 */
uint64_t weight_of_shares(uint64_t shares);

/* blkio weight 10..1000 -> io.weight 1..10000, linear. */
uint64_t weight_of_blkio(uint64_t weight);
