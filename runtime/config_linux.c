/*
 * config_linux.c - the linux object: runtime-spec config-linux.md, but for its resources (config_resources.c) and
 * seccomp (config_seccomp.c).
 */
#include <assert.h>
#include <sys/personality.h>
#include <sys/stat.h>

#include "base/str.h"
#include "config.h"
#include "config_parts.h"

enum {
	MAJOR_MAX = (1 << 12) - 1, /* MINORBITS of the kernel's dev_t is 20 */
	MINOR_MAX = (1 << 20) - 1,
	MODE_MAX = S_IFMT | 07777, /* Podman sends st_mode whole; the type bits come from "type" */
	PERMISSIONS = 07777,
	NODE_MODE = 0666, /* of a device without fileMode */
	NANOSECONDS_MAX = 999999999,
};

#define C(member) offsetof(struct config, member)

struct namespace_entry {
	const char *type, *path;
};

static const struct json_field namespace_fields[] = {
	{ "type", JSON_AS_STRING, offsetof(struct namespace_entry, type), .required = true },
	{ "path", JSON_AS_OPT_STRING, offsetof(struct namespace_entry, path) },
	{ NULL },
};

static int decode_namespace(struct arena *arena, const struct json *node, struct config_namespace *namespaces,
			    struct error *err)
{
	struct namespace_entry entry = { 0 };
	int r = json_decode(arena, node, namespace_fields, &entry, err);
	int type;

	if (r < 0)
		return r;
	type = ns_by_name(entry.type);
	if (type < 0)
		return json_refuse(
			json_get(node, "type"), err,
			"\"%.64s\" is not known; it can be user, pid, network, ipc, uts, time, cgroup, mount",
			entry.type);
	if (namespaces[type].present)
		return json_refuse(json_get(node, "type"), err, "\"%s\" is listed twice; remove one of them",
				   entry.type);
	namespaces[type].present = true;
	namespaces[type].path = entry.path;
	return 0;
}

static int decode_namespaces(struct arena *arena, const struct json *node, void *target, struct error *err)
{
	if (node->type != JSON_ARRAY)
		return json_refuse(node, err, "expected an array, found %s", json_type_name(node->type));
	for (const struct json *item = node->first; item; item = item->next) {
		int r = decode_namespace(arena, item, target, err);

		if (r < 0)
			return r;
	}
	return 0;
}

static const struct json_field time_offset_fields[] = {
	{ "secs", JSON_AS_I64, offsetof(struct config_time_offset, seconds) },
	{ "nanosecs", JSON_AS_U32, offsetof(struct config_time_offset, nanoseconds), .max = NANOSECONDS_MAX },
	{ NULL },
};

static int decode_time_offset(struct arena *arena, const struct json *node, void *target, struct error *err)
{
	struct config_time_offset *offset = target;

	offset->set = true;
	return json_decode(arena, node, time_offset_fields, offset, err);
}

static const struct json_field time_offsets_fields[] = {
	{ "monotonic", JSON_AS_CUSTOM, C(monotonic), .decode = decode_time_offset },
	{ "boottime", JSON_AS_CUSTOM, C(boottime), .decode = decode_time_offset },
	{ NULL },
};

static const struct json_name device_types[] = {
	{ "c", S_IFCHR }, { "u", S_IFCHR }, { "b", S_IFBLK }, { "p", S_IFIFO }, { NULL, 0 },
};

#define D(member) offsetof(struct device_node, member)

static_assert(sizeof(mode_t) == sizeof(uint32_t) && sizeof(unsigned) == sizeof(uint32_t), "JSON_AS_U32 fits");

static const struct json_field device_fields[] = {
	{ "type", JSON_AS_ENUM, D(type), .required = true, .names = device_types },
	{ "path", JSON_AS_STRING, D(path), .required = true },
	{ "major", JSON_AS_U32, D(major), .max = MAJOR_MAX },
	{ "minor", JSON_AS_U32, D(minor), .max = MINOR_MAX },
	{ "fileMode", JSON_AS_U32, D(mode), .max = MODE_MAX },
	{ "uid", JSON_AS_U32, D(uid), .max = UINT32_MAX - 1 },
	{ "gid", JSON_AS_U32, D(gid), .max = UINT32_MAX - 1 },
	{ NULL },
};

static int decode_device(struct arena *arena, const struct json *node, void *target, struct error *err)
{
	static const char *const numbers[] = { "major", "minor" };
	struct device_node *device = target;
	int r;

	device->mode = NODE_MODE;
	r = json_decode(arena, node, device_fields, device, err);
	if (r < 0)
		return r;
	device->mode &= PERMISSIONS;
	for (size_t i = 0; i < ARRAY_SIZE(numbers) && device->type != S_IFIFO; i++)
		if (!json_get(node, numbers[i]))
			return json_refuse(node, err, "%s is missing; only a FIFO (type \"p\") goes without",
					   numbers[i]);
	return 0;
}

