/*
 * run_image.c - see run_image.h. In this order: what was typed -> the image of the store, pulled if it is not there ->
 * the container's directory, with a reference to the image -> its users -> config.json -> container_run() as for any
 * bundle. Nothing is mounted on the host: the root is a detached overlay.
 */
#include "run_image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "image/bundle.h"
#include "image/config.h"
#include "image/ref.h"
#include "image/store.h"
#include "image_helper.h"
#include "run_dir.h"
#include "run_files.h"
#include "run_layers.h"
#include "run_network.h"
#include "run_values.h"
#include "runtime/userns_auto.h"
#include "runtime/validate.h"

enum { ID_BYTES = 6, HOSTNAME_LENGTH_MAX = 63 };

/* One start. What it opens is closed by run_close(). */
struct run {
	const struct invocation *in;
	const struct image_options *options;
	struct create_options create;
	struct arena *arena;
	struct store store;
	int lock; /* of the store, shared: until the image is referred to */
	struct run_dir dir;
	bool host, layered; /* --image host; the root is an overlay */
	struct image_record record;
	struct image_config config;
	bool has_config;
	struct overlay overlay;
	struct bundle_options bundle;
	struct bundle_user user;
	struct network_plan network;
	int netns; /* another container's, to be joined */
};

static void run_close(struct run *run)
{
	cleanup_fd(&run->overlay.fd);
	cleanup_fd(&run->lock);
	cleanup_fd(&run->netns);
	run_dir_close(&run->dir);
	if (run->store.root >= 0)
		store_close(&run->store);
}

#define auto_run auto_cleanup(run_close)

/* ---- what was typed ---- */

static int check_options(struct run *run, struct error *err)
{
	const struct image_options *options = run->options;

	if (options->image && options->rootfs)
		return refuse(err, "--image and --rootfs: one of them is the root file system");
	if (run->create.bundle || run->create.config_file || run->create.keep)
		return refuse(err, "--bundle, --config and --keep are for bundles, not for --image or --rootfs");
	run->host = options->image && str_eq(options->image, "host");
	if (options->rm && run->create.detach)
		return refuse(err, "--rm with --detach: nothing stays to remove the container at its end; use `coffer "
				   "delete`");
	if (run->host && geteuid() != 0)
		return refuse(err, "--image host needs root: the kernel does not layer over the whole of a root with "
				   "mounts in it for an ordinary user");
	run->create.keep = !options->rm && !run->host;
	return 0;
}

static int choose_id(struct run *run, struct error *err)
{
	unsigned char bytes[ID_BYTES];
	char *id;

	run->create.id = run->options->name;
	if (!run->create.id) {
		if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
			return fail(err, errno, "a random container id");
		id = arena_alloc(run->arena, 2 * sizeof(bytes) + 1);
		for (size_t i = 0; i < sizeof(bytes); i++)
			(void)snprintf(id + 2 * i, 3, "%02x", bytes[i]);
		run->create.id = id;
	}
	run->bundle.name = run->create.id;
	return container_id_validate(run->create.id, err);
}

static int parse_values(struct run *run, struct error *err)
{
	if (run->in->n_arguments)
		run->bundle.command = run->in->arguments;
	if (run_network(run->arena, run->in->runtime, run->options, &run->network, &run->bundle, &run->netns, err) < 0)
		return -err->code;
	run->create.network = &run->network;
	return run_values(run->arena, run->options, &run->bundle, err);
}

/* ---- the image ---- */

static int open_store(struct run *run, struct error *err)
{
	return store_open(run->arena, store_default_path(run->arena), &run->store, err);
}

/* Under the lock, so that no garbage collection comes between this and the reference to it. */
static int find_locked(struct run *run, const char *name, struct error *err)
{
	int r;

	run->lock = store_lock(&run->store, false, err);
	if (run->lock < 0)
		return run->lock;
	r = store_find(&run->store, run->arena, name, &run->record, err);
	if (r < 0)
		(void)close(take_fd(&run->lock));
	return r;
}

static int find_image(struct run *run, struct error *err)
{
	struct image_ref ref;
	const char *name = run->options->image;
	int r = 0;

	if (!name || run->host)
		return 0;
	r = ref_parse(run->arena, name, &ref, err);
	if (r == 0 && ref.transport == REF_NAME) {
		r = find_locked(run, name, err);
		if (r != -ENOENT)
			return r;
		r = 0;
	}
	if (r == 0)
		r = image_helper_pull(run->arena, run->store.path, name, &name, err);
	return r == 0 ? find_locked(run, name, err) : r;
}

