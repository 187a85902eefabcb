/* shown_config.c - see shown_config.h. */
#include "shown_config.h"

#include <stddef.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "config.h"

/* The two members of the saved config that a state shows. */
static const struct json_field shown_fields[] = {
	{ "ociVersion", JSON_AS_STRING, offsetof(struct container_info, oci_version) },
	{ "annotations", JSON_AS_STRING_MAP, offsetof(struct container_info, annotations),
	  .size = sizeof(struct key_value), .count_offset = offsetof(struct container_info, n_annotations) },
	{ 0 },
};

void shown_config_read(int dir_fd, struct arena *arena, struct container_info *info)
{
	const struct json_limits limits = { .size = CONFIG_SIZE_MAX, .depth = CONFIG_DEPTH_MAX };
	struct container_info read = *info;
	auto_free char *text = NULL;
	struct error ignored;
	struct json *root;
	size_t length;

	if (fd_read_file(dir_fd, "config.json", CONFIG_SIZE_MAX, &text, &length, &ignored) == 0 &&
	    json_parse(arena, "config.json", text, length, &limits, &root, &ignored) == 0 &&
	    json_decode(arena, root, shown_fields, &read, &ignored) == 0)
		*info = read;
}
