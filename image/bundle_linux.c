/* bundle_linux.c - the linux object: namespaces, ids, resources, devices, sysctls, closed paths, the filter. */
#include "base/cleanup.h"
#include "base/str.h"
#include "bundle_parts.h"

#include <string.h>

/* What leaks or changes the host, or belongs to a kernel that is shared. */
static const char *const masked_paths[] = {
	"/proc/acpi",
	"/proc/asound",
	"/proc/interrupts",
	"/proc/kcore",
	"/proc/keys",
	"/proc/latency_stats",
	"/proc/sched_debug",
	"/proc/scsi",
	"/proc/timer_list",
	"/proc/timer_stats",
	"/sys/devices/virtual/powercap",
	"/sys/firmware",
	NULL,
};

static const char *const readonly_paths[] = {
	"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", NULL,
};

static void put_namespaces(const struct bundle_options *options, struct json_writer *writer)
{
	const struct {
		const char *type;
		bool wanted;
	} all[] = {
		{ "pid", true },
		{ "ipc", true },
		{ "uts", true },
		{ "mount", true },
		{ "cgroup", true },
		{ "network", !options->host_network },
		{ "user", options->userns_size > 0 },
	};

	json_begin_array(writer, "namespaces");
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		if (!all[i].wanted)
			continue;
		json_begin_object(writer, NULL);
		json_put_string(writer, "type", all[i].type);
		if (options->network_path && strcmp(all[i].type, "network") == 0)
			json_put_string(writer, "path", options->network_path);
		json_end_object(writer);
	}
	json_end_array(writer);
}

static void put_maps(const struct bundle_options *options, struct json_writer *writer)
{
	static const char *const keys[] = { "uidMappings", "gidMappings" };

	for (size_t i = 0; options->userns_size > 0 && i < ARRAY_SIZE(keys); i++) {
		json_begin_array(writer, keys[i]);
		json_begin_object(writer, NULL);
		json_put_u64(writer, "containerID", 0);
		json_put_u64(writer, "hostID", options->userns_first);
		json_put_u64(writer, "size", options->userns_size);
		json_end_object(writer);
		json_end_array(writer);
	}
}

/* Closed by default; what every container has is opened by the runtime itself. */
static void put_device_rules(const struct bundle_options *options, struct json_writer *writer)
{
	json_begin_array(writer, "devices");
	json_begin_object(writer, NULL);
	json_put_bool(writer, "allow", false);
	json_put_string(writer, "access", "rwm");
	json_end_object(writer);
	for (size_t i = 0; i < options->n_devices; i++) {
		const struct bundle_device *device = &options->devices[i];

		json_begin_object(writer, NULL);
		json_put_bool(writer, "allow", true);
		json_put_string(writer, "type", device->type);
		json_put_u64(writer, "major", device->major);
		json_put_u64(writer, "minor", device->minor);
		json_put_string(writer, "access", device->access);
		json_end_object(writer);
	}
	json_end_array(writer);
}

static void put_i64(struct json_writer *writer, const char *key, struct opt_i64 value)
{
	if (value.set)
		json_put_i64(writer, key, value.value);
}

static void put_text(struct json_writer *writer, const char *key, const char *value)
{
	if (value)
		json_put_string(writer, key, value);
}

static void put_resources(const struct bundle_input *in, struct json_writer *writer)
{
	const struct bundle_limits *limits = &in->options->limits;

	json_begin_object(writer, "resources");
	put_device_rules(in->options, writer);
	json_begin_object(writer, "memory");
	put_i64(writer, "limit", limits->memory);
	put_i64(writer, "reservation", limits->memory_soft);
	put_i64(writer, "swap", limits->memory_swap);
	json_end_object(writer);
	json_begin_object(writer, "cpu");
	if (limits->cpu_quota_us.set) {
		json_put_u64(writer, "quota", limits->cpu_quota_us.value);
		json_put_u64(writer, "period", BUNDLE_CPU_PERIOD_US);
	}
	put_text(writer, "cpus", limits->cpus);
	put_text(writer, "mems", limits->mems);
	json_end_object(writer);
	if (limits->pids.set) {
		json_begin_object(writer, "pids");
		json_put_i64(writer, "limit", limits->pids.value);
		json_end_object(writer);
	}
	if (limits->cpu_weight.set) {
		json_begin_object(writer, "unified");
		json_put_string(writer, "cpu.weight",
				arena_printf(in->arena, "%llu", (unsigned long long)limits->cpu_weight.value));
		json_end_object(writer);
	}
	json_end_object(writer);
}

static void put_devices(const struct bundle_options *options, struct json_writer *writer)
{
	json_begin_array(writer, "devices");
	for (size_t i = 0; i < options->n_devices; i++) {
		const struct bundle_device *device = &options->devices[i];

		json_begin_object(writer, NULL);
		json_put_string(writer, "path", device->path);
		json_put_string(writer, "type", device->type);
		json_put_u64(writer, "major", device->major);
		json_put_u64(writer, "minor", device->minor);
		json_put_u64(writer, "fileMode", device->mode);
		json_put_u64(writer, "uid", device->uid);
		json_put_u64(writer, "gid", device->gid);
		json_end_object(writer);
	}
	json_end_array(writer);
}

static void put_sysctls(const struct bundle_options *options, struct json_writer *writer)
{
	json_begin_object(writer, "sysctl");
	for (size_t i = 0; i < options->n_sysctls; i++)
		json_put_string(writer, options->sysctls[i].key, options->sysctls[i].value);
	json_end_object(writer);
}

int bundle_put_linux(const struct bundle_input *in, struct json_writer *writer, struct error *err)
{
	int r = 0;

	json_begin_object(writer, "linux");
	put_namespaces(in->options, writer);
	put_maps(in->options, writer);
	put_resources(in, writer);
	put_devices(in->options, writer);
	put_sysctls(in->options, writer);
	if (!in->options->unmask) {
		json_put_strings(writer, "maskedPaths", masked_paths);
		json_put_strings(writer, "readonlyPaths", readonly_paths);
	}
	if (!in->options->no_seccomp)
		r = bundle_put_seccomp(in, writer, err);
	json_end_object(writer);
	return r;
}