static int read_config(struct run *run, struct error *err)
{
	auto_free char *text = NULL;
	size_t length;
	int r;

	if (run->lock < 0)
		return 0;
	r = store_read_blob(&run->store, &run->record.config, IMAGE_CONFIG_MAX, &text, &length, err);
	if (r == 0)
		r = image_config_decode(run->arena, text, length, &run->config, err);
	run->has_config = r == 0;
	if (r == 0 && run->record.n_layers == 0)
		return refuse(err, "image %s has no layers: there is nothing to run in", run->options->image);
	return r;
}

/* ---- the container's directory and its root ---- */

static int make_dir(struct run *run, struct error *err)
{
	const char *state_path = arena_printf(run->arena, "%s/%s", run->in->runtime->root, run->create.id);
	const char *hex = run->record.manifest.hex;
	int r = run_dir_make(run->arena, &run->store, run->create.id, state_path, &run->dir, err);

	if (r == 0 && run->lock >= 0) {
		r = run_dir_write(&run->dir, "image", hex, strlen(hex), err);
		(void)close(take_fd(&run->lock));
	}
	if (r == 0 && run->create.keep)
		r = run_dir_keep(&run->dir, err);
	run->create.bundle = run->dir.path;
	run->create.own_bundle = true;
	return r;
}

/* "DIR:O": a throw-away overlay over it. */
static const char *overlaid(struct run *run, const char *rootfs)
{
	return str_ends(rootfs, ":O") ? arena_strndup(run->arena, rootfs, strlen(rootfs) - 2) : NULL;
}

/* Under the lock, so that no other run takes the same block between the look at what is taken and the note of it. */
static int take_ids(struct run *run, struct error *err)
{
	auto_fd int lock = store_lock(&run->store, true, err);
	const uint32_t *taken;
	size_t n_taken;
	const char *text;
	int r;

	if (lock < 0)
		return lock;
	taken = run_dir_taken_ids(run->arena, &run->store, &n_taken);
	r = userns_auto(taken, n_taken, &run->bundle.userns_first, err);
	if (r < 0)
		return r;
	text = arena_printf(run->arena, "%u\n", run->bundle.userns_first);
	return run_dir_write(&run->dir, "userns", text, strlen(text), err);
}

/* --userns: an ordinary user has a namespace always, with the ids that are its own. */
static int set_user_namespace(struct run *run, struct error *err)
{
	const char *wanted = run->options->userns;

	if (!wanted || str_eq(wanted, "host") || str_eq(wanted, ""))
		return 0;
	if (!str_eq(wanted, "auto"))
		return refuse(err, "--userns: expected auto or host, found \"%.64s\"", wanted);
	if (geteuid() != 0)
		return 0;
	if (run->options->rootfs && !overlaid(run, run->options->rootfs))
		return refuse(err,
			      "--userns=auto with --rootfs: the directory's owners would not be the container's; use "
			      "--rootfs DIR:O");
	run->bundle.userns_size = USERNS_AUTO_SIZE;
	run->overlay.idmap = true;
	return take_ids(run, err);
}

static int absolute(struct run *run, const char **path, struct error *err)
{
	char *real = realpath(*path, NULL);

	if (!real)
		return fail(err, errno, "--rootfs %s", *path);
	*path = arena_strdup(run->arena, real);
	free(real);
	return 0;
}

static int scratch_over(struct run *run, const char *path)
{
	const char **lowers = arena_array(run->arena, 2, sizeof(*lowers));

	lowers[0] = path;
	run->overlay.lowers = lowers;
	run->overlay.n_lowers = 1;
	run->overlay.scratch = true;
	run->overlay.is_volatile = true;
	return 0;
}

static int set_root(struct run *run, struct error *err)
{
	const char *rootfs = run->options->rootfs;
	const char *below = rootfs ? overlaid(run, rootfs) : NULL;
	struct stat top;
	int r = 0;

	run->layered = !rootfs || below;
	run->bundle.rootfs = run->layered ? "rootfs" : rootfs;
	run->overlay.dir = run->dir.path;
	run->overlay.user_xattrs = run->store.user_xattrs;
	if (run->host)
		return scratch_over(run, "/");
	if (below) {
		r = absolute(run, &below, err);
		return r == 0 ? scratch_over(run, below) : r;
	}
	if (rootfs)
		return absolute(run, &run->bundle.rootfs, err);
	r = overlay_stat_lower(run_layers(&run->store, run->arena, &run->record, &run->overlay), &top, err);
	run->overlay.is_volatile = run->options->rm;
	return r < 0 ? r : run_dir_make_layers(&run->dir, &top, run->bundle.userns_first, err);
}

