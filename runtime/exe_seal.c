/*
 * exe_seal.c - swaps the file behind the running program for the same file on a read-only mount.
 *
 *	1. clone the mount of /proc/self/exe, detached, read-only; open the program through it
 *	2. map the code and constants again from there (same page cache pages), move the data to anonymous memory:
 *	   the kernel allows step 3 only when nothing maps the old file any more
 *	3. prctl(PR_SET_MM, PR_SET_MM_MAP) with the new file as exe_fd and all else as it was
 *
 * Where step 1 cannot be, the file is a sealed copy in memory. The clone is in no mount namespace, so nobody can find
 * it to remount it. prctl(2), proc_pid_exe(5).
 */
#include "exe_seal.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/syscalls.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

enum { SEND_MAX = 0x7ffff000 };

struct remap {
	int fd;
	int result; /* 0 or -errno */
};

/* A tree fd is O_PATH: the file behind it is opened in a second step. */
static int open_read_only(int *ret_mount_fd, struct error *err)
{
	auto_fd int tree = sys_open_tree(AT_FDCWD, "/proc/self/exe", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	char path[32];
	int fd;

	if (tree < 0)
		return fail(err, errno, "seal the runtime's binary: open_tree /proc/self/exe");
	if (sys_mount_setattr(tree, "", AT_EMPTY_PATH, &attr) < 0)
		return fail(err, errno, "seal the runtime's binary: mount_setattr");
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", tree);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail(err, errno, "seal the runtime's binary: open");
	*ret_mount_fd = take_fd(&tree);
	return fd;
}

/*
 * A program started from a file of another mount namespace (nsenter, an fd) has no mount here to clone: then the
 * private read-only file is a sealed copy in memory.
 */
static int open_copy(struct error *err)
{
	const unsigned seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	auto_fd int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	auto_fd int copy = memfd_create("coffer", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
	ssize_t done;

	/* Kernels before 6.3 know no MFD_EXEC, and need none. */
	if (copy < 0 && errno == EINVAL)
		copy = memfd_create("coffer", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (from < 0 || copy < 0)
		return fail(err, errno, "seal the runtime's binary: open");
	do
		done = sendfile(copy, from, NULL, SEND_MAX);
	while (done > 0);
	if (done < 0 || fcntl(copy, F_ADD_SEALS, seals) < 0)
		return fail(err, errno, "seal the runtime's binary: copy");
	return take_fd(&copy);
}

static int remap_constant(uintptr_t start, size_t size, int protection, int fd, off_t offset)
{
	void *at = mmap((void *)start, size, protection, MAP_PRIVATE | MAP_FIXED, fd, offset);

	return at == MAP_FAILED ? -errno : 0;
}

/* All bytes as they are. What stands between the variables too, which the address sanitizer would not have read. */
__attribute__((no_sanitize("address"))) static void copy_words(uint64_t *to, const volatile uint64_t *from, size_t size)
{
	for (size_t i = 0; i < size / sizeof(*to); i++)
		to[i] = from[i];
}

/* Copy, then move in one step: no instant without the data. The RELRO part is made read-only again afterwards. */
static int remap_data(uintptr_t start, size_t size)
{
	void *copy = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (copy == MAP_FAILED)
		return -errno;
	copy_words(copy, (const uint64_t *)start, size);
	return mremap(copy, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)start) == MAP_FAILED ? -errno : 0;
}

static int remap_segment(const struct dl_phdr_info *info, const ElfW(Phdr) * segment, int fd)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE) - 1;
	uintptr_t start = (info->dlpi_addr + segment->p_vaddr) & ~page;
	uintptr_t end = (info->dlpi_addr + segment->p_vaddr + segment->p_filesz + page) & ~page;
	off_t offset = (off_t)(segment->p_offset & ~page);
	int protection = ((segment->p_flags & PF_R) ? PROT_READ : 0) | ((segment->p_flags & PF_X) ? PROT_EXEC : 0);

	if (segment->p_flags & PF_W)
		return remap_data(start, end - start);
	return remap_constant(start, end - start, protection, fd, offset);
}

