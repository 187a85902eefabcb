/* config.c - see config.h: the image configuration by tables (image-spec config.md "Properties"). */
#include "config.h"

#include "base/str.h"

enum { CONFIG_DEPTH = 16 };

/* The members of an object as a list of its keys: ExposedPorts and Volumes are sets, written so for Go. */
static int decode_set(struct arena *arena, const struct json *node, void *target, struct error *err)
{
	const char **keys;
	size_t count = 0;

	if (node->type != JSON_OBJECT)
		return json_refuse(node, err, "expected an object, found %s", json_type_name(node->type));
	keys = arena_array(arena, node->count + 1, sizeof(*keys));
	for (const struct json *member = node->first; member; member = member->next)
		keys[count++] = member->key;
	*(const char ***)target = keys;
	return 0;
}

static int decode_rootfs_type(struct arena *arena, const struct json *node, void *target, struct error *err)
{
	const char *type;
	int r = json_string(node, &type, err);

	(void)arena;
	(void)target;
	if (r == 0 && !str_eq(type, "layers"))
		r = json_refuse(node, err, "expected \"layers\", found \"%.64s\"", type);
	return r;
}

#define TEXT(key_, field)                                                                                              \
	{                                                                                                              \
		.key = (key_), .kind = JSON_AS_STRING, .offset = offsetof(struct image_config, field)                  \
	}
#define LIST(key_, field)                                                                                              \
	{                                                                                                              \
		.key = (key_), .kind = JSON_AS_STRING_LIST, .offset = offsetof(struct image_config, field)             \
	}
#define SET(key_, field)                                                                                               \
	{                                                                                                              \
		.key = (key_), .kind = JSON_AS_CUSTOM, .offset = offsetof(struct image_config, field),                 \
		.decode = decode_set                                                                                   \
	}
#define HISTORY(key_, field)                                                                                           \
	{                                                                                                              \
		.key = (key_), .kind = JSON_AS_STRING, .offset = offsetof(struct image_history, field)                 \
	}

/* Both objects write into the same struct image_config. */
static const struct json_field process_fields[] = {
	TEXT("User", user),
	TEXT("WorkingDir", working_dir),
	TEXT("StopSignal", stop_signal),
	LIST("Env", env),
	LIST("Entrypoint", entrypoint),
	LIST("Cmd", cmd),
	SET("Volumes", volumes),
	SET("ExposedPorts", exposed_ports),
	{ .key = "Labels",
	  .kind = JSON_AS_STRING_MAP,
	  .offset = offsetof(struct image_config, labels),
	  .count_offset = offsetof(struct image_config, n_labels) },
	{ .key = NULL },
};

static const struct json_field rootfs_fields[] = {
	{ .key = "type", .kind = JSON_AS_CUSTOM, .decode = decode_rootfs_type, .required = true },
	{ .key = "diff_ids",
	  .kind = JSON_AS_ARRAY,
	  .offset = offsetof(struct image_config, diff_ids),
	  .decode = digest_decode,
	  .size = sizeof(struct digest),
	  .required = true,
	  .count_offset = offsetof(struct image_config, n_diff_ids) },
	{ .key = NULL },
};

static const struct json_field history_fields[] = {
	HISTORY("created", created),
	HISTORY("created_by", created_by),
	HISTORY("author", author),
	HISTORY("comment", comment),
	{ .key = "empty_layer", .kind = JSON_AS_BOOL, .offset = offsetof(struct image_history, empty_layer) },
	{ .key = NULL },
};

static const struct json_field fields[] = {
	TEXT("author", author),
	TEXT("created", created),
	{ .key = "os", .kind = JSON_AS_STRING, .offset = offsetof(struct image_config, platform.os), .required = true },
	{ .key = "architecture",
	  .kind = JSON_AS_STRING,
	  .offset = offsetof(struct image_config, platform.architecture),
	  .required = true },
	TEXT("variant", platform.variant),
	TEXT("os.version", platform.os_version),
	{ .key = "config", .kind = JSON_AS_OBJECT, .fields = process_fields },
	{ .key = "rootfs", .kind = JSON_AS_OBJECT, .fields = rootfs_fields, .required = true },
	{ .key = "history",
	  .kind = JSON_AS_ARRAY,
	  .offset = offsetof(struct image_config, history),
	  .fields = history_fields,
	  .size = sizeof(struct image_history),
	  .count_offset = offsetof(struct image_config, n_history) },
	{ .key = NULL },
};

int image_config_decode(struct arena *arena, const char *text, size_t length, struct image_config *ret,
			struct error *err)
{
	static const struct json_limits limits = { .size = IMAGE_CONFIG_MAX, .depth = CONFIG_DEPTH };
	struct image_config config = { 0 };
	struct json *root;
	int r = json_parse(arena, "image config", text, length, &limits, &root, err);

	if (r == 0 && json_decode(arena, root, fields, &config, err) < 0)
		r = context(err, "image config");
	if (r < 0)
		return r;
	config.n_volumes = str_list_length(config.volumes);
	config.n_exposed_ports = str_list_length(config.exposed_ports);
	*ret = config;
	return 0;
}
