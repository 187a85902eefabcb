/* erofs_probe.c - see erofs_probe.h. */
#include "erofs_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "base/syscalls.h"
#include "erofs.h"

enum { IMAGE_MODE = 0600, FOLDER_MODE = 0755, LINK_SIZE = 32 };

static int make_image(int dir_fd, struct error *err)
{
	static const struct erofs_attributes folder = { .mode = S_IFDIR | FOLDER_MODE };
	auto_fd int fd = openat(dir_fd, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, IMAGE_MODE);
	auto_erofs struct erofs *erofs = erofs_new(fd);
	int r;

	if (fd < 0)
		return fail(err, errno, "make a file to try");
	(void)erofs_add(erofs, erofs_root(erofs), "a", &folder);
	(void)erofs_add(erofs, erofs_root(erofs), "b", &folder);
	r = erofs_finish(erofs, err);
	return r < 0 ? r : take_fd(&fd);
}

static int mounted(int context_fd)
{
	if (sys_fsconfig(context_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -1;
	return sys_fsmount(context_fd, FSMOUNT_CLOEXEC, 0);
}

int erofs_mount(int image_fd)
{
	auto_fd int context_fd = sys_fsopen("erofs", FSOPEN_CLOEXEC);
	char link[LINK_SIZE];

	if (context_fd < 0 ||
	    sys_fsconfig(context_fd, FSCONFIG_SET_STRING, "source", path_of_fd(image_fd, link), 0) < 0 ||
	    sys_fsconfig(context_fd, FSCONFIG_SET_FLAG, "ro", NULL, 0) < 0)
		return -1;
	return mounted(context_fd);
}

static bool can_overlay(int mount_fd)
{
	auto_fd int a = openat(mount_fd, "a", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_fd int b = openat(mount_fd, "b", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_fd int context_fd = sys_fsopen("overlay", FSOPEN_CLOEXEC);
	auto_fd int overlay_fd = -1;

	if (a < 0 || b < 0 || context_fd < 0 || sys_fsconfig(context_fd, FSCONFIG_SET_FD, "lowerdir+", NULL, a) < 0 ||
	    sys_fsconfig(context_fd, FSCONFIG_SET_FD, "lowerdir+", NULL, b) < 0)
		return false;
	overlay_fd = mounted(context_fd);
	return overlay_fd >= 0;
}

int erofs_probe(int dir_fd, struct error *err)
{
	auto_fd int image_fd = make_image(dir_fd, err);
	auto_fd int mount_fd = -1;

	if (image_fd < 0)
		return image_fd;
	mount_fd = erofs_mount(image_fd);
	if (mount_fd < 0)
		return refuse_as(err, EOPNOTSUPP,
				 "files of this file system cannot be mounted as erofs here: it takes root, Linux 6.12 "
				 "with EROFS_FS_BACKED_BY_FILE, and a disk, not a tmpfs");
	if (!can_overlay(mount_fd))
		return refuse_as(err, EOPNOTSUPP,
				 "overlayfs of this kernel takes no detached layers (Linux 6.15 does)");
	return 0;
}
