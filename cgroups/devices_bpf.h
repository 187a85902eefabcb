/*
 * devices_bpf.h - inside cgroups/: device rules as an eBPF program, and the bpf(2) calls around it.
 */
#pragma once

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "devices.h"

/*
 * The program for checked rules; the caller frees *ret_code. Returns its number of instructions.
 * *ret_allows_all tells that it is the program that allows everything.
 */
size_t devices_compile(const struct device_rule *rules, size_t n_rules, struct bpf_insn **ret_code,
		       bool *ret_allows_all);

int devices_load(const struct bpf_insn *code, size_t count); /* program fd or -errno */

/* Puts the program in the place of those that coffer attached before, the others stay; program_fd -1 only takes ours
   away. 0 or -errno. */
int devices_attach(int cgroup_fd, int program_fd);
