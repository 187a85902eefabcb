/*
 * source_archive.c - sources in one file: the archive is unpacked to a staging directory, where an oci-archive is a
 * layout, and a docker-archive has manifest.json, which names a config and layer files. See source_layout.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/path.h"
#include "base/str.h"
#include "config.h"
#include "layer.h"
#include "source_layout.h"
#include "source_made.h"
#include "staging.h"

enum { MANIFESTS_MAX = 1024 * 1024, MANIFESTS_DEPTH = 6, FD_PATH_SIZE = 32, MAGIC_SIZE = 4 };
enum { DIRECTORY_MODE = 0700, FILE_MODE = 0600, PIECE = 256 * 1024 };

static const char folder[] = "archive";

struct archive {
	struct source source;
	struct staging staging;
	int dir;              /* of its own in the staging directory: what is called like our files there is not ours */
	struct source *inner; /* what is in it */
};

static int document(struct source *source, struct arena *arena, const struct descriptor *wanted, struct document *ret,
		    struct error *err)
{
	struct archive *archive = (struct archive *)source;
	int r = archive->inner->ops->document(archive->inner, arena, wanted, ret, err);

	if (archive->inner->image_name)
		source->image_name = archive->inner->image_name;
	return r;
}

static int blob(struct source *source, const struct descriptor *wanted, int out_fd, uint64_t have,
		const struct fetch_progress *progress, struct error *err)
{
	const struct archive *archive = (const struct archive *)source;

	return archive->inner->ops->blob(archive->inner, wanted, out_fd, have, progress, err);
}

static void close_archive(struct source *source)
{
	struct archive *archive = (struct archive *)source;

	source_close(archive->inner);
	cleanup_fd(&archive->dir);
	cleanup_staging(&archive->staging);
	free(archive);
}

enum compression file_compression(int fd)
{
	unsigned char start[MAGIC_SIZE];
	ssize_t got = pread(fd, start, sizeof(start), 0);

	return compression_of(start, got > 0 ? (size_t)got : 0);
}

