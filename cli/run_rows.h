/* run_rows.h - the options of a start from an image as rows: a second page of help, by topic. */
#pragma once

#include "options.h"
#include "run_options.h"

#define ROOT_TOPIC    .topic = "Root"
#define NAME_TOPIC    .topic = "Container"
#define NET_TOPIC     .topic = "Network"
#define PROGRAM_TOPIC .topic = "Program"
#define FILES_TOPIC   .topic = "Files"
#define LIMITS_TOPIC  .topic = "Limits"
#define RIGHTS_TOPIC  .topic = "Rights"

#define RUN_TEXT(field, name, letter, argument, ...)                                                                   \
	TEXT_ROW(struct run_options, image.field, name, letter, argument, __VA_ARGS__)
#define RUN_LIST(field, name, letter, argument, ...)                                                                   \
	LIST_ROW(struct run_options, image.field, name, letter, argument, __VA_ARGS__)
#define RUN_FLAG(field, name, letter, ...) FLAG_ROW(struct run_options, image.field, name, letter, __VA_ARGS__)
#define RUN_SIZE(field, name, letter, ...) SIZE_ROW(struct run_options, image.field, name, letter, "SIZE", __VA_ARGS__)

#define IMAGE_ROWS                                                                                                     \
	RUN_TEXT(image, "image", 0, "REF", "run this image; host: this machine's own root", ROOT_TOPIC,                \
		 .command = true),                                                                                     \
		RUN_TEXT(rootfs, "rootfs", 0, "DIR", "run this directory; DIR:O keeps it as it is", ROOT_TOPIC,        \
			 .command = true),                                                                             \
		RUN_FLAG(read_only, "read-only", 0, "the root file system cannot be written", ROOT_TOPIC),             \
		RUN_TEXT(name, "name", 0, "ID", "its id (default: made up)", NAME_TOPIC),                              \
		RUN_FLAG(rm, "rm", 0, "delete it at its end", NAME_TOPIC),                                             \
		RUN_TEXT(hostname, "hostname", 0, "NAME", "host name (default: its id)", NAME_TOPIC),                  \
		RUN_LIST(label, "label", 0, "KEY=VALUE", "an annotation, as a label of the image", NAME_TOPIC),        \
		RUN_LIST(annotation, "annotation", 0, "KEY=VALUE", "an annotation", NAME_TOPIC),                       \
		RUN_LIST(network, "network", 0, "NET", "NAME (bridge), none, host, pasta, container:ID, ns:FILE",      \
			 NET_TOPIC, .alias = "net"),                                                                   \
		RUN_LIST(publish, "publish", 'p', "[IP:]HOST:CTR[/udp]", "lead a port of the host to it", NET_TOPIC),  \
		RUN_TEXT(ip, "ip", 0, "ADDRESS", "its IPv4 address", NET_TOPIC),                                       \
		RUN_TEXT(ip6, "ip6", 0, "ADDRESS", "its IPv6 address", NET_TOPIC),                                     \
		RUN_TEXT(mac, "mac-address", 0, "MAC", "of its first interface", NET_TOPIC),                           \
		RUN_TEXT(net_rate, "net-rate", 0, "RATE", "10mbit, or in=10mbit,out=2mbit", NET_TOPIC),                \
		RUN_LIST(dns, "dns", 0, "ADDRESS", "a name server", NET_TOPIC),                                        \
		RUN_LIST(add_host, "add-host", 0, "NAME:ADDRESS", "a line of /etc/hosts", NET_TOPIC),                  \
		RUN_FLAG(interactive, "interactive", 'i', "keep standard input", PROGRAM_TOPIC),                       \
		RUN_FLAG(tty, "tty", 't', "give it a terminal", PROGRAM_TOPIC),                                        \
		RUN_LIST(env, "env", 'e', "KEY[=VALUE]", "set a variable, or pass it on", PROGRAM_TOPIC),              \
		RUN_LIST(env_file, "env-file", 0, "FILE", "variables, one a line", PROGRAM_TOPIC),                     \
		RUN_TEXT(workdir, "workdir", 'w', "DIR", "working directory", PROGRAM_TOPIC),                          \
		RUN_TEXT(user, "user", 'u', "USER[:GROUP]", "names of the image, or numbers", PROGRAM_TOPIC),          \
		RUN_TEXT(entrypoint, "entrypoint", 0, "PROGRAM", "instead of the image's; may be a JSON array",        \
			 PROGRAM_TOPIC),                                                                               \
		RUN_TEXT(stop_signal, "stop-signal", 0, "SIGNAL", "noted as an annotation", PROGRAM_TOPIC),            \
		RUN_LIST(volume, "volume", 'v', "DIR:DIR[:ro]", "show a directory or file of the host", FILES_TOPIC),  \
		RUN_LIST(mount, "mount", 0, "type=bind|tmpfs,...", "the same, in words", FILES_TOPIC),                 \
		RUN_LIST(tmpfs, "tmpfs", 0, "DIR[:OPTIONS]", "a file system in memory", FILES_TOPIC),                  \
		RUN_LIST(device, "device", 0, "DEVICE", "a device of the host", FILES_TOPIC),                          \
		RUN_SIZE(memory, "memory", 'm', "hard memory limit; -1 is no limit", LIMITS_TOPIC),                    \
		RUN_SIZE(memory_soft, "memory-soft", 0, "memory that is taken away last", LIMITS_TOPIC,                \
			 .alias = "memory-reservation"),                                                               \
		RUN_SIZE(memory_swap, "memory-swap", 0, "memory and swap together", LIMITS_TOPIC),                     \
		RUN_TEXT(cpus, "cpus", 0, "N", "processor time, like 1.5", LIMITS_TOPIC),                              \
		NUMBER_ROW(struct run_options, image.cpu_weight, "cpu-weight", 0, "N", "share, 1 to 10000",            \
			   LIMITS_TOPIC),                                                                              \
		RUN_TEXT(cpuset_cpus, "cpuset-cpus", 0, "LIST", "CPUs to run on, like 0-3,6", LIMITS_TOPIC),           \
		RUN_TEXT(cpuset_mems, "cpuset-mems", 0, "LIST", "memory nodes to use", LIMITS_TOPIC),                  \
		INTEGER_ROW(struct run_options, image.pids_limit, "pids-limit", 0, "N", "processes; -1 is no limit",   \
			    LIMITS_TOPIC),                                                                             \
		RUN_LIST(ulimit, "ulimit", 0, "NAME=SOFT[:HARD]", "a limit of each process", LIMITS_TOPIC),            \
		RUN_LIST(cap_add, "cap-add", 0, "CAP", "give a capability, or ALL", RIGHTS_TOPIC),                     \
		RUN_LIST(cap_drop, "cap-drop", 0, "CAP", "take a capability, or ALL", RIGHTS_TOPIC),                   \
		RUN_LIST(security_opt, "security-opt", 0, "OPTION",                                                    \
			 "seccomp=, apparmor=, unmask=, label=, no-new-privileges", RIGHTS_TOPIC),                     \
		RUN_LIST(sysctl, "sysctl", 0, "KEY=VALUE", "a kernel parameter of its namespaces", RIGHTS_TOPIC),      \
		RUN_TEXT(userns, "userns", 0, "auto|host", "auto: ids of its own (default: host)", RIGHTS_TOPIC)
