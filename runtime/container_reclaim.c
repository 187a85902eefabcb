/* container_reclaim.c - memory.reclaim of a container's cgroup, by the caller's process and on its time. */
#include "container.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "container_open.h"

enum { NUMBER_SIZE = 32 };

static uint64_t in_use(const struct cgroup *cgroup)
{
	char text[NUMBER_SIZE];
	uint64_t bytes = 0;

	if (fd_read_small(cgroup_fd(cgroup), "memory.current", text, sizeof(text)) > 0)
		(void)str_to_u64(text, UINT64_MAX, &bytes);
	return bytes;
}

int container_reclaim(const struct runtime *runtime, const char *id, uint64_t bytes, uint64_t *ret_freed,
		      struct error *err)
{
	auto_open_container struct open_container container = CONTAINER_NOT_OPEN;
	auto_cgroup struct cgroup *cgroup = NULL;
	char text[NUMBER_SIZE];
	uint64_t before, after;
	int r = container_open(runtime, id, CONTAINER_UNLOCKED, &container, err);

	if (r == 0)
		r = container_open_cgroup(&container, &cgroup, err);
	if (r < 0)
		return r;
	before = in_use(cgroup);
	(void)snprintf(text, sizeof(text), "%" PRIu64, bytes);
	r = fd_write_existing(cgroup_fd(cgroup), "memory.reclaim", text);
	after = in_use(cgroup);
	/* EAGAIN: less than that could be found, which is an answer too. */
	if (r < 0 && r != -EAGAIN)
		return fail(err, -r, "reclaim memory of container `%s`", id);
	*ret_freed = before > after ? before - after : 0;
	return 0;
}
