/* seccomp_dir.c - see seccomp_dir.h. No container id starts with a dot, so the name is free. */
#include "seccomp_dir.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

int seccomp_dir_open(const char *root)
{
	auto_fd int base = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd;

	if (base < 0)
		return -1;
	fd = openat(base, ".cache/seccomp", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	(void)mkdirat(base, ".cache", 0700);
	(void)mkdirat(base, ".cache/seccomp", 0700);
	return openat(base, ".cache/seccomp", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}
