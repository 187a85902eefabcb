/* layers_mount.c - see layers_mount.h. */
#include "layers_mount.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "base/syscalls.h"

enum { PERMISSIONS = 07777 };

/* The root directory of an overlay is that of its upper one, which is new. */
static int set_top(int mount_fd, const struct stat *top, struct error *err)
{
	auto_fd int root = openat(mount_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (root < 0 || fchown(root, top->st_uid, top->st_gid) < 0 || fchmod(root, top->st_mode & PERMISSIONS) < 0)
		return fail(err, errno, "owner and mode of the root directory");
	return 0;
}

int layers_mount(const struct overlay *overlay, const struct stat *top, const char *target, struct error *err)
{
	const struct mount_attr read_only = { .attr_set = MOUNT_ATTR_RDONLY };
	struct overlay scratch = *overlay;
	auto_fd int mount_fd = -1;
	int r;

	scratch.scratch = true; /* two layers at least, and a root directory of its own */
	mount_fd = overlay_open(&scratch, NULL, false, err);
	if (mount_fd < 0)
		return mount_fd;
	r = set_top(mount_fd, top, err);
	if (r < 0)
		return r;
	if (sys_mount_setattr(mount_fd, "", AT_EMPTY_PATH, &read_only) < 0)
		return fail(err, errno, "make the mount read-only");
	if (sys_move_mount(mount_fd, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return errno == EINVAL ? refuse(err, "mount on %s: it is no directory", target)
				       : fail(err, errno, "mount on %s", target);
	return 0;
}

int layers_unmount(const char *target, struct error *err)
{
	auto_fd int fd = open(target, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return fail(err, errno, "%s", target);
	if (!path_on_fs(fd, OVERLAYFS_SUPER_MAGIC))
		return refuse(err, "%s is no mounted image", target);
	(void)close(take_fd(&fd));
	if (umount2(target, UMOUNT_NOFOLLOW) < 0)
		return errno == EINVAL ? refuse(err, "%s is no mounted image", target)
				       : fail(err, errno, "unmount %s", target);
	return 0;
}
