/*
 * syscalls.h - system calls that not every C library has a function for: the mount API of Linux 5.2 and later, and
 * close_range(2), renameat2(2), prlimit(2). Each returns what syscall(2) does: -1 and errno on failure.
 */
#pragma once

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef FSOPEN_CLOEXEC /* glibc has the flags in sys/mount.h, where the kernel's own header must not come again */
#include <linux/mount.h>
#endif
#ifndef RENAME_EXCHANGE /* linux/fs.h does not go with sys/mount.h */
#define RENAME_NOREPLACE (1U << 0)
#define RENAME_EXCHANGE  (1U << 1)
#endif

static inline int sys_fsopen(const char *type, unsigned flags)
{
	return (int)syscall(SYS_fsopen, type, flags);
}

static inline int sys_fsconfig(int context_fd, unsigned command, const char *key, const void *value, int aux)
{
	return (int)syscall(SYS_fsconfig, context_fd, command, key, value, aux);
}

static inline int sys_fsmount(int context_fd, unsigned flags, unsigned attributes)
{
	return (int)syscall(SYS_fsmount, context_fd, flags, attributes);
}

static inline int sys_open_tree(int dir_fd, const char *path, unsigned flags)
{
	return (int)syscall(SYS_open_tree, dir_fd, path, flags);
}

static inline int sys_move_mount(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	return (int)syscall(SYS_move_mount, from_fd, from, to_fd, to, flags);
}

static inline int sys_mount_setattr(int dir_fd, const char *path, unsigned flags, const struct mount_attr *attr)
{
	return (int)syscall(SYS_mount_setattr, dir_fd, path, flags, attr, sizeof(*attr));
}

static inline int sys_close_range(unsigned first, unsigned last, unsigned flags)
{
	return (int)syscall(SYS_close_range, first, last, flags);
}

static inline int sys_renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	return (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, flags);
}

/* Sets only. The type of `resource` is not the same in every C library. */
static inline int sys_prlimit(pid_t pid, int resource, const struct rlimit *limit)
{
	return (int)syscall(SYS_prlimit64, pid, resource, limit, NULL);
}

static inline ssize_t sys_getdents64(int dir_fd, void *buffer, size_t size)
{
	return syscall(SYS_getdents64, dir_fd, buffer, size);
}