/* The caller's own directory, as long as it is part of what the container sees. */
static int set_directory(struct run *run, struct error *err)
{
	auto_free char *here = NULL;
	struct stat root;
	struct stat cwd;

	(void)err;
	if (!run->host || run->bundle.working_dir)
		return 0;
	here = getcwd(NULL, 0);
	if (here && stat("/", &root) == 0 && stat(here, &cwd) == 0 && root.st_dev == cwd.st_dev)
		run->bundle.working_dir = arena_strdup(run->arena, here);
	return 0;
}

/* ---- its users ---- */

static const char *why(const struct root_file *file)
{
	static const struct {
		int error;
		const char *text;
	} reasons[] = {
		{ ENOENT, "is missing" },
		{ EINVAL, "is no regular file" },
		{ EFBIG, "is larger than 1 MiB" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		if (reasons[i].error == file->error)
			return reasons[i].text;
	return strerror(file->error);
}

static int find_user(struct run *run, struct error *err)
{
	const char *user = run->options->user ? run->options->user : run->config.user;
	struct root_users *users;
	struct users_files files;
	int r = container_root_users(run->in->runtime, run->bundle.rootfs, run->layered ? &run->overlay : NULL, &users,
				     err);

	if (r < 0)
		return r;
	files = (struct users_files){
		.passwd = users->passwd.error ? NULL : users->passwd.text,
		.passwd_length = users->passwd.length,
		.passwd_why = why(&users->passwd),
		.group = users->group.error ? NULL : users->group.text,
		.group_length = users->group.length,
		.group_why = why(&users->group),
	};
	r = users_resolve(run->arena, user, &files, &run->user, err);
	(void)munmap(users, sizeof(*users));
	return r;
}

/* ---- config.json ---- */

static int make_mounts(struct run *run, struct error *err)
{
	int r = run_dir_make_volumes(&run->dir, run->config.n_volumes, run->bundle.userns_first, err);

	if (!run->bundle.hostname)
		run->bundle.hostname = arena_strndup(run->arena, run->create.id, HOSTNAME_LENGTH_MAX);
	if (r == 0)
		r = run_mounts(run->arena, run->options, &run->bundle, err);
	if (r == 0 && !run->host)
		r = run_files(run->arena, &run->dir, &run->bundle, err);
	return r;
}

static int make_config(struct run *run, struct error *err)
{
	int r;

	run->bundle.image_name = run->has_config ? run->options->image : NULL;
	r = bundle_config(run->arena, run->has_config ? &run->config : NULL, &run->bundle, &run->user,
			  &run->create.config_text, &run->create.config_length, err);
	if (r == 0)
		r = run_dir_write(&run->dir, "config.json", run->create.config_text, run->create.config_length, err);
	run->create.overlay = run->layered ? &run->overlay : NULL;
	return r;
}

/* Without --interactive or a terminal the program gets no input. */
static int close_input(struct run *run, struct error *err)
{
	auto_fd int null = -1;

	if (run->options->interactive || run->options->tty)
		return 0;
	null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0)
		return fail(err, errno, "/dev/null as standard input");
	return 0;
}

static int (*const steps[])(struct run *run, struct error *err) = {
	check_options,      choose_id, parse_values, open_store,    find_image,  read_config, make_dir,
	set_user_namespace, set_root,  find_user,    set_directory, make_mounts, make_config, close_input,
};

int run_image(const struct invocation *in, const struct run_options *options, int *ret_exit, struct error *err)
{
	auto_run struct run run = {
		.in = in,
		.options = &options->image,
		.create = options->create,
		.arena = in->arena,
		.store = { .root = -1 },
		.lock = -1,
		.netns = -1,
		.dir = { .fd = -1 },
		.overlay = { .fd = -1 },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(steps); i++)
		r = steps[i](&run, err);
	if (r == 0)
		r = container_run(in->runtime, &run.create, ret_exit, err);
	if (r < 0)
		run_dir_remove(&run.dir);
	return r;
}
