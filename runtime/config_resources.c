/*
 * config_resources.c - linux.resources: runtime-spec config-linux.md "Control groups"; also the whole document that
 * `update --resources` reads. Only shapes and types are checked here: ranges and what v2 can do are limits_plan()'s.
 */
#include <assert.h>

#include "base/str.h"
#include "config.h"
#include "config_parts.h"

enum { UNLIMITED = -1, IO_ENTRIES_MAX = 4096 };

#define L(member) offsetof(struct cgroup_limits, member)

static const struct json_field memory_fields[] = {
	{ "limit", JSON_AS_OPT_I64, L(memory_limit), .min = UNLIMITED, .max = INT64_MAX },
	{ "reservation", JSON_AS_OPT_I64, L(memory_reservation), .min = UNLIMITED, .max = INT64_MAX },
	{ "swap", JSON_AS_OPT_I64, L(memory_swap), .min = UNLIMITED, .max = INT64_MAX },
	{ "kernel", JSON_AS_OPT_I64, L(memory_kernel) },
	{ "kernelTCP", JSON_AS_OPT_I64, L(memory_kernel_tcp) },
	{ "swappiness", JSON_AS_OPT_U64, L(memory_swappiness) },
	{ "disableOOMKiller", JSON_AS_BOOL, L(memory_disable_oom_killer) },
	{ "useHierarchy", JSON_AS_BOOL, L(memory_use_hierarchy) },
	{ "checkBeforeUpdate", JSON_AS_BOOL, L(memory_check_before_update) },
	{ NULL },
};

static const struct json_field cpu_fields[] = {
	{ "shares", JSON_AS_OPT_U64, L(cpu_shares) },
	{ "quota", JSON_AS_OPT_I64, L(cpu_quota) },
	{ "burst", JSON_AS_OPT_U64, L(cpu_burst) },
	{ "period", JSON_AS_OPT_U64, L(cpu_period) },
	{ "realtimeRuntime", JSON_AS_OPT_I64, L(cpu_realtime_runtime) },
	{ "realtimePeriod", JSON_AS_OPT_U64, L(cpu_realtime_period) },
	{ "cpus", JSON_AS_STRING, L(cpus) },
	{ "mems", JSON_AS_STRING, L(mems) },
	{ "idle", JSON_AS_OPT_I64, L(cpu_idle) },
	{ NULL },
};

static const struct json_field pids_fields[] = {
	{ "limit", JSON_AS_OPT_I64, L(pids_limit) },
	{ NULL },
};

/* The five per-device lists of the spec become one entry a device here, as io.max has them. */
struct io_entry {
	int64_t major, minor;
	struct opt_u64 rate, weight, leaf_weight;
};

#define IO(member) offsetof(struct io_entry, member)

static const struct json_field io_rate_fields[] = {
	{ "major", JSON_AS_I64, IO(major), .required = true, .max = UINT32_MAX },
	{ "minor", JSON_AS_I64, IO(minor), .required = true, .max = UINT32_MAX },
	{ "rate", JSON_AS_OPT_U64, IO(rate), .required = true },
	{ NULL },
};

static const struct json_field io_weight_fields[] = {
	{ "major", JSON_AS_I64, IO(major), .required = true, .max = UINT32_MAX },
	{ "minor", JSON_AS_I64, IO(minor), .required = true, .max = UINT32_MAX },
	{ "weight", JSON_AS_OPT_U64, IO(weight), .max = UINT16_MAX },
	{ "leafWeight", JSON_AS_OPT_U64, IO(leaf_weight), .max = UINT16_MAX },
	{ NULL },
};

#define DEVICE(member) offsetof(struct limit_io_device, member)

static const struct {
	const char *key;
	const struct json_field *fields;
	size_t rate; /* offset in struct limit_io_device; unused for weights */
} io_lists[] = {
	{ "throttleReadBpsDevice", io_rate_fields, DEVICE(rbps) },
	{ "throttleWriteBpsDevice", io_rate_fields, DEVICE(wbps) },
	{ "throttleReadIOPSDevice", io_rate_fields, DEVICE(riops) },
	{ "throttleWriteIOPSDevice", io_rate_fields, DEVICE(wiops) },
	{ "weightDevice", io_weight_fields, 0 },
};

