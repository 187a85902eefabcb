/*
 * config_mounts.c - one entry of mounts: runtime-spec config.md "Mounts", "Linux mount options" and "POSIX-platform
 * Mounts".
 *
 * Order: the members -> is it a bind (type "bind", or a bind word anywhere in options: other words depend on it) -> the
 * option words in their order -> the id maps.
 */
#include <sys/mount.h>

#include "base/str.h"
#include "config.h"
#include "config_parts.h"

struct entry {
	const char *destination, *type, *source;
	const char **options;
	struct id_maps maps;
};

#define E(member) offsetof(struct entry, member)

const struct json_field config_id_map_fields[] = {
	{ "containerID", JSON_AS_U32, offsetof(struct id_map, container_id), .required = true },
	{ "hostID", JSON_AS_U32, offsetof(struct id_map, host_id), .required = true },
	{ "size", JSON_AS_U32, offsetof(struct id_map, size), .required = true },
	{ NULL },
};

static const struct json_field entry_fields[] = {
	{ "destination", JSON_AS_STRING, E(destination), .required = true },
	{ "type", JSON_AS_STRING, E(type) },
	{ "source", JSON_AS_STRING, E(source) },
	{ "options", JSON_AS_STRING_LIST, E(options) },
	{ "uidMappings", JSON_AS_ARRAY, E(maps.uids), .count_offset = E(maps.n_uids), .size = sizeof(struct id_map),
	  .fields = config_id_map_fields },
	{ "gidMappings", JSON_AS_ARRAY, E(maps.gids), .count_offset = E(maps.n_gids), .size = sizeof(struct id_map),
	  .fields = config_id_map_fields },
	{ NULL },
};

static bool is_bind(const struct entry *entry)
{
	if (str_eq(entry->type, "bind"))
		return true;
	for (const char **option = entry->options; option && *option; option++)
		if (str_eq(*option, "bind") || str_eq(*option, "rbind"))
			return true;
	return false;
}

static int apply_options(struct arena *arena, const struct json *node, struct mount *mount, struct error *err)
{
	const struct json *options = json_get(node, "options");

	if (!options || options->type == JSON_NULL)
		return 0;
	for (const struct json *option = options->first; option; option = option->next)
		if (mount_option_apply(arena, mount, option->text, err) < 0)
			return json_context(option, err);
	return 0;
}

static int take_maps(const struct json *node, const struct entry *entry, struct mount *mount, struct error *err)
{
	if (entry->maps.n_uids == 0 && entry->maps.n_gids == 0)
		return 0;
	if (entry->maps.n_uids == 0 || entry->maps.n_gids == 0)
		return json_refuse(node, err, "uidMappings and gidMappings go together; add %s",
				   entry->maps.n_uids == 0 ? "uidMappings" : "gidMappings");
	mount->id_maps = entry->maps;
	/* Callers older than the word "idmap" (runtime-spec 1.2) give only the maps. */
	if (mount->idmap == MOUNT_IDMAP_NONE)
		mount->idmap = MOUNT_IDMAP_PLAIN;
	return 0;
}

int config_decode_mount(struct arena *arena, const struct json *node, void *target, struct error *err)
{
	struct mount *mount = target;
	struct entry entry = { 0 };
	int r = json_decode(arena, node, entry_fields, &entry, err);

	if (r < 0)
		return r;
	/* A relative destination is deprecated, and means below "/". */
	mount->destination =
		*entry.destination == '/' ? entry.destination : arena_printf(arena, "/%s", entry.destination);
	mount->source = entry.source;
	mount->bind = is_bind(&entry);
	mount->type = mount->bind ? NULL : entry.type;
	r = apply_options(arena, node, mount, err);
	return r < 0 ? r : take_maps(node, &entry, mount, err);
}

/* The schema has four words; Docker and Podman send the recursive ones of mount(8) as well. */
static const struct json_name propagations[] = {
	{ "private", MS_PRIVATE },
	{ "rprivate", MS_PRIVATE | MS_REC },
	{ "slave", MS_SLAVE },
	{ "rslave", MS_SLAVE | MS_REC },
	{ "shared", MS_SHARED },
	{ "rshared", MS_SHARED | MS_REC },
	{ "unbindable", MS_UNBINDABLE },
	{ "runbindable", MS_UNBINDABLE | MS_REC },
	{ NULL, 0 },
};

int config_decode_propagation(struct arena *arena, const struct json *node, void *target, struct error *err)
{
	(void)arena;
	return json_enum(node, propagations, target, err);
}
