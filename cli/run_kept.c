/* run_kept.c - see run_kept.h. */
#include "run_kept.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "image/store.h"
#include "run_dir.h"
#include "runtime/shown_config.h"

static const char *containers_path(const struct invocation *in)
{
	return arena_printf(in->arena, "%s/containers", store_default_path(in->arena));
}

/* What is known of the one with this id; false: there is none. */
static bool look_at(const struct invocation *in, int parent_fd, const char *id, struct container_info *ret)
{
	auto_fd int fd = openat(parent_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	const char *state_path = arena_printf(in->arena, "%s/%s", in->runtime->root, id);
	struct container_info info = { .oci_version = OCI_VERSION_UNKNOWN, .status = STATUS_STOPPED };
	struct stat made;

	if (fd < 0 || !run_dir_is_kept(fd, state_path, &made))
		return false;
	info.state = (struct state){
		.id = arena_strdup(in->arena, id),
		.bundle = arena_printf(in->arena, "%s/%s", containers_path(in), id),
		.rootfs = "",
		.created = state_time(in->arena, made.st_mtim),
		.owner = made.st_uid,
		.own_bundle = true,
	};
	shown_config_read(fd, in->arena, &info);
	*ret = info;
	return true;
}

int run_kept_state(const struct invocation *in, const char *id, struct container_info *ret, struct error *err)
{
	int r = container_state(in->runtime, in->arena, id, ret, err);
	auto_fd int fd = r == -ENOENT ? open(containers_path(in), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	return fd >= 0 && look_at(in, fd, id, ret) ? 0 : r;
}

static int by_id(const void *a, const void *b)
{
	return strcmp(((const struct container_info *)a)->state.id, ((const struct container_info *)b)->state.id);
}

int run_kept_list(const struct invocation *in, struct container_info **ret_infos, size_t *ret_count, struct error *err)
{
	auto_fd int fd = open(containers_path(in), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	auto_free struct container_info *kept = NULL;
	const struct dirent *entry;
	struct container_info *all;
	size_t n_kept = 0;
	int r = container_list(in->runtime, in->arena, ret_infos, ret_count, err);

	if (dir)
		(void)take_fd(&fd);
	if (r < 0)
		return r;
	while (dir && (entry = readdir(dir)) != NULL) {
		kept = xreallocarray(kept, n_kept + 1, sizeof(*kept));
		n_kept += entry->d_name[0] != '.' && look_at(in, dirfd(dir), entry->d_name, &kept[n_kept]);
	}
	if (!n_kept)
		return 0;
	all = arena_array(in->arena, *ret_count + n_kept, sizeof(*all));
	if (*ret_count)
		memcpy(all, *ret_infos, *ret_count * sizeof(*all));
	memcpy(all + *ret_count, kept, n_kept * sizeof(*all));
	*ret_infos = all;
	*ret_count += n_kept;
	qsort(all, *ret_count, sizeof(*all), by_id);
	return 0;
}
