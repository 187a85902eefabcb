/* import.c - see import.h. */
#include "import.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/str.h"
#include "decompress.h"
#include "hash.h"
#include "layer.h"
#include "source_layout.h"
#include "source_made.h"

enum { FILE_MODE = 0600, TIME_SIZE = 32, PIECE = 256 * 1024 };

static ssize_t read_fd(void *context_, void *buffer, size_t size, struct error *err)
{
	ssize_t got;

	do
		got = read(*(const int *)context_, buffer, size);
	while (got < 0 && errno == EINTR);
	return got < 0 ? fail(err, errno, "read") : got;
}

/* The digest of the tar in the file; the fd is at its start, and is again afterwards. */
static int hash_tar(int fd, enum compression compression, struct digest *ret, struct error *err)
{
	const struct byte_source bytes = { .read = read_fd, .context = &fd };
	const struct decompress_options options = { .compression = compression,
						    .window_log = (unsigned)layer_limits_default.window_log };
	auto_decompress struct decompress *stream = decompress_open(&options, &bytes);
	auto_hash struct hash *hash = hash_new(DIGEST_SHA256);
	auto_free char *memory = xcalloc(1, DECOMPRESS_HISTORY + PIECE);
	char *const buffer = memory + DECOMPRESS_HISTORY;
	ssize_t got;

	while ((got = decompress_read(stream, buffer, PIECE, err)) > 0)
		hash_update(hash, buffer, (size_t)got);
	if (got < 0)
		return (int)got;
	hash_finish(hash, ret);
	return lseek(fd, 0, SEEK_SET) < 0 ? fail(err, errno, "seek") : 0;
}

static int pack_directory(const struct staging *staging, int dir, int *ret_fd, struct digest *ret_diff_id,
			  struct error *err)
{
	auto_fd int fd = openat(staging->fd, "layer.tar", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
	uint64_t ignored;
	int r;

	if (fd < 0)
		return fail(err, errno, "make %s/layer.tar", staging->name);
	r = layer_pack(dir, fd, staging->store->user_xattrs, ret_diff_id, &ignored, err);
	if (r == 0)
		*ret_fd = take_fd(&fd);
	return r;
}

static int open_directory(const char *path, struct error *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? fail(err, errno, "open") : fd;
}

static int open_layer(const struct staging *staging, const char *path, int *ret_fd, enum compression *ret_compression,
		      struct digest *ret_diff_id, struct error *err)
{
	auto_fd int fd = -1;
	struct stat st = { .st_mode = S_IFIFO };
	int r;

	if (!str_eq(path, "-") && stat(path, &st) < 0)
		return fail(err, errno, "open %s", path);
	if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode))
		return refuse(err, "%s: expected a directory or a tar file", path);
	fd = S_ISDIR(st.st_mode) ? open_directory(path, err) : archive_open_file(staging, path, err);
	if (fd < 0)
		return context(err, "%s", path);
	*ret_compression = COMPRESSION_NONE;
	if (S_ISDIR(st.st_mode))
		return pack_directory(staging, fd, ret_fd, ret_diff_id, err);
	*ret_compression = file_compression(fd);
	r = hash_tar(fd, *ret_compression, ret_diff_id, err);
	if (r < 0)
		return context(err, "%s", path);
	*ret_fd = take_fd(&fd);
	return 0;
}

static void put_list(struct json_writer *writer, const char *key, const char *const *texts)
{
	if (texts && *texts)
		json_put_strings(writer, key, texts);
}

static void put_optional(struct json_writer *writer, const char *key, const char *text)
{
	if (text)
		json_put_string(writer, key, text);
}

static void put_config(struct json_writer *writer, const struct import_options *options)
{
	json_begin_object(writer, "config");
	put_optional(writer, "User", options->user);
	put_list(writer, "Env", options->env);
	put_list(writer, "Entrypoint", options->entrypoint);
	put_list(writer, "Cmd", options->cmd);
	put_optional(writer, "WorkingDir", options->working_dir);
	json_end_object(writer);
}

static void put_image(struct json_writer *writer, const struct import_options *options, const struct digest *diff_id)
{
	char digest[DIGEST_TEXT_MAX];
	char created[TIME_SIZE] = "";
	time_t now = time(NULL);
	struct tm parts;

	if (gmtime_r(&now, &parts))
		(void)strftime(created, sizeof(created), "%Y-%m-%dT%H:%M:%SZ", &parts);
	json_begin_object(writer, NULL);
	json_put_string(writer, "created", created);
	json_put_string(writer, "architecture", options->architecture);
	put_optional(writer, "variant", options->variant);
	json_put_string(writer, "os", options->os);
	put_config(writer, options);
	json_begin_object(writer, "rootfs");
	json_put_string(writer, "type", "layers");
	json_begin_array(writer, "diff_ids");
	json_put_string(writer, NULL, digest_text(diff_id, digest));
	json_end_array(writer);
	json_end_object(writer);
	json_begin_array(writer, "history");
	json_begin_object(writer, NULL);
	json_put_string(writer, "created", created);
	json_put_string(writer, "created_by", "coffer image import");
	put_optional(writer, "comment", options->comment);
	json_end_object(writer);
	json_end_array(writer);
	json_end_object(writer);
}

int import_source_open(struct staging *staging, const char *path, const struct import_options *options,
		       struct source **ret, struct error *err)
{
	auto_json_writer struct json_writer *writer = json_writer_new(false);
	auto_source struct source *source = made_source_new(path);
	enum compression compression = COMPRESSION_NONE;
	struct digest diff_id = { 0 };
	const char *config;
	size_t length;
	int fd = -1;
	int r = open_layer(staging, path, &fd, &compression, &diff_id, err);

	if (r == 0)
		r = made_source_add_layer(source, fd, compression, err);
	if (r < 0)
		return r;
	put_image(writer, options, &diff_id);
	config = json_writer_text(writer, &length);
	made_source_finish(source, config, length);
	*ret = take_ptr(source);
	return 0;
}
