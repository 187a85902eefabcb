/* run_options.h - the options of `coffer run`: those of a bundle, and those of a start from an image. */
#pragma once

#include <stdbool.h>

#include "base/opt.h"
#include "runtime/container.h"

/* What only a start from an image or a directory has: `--image` or `--rootfs`. */
struct image_options {
	const char *image, *rootfs;
	const char *name, *hostname, *stop_signal, *userns;
	const char *entrypoint, *workdir, *user;
	const char *cpus, *cpuset_cpus, *cpuset_mems;
	const char *ip, *ip6, *mac, *net_rate;
	const char *const *network, *const *publish, *const *dns, *const *add_host;
	bool rm, interactive, tty, read_only;
	struct opt_i64 memory, memory_soft, memory_swap, pids_limit;
	struct opt_u64 cpu_weight;
	const char *const *env, *const *env_file, *const *label, *const *annotation;
	const char *const *volume, *const *mount, *const *tmpfs, *const *device;
	const char *const *cap_add, *const *cap_drop, *const *security_opt, *const *ulimit, *const *sysctl;
};

struct run_options {
	struct create_options create; /* first: its rows are shared with `create` */
	struct image_options image;
};