static int protect_relro(const struct dl_phdr_info *info, const ElfW(Phdr) * segment)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE) - 1;
	uintptr_t start = (info->dlpi_addr + segment->p_vaddr) & ~page;
	uintptr_t end = (info->dlpi_addr + segment->p_vaddr + segment->p_memsz) & ~page;

	return mprotect((void *)start, end - start, PROT_READ) < 0 ? -errno : 0;
}

/* dl_iterate_phdr callback; the first object is the program, and returning non-zero ends the walk there. */
static int protect_program(struct dl_phdr_info *info, size_t size, void *data)
{
	int *result = data;

	(void)size;
	for (unsigned i = 0; i < info->dlpi_phnum && *result == 0; i++)
		if (info->dlpi_phdr[i].p_type == PT_GNU_RELRO)
			*result = protect_relro(info, &info->dlpi_phdr[i]);
	return 1;
}

int exe_protect(void)
{
	int result = 0;

	(void)dl_iterate_phdr(protect_program, &result);
	return result;
}

/* The same kind of callback. */
static int remap_program(struct dl_phdr_info *info, size_t size, void *data)
{
	struct remap *remap = data;

	for (unsigned i = 0; i < info->dlpi_phnum && remap->result == 0; i++)
		if (info->dlpi_phdr[i].p_type == PT_LOAD)
			remap->result = remap_segment(info, &info->dlpi_phdr[i], remap->fd);
	return protect_program(info, size, &remap->result);
}

/* proc_pid_stat(5): fields are counted from 1; the name in field 2 may hold anything, so counting starts behind it. */
enum { FIELD_AFTER_NAME = 3, FIELD_MAX = 52 };
enum {
	START_CODE = 26,
	END_CODE,
	START_STACK,
	START_DATA = 45,
	END_DATA,
	START_BRK,
	ARG_START,
	ARG_END,
	ENV_START,
	ENV_END
};

static int read_stat(unsigned long long fields[FIELD_MAX])
{
	char text[1024];
	const char *next;
	ssize_t length = fd_read_small(AT_FDCWD, "/proc/self/stat", text, sizeof(text));

	if (length < 0)
		return (int)length;
	next = strrchr(text, ')');
	if (!next || strlen(next) < 4)
		return -EINVAL;
	next += strlen(") R");
	for (int i = FIELD_AFTER_NAME + 1; i < FIELD_MAX; i++) {
		char *end;

		fields[i] = strtoull(next, &end, 10);
		if (end == next)
			return -EINVAL;
		next = end;
	}
	return 0;
}

static int set_exe(int fd, struct error *err)
{
	unsigned long long f[FIELD_MAX] = { 0 };
	int r = read_stat(f);
	struct prctl_mm_map map = {
		.start_code = f[START_CODE],
		.end_code = f[END_CODE],
		.start_data = f[START_DATA],
		.end_data = f[END_DATA],
		.start_brk = f[START_BRK],
		.brk = (uint64_t)(uintptr_t)sbrk(0),
		.start_stack = f[START_STACK],
		.arg_start = f[ARG_START],
		.arg_end = f[ARG_END],
		.env_start = f[ENV_START],
		.env_end = f[ENV_END],
		.exe_fd = (uint32_t)fd,
	};

	if (r < 0)
		return fail(err, -r, "seal the runtime's binary: /proc/self/stat");
	if (prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof(map), 0) < 0)
		return fail(err, errno, "seal the runtime's binary: PR_SET_MM_MAP");
	return 0;
}

int exe_seal(int *ret_mount_fd, struct error *err)
{
	auto_fd int mount_fd = -1;
	auto_fd int fd = open_read_only(&mount_fd, err);
	struct remap remap = { 0 };

	if (fd < 0)
		fd = open_copy(err);
	if (fd < 0)
		return fd;
	remap.fd = fd;
	(void)dl_iterate_phdr(remap_program, &remap);
	if (remap.result < 0)
		return fail(err, -remap.result, "seal the runtime's binary: map it again");
	if (set_exe(fd, err) < 0)
		return -err->code;
	*ret_mount_fd = take_fd(&mount_fd);
	return 0;
}
