/*
 * validate_linux.c - rules of mounts and of the linux object: above all, what needs which namespace.
 *
 * A namespace that is listed with a path counts as the container's own for names and sysctls: in a Kubernetes pod the
 * containers join those of the pod's sandbox, and the callers send the same values to all of them.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "base/str.h"
#include "net/device.h"
#include "net/link.h"
#include "validate_parts.h"

enum { UTS_NAME_MAX = 64 /* __NEW_UTS_LEN */ };

static bool has_namespace(const struct config *config, enum ns_type type)
{
	return config->namespaces[type].present;
}

static bool has_new_namespace(const struct config *config, enum ns_type type)
{
	return config->namespaces[type].present && !config->namespaces[type].path;
}

/* Absolute and without "..": `what` and `index` give the JSON path. */
static int check_inside_path(const char *what, size_t index, const char *member, const char *path, struct error *err)
{
	if (*path != '/')
		return refuse(err, "%s[%zu]%s: \"%.100s\" is not absolute; write it from \"/\" on", what, index, member,
			      path);
	if (!path_is_clean(path))
		return refuse(err, "%s[%zu]%s: \"%.100s\" has \"..\" in it; write the path without", what, index,
			      member, path);
	return 0;
}

static int check_idmap(const struct config *config, const struct mount *mount, size_t index, struct error *err)
{
	bool own = mount->id_maps.n_uids > 0;

	if (mount->idmap == MOUNT_IDMAP_NONE)
		return 0;
	if (!mount->bind)
		return refuse(err, "mounts[%zu].options: idmap works on bind mounts only; add \"bind\" or \"rbind\"",
			      index);
	if (!own && !has_namespace(config, NS_USER))
		return refuse(err,
			      "mounts[%zu].options: idmap without a user namespace; add uidMappings and gidMappings to "
			      "the mount",
			      index);
	if (own && idmap_validate(&mount->id_maps, err) < 0)
		return context(err, "mounts[%zu]", index);
	return 0;
}

static int check_mount(const struct config *config, size_t index, struct error *err)
{
	const struct mount *mount = &config->rootfs.mounts[index];

	if (check_inside_path("mounts", index, ".destination", mount->destination, err) < 0)
		return -err->code;
	if (mount->destination[strspn(mount->destination, "/")] == '\0')
		return refuse(err, "mounts[%zu].destination: \"/\" would cover the root; use root.path for it", index);
	if (mount->bind && (!mount->source || *mount->source == '\0'))
		return refuse(err, "mounts[%zu].source: missing; a bind mount needs one", index);
	if (!mount->bind && !mount->remount && (!mount->type || *mount->type == '\0'))
		return refuse(err, "mounts[%zu].type: missing; only a bind mount goes without", index);
	if (mount->remount && mount->n_data > 0)
		return refuse(err, "mounts[%zu].options: remount changes flags of the mount only; remove \"%.64s\"",
			      index, mount->data[0]);
	/* A directory of the bundle is the container's own, as a tmpfs is: an anonymous volume. */
	if (mount->tmpcopyup && !str_eq(mount->type, "tmpfs") &&
	    !(mount->bind && str_starts(mount->source, "volumes/")))
		return refuse(
			err,
			"mounts[%zu].options: tmpcopyup works on tmpfs, and on a bind of volumes/NAME in the bundle; "
			"remove it",
			index);
	return check_idmap(config, mount, index, err);
}

int validate_mounts(const struct config *config, struct error *err)
{
	for (size_t i = 0; i < config->rootfs.n_mounts; i++)
		if (check_mount(config, i, err) < 0)
			return -err->code;
	return 0;
}

int validate_namespaces(const struct config *config, struct error *err)
{
	for (enum ns_type type = 0; type < NS_TYPE_MAX; type++) {
		const char *path = config->namespaces[type].path;

		if (path && *path != '/')
			return refuse(
				err,
				"linux.namespaces: the path \"%.100s\" of %s is not absolute; write it from \"/\" on",
				path, ns_info(type)->name);
	}
	if (!has_namespace(config, NS_MOUNT))
		return refuse(err,
			      "linux.namespaces: without a mount namespace root and mounts would be the host's; add "
			      "{\"type\": \"mount\"}");
	return 0;
}

static int check_mapped(const char *member, uint32_t id, const struct id_map *maps, size_t n_maps,
			const char *maps_name, struct error *err)
{
	if (idmap_to_host(maps, n_maps, id) >= 0)
		return 0;
	return refuse(err, "process.user.%s: %u is not in linux.%s; add it there or use another id", member, id,
		      maps_name);
}

static int check_new_user_namespace(const struct config *config, struct error *err)
{
	const struct id_maps *maps = &config->id_maps;
	int r;

	if (maps->n_uids == 0 || maps->n_gids == 0)
		return refuse(err, "linux.%s: missing; a new user namespace needs uidMappings and gidMappings",
			      maps->n_uids == 0 ? "uidMappings" : "gidMappings");
	if (!config->process)
		return 0;
	r = check_mapped("uid", config->process->user.uid, maps->uids, maps->n_uids, "uidMappings", err);
	return r < 0 ? r : check_mapped("gid", config->process->user.gid, maps->gids, maps->n_gids, "gidMappings", err);
}