static int decode_resources(struct arena *arena, const struct json *node, void *target, struct error *err)
{
	struct config_resources resources = { 0 };
	struct config *config = target;
	int r = json_decode(arena, node, config_resources_fields, &resources, err);

	if (r < 0)
		return r;
	config->limits = resources.limits;
	config->device_rules = resources.rules;
	config->n_device_rules = resources.n_rules;
	return 0;
}

static int decode_seccomp(struct arena *arena, const struct json *node, void *target, struct error *err)
{
	struct config *config = target;

	config->has_seccomp = true;
	return config_decode_seccomp(arena, node, &config->seccomp, err);
}

static const struct json_name personality_domains[] = {
	{ "LINUX", PER_LINUX },
	{ "LINUX32", PER_LINUX32 },
	{ NULL, 0 },
};

struct personality_entry {
	uint32_t domain;
	const char **flags;
	size_t n_flags;
};

static const struct json_field personality_fields[] = {
	{ "domain", JSON_AS_ENUM, offsetof(struct personality_entry, domain), .required = true,
	  .names = personality_domains },
	{ "flags", JSON_AS_STRING_LIST, offsetof(struct personality_entry, flags),
	  .count_offset = offsetof(struct personality_entry, n_flags) },
	{ NULL },
};

static int decode_personality(struct arena *arena, const struct json *node, void *target, struct error *err)
{
	struct personality_entry entry = { 0 };
	struct opt_u64 *value = target;
	int r = json_decode(arena, node, personality_fields, &entry, err);

	if (r < 0)
		return r;
	if (entry.n_flags > 0)
		return json_refuse(json_get(node, "flags"), err, "the runtime-spec has no flags yet; remove them");
	*value = (struct opt_u64){ .value = entry.domain, .set = true };
	return 0;
}

static const struct json_field net_device_fields[] = {
	{ "name", JSON_AS_STRING, offsetof(struct config_net_device, as) },
	{ NULL },
};

static int decode_net_devices(struct arena *arena, const struct json *node, void *target, struct error *err)
{
	struct config *config = target;

	if (node->type != JSON_OBJECT)
		return json_refuse(node, err, "expected an object, found %s", json_type_name(node->type));
	config->net_devices = arena_array(arena, node->count + 1, sizeof(*config->net_devices));
	for (const struct json *item = node->first; item; item = item->next) {
		struct config_net_device *device = &config->net_devices[config->n_net_devices++];

		*device = (struct config_net_device){ .name = item->key };
		if (json_decode(arena, item, net_device_fields, device, err) < 0)
			return -err->code;
		if (device->as && !*device->as)
			device->as = NULL;
	}
	return 0;
}

static_assert(sizeof(struct sysctl) == 2 * sizeof(char *) && offsetof(struct sysctl, name) == 0,
	      "JSON_AS_STRING_MAP items");

const struct json_field config_linux_fields[] = {
	{ "namespaces", JSON_AS_CUSTOM, C(namespaces), .decode = decode_namespaces },
	{ "uidMappings", JSON_AS_ARRAY, C(id_maps.uids), .count_offset = C(id_maps.n_uids),
	  .size = sizeof(struct id_map), .fields = config_id_map_fields },
	{ "gidMappings", JSON_AS_ARRAY, C(id_maps.gids), .count_offset = C(id_maps.n_gids),
	  .size = sizeof(struct id_map), .fields = config_id_map_fields },
	{ "timeOffsets", JSON_AS_OBJECT, 0, .fields = time_offsets_fields },
	{ "devices", JSON_AS_ARRAY, C(rootfs.devices), .count_offset = C(rootfs.n_devices),
	  .size = sizeof(struct device_node), .decode = decode_device },
	{ "cgroupsPath", JSON_AS_STRING, C(cgroups_path) },
	{ "resources", JSON_AS_CUSTOM, 0, .decode = decode_resources },
	{ "rootfsPropagation", JSON_AS_CUSTOM, C(rootfs.propagation), .decode = config_decode_propagation },
	{ "seccomp", JSON_AS_CUSTOM, 0, .decode = decode_seccomp },
	{ "sysctl", JSON_AS_STRING_MAP, C(sysctls), .count_offset = C(n_sysctls) },
	{ "maskedPaths", JSON_AS_STRING_LIST, C(rootfs.masked_paths), .count_offset = C(rootfs.n_masked_paths) },
	{ "readonlyPaths", JSON_AS_STRING_LIST, C(rootfs.readonly_paths), .count_offset = C(rootfs.n_readonly_paths) },
	{ "mountLabel", JSON_AS_OPT_STRING, C(rootfs.mount_label) },
	{ "personality", JSON_AS_CUSTOM, C(personality), .decode = decode_personality },
	{ "intelRdt", JSON_AS_PRESENT, C(has_intel_rdt) },
	{ "memoryPolicy", JSON_AS_PRESENT, C(has_memory_policy) },
	{ "netDevices", JSON_AS_CUSTOM, 0, .decode = decode_net_devices },
	{ NULL },
};
