/* bundle_parts.h - what the bundle*.c files share. */
#pragma once

#include "bundle.h"

struct bundle_input {
	struct arena *arena;
	const struct image_config *config; /* never NULL: an empty one */
	const struct bundle_options *options;
	const struct bundle_user *user;
	const char *const *capabilities; /* NULL-terminated: the bounding set */
	const char *const *added;        /* those of them that were asked for by name */
};

int bundle_put_mounts(const struct bundle_input *in, struct json_writer *writer, struct error *err);
int bundle_put_linux(const struct bundle_input *in, struct json_writer *writer, struct error *err);
int bundle_put_seccomp(const struct bundle_input *in, struct json_writer *writer, struct error *err);

/* The sets that --cap-add and --cap-drop leave of the default one. */
int bundle_capabilities(struct bundle_input *in, struct error *err);
