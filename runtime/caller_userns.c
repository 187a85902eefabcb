/* caller_userns.c - see caller_userns.h. */
#include "caller_userns.h"

#include <errno.h>
#include <sched.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "namespaces/idmap.h"

int caller_userns_enter(struct error *err)
{
	auto_arena struct arena *arena = arena_new();
	auto_fd int fd = -1;
	struct id_maps maps;

	if (geteuid() == 0)
		return 0;
	if (idmap_for_caller(arena, &maps, err) < 0)
		return -err->code;
	fd = idmap_userns_fd(&maps, err);
	if (fd < 0)
		return fd;
	if (setns(fd, CLONE_NEWUSER) < 0)
		return fail(err, errno, "enter the user namespace");
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return fail(err, errno, "become root of the user namespace");
	return 0;
}