/*
 * Maps beside a user namespace to join are accepted: CRI-O and containerd send both (they use the maps to find owners
 * on the host). They cannot be applied, so whoever joins compares or ignores them.
 */
int validate_ids(const struct config *config, struct error *err)
{
	const struct id_maps *maps = &config->id_maps;

	if (has_new_namespace(config, NS_USER) && check_new_user_namespace(config, err) < 0)
		return -err->code;
	if ((maps->n_uids > 0 || maps->n_gids > 0) && !has_namespace(config, NS_USER))
		return refuse(err, "linux.%s: no user namespace to map; add {\"type\": \"user\"} to linux.namespaces",
			      maps->n_uids > 0 ? "uidMappings" : "gidMappings");
	if (idmap_validate(maps, err) < 0) {
		/* Its text begins with "uidMappings[1]: ": the path goes right in front of that. */
		struct error inner = *err;

		return refuse(err, "linux.%.480s", inner.text);
	}
	return 0;
}

int validate_hostnames(const struct config *config, struct error *err)
{
	const struct {
		const char *member, *value;
	} names[] = { { "hostname", config->hostname }, { "domainname", config->domainname } };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!names[i].value)
			continue;
		if (!has_namespace(config, NS_UTS))
			return refuse(err, "%s: would change the host's; add {\"type\": \"uts\"} to linux.namespaces",
				      names[i].member);
		if (strlen(names[i].value) > UTS_NAME_MAX)
			return refuse(err, "%s: %zu characters; the kernel takes %d", names[i].member,
				      strlen(names[i].value), UTS_NAME_MAX);
	}
	return 0;
}

int validate_time_offsets(const struct config *config, struct error *err)
{
	/* time_namespaces(7): offsets can be set only before the first process enters. */
	if ((config->monotonic.set || config->boottime.set) && !has_new_namespace(config, NS_TIME))
		return refuse(
			err,
			"linux.timeOffsets: needs a new time namespace; add {\"type\": \"time\"} to linux.namespaces");
	return 0;
}

int validate_devices(const struct config *config, struct error *err)
{
	for (size_t i = 0; i < config->rootfs.n_devices; i++)
		if (check_inside_path("linux.devices", i, ".path", config->rootfs.devices[i].path, err) < 0)
			return -err->code;
	return 0;
}

int validate_cgroups_path(const struct config *config, struct error *err)
{
	const char *path = config->cgroups_path;

	if (!path)
		return 0;
	/* path_is_clean() wants an absolute path; the spec allows a relative one. Parts begin after each slash. */
	while (*path) {
		size_t length = strcspn(path, "/");

		if (length == 2 && path[0] == '.' && path[1] == '.')
			return refuse(err, "linux.cgroupsPath: \"%.100s\" has \"..\" in it; write the path without",
				      config->cgroups_path);
		path += length + (path[length] == '/');
	}
	if (strchr(config->cgroups_path, '\n'))
		return refuse(err, "linux.cgroupsPath: has a newline in it; remove it");
	return 0;
}

int validate_sysctls(const struct config *config, struct error *err)
{
	struct sysctl_scope scope = {
		.ipc = has_namespace(config, NS_IPC),
		.network = has_namespace(config, NS_NETWORK),
		.uts = has_namespace(config, NS_UTS),
		.user = has_namespace(config, NS_USER),
		.own_hostname = config->hostname != NULL,
		.own_domainname = config->domainname != NULL,
	};

	if (sysctl_validate(config->sysctls, config->n_sysctls, &scope, err) < 0)
		return context(err, "linux.sysctl");
	return 0;
}

int validate_protected_paths(const struct config *config, struct error *err)
{
	const struct {
		const char *member;
		const char **paths;
		size_t count;
	} lists[] = {
		{ "linux.maskedPaths", config->rootfs.masked_paths, config->rootfs.n_masked_paths },
		{ "linux.readonlyPaths", config->rootfs.readonly_paths, config->rootfs.n_readonly_paths },
	};

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		for (size_t n = 0; n < lists[i].count; n++)
			if (check_inside_path(lists[i].member, n, "", lists[i].paths[n], err) < 0)
				return -err->code;
	return 0;
}

int validate_net_devices(const struct config *config, struct error *err)
{
	if (config->n_net_devices > 0 && !has_namespace(config, NS_NETWORK))
		return refuse(err, "linux.netDevices: the container has no network namespace to move them to");
	for (size_t i = 0; i < config->n_net_devices; i++) {
		const struct config_net_device *device = &config->net_devices[i];

		if (!link_name_valid(device->name))
			return refuse(err, "linux.netDevices: \"%.32s\" is not a name of an interface", device->name);
		if (device->as && !device_name_valid(device->as))
			return refuse(err, "linux.netDevices.%s.name: \"%.32s\" is not a name for an interface",
				      device->name, device->as);
	}
	return 0;
}

int validate_unsupported(const struct config *config, struct error *err)
{
	const struct {
		const char *member;
		bool present;
	} features[] = {
		{ "linux.intelRdt", config->has_intel_rdt },
		{ "linux.memoryPolicy", config->has_memory_policy },
	};

	for (size_t i = 0; i < ARRAY_SIZE(features); i++)
		if (features[i].present)
			return refuse(err, "%s: not supported yet; remove it", features[i].member);
	return 0;
}
