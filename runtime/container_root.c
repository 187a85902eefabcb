/*
 * container_root.c - looks into a root file system before there is a container: its passwd and group files. The answer
 * is in shared memory, since an ordinary user's layers can only be put together in a user namespace, by a child.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/path.h"
#include "container.h"
#include "userns_child.h"

struct look {
	const struct overlay *overlay;
	struct root_users *users;
};

/* Looked at by its O_PATH fd before it is opened: a FIFO would block, a device node would act (CVE-2024-9676). */
static int read_file(int root_fd, const char *path, struct root_file *file)
{
	auto_fd int found = path_open(root_fd, path, 0);
	auto_fd int fd = -1;
	char link[32];
	struct stat st;

	if (found < 0)
		return -found;
	if (fstat(found, &st) < 0)
		return errno;
	if (!S_ISREG(st.st_mode))
		return EINVAL;
	fd = open(path_of_fd(found, link), O_RDONLY | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	for (;;) {
		ssize_t got = read(fd, file->text + file->length, ROOT_FILE_MAX + 1 - file->length);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return errno;
		if (got == 0)
			break;
		file->length += (size_t)got;
		if (file->length > ROOT_FILE_MAX)
			return EFBIG;
	}
	return 0;
}

static void read_users(int root_fd, struct root_users *users)
{
	users->passwd.error = read_file(root_fd, "/etc/passwd", &users->passwd);
	users->group.error = read_file(root_fd, "/etc/group", &users->group);
}

static int look_at_layers(const void *argument, struct error *err)
{
	const struct look *look = argument;
	auto_fd int root = overlay_open_lowers(look->overlay, err);

	if (root < 0)
		return root;
	read_users(root, look->users);
	return 0;
}

/* The one mount serves the container too, where it can be made out here and needs no ids of the container's. */
static int look_at_overlay(struct overlay *overlay, struct root_users *users, struct error *err)
{
	const struct look look = { .overlay = overlay, .users = users };
	int fd = overlay->idmap ? -EOPNOTSUPP : overlay_open(overlay, NULL, false, err);

	if (fd == -EOPNOTSUPP)
		return look_at_layers(&look, err);
	if (fd < 0)
		return fd;
	overlay->fd = fd;
	read_users(fd, users);
	return 0;
}

static int look_at_directory(const char *path, struct root_users *users, struct error *err)
{
	auto_fd int root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root < 0)
		return fail(err, errno, "root file system %s", path);
	read_users(root, users);
	return 0;
}

int container_root_users(const struct runtime *runtime, const char *rootfs, struct overlay *overlay,
			 struct root_users **ret_users, struct error *err)
{
	bool privileged = runtime->rootless == AUTO ? geteuid() == 0 : runtime->rootless == NO;
	struct root_users *users =
		mmap(NULL, sizeof(*users), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	const struct look look = { .overlay = overlay, .users = users };
	int r;

	if (users == MAP_FAILED)
		return fail(err, errno, "memory for passwd and group");
	if (!overlay)
		r = look_at_directory(rootfs, users, err);
	else if (privileged)
		r = look_at_overlay(overlay, users, err);
	else
		r = userns_child_run(look_at_layers, &look, err);
	if (r < 0) {
		(void)munmap(users, sizeof(*users));
		return r;
	}
	*ret_users = users;
	return 0;
}
