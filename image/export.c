/* export.c - see export.h: archives are put together in a staging directory, and packed from there. To a registry:
   export_push.c. */
#include "export.h"

#include <dirent.h>
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
#include "file_copy.h"
#include "layer.h"
#include "staging.h"
#include "store_write.h"

enum { DIRECTORY_MODE = 0755, FILE_MODE = 0644 };

static int copy_blob_as(const struct store *store, const struct digest *digest, uint64_t size, int dir_fd,
			const char *suffix, struct error *err)
{
	auto_free char *name = xasprintf("%s%s", digest->hex, suffix);
	auto_fd int from = store_open_blob(store, digest, size, err);
	auto_fd int to = -1;

	if (from == -ENOENT)
		return refuse_as(err, ENOENT, "blob %s is not in the store or damaged: pull the image again",
				 digest->hex);
	if (from < 0)
		return from;
	to = openat(dir_fd, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
	if (to < 0)
		return fail(err, errno, "make %s", name);
	return file_copy_tail(from, to, 0, size, NULL, err);
}

static void put_saved(struct json_writer *writer, struct arena *arena, const struct image_record *record,
		      const char *name)
{
	json_begin_array(writer, NULL);
	json_begin_object(writer, NULL);
	json_put_string(writer, "Config", arena_printf(arena, "%s.json", record->config.hex));
	json_begin_array(writer, "RepoTags");
	if (name)
		json_put_string(writer, NULL, name);
	json_end_array(writer);
	json_begin_array(writer, "Layers");
	for (size_t i = 0; i < record->n_layers; i++)
		json_put_string(writer, NULL, arena_printf(arena, "%s.tar", record->layers[i].blob.hex));
	json_end_array(writer);
	json_end_object(writer);
	json_end_array(writer);
}

/* Layers stay compressed: those who read such archives look at the first bytes. */
static int write_saved(const struct store *store, struct arena *arena, const struct image_record *record, int dir_fd,
		       const char *name, struct error *err)
{
	auto_json_writer struct json_writer *writer = json_writer_new(false);
	const char *text;
	size_t length;
	int r = copy_blob_as(store, &record->config, record->config_size, dir_fd, ".json", err);

	for (size_t i = 0; r == 0 && i < record->n_layers; i++)
		r = copy_blob_as(store, &record->layers[i].blob, record->layers[i].blob_size, dir_fd, ".tar", err);
	if (r < 0)
		return r;
	put_saved(writer, arena, record, name);
	text = json_writer_text(writer, &length);
	return fd_write_atomic(dir_fd, "manifest.json", text, length, FILE_MODE, err);
}

static int pack_to(int dir_fd, int fd, struct error *err)
{
	struct digest ignored_digest;
	uint64_t ignored_size;

	return layer_pack(dir_fd, fd, false, &ignored_digest, &ignored_size, err);
}

/* A pipe, a device, a link such as /dev/stdout: written to as it is. A rename would put a file in its place. */
static bool is_special(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

static int pack_to_special(int dir_fd, const char *path, struct error *err)
{
	auto_fd int fd = str_eq(path, "-") ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0)
					   : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, FILE_MODE);
	int r;

	if (fd < 0)
		return fail(err, errno, "open %s", path);
	if (isatty(fd))
		return refuse(err, "an archive is not for a terminal");
	r = pack_to(dir_fd, fd, err);
	return r < 0 ? context(err, "write %s", path) : 0;
}

/* One at a time, with a lock that a killed save does not leave behind. By the time that it is ours, the file may have
   become another save's archive. */
static int open_temporary(const char *path, struct error *err)
{
	auto_fd int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
	struct stat ours, there;

	if (fd < 0)
		return fail(err, errno, "make %s", path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0 || fstat(fd, &ours) < 0 || lstat(path, &there) < 0 ||
	    ours.st_ino != there.st_ino)
		return refuse_as(err, EBUSY, "%s is being written by another save", path);
	return ftruncate(fd, 0) < 0 ? fail(err, errno, "make %s", path) : take_fd(&fd);
}

