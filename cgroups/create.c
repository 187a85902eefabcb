/*
 * create.c - makes and opens a cgroup. Making one tries mkdir of the leaf first, since only the first container
 * below a parent finds the parent missing; then, in this order: missing parents from the top, the leaf's fd, its
 * controllers. On failure the directories made here are removed again, deepest first.
 */
#include "cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "enable.h"
#include "events.h"
#include "tree.h"

enum { CGROUP_MODE = 0755 };

/* What was made by this call: every prefix of the path that is at least `from` bytes long. */
struct made {
	size_t from; /* 0: nothing */
};

static int make_failed(const char *path, int code, struct error *err)
{
	if (code == EAGAIN)
		return fail(err, code,
			    "make cgroup %.200s: a limit of an ancestor is reached "
			    "(cgroup.max.depth, cgroup.max.descendants)",
			    path);
	return fail(err, code, "make cgroup %.200s", path);
}

/* The same path cut at each slash in turn: "/a", "/a/b", "/a/b/c". */
static int make_with_parents(int root_fd, const char *path, struct made *made, struct error *err)
{
	auto_free char *prefix = xstrdup(path);

	for (size_t end = 1;; end++) {
		char cut;

		end += strcspn(prefix + end, "/");
		cut = prefix[end];
		prefix[end] = '\0';
		if (mkdirat(root_fd, prefix + 1, CGROUP_MODE) == 0)
			made->from = made->from ? made->from : end;
		else if (errno == EEXIST)
			made->from = 0; /* someone else's: neither it nor what is above is ours to remove */
		else
			return make_failed(prefix, errno, err);
		prefix[end] = cut;
		if (cut == '\0')
			return 0;
	}
}

static void unmake(int root_fd, const char *path, const struct made *made)
{
	auto_free char *prefix = xstrdup(path);
	size_t end = strlen(prefix);

	while (made->from > 0 && end >= made->from) {
		(void)unlinkat(root_fd, prefix + 1, AT_REMOVEDIR);
		end = (size_t)(strrchr(prefix, '/') - prefix);
		prefix[end] = '\0';
	}
}

/* A cgroup found in place is only taken over if nothing lives in it, and if it would let a process run. */
static int check_unused(const struct cgroup *cgroup, struct error *err)
{
	int populated = events_read(cgroup->fd, EVENT_POPULATED);
	int frozen = populated < 0 ? populated : events_read(cgroup->fd, EVENT_FROZEN);

	if (populated < 0)
		return fail(err, -populated, "read cgroup.events of cgroup %.200s", cgroup->path);
	if (populated)
		return fail(err, EBUSY, "cgroup %.200s already has processes", cgroup->path);
	if (frozen > 0)
		return fail(err, EBUSY, "cgroup %.200s exists and is frozen", cgroup->path);
	return 0;
}

static int open_path(int root_fd, const char *path, struct cgroup **ret_cgroup, struct error *err)
{
	int fd = tree_open(root_fd, path, O_RDONLY);

	if (fd == -ENOENT)
		return fail(err, ENOENT, "cgroup %.200s does not exist", path);
	if (fd == -ENOTDIR)
		return refuse(err, "cgroup path \"%.200s\" names a control file", path);
	if (fd < 0)
		return fail(err, -fd, "open cgroup %.200s", path);
	*ret_cgroup = tree_new(fd, path);
	return 0;
}

static int make(const struct cgroup_host *host, const char *path, uint32_t controllers, struct made *made,
		struct cgroup **ret_cgroup, struct error *err)
{
	auto_cgroup struct cgroup *cgroup = NULL;
	int code = mkdirat(host->root_fd, path + 1, CGROUP_MODE) == 0 ? 0 : errno;
	int r = 0;

	if (code == 0)
		made->from = strlen(path);
	else if (code == ENOENT)
		r = make_with_parents(host->root_fd, path, made, err);
	else if (code != EEXIST)
		r = make_failed(path, code, err);
	if (r == 0)
		r = open_path(host->root_fd, path, &cgroup, err);
	if (r == 0 && made->from == 0)
		r = check_unused(cgroup, err);
	if (r == 0)
		r = enable_controllers(host, cgroup, controllers, err);
	if (r == 0)
		*ret_cgroup = take_ptr(cgroup);
	return r;
}

int cgroup_create(const struct cgroup_host *host, const char *path, uint32_t controllers, struct cgroup **ret_cgroup,
		  struct error *err)
{
	struct made made = { 0 };
	int r = tree_check_target(host, path, err);

	if (r < 0)
		return r;
	r = make(host, path, controllers, &made, ret_cgroup, err);
	if (r < 0)
		unmake(host->root_fd, path, &made);
	return r;
}

int cgroup_check_unused(const struct cgroup_host *host, const char *path, struct error *err)
{
	auto_cgroup struct cgroup *cgroup = NULL;
	int r = tree_check_target(host, path, err);

	if (r < 0)
		return r;
	/* Missing, as a rule; what else may be wrong with it is cgroup_create()'s to find. */
	if (open_path(host->root_fd, path, &cgroup, err) < 0)
		return 0;
	r = check_unused(cgroup, err);
	return r == -ENOENT || r == -ENODEV ? 0 : r; /* removed meanwhile */
}

int cgroup_open(const struct cgroup_host *host, const char *path, struct cgroup **ret_cgroup, struct error *err)
{
	bool is_root = strcmp(path, "/") == 0;
	int r = is_root && host->root_fd >= 0 ? 0 : tree_check_target(host, path, err);

	return r < 0 ? r : open_path(host->root_fd, path, ret_cgroup, err);
}

void cgroup_close(struct cgroup *cgroup)
{
	if (!cgroup)
		return;
	(void)close(cgroup->fd);
	free(cgroup->path);
	free(cgroup);
}

int cgroup_fd(const struct cgroup *cgroup)
{
	return cgroup->fd;
}

const char *cgroup_path(const struct cgroup *cgroup)
{
	return cgroup->path;
}
