/* source_layout.c - the source of an OCI layout: index.json, oci-layout and blobs/<alg>/<hex>; see source_layout.h. */
#include "source_layout.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/path.h"
#include "base/str.h"
#include "file_copy.h"
#include "hash.h"

#define REF_NAME_ANNOTATION "org.opencontainers.image.ref.name"

enum { LAYOUT_FILE_MAX = 4096, LAYOUT_DEPTH = 4, FD_PATH_SIZE = 32, TAGS_SIZE = 160 };

struct layout {
	struct source source;
	int dir;
	const char *tag;
};

int layout_open_file(int dir_fd, const char *path)
{
	auto_fd int fd = path_open_flags(dir_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	return S_ISREG(st.st_mode) ? take_fd(&fd) : -EINVAL;
}

static int read_text(const struct layout *layout, const char *path, size_t max, struct arena *arena,
		     struct document *ret, struct error *err)
{
	auto_fd int fd = layout_open_file(layout->dir, path);
	auto_free char *text = NULL;
	char self[FD_PATH_SIZE];
	size_t length;
	int r;

	if (fd < 0)
		return fail(err, -fd, "open %s", path);
	r = fd_read_file(AT_FDCWD, path_of_fd(fd, self), max, &text, &length, err);
	if (r < 0)
		return context(err, "%s", path);
	ret->text = arena_strndup(arena, text, length);
	ret->length = length;
	return 0;
}

static int check_version(const struct layout *layout, struct arena *arena, struct error *err)
{
	static const struct json_limits limits = { .size = LAYOUT_FILE_MAX, .depth = LAYOUT_DEPTH };
	struct document file;
	struct json *root;
	const struct json *version;
	int r = read_text(layout, "oci-layout", LAYOUT_FILE_MAX, arena, &file, err);

	if (r == 0)
		r = json_parse(arena, "oci-layout", file.text, file.length, &limits, &root, err);
	if (r < 0)
		return context(err, "this is no OCI layout");
	version = json_get(root, "imageLayoutVersion");
	if (!version || version->type != JSON_STRING || !str_eq(version->text, "1.0.0"))
		return refuse(err, "oci-layout: expected imageLayoutVersion \"1.0.0\"");
	return 0;
}

static const char *annotation(const struct descriptor *descriptor, const char *key)
{
	for (size_t i = 0; i < descriptor->n_annotations; i++)
		if (str_eq(descriptor->annotations[i].key, key))
			return descriptor->annotations[i].value;
	return NULL;
}

/* The entries that are images and have the tag (NULL: any): how many, and the first of them. */
static size_t count_tagged(const struct index *index, const char *tag, const struct descriptor **ret_first)
{
	size_t count = 0;

	for (size_t i = 0; i < index->n_manifests; i++) {
		const struct descriptor *entry = &index->manifests[i];

		if (entry->kind != MEDIA_MANIFEST && entry->kind != MEDIA_INDEX)
			continue;
		if (tag && !str_eq(annotation(entry, REF_NAME_ANNOTATION), tag))
			continue;
		if (count++ == 0)
			*ret_first = entry;
	}
	return count;
}

/* "a, b", as far as there is room. */
static const char *all_tags(const struct index *index, char buffer[static TAGS_SIZE])
{
	size_t used = 0;

	buffer[0] = '\0';
	for (size_t i = 0; i < index->n_manifests && used < TAGS_SIZE; i++) {
		const char *tag = annotation(&index->manifests[i], REF_NAME_ANNOTATION);

		if (tag)
			used += (size_t)snprintf(buffer + used, TAGS_SIZE - used, "%s%s", used ? ", " : "", tag);
	}
	return used ? buffer : "images without tags";
}

/* The entry that the reference names; NULL: the index itself is to be searched for a platform. */
static int choose_entry(const struct layout *layout, const struct index *index, const struct descriptor **ret,
			struct error *err)
{
	const struct descriptor *entry = NULL;
	size_t count = count_tagged(index, layout->tag, &entry);
	char tags[TAGS_SIZE];

	*ret = entry;
	if (count == 0 && layout->tag)
		return refuse_as(err, ENOENT, "the layout has no image with the tag \"%s\"; it has: %s", layout->tag,
				 all_tags(index, tags));
	if (count == 0)
		return refuse_as(err, ENOENT, "the layout has no image");
	if (count > 1 && layout->tag)
		return refuse(err, "the layout has %zu images with the tag \"%s\"", count, layout->tag);
	if (count > 1 && count_tagged(index, "latest", ret) != 1)
		*ret = NULL;
	return 0;
}

/* The caller of document(NULL) knows no digest to compare with. */
static int check_entry(const struct descriptor *entry, const struct document *found, struct error *err)
{
	struct digest digest;

	hash_bytes(found->text, found->length, entry->digest.algorithm, &digest);
	if (found->length != entry->size || !digest_eq(&digest, &entry->digest))
		return refuse_as(err, EBADMSG, "the manifest is not what index.json says: digest or size differ");
	return 0;
}

/* What is more than a tag: the name under which it was known where the layout was written. */
static const char *full_name(const struct descriptor *entry)
{
	const char *name = annotation(entry, "io.containerd.image.name");

	if (!name)
		name = annotation(entry, REF_NAME_ANNOTATION);
	return name && strpbrk(name, ":/") ? name : NULL;
}

static int first_document(struct layout *layout, struct arena *arena, struct document *ret, struct error *err)
{
	const struct descriptor *entry = NULL;
	struct index index;
	char name[STORE_PATH_MAX];
	int r = check_version(layout, arena, err);

	if (r == 0)
		r = read_text(layout, "index.json", MANIFEST_MAX, arena, ret, err);
	if (r < 0)
		return r;
	ret->media_type = MEDIA_TYPE_OCI_INDEX;
	r = index_decode(arena, ret->text, ret->length, ret->media_type, &index, err);
	if (r < 0)
		return context(err, "index.json");
	r = choose_entry(layout, &index, &entry, err);
	if (r < 0 || !entry)
		return r;
	r = read_text(layout, store_blob_name(&entry->digest, name), MANIFEST_MAX, arena, ret, err);
	ret->media_type = entry->media_type;
	layout->source.image_name = full_name(entry);
	return r < 0 ? r : check_entry(entry, ret, err);
}

static int document(struct source *source, struct arena *arena, const struct descriptor *wanted, struct document *ret,
		    struct error *err)
{
	struct layout *layout = (struct layout *)source;
	char name[STORE_PATH_MAX];
	int r;

	if (!wanted)
		return first_document(layout, arena, ret, err);
	r = read_text(layout, store_blob_name(&wanted->digest, name), MANIFEST_MAX, arena, ret, err);
	ret->media_type = wanted->media_type;
	return r;
}

static int blob(struct source *source, const struct descriptor *wanted, int out_fd, uint64_t have,
		const struct fetch_progress *progress, struct error *err)
{
	const struct layout *layout = (const struct layout *)source;
	char name[STORE_PATH_MAX];
	auto_fd int fd = layout_open_file(layout->dir, store_blob_name(&wanted->digest, name));

	if (fd == -ENOENT && wanted->foreign)
		return refuse_as(err, ENOENT, "%s: a non-distributable layer, which the layout does not have", name);
	if (fd < 0)
		return fail(err, -fd, "open %s", name);
	return file_copy_tail(fd, out_fd, have, wanted->size, progress, err);
}

static void close_layout(struct source *source)
{
	struct layout *layout = (struct layout *)source;

	(void)close(layout->dir);
	free(layout);
}

int layout_source_open(struct arena *arena, int dir_fd, const char *tag, const char *name, struct source **ret,
		       struct error *err)
{
	static const struct source_ops ops = { .document = document, .blob = blob, .close = close_layout };
	struct layout *layout = xcalloc(1, sizeof(*layout));

	(void)err;
	*layout = (struct layout){
		.source = { .ops = &ops, .name = arena_strdup(arena, name) },
		.dir = dir_fd,
		.tag = tag ? arena_strdup(arena, tag) : NULL,
	};
	*ret = &layout->source;
	return 0;
}