static int pack(int dir_fd, const char *path, struct error *err)
{
	auto_free char *temporary = xasprintf("%s.tmp", path);
	auto_fd int fd = -1;
	int r;

	if (str_eq(path, "-") || is_special(path))
		return pack_to_special(dir_fd, path, err);
	fd = open_temporary(temporary, err);
	if (fd < 0)
		return fd;
	r = pack_to(dir_fd, fd, err);
	/* It may replace an older archive, which a power cut must not leave neither of. */
	if (r == 0 && fsync(fd) < 0)
		r = fail(err, errno, "fsync %s", temporary);
	if (r == 0 && rename(temporary, path) < 0)
		r = fail(err, errno, "write %s", path);
	if (r < 0)
		(void)unlink(temporary);
	return r;
}

/* What others load takes whole names only, with a tag. */
static int saved_name(struct arena *arena, const struct image_ref *ref, const char *name, const char **ret,
		      struct error *err)
{
	struct image_ref saved = { 0 };
	int r = ref->tag ? ref_parse(arena, ref->tag, &saved, err) : 0;

	if (r < 0)
		return context(err, "docker-archive:%s", ref->path);
	if (ref->tag && (!saved.name || saved.digest.hex[0]))
		return refuse(err, "docker-archive:%s: \"%s\" is no NAME[:TAG]", ref->path, ref->tag);
	*ret = ref->tag ? saved.name : name;
	return 0;
}

static int export_archive(const struct store *store, struct arena *arena, const struct image_record *record,
			  const struct image_ref *ref, const char *name, struct error *err)
{
	auto_staging struct staging staging = { .fd = -1 };
	auto_fd int dir = -1;
	int r = ref->transport == REF_DOCKER_ARCHIVE ? saved_name(arena, ref, name, &name, err) : 0;

	if (r == 0)
		r = staging_make(store, &staging, err);
	if (r < 0)
		return r;
	if (mkdirat(staging.fd, "archive", DIRECTORY_MODE) < 0)
		return fail(err, errno, "make %s/archive", staging.name);
	dir = openat(staging.fd, "archive", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return fail(err, errno, "open %s/archive", staging.name);
	if (ref->transport == REF_DOCKER_ARCHIVE)
		r = write_saved(store, arena, record, dir, name, err);
	else
		r = export_layout(store, arena, record, dir, ref->tag ? ref->tag : name, err);
	return r < 0 ? r : pack(dir, ref->path, err);
}

/* Something else's directory is not mixed with blobs. What a killed save had begun with is its temporary oci-layout. */
static int check_layout(int dir_fd, const char *path, struct error *err)
{
	auto_fd int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	const char *other = NULL;

	if (!dir)
		return fail(err, errno, "read %s", path);
	(void)take_fd(&fd);
	if (faccessat(dir_fd, "oci-layout", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	while (!other && (entry = readdir(dir)) != NULL)
		if (!str_eq(entry->d_name, ".") && !str_eq(entry->d_name, "..") &&
		    !str_starts(entry->d_name, "oci-layout."))
			other = entry->d_name;
	if (other)
		return refuse_as(err, ENOTEMPTY, "%s is no OCI layout, and not empty: it has %.64s", path, other);
	return 0;
}

int export_to_path(const struct store *store, struct arena *arena, const struct image_record *record,
		   const struct image_ref *ref, const char *name, struct error *err)
{
	auto_staging struct staging held = { .fd = -1 };
	auto_fd int dir = -1;
	int r = store_hold_image(store, record, &held, err);

	if (r < 0)
		return r;
	if (ref->transport != REF_OCI)
		return export_archive(store, arena, record, ref, name, err);
	if (mkdir(ref->path, DIRECTORY_MODE) < 0 && errno != EEXIST)
		return fail(err, errno, "make %s", ref->path);
	dir = open(ref->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return fail(err, errno, "open %s", ref->path);
	r = check_layout(dir, ref->path, err);
	return r < 0 ? r : export_layout(store, arena, record, dir, ref->tag, err);
}