static int make_folder(struct archive *archive, struct error *err)
{
	if (mkdirat(archive->staging.fd, folder, DIRECTORY_MODE) < 0)
		return fail(err, errno, "make %s/%s", archive->staging.name, folder);
	archive->dir = openat(archive->staging.fd, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return archive->dir < 0 ? fail(err, errno, "open %s/%s", archive->staging.name, folder) : 0;
}

static int copy_all(int from, int to, struct error *err)
{
	auto_free char *buffer = xcalloc(1, PIECE);
	uint64_t size = 0;

	for (;;) {
		ssize_t got = read(from, buffer, PIECE);
		int r;

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? fail(err, errno, "read") : 0;
		size += (uint64_t)got;
		if (size > layer_limits_default.bytes)
			return refuse(err, "more than %llu bytes", (unsigned long long)layer_limits_default.bytes);
		r = fd_write_all(to, buffer, (size_t)got);
		if (r < 0)
			return fail(err, -r, "write a copy of it");
	}
}

/* What can be read only once, a pipe, is read twice at a time: it becomes a file, without a name. */
static int spool(const struct staging *staging, int from, struct error *err)
{
	static const char name[] = "spool";
	auto_fd int to = openat(staging->fd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
	int r;

	if (to < 0 || unlinkat(staging->fd, name, 0) < 0)
		return fail(err, errno, "make %s/%s", staging->name, name);
	r = copy_all(from, to, err);
	if (r == 0 && lseek(to, 0, SEEK_SET) < 0)
		r = fail(err, errno, "seek");
	return r < 0 ? r : take_fd(&to);
}

int archive_open_file(const struct staging *staging, const char *path, struct error *err)
{
	auto_fd int fd = str_eq(path, "-") ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return fail(err, errno, "open");
	if (isatty(fd))
		return refuse(err, "expected an archive, not what is typed at a terminal");
	return S_ISREG(st.st_mode) ? take_fd(&fd) : spool(staging, fd, err);
}

static int unpack(const struct archive *archive, const char *path, struct error *err)
{
	auto_fd int fd = archive_open_file(&archive->staging, path, err);
	struct layer_options options = { .form = LAYER_APPLY, .no_devices = true, .checksum = true };
	struct layer_result result;
	int r;

	if (fd < 0)
		return context(err, "archive %s", path);
	options.compression = file_compression(fd);
	r = layer_unpack(archive->dir, fd, DIGEST_SHA256, DIGEST_SHA256, &options, &result, err);
	return r < 0 ? context(err, "archive %s", path) : 0;
}

/* ---- docker-archive ---- */

struct saved {
	const char *config;
	const char **tags, **layers;
};

static const struct json_field saved_fields[] = {
	{ .key = "Config", .kind = JSON_AS_STRING, .offset = offsetof(struct saved, config), .required = true },
	{ .key = "RepoTags", .kind = JSON_AS_STRING_LIST, .offset = offsetof(struct saved, tags) },
	{ .key = "Layers", .kind = JSON_AS_STRING_LIST, .offset = offsetof(struct saved, layers), .required = true },
	{ .key = NULL },
};

static int read_file(int dir_fd, const char *path, size_t max, char **ret_text, size_t *ret_length, struct error *err)
{
	auto_fd int fd = layout_open_file(dir_fd, path);
	char self[FD_PATH_SIZE];
	int r;

	if (fd < 0)
		return fail(err, -fd, "open %.200s", path);
	r = fd_read_file(AT_FDCWD, path_of_fd(fd, self), max, ret_text, ret_length, err);
	return r < 0 ? context(err, "%.200s", path) : 0;
}

/* "busybox" asks for what was saved as "docker.io/library/busybox:latest" too. */
static bool has_tag(struct arena *arena, const struct saved *saved, const char *wanted)
{
	struct image_ref a = { 0 };
	struct image_ref b = { 0 };
	struct error ignored;

	if (ref_parse(arena, wanted, &a, &ignored) < 0)
		return false;
	for (const char **tag = saved->tags; tag && *tag; tag++)
		if (ref_parse(arena, *tag, &b, &ignored) == 0 && str_eq(a.name, b.name))
			return true;
	return false;
}

static int choose_saved(struct arena *arena, const struct json *list, const char *tag, struct saved *ret,
			struct error *err)
{
	size_t found = 0;

	if (list->type != JSON_ARRAY)
		return refuse(err, "manifest.json: expected an array");
	for (const struct json *item = list->first; item; item = item->next) {
		struct saved saved = { 0 };

		if (json_decode(arena, item, saved_fields, &saved, err) < 0)
			return context(err, "manifest.json");
		if (tag && !has_tag(arena, &saved, tag))
			continue;
		*ret = saved;
		found++;
	}
	if (found == 1)
		return 0;
	if (found == 0)
		return refuse_as(err, ENOENT, "the archive has no image%s%s", tag ? " with the name " : "",
				 tag ? tag : "");
	return refuse(err, "the archive has %zu images: say which by its name", found);
}

static int add_layers(struct source *made, int dir_fd, const struct saved *saved, struct error *err)
{
	for (const char **path = saved->layers; path && *path; path++) {
		int fd = layout_open_file(dir_fd, *path);
		int r;

		if (fd < 0)
			return fail(err, -fd, "open %.200s", *path);
		r = made_source_add_layer(made, fd, file_compression(fd), err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int open_saved(struct archive *archive, struct arena *arena, const struct image_ref *ref, struct error *err)
{
	static const struct json_limits limits = { .size = MANIFESTS_MAX, .depth = MANIFESTS_DEPTH };
	auto_free char *text = NULL;
	auto_free char *config = NULL;
	struct saved saved = { 0 };
	struct json *root;
	size_t length;
	int r = read_file(archive->dir, "manifest.json", MANIFESTS_MAX, &text, &length, err);

	if (r == 0)
		r = json_parse(arena, "manifest.json", text, length, &limits, &root, err);
	if (r == 0)
		r = choose_saved(arena, root, ref->tag, &saved, err);
	if (r == 0)
		r = read_file(archive->dir, saved.config, IMAGE_CONFIG_MAX, &config, &length, err);
	if (r < 0)
		return r;
	archive->inner = made_source_new(archive->source.name);
	r = add_layers(archive->inner, archive->dir, &saved, err);
	if (r < 0)
		return r;
	made_source_finish(archive->inner, config, length);
	archive->source.image_name = saved.tags ? saved.tags[0] : NULL;
	return 0;
}

/* ---- both ---- */

static bool has_file(const struct archive *archive, const char *name)
{
	return faccessat(archive->dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int open_archive(struct archive *archive, struct arena *arena, const struct image_ref *ref, struct error *err)
{
	int r = make_folder(archive, err);
	bool saved = ref->transport == REF_DOCKER_ARCHIVE;
	int dir;

	if (r == 0)
		r = unpack(archive, ref->path, err);
	if (r < 0)
		return r;
	/* `load` takes either kind without being told which. */
	if (saved && !has_file(archive, "manifest.json") && has_file(archive, "oci-layout"))
		saved = false;
	if (saved && !has_file(archive, "manifest.json"))
		return refuse_as(err, ENOENT,
				 "no archive of images: neither manifest.json nor oci-layout is in it (a tar of a file "
				 "system is for `coffer image import`)");
	if (saved)
		return open_saved(archive, arena, ref, err);
	dir = openat(archive->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return fail(err, errno, "open %s/%s", archive->staging.name, folder);
	return layout_source_open(arena, dir, ref->tag, archive->source.name, &archive->inner, err);
}

static int archive_source_open(const struct store *store, struct arena *arena, const struct image_ref *ref,
			       const char *name, struct source **ret, struct error *err)
{
	static const struct source_ops ops = { .document = document, .blob = blob, .close = close_archive };
	auto_source struct source *source = NULL;
	struct archive *archive = xcalloc(1, sizeof(*archive));
	int r;

	archive->source = (struct source){ .ops = &ops, .name = arena_strdup(arena, name) };
	archive->staging.fd = archive->dir = -1;
	source = &archive->source;
	r = staging_make(store, &archive->staging, err);
	if (r == 0)
		r = open_archive(archive, arena, ref, err);
	if (r < 0)
		return context(err, "%s", name);
	*ret = take_ptr(source);
	return 0;
}

int source_open_path(const struct store *store, struct arena *arena, const struct image_ref *ref, struct source **ret,
		     struct error *err)
{
	static const char *const prefixes[] = {
		[REF_OCI] = "oci", [REF_OCI_ARCHIVE] = "oci-archive", [REF_DOCKER_ARCHIVE] = "docker-archive"
	};
	const char *name = arena_printf(arena, "%s:%s%s%s", prefixes[ref->transport], ref->path, ref->tag ? ":" : "",
					ref->tag ? ref->tag : "");
	int dir;

	if (ref->transport != REF_OCI)
		return archive_source_open(store, arena, ref, name, ret, err);
	dir = open(ref->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return fail(err, errno, "%s: open %s", name, ref->path);
	return layout_source_open(arena, dir, ref->tag, name, ret, err);
}
