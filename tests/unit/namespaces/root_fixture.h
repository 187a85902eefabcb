/*
 * root_fixture.h - a root file system to be in /tmp/root of the child's own /tmp (mount_ns.h), and the steps of
 * rootfs.h over it, in their order.
 */
#pragma once

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "base/syscalls.h"
#include "tests/unit/mount_ns.h"
#include "namespaces/rootfs.h"

struct steps {
	struct rootfs rootfs;
	struct rootfs_fds fds;
	struct error err;
};

/* The root: directories that images have, and a file in each that tells it from the host's. */
__attribute__((unused)) static int make_root(void)
{
	static const char *const directories[] = { "", "/bin", "/dev", "/etc", "/proc", "/sys", "/tmp", "/data" };

	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		char path[64];

		(void)snprintf(path, sizeof(path), "/tmp/root%s", directories[i]);
		EXPECT(mkdir(path, 0755) == 0);
	}
	EXPECT(put_file("/tmp/root/etc/name", "container"));
	EXPECT(put_file("/tmp/outside", "host"));
	return 0;
}

__attribute__((unused)) static struct steps make_steps(struct mount *mounts, size_t count)
{
	return (struct steps){
		.rootfs = { .path = "/tmp/root", .mounts = mounts, .n_mounts = count },
		.fds = { .root = -1, .devpts = -1, .proc = -1 },
	};
}

/* Opened by the runtime, attached by init in a mount namespace of its own. */
__attribute__((unused)) static int open_and_attach(struct steps *steps)
{
	int r = rootfs_open(&steps->rootfs, "/tmp", NULL, false, &steps->fds, &steps->err);

	if (r == 0 && unshare(CLONE_NEWNS) < 0)
		r = -errno;
	return r < 0 ? r : rootfs_attach(&steps->rootfs, &steps->fds, &steps->err);
}

__attribute__((unused)) static int up_to_mounts(struct steps *steps)
{
	int r = open_and_attach(steps);

	return r < 0 ? r : rootfs_mount_all(&steps->rootfs, &steps->fds, &steps->err);
}

__attribute__((unused)) static int up_to_devices(struct steps *steps)
{
	int r = up_to_mounts(steps);

	return r < 0 ? r : rootfs_make_devices(&steps->rootfs, &steps->fds, &steps->err);
}

__attribute__((unused)) static int up_to_pivot(struct steps *steps)
{
	int r = up_to_devices(steps);

	return r < 0 ? r : rootfs_pivot(&steps->rootfs, &steps->fds, &steps->err);
}

__attribute__((unused)) static int all_steps(struct steps *steps)
{
	int r = up_to_pivot(steps);

	return r < 0 ? r : rootfs_protect(&steps->rootfs, &steps->fds, &steps->err);
}

/* EXPECT with the error's text beside it. */
#define EXPECT_STEPS(result, steps, call)                                                                              \
	do {                                                                                                           \
		int result_ = (call);                                                                                  \
		if (result_ != (result)) {                                                                             \
			fprintf(stderr, "# in child: %s:%d: %d %s\n", __FILE__, __LINE__, result_, (steps).err.text);  \
			return __LINE__;                                                                               \
		}                                                                                                      \
	} while (0)

#define EXPECT_TEXT(part, text_)                                                                                       \
	do {                                                                                                           \
		if (!strstr((text_), (part))) {                                                                        \
			fprintf(stderr, "# in child: %s:%d: \"%s\"\n", __FILE__, __LINE__, (text_));                   \
			return __LINE__;                                                                               \
		}                                                                                                      \
	} while (0)

/* The mounts that containers have. */
#define MOUNT_PROC                                                                                                     \
	{                                                                                                              \
		.destination = "/proc", .type = "proc", .source = "proc", .attr_set = MOUNT_ATTR_NOSUID                \
	}
#define MOUNT_DEV                                                                                                      \
	{                                                                                                              \
		.destination = "/dev", .type = "tmpfs", .source = "tmpfs", .attr_set = MOUNT_ATTR_NOSUID,              \
		.data = (const char *[]){ "mode=755" }, .n_data = 1                                                    \
	}
#define MOUNT_DEVPTS                                                                                                   \
	{                                                                                                              \
		.destination = "/dev/pts", .type = "devpts", .source = "devpts",                                       \
		.data = (const char *[]){ "newinstance", "ptmxmode=0666" }, .n_data = 2                                \
	}