static const struct json_field io_fields[] = {
	{ "weight", JSON_AS_OPT_U64, L(io_weight), .max = UINT16_MAX },
	{ "leafWeight", JSON_AS_OPT_U64, L(io_leaf_weight), .max = UINT16_MAX },
	{ NULL },
};

static struct limit_io_device *io_device(struct cgroup_limits *limits, const struct io_entry *entry)
{
	struct limit_io_device *device = limits->io_devices;

	for (; device < limits->io_devices + limits->n_io_devices; device++)
		if (device->major == entry->major && device->minor == entry->minor)
			return device;
	limits->n_io_devices++;
	device->major = entry->major;
	device->minor = entry->minor;
	return device;
}

static int decode_io_item(struct arena *arena, const struct json *node, size_t list, struct cgroup_limits *limits,
			  struct error *err)
{
	struct io_entry entry = { 0 };
	struct limit_io_device *device;
	int r = json_decode(arena, node, io_lists[list].fields, &entry, err);

	if (r < 0)
		return r;
	device = io_device(limits, &entry);
	if (entry.rate.set) {
		*(struct opt_u64 *)(void *)((char *)device + io_lists[list].rate) = entry.rate;
		return 0;
	}
	if (!entry.weight.set && !entry.leaf_weight.set)
		return json_refuse(node, err, "weight or leafWeight is missing; give one");
	device->weight = entry.weight;
	device->leaf_weight = entry.leaf_weight;
	return 0;
}

/* Room for all of them at once; the bound keeps the search for equal devices short whatever the file holds. */
static int reserve_io(struct arena *arena, const struct json *node, struct cgroup_limits *limits, struct error *err)
{
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(io_lists); i++) {
		const struct json *list = json_get(node, io_lists[i].key);

		count += list ? list->count : 0;
	}
	if (count > IO_ENTRIES_MAX)
		return json_refuse(node, err, "%zu device entries; at most %d are taken", count, IO_ENTRIES_MAX);
	limits->io_devices = arena_array(arena, count, sizeof(*limits->io_devices));
	return 0;
}

static int decode_io(struct arena *arena, const struct json *node, void *target, struct error *err)
{
	int r = json_decode(arena, node, io_fields, target, err);

	if (r == 0)
		r = reserve_io(arena, node, target, err);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(io_lists); i++) {
		const struct json *list = json_get(node, io_lists[i].key);

		if (!list || list->type == JSON_NULL)
			continue;
		if (list->type != JSON_ARRAY)
			return json_refuse(list, err, "expected an array, found %s", json_type_name(list->type));
		for (const struct json *item = list->first; r == 0 && item; item = item->next)
			r = decode_io_item(arena, item, i, target, err);
	}
	return r;
}

static const struct json_field hugepage_fields[] = {
	{ "pageSize", JSON_AS_STRING, offsetof(struct limit_hugepage, page_size), .required = true },
	{ "limit", JSON_AS_U64, offsetof(struct limit_hugepage, limit), .required = true },
	{ NULL },
};

static const struct json_field rdma_fields[] = {
	{ "hcaHandles", JSON_AS_OPT_U64, offsetof(struct limit_rdma, hca_handles), .max = UINT32_MAX },
	{ "hcaObjects", JSON_AS_OPT_U64, offsetof(struct limit_rdma, hca_objects), .max = UINT32_MAX },
	{ NULL },
};

