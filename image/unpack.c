/* unpack.c - see unpack.h. */
#include "unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "base/syscalls.h"
#include "base/tree.h"
#include "bundle.h"
#include "config.h"
#include "layer.h"
#include "source_layout.h"
#include "store_write.h"

enum { DIR_MODE = 0700, ROOT_MODE = 0755, FILE_MODE = 0644, USERS_FILE_MAX = 1024 * 1024, LINK_SIZE = 32 };

static int check(const struct digest *wanted, const struct digest *found, const char *what, struct error *err)
{
	char text[DIGEST_TEXT_MAX];

	if (digest_eq(wanted, found))
		return 0;
	return refuse(err, "%s is not %s any more: coffer image verify repairs it", what, digest_text(wanted, text));
}

static int apply_layer(const struct store *store, const struct record_layer *layer, int root, struct error *err)
{
	auto_fd int blob = store_open_blob(store, &layer->blob, layer->blob_size, err);
	struct layer_options options = { .form = LAYER_APPLY, .no_devices = store->user_xattrs };
	struct layer_result result = { 0 };
	int r;

	if (blob < 0)
		return blob == -ENOENT ? refuse_as(err, ENOENT, "its blob is not in the store") : blob;
	options.compression = file_compression(blob);
	r = layer_unpack(root, blob, layer->blob.algorithm, layer->diff_id.algorithm, &options, &result, err);
	if (r == 0)
		r = check(&layer->blob, &result.blob, "its blob", err);
	return r == 0 ? check(&layer->diff_id, &result.diff_id, "its content", err) : r;
}

static int apply_layers(const struct store *store, const struct image_record *record, int root, struct error *err)
{
	for (size_t i = 0; i < record->n_layers; i++)
		if (apply_layer(store, &record->layers[i], root, err) < 0)
			return context(err, "layer %zu", i + 1);
	return 0;
}

/* As for a container: links stay in the root, only regular files of at most 1 MiB count. */
static const char *read_in_root(struct arena *arena, int root, const char *path, size_t *ret_length)
{
	auto_fd int fd = path_open(root, path, 0);
	auto_free char *text = NULL;
	char link[LINK_SIZE];
	struct error ignored;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    fd_read_file(AT_FDCWD, path_of_fd(fd, link), USERS_FILE_MAX, &text, ret_length, &ignored) < 0)
		return NULL;
	return memcpy(arena_alloc(arena, *ret_length + 1), text, *ret_length);
}

static int write_config(const struct store *store, struct arena *arena, const struct image_record *record,
			const char *name, int dir, int root, struct error *err)
{
	static const char *const shell[] = { "sh", NULL };
	struct bundle_options options = {
		.name = "coffer", .rootfs = "rootfs", .image_name = name, .no_volumes = true
	};
	auto_free char *text = NULL;
	struct users_files files = { 0 };
	struct image_config config;
	struct bundle_user user;
	const char *made;
	size_t length;
	int r = store_read_blob(store, &record->config, IMAGE_CONFIG_MAX, &text, &length, err);

	if (r == 0)
		r = image_config_decode(arena, text, length, &config, err);
	files.passwd = read_in_root(arena, root, "/etc/passwd", &files.passwd_length);
	files.group = read_in_root(arena, root, "/etc/group", &files.group_length);
	if (r == 0)
		r = users_resolve(arena, config.user, &files, &user, err);
	/* Here is no command line for a program that the image does not name; whoever wants another edits the file. */
	if (r == 0 && !str_list_length(config.entrypoint) && !str_list_length(config.cmd))
		options.command = shell;
	if (r == 0)
		r = bundle_config(arena, &config, &options, &user, &made, &length, err);
	return r == 0 ? fd_write_atomic(dir, "config.json", made, length, FILE_MODE, err) : r;
}

static int fill(const struct store *store, struct arena *arena, const struct image_record *record, const char *name,
		int dir, struct error *err)
{
	auto_fd int root = -1;
	int r;

	if (mkdirat(dir, "rootfs", ROOT_MODE) < 0)
		return fail(err, errno, "make rootfs");
	root = openat(dir, "rootfs", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (root < 0)
		return fail(err, errno, "open rootfs");
	r = apply_layers(store, record, root, err);
	return r == 0 ? write_config(store, arena, record, name, dir, root, err) : r;
}

/* Opens the parent directory; *ret_name is the last component. */
static int open_parent(struct arena *arena, const char *path, const char **ret_name, struct error *err)
{
	size_t length = strlen(path);
	char *copy = arena_strdup(arena, path);
	char *slash;
	int fd;

	while (length > 1 && copy[length - 1] == '/')
		copy[--length] = '\0';
	slash = strrchr(copy, '/');
	*ret_name = slash ? slash + 1 : copy;
	if (!**ret_name || str_eq(*ret_name, ".") || str_eq(*ret_name, ".."))
		return refuse(err, "\"%s\" is no name for a new directory", path);
	if (slash)
		slash[slash == copy] = '\0';
	fd = open(slash ? copy : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? fail(err, errno, "open the directory above %s", path) : fd;
}

/* An empty directory with a lock that a killed command does not leave behind; what that has made there is removed. */
static int make_locked(int parent, const char *name, struct error *err)
{
	for (;;) {
		auto_fd int dir = -1;
		bool made = mkdirat(parent, name, DIR_MODE) == 0;
		struct stat st;
		int r;

		if (!made && errno != EEXIST)
			return fail(err, errno, "make %s", name);
		dir = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (dir < 0)
			return fail(err, errno, "open %s", name);
		if (flock(dir, LOCK_EX | LOCK_NB) < 0 || fstat(dir, &st) < 0 || st.st_nlink == 0)
			return refuse(err, "another unpack to there is at it");
		if (made)
			return take_fd(&dir);
		r = tree_remove(parent, name, err);
		if (r < 0)
			return r;
	}
}

int unpack_bundle(const struct store *store, struct arena *arena, const struct image_record *record, const char *name,
		  const char *path, struct error *err)
{
	const char *last, *partial;
	auto_fd int parent = open_parent(arena, path, &last, err);
	auto_fd int dir = -1;
	struct error ignored;
	struct stat there;
	int r;

	if (parent < 0)
		return parent;
	if (fstatat(parent, last, &there, AT_SYMLINK_NOFOLLOW) == 0)
		return fail(err, EEXIST, "unpack to %s", path);
	partial = arena_printf(arena, ".%s.unpack", last);
	dir = make_locked(parent, partial, err);
	if (dir < 0)
		return context(err, "unpack to %s", path);
	r = fill(store, arena, record, name, dir, err);
	if (r == 0 && sys_renameat2(parent, partial, parent, last, RENAME_NOREPLACE) < 0)
		r = fail(err, errno, "rename %s", partial);
	if (r < 0)
		(void)tree_remove(parent, partial, &ignored);
	return r < 0 ? context(err, "unpack to %s", path) : 0;
}
