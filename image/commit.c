/* commit.c - see commit.h. */
#include "commit.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/str.h"
#include "config.h"
#include "decompress.h"
#include "layer.h"
#include "record.h"
#include "source_layout.h"
#include "source_made.h"
#include "store_write.h"

enum { FILE_MODE = 0600, TIME_SIZE = 32, CONFIG_DEPTH = 64 };

struct commit {
	struct staging *staging;
	struct arena *arena;
	const char *id;
	const struct commit_options *options;
	struct image_record record;
	struct digest diff_id;
	char created[TIME_SIZE];
};

static int open_container(const struct commit *commit, struct error *err)
{
	char path[PATH_MAX];
	int fd;

	if (strchr(commit->id, '/') || commit->id[0] == '.')
		return refuse(err, "\"%.64s\" is no container's id", commit->id);
	(void)snprintf(path, sizeof(path), "containers/%s", commit->id);
	fd = openat(commit->staging->store->root, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? fail(err, errno, "container `%s` in the image store", commit->id) : fd;
}

static int read_image(struct commit *commit, int container, struct error *err)
{
	char hex[DIGEST_HEX_MAX + 1];
	ssize_t length = fd_read_small(container, "image", hex, sizeof(hex));
	int r;

	if (length < 0)
		return refuse_as(err, ENOENT, "container `%s` was not started from an image", commit->id);
	/* Files of a container with ids of its own belong to host ids that mean nothing elsewhere. */
	if (faccessat(container, "userns", F_OK, 0) == 0)
		return refuse(err,
			      "container `%s` has a user namespace with ids of its own: its files cannot be a layer",
			      commit->id);
	r = store_read_record(commit->staging->store, commit->arena, hex, &commit->record, err);
	return r == -ENOENT ? refuse_as(err, ENOENT, "the image of container `%s` is not stored any more", commit->id)
			    : r;
}

static int add_base_layers(const struct commit *commit, struct source *source, struct error *err)
{
	for (size_t i = 0; i < commit->record.n_layers; i++) {
		const struct record_layer *layer = &commit->record.layers[i];
		int fd = store_open_blob(commit->staging->store, &layer->blob, layer->blob_size, err);
		int r;

		if (fd < 0)
			return fd == -ENOENT
				       ? refuse_as(err, ENOENT, "layer %zu of the image has no blob in the store", i)
				       : fd;
		r = made_source_add_layer(source, fd, file_compression(fd), err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_upper(struct commit *commit, int container, struct source *source, struct error *err)
{
	auto_fd int upper = openat(container, "upper", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_fd int tar = openat(commit->staging->fd, "layer.tar", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
	uint64_t size;
	int r;

	if (upper < 0)
		return fail(err, errno, "what container `%s` has written", commit->id);
	if (tar < 0)
		return fail(err, errno, "make %s/layer.tar", commit->staging->name);
	r = layer_pack(upper, tar, commit->staging->store->user_xattrs, &commit->diff_id, &size, err);
	return r == 0 ? made_source_add_layer(source, take_fd(&tar), COMPRESSION_NONE, err) : r;
}

/* ---- the config: the image's own, with one more layer ---- */

static void put_items(struct json_writer *writer, const struct json *array)
{
	for (const struct json *item = array ? array->first : NULL; item; item = item->next)
		json_put_node(writer, NULL, item);
}

static void put_rootfs(const struct commit *commit, struct json_writer *writer, const struct json *rootfs)
{
	char text[DIGEST_TEXT_MAX];

	json_begin_object(writer, "rootfs");
	json_put_string(writer, "type", "layers");
	json_begin_array(writer, "diff_ids");
	put_items(writer, json_get(rootfs, "diff_ids"));
	json_put_string(writer, NULL, digest_text(&commit->diff_id, text));
	json_end_array(writer);
	json_end_object(writer);
}

static void put_history(const struct commit *commit, struct json_writer *writer, const struct json *history)
{
	json_begin_array(writer, "history");
	put_items(writer, history);
	json_begin_object(writer, NULL);
	json_put_string(writer, "created", commit->created);
	json_put_string(writer, "created_by", "coffer commit");
	if (commit->options->author)
		json_put_string(writer, "author", commit->options->author);
	if (commit->options->comment)
		json_put_string(writer, "comment", commit->options->comment);
	json_end_object(writer);
	json_end_array(writer);
}

static void put_config(const struct commit *commit, struct json_writer *writer, const struct json *root)
{
	static const char *const replaced[] = { "created", "rootfs", "history" };

	json_begin_object(writer, NULL);
	json_put_string(writer, "created", commit->created);
	if (commit->options->author)
		json_put_string(writer, "author", commit->options->author);
	for (const struct json *member = root->first; member; member = member->next) {
		bool kept = !(commit->options->author && str_eq(member->key, "author"));

		for (size_t i = 0; i < ARRAY_SIZE(replaced); i++)
			kept = kept && !str_eq(member->key, replaced[i]);
		if (kept)
			json_put_node(writer, member->key, member);
	}
	put_rootfs(commit, writer, json_get(root, "rootfs"));
	put_history(commit, writer, json_get(root, "history"));
	json_end_object(writer);
}

static void set_time(struct commit *commit)
{
	time_t now = time(NULL);
	struct tm parts;

	if (gmtime_r(&now, &parts))
		(void)strftime(commit->created, sizeof(commit->created), "%Y-%m-%dT%H:%M:%SZ", &parts);
}

static int finish(struct commit *commit, struct source *source, struct error *err)
{
	static const struct json_limits limits = { .size = IMAGE_CONFIG_MAX, .depth = CONFIG_DEPTH };
	auto_json_writer struct json_writer *writer = json_writer_new(false);
	auto_free char *text = NULL;
	const char *made;
	struct json *root = NULL;
	size_t length = 0;
	int r = store_read_blob(commit->staging->store, &commit->record.config, IMAGE_CONFIG_MAX, &text, &length, err);

	if (r == 0)
		r = json_parse(commit->arena, "image config", text, length, &limits, &root, err);
	if (r == 0 && root->type != JSON_OBJECT)
		r = refuse(err, "image config: expected an object");
	if (r < 0 || !root)
		return r;
	set_time(commit);
	put_config(commit, writer, root);
	made = json_writer_text(writer, &length);
	made_source_finish(source, made, length);
	return 0;
}

int commit_source_open(struct staging *staging, struct arena *arena, const char *id,
		       const struct commit_options *options, struct source **ret, struct platform *ret_platform,
		       struct error *err)
{
	struct commit commit = { .staging = staging, .arena = arena, .id = id, .options = options };
	auto_source struct source *source = made_source_new(id);
	auto_fd int container = open_container(&commit, err);
	int r = container < 0 ? container : read_image(&commit, container, err);

	if (r == 0)
		r = add_base_layers(&commit, source, err);
	if (r == 0)
		r = add_upper(&commit, container, source, err);
	if (r == 0)
		r = finish(&commit, source, err);
	if (r < 0)
		return r;
	*ret_platform = (struct platform){
		.os = commit.record.os,
		.architecture = commit.record.architecture,
		.variant = commit.record.variant,
	};
	*ret = take_ptr(source);
	return 0;
}
