/* export_layout.c - a stored image into an OCI layout (image-spec image-layout.md); see export.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/str.h"
#include "export.h"
#include "file_copy.h"
#include "manifest.h"
#include "store_write.h"

#define REF_NAME_ANNOTATION "org.opencontainers.image.ref.name"

enum { DIRECTORY_MODE = 0755, FILE_MODE = 0644 };

static const char layout_file[] = "{\"imageLayoutVersion\":\"1.0.0\"}";

static int make_directories(int dir_fd, struct error *err)
{
	static const char *const names[] = { "blobs", "blobs/sha256", "blobs/sha512" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (mkdirat(dir_fd, names[i], DIRECTORY_MODE) < 0 && errno != EEXIST)
			return fail(err, errno, "make %s", names[i]);
	return 0;
}

/* Under a temporary name first: half a blob must not look like one. */
static int copy_blob(const struct store *store, const struct digest *digest, uint64_t size, int dir_fd,
		     struct error *err)
{
	char name[STORE_PATH_MAX];
	auto_fd int from = store_open_blob(store, digest, size, err);
	auto_free char *temporary = xasprintf("%s.tmp", store_blob_name(digest, name));
	auto_fd int to = -1;
	struct stat st;
	int r;

	if (from == -ENOENT)
		return refuse_as(err, ENOENT, "%s is not in the store or damaged: pull the image again", name);
	if (from < 0)
		return from;
	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && (uint64_t)st.st_size == size)
		return 0;
	to = openat(dir_fd, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
	if (to < 0)
		return fail(err, errno, "make %s", temporary);
	r = file_copy_tail(from, to, 0, size, NULL, err);
	if (r < 0)
		return context(err, "%s", name);
	return renameat(dir_fd, temporary, dir_fd, name) < 0 ? fail(err, errno, "write %s", name) : 0;
}

static int copy_blobs(const struct store *store, const struct image_record *record, int dir_fd, struct error *err)
{
	int r = copy_blob(store, &record->config, record->config_size, dir_fd, err);

	for (size_t i = 0; r == 0 && i < record->n_layers; i++)
		r = copy_blob(store, &record->layers[i].blob, record->layers[i].blob_size, dir_fd, err);
	return r < 0 ? r : copy_blob(store, &record->manifest, record->manifest_size, dir_fd, err);
}

static void put_optional(struct json_writer *writer, const char *key, const char *text)
{
	if (text)
		json_put_string(writer, key, text);
}

static void put_platform(struct json_writer *writer, const struct platform *platform)
{
	if (!platform->os || !platform->architecture)
		return;
	json_begin_object(writer, "platform");
	json_put_string(writer, "architecture", platform->architecture);
	json_put_string(writer, "os", platform->os);
	put_optional(writer, "variant", platform->variant);
	put_optional(writer, "os.version", platform->os_version);
	json_end_object(writer);
}

static void put_entry(struct json_writer *writer, const struct descriptor *entry)
{
	char text[DIGEST_TEXT_MAX];

	json_begin_object(writer, NULL);
	json_put_string(writer, "mediaType", entry->media_type);
	json_put_string(writer, "digest", digest_text(&entry->digest, text));
	json_put_u64(writer, "size", entry->size);
	put_platform(writer, &entry->platform);
	if (entry->n_annotations) {
		json_begin_object(writer, "annotations");
		for (size_t i = 0; i < entry->n_annotations; i++)
			json_put_string(writer, entry->annotations[i].key, entry->annotations[i].value);
		json_end_object(writer);
	}
	json_end_object(writer);
}

static const char *tag_of(const struct descriptor *entry)
{
	for (size_t i = 0; i < entry->n_annotations; i++)
		if (str_eq(entry->annotations[i].key, REF_NAME_ANNOTATION))
			return entry->annotations[i].value;
	return NULL;
}

/* The entries that stay: other tags, and, for an image without a tag, other images. */
static bool stays(const struct descriptor *entry, const char *tag, const struct digest *manifest)
{
	return tag ? !str_eq(tag_of(entry), tag) : !digest_eq(&entry->digest, manifest);
}

static int read_index(int dir_fd, struct arena *arena, struct index *ret, struct error *err)
{
	auto_free char *text = NULL;
	size_t length;
	int r = fd_read_file(dir_fd, "index.json", MANIFEST_MAX, &text, &length, err);

	*ret = (struct index){ 0 };
	if (r == -ENOENT)
		return 0;
	return r < 0 ? r : index_decode(arena, text, length, MEDIA_TYPE_OCI_INDEX, ret, err);
}

static int write_index(int dir_fd, const struct index *old, const struct image_record *record, const char *tag,
		       struct error *err)
{
	auto_json_writer struct json_writer *writer = json_writer_new(false);
	struct key_value annotation = { REF_NAME_ANNOTATION, tag };
	const struct descriptor entry = {
		.media_type = record->manifest_type,
		.digest = record->manifest,
		.size = record->manifest_size,
		.platform = { record->os, record->architecture, record->variant, NULL },
		.annotations = &annotation,
		.n_annotations = tag != NULL,
	};
	const char *text;
	size_t length;

	json_begin_object(writer, NULL);
	json_put_u64(writer, "schemaVersion", 2);
	json_put_string(writer, "mediaType", MEDIA_TYPE_OCI_INDEX);
	json_begin_array(writer, "manifests");
	for (size_t i = 0; i < old->n_manifests; i++)
		if (stays(&old->manifests[i], tag, &record->manifest))
			put_entry(writer, &old->manifests[i]);
	put_entry(writer, &entry);
	json_end_array(writer);
	json_end_object(writer);
	text = json_writer_text(writer, &length);
	return fd_write_atomic(dir_fd, "index.json", text, length, FILE_MODE, err);
}

int export_layout(const struct store *store, struct arena *arena, const struct image_record *record, int dir_fd,
		  const char *tag, struct error *err)
{
	struct index index;
	int r;

	/* Two at a time would lose an entry of the index. The lock ends with dir_fd; not every file system has it. */
	(void)flock(dir_fd, LOCK_EX);
	r = read_index(dir_fd, arena, &index, err);
	/* First, so that what a killed save leaves is known for a layout. */
	if (r == 0)
		r = fd_write_atomic(dir_fd, "oci-layout", layout_file, sizeof(layout_file) - 1, FILE_MODE, err);
	if (r == 0)
		r = make_directories(dir_fd, err);
	if (r == 0)
		r = copy_blobs(store, record, dir_fd, err);
	return r < 0 ? r : write_index(dir_fd, &index, record, tag, err);
}
