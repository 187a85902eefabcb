/* create_rows.h - the options that `create` and `run` share. */
#pragma once

#include "options.h"
#include "runtime/container.h"

#define CREATE_ROWS                                                                                                    \
	TEXT_ROW(struct create_options, bundle, "bundle", 'b', "DIR", "the bundle (default: this directory)"),         \
		TEXT_ROW(struct create_options, config_file, "config", 'f', "FILE",                                    \
			 "config (default: config.json in DIR)"),                                                      \
		TEXT_ROW(struct create_options, pid_file, "pid-file", 0, "FILE",                                       \
			 "write the pid of the program there"),                                                        \
		TEXT_ROW(struct create_options, console_socket, "console-socket", 0, "PATH",                           \
			 "send the terminal to this unix socket"),                                                     \
		TEXT_ROW(struct create_options, oom.mode, "oom", 0, "POLICY",                                          \
			 "at the memory limit: kill, group or freeze"),                                                \
		TEXT_ROW(struct create_options, oom.reserve, "oom-reserve", 0, "SIZE",                                 \
			 "freeze: memory kept back to stop in"),                                                       \
		TEXT_ROW(struct create_options, oom.timeout, "oom-timeout", 0, "TIME",                                 \
			 "freeze: wait for a decision (30s)"),                                                         \
		TEXT_ROW(struct create_options, oom.fallback, "oom-default", 0, "WHAT",                                \
			 "freeze: what to do then (kill-largest)"),                                                    \
		TEXT_ROW(struct create_options, oom.hook, "oom-hook", 0, "PROGRAM", "freeze: a program to tell"),      \
		TEXT_ROW(struct create_options, oom.socket, "oom-socket", 0, "PATH", "freeze: a unix socket to tell"), \
		TEXT_ROW(struct create_options, oom.pressure, "pressure-notify", 0, "WHEN",                            \
			 "freeze: tell of stalls before (some:150ms/1s)"),                                             \
		LIST_ROW(struct create_options, limits, "limit", 0, "FILE=VALUE",                                      \
			 "any cgroup file, like memory.high=64m"),                                                     \
		UNSIGNED_ROW(struct create_options, preserve_fds, "preserve-fds", 0, "N", "pass the fds 3 to 2+N on"), \
		FLAG_ROW(struct create_options, no_pivot, "no-pivot", 0, "no pivot_root (rootfs on a ramdisk)"),       \
		FLAG_ROW(struct create_options, no_new_keyring, "no-new-keyring", 0,                                   \
			 "keep the caller's session keyring")