static int decode_rdma(struct arena *arena, const struct json *node, void *target, struct error *err)
{
	struct cgroup_limits *limits = target;

	if (node->type != JSON_OBJECT)
		return json_refuse(node, err, "expected an object, found %s", json_type_name(node->type));
	limits->rdma = arena_array(arena, node->count, sizeof(*limits->rdma));
	for (const struct json *item = node->first; item; item = item->next) {
		struct limit_rdma *entry = &limits->rdma[limits->n_rdma++];
		int r = json_decode(arena, item, rdma_fields, entry, err);

		if (r < 0)
			return r;
		entry->device = item->key;
		if (!entry->hca_handles.set && !entry->hca_objects.set)
			return json_refuse(item, err, "hcaHandles or hcaObjects is missing; give one");
	}
	return 0;
}

/* net_cls and net_prio have no successor in v2; the spec wants an error where no conversion is possible. */
static int decode_network(struct arena *arena, const struct json *node, void *target, struct error *err)
{
	(void)arena;
	(void)target;
	if (node->type != JSON_OBJECT)
		return json_refuse(node, err, "expected an object, found %s", json_type_name(node->type));
	if (node->count > 0)
		return json_refuse(node, err, "net_cls and net_prio exist in cgroup v1 only; remove it");
	return 0;
}

enum { ANY_NUMBER = -1 };

static const struct json_name rule_types[] = { { "a", 'a' }, { "b", 'b' }, { "c", 'c' }, { NULL, 0 } };

struct rule_entry {
	bool allow;
	uint32_t type;
	int64_t major, minor;
	const char *access;
};

#define R(member) offsetof(struct rule_entry, member)

static const struct json_field rule_fields[] = {
	{ "allow", JSON_AS_BOOL, R(allow), .required = true },
	{ "type", JSON_AS_ENUM, R(type), .names = rule_types },
	{ "major", JSON_AS_I64, R(major), .min = ANY_NUMBER, .max = UINT32_MAX },
	{ "minor", JSON_AS_I64, R(minor), .min = ANY_NUMBER, .max = UINT32_MAX },
	{ "access", JSON_AS_STRING, R(access) },
	{ NULL },
};

static int decode_rule(struct arena *arena, const struct json *node, void *target, struct error *err)
{
	struct rule_entry entry = { .type = 'a', .major = ANY_NUMBER, .minor = ANY_NUMBER, .access = "rwm" };
	struct device_rule *rule = target;
	int r = json_decode(arena, node, rule_fields, &entry, err);

	if (r < 0)
		return r;
	if (device_access_parse(entry.access, &rule->access) < 0)
		return json_refuse(json_get(node, "access"), err, "\"%.16s\": expected letters of \"rwm\"",
				   entry.access);
	rule->allow = entry.allow;
	rule->type = (char)entry.type;
	rule->major = entry.major;
	rule->minor = entry.minor;
	return 0;
}

static_assert(sizeof(struct limit_unified) == 2 * sizeof(char *) && offsetof(struct limit_unified, file) == 0,
	      "JSON_AS_STRING_MAP items");
static_assert(offsetof(struct config_resources, limits) == 0, "the tables of limits work on both structs");

const struct json_field config_resources_fields[] = {
	{ "memory", JSON_AS_OBJECT, 0, .fields = memory_fields },
	{ "cpu", JSON_AS_OBJECT, 0, .fields = cpu_fields },
	{ "pids", JSON_AS_OBJECT, 0, .fields = pids_fields },
	{ "blockIO", JSON_AS_CUSTOM, 0, .decode = decode_io },
	{ "hugepageLimits", JSON_AS_ARRAY, L(hugepages), .count_offset = L(n_hugepages),
	  .size = sizeof(struct limit_hugepage), .fields = hugepage_fields },
	{ "rdma", JSON_AS_CUSTOM, 0, .decode = decode_rdma },
	{ "network", JSON_AS_CUSTOM, 0, .decode = decode_network },
	{ "unified", JSON_AS_STRING_MAP, L(unified), .count_offset = L(n_unified) },
	{ "devices", JSON_AS_ARRAY, offsetof(struct config_resources, rules),
	  .count_offset = offsetof(struct config_resources, n_rules), .size = sizeof(struct device_rule),
	  .decode = decode_rule },
	{ NULL },
};
