/*
 * enable.c - makes controllers reach a cgroup. The cgroup's own cgroup.controllers tells in one read that all is there,
 * which is so for every container but the first below a parent. Otherwise the ancestors are walked from the root down,
 * reading each cgroup.subtree_control and adding what it lacks in one write: a rootless user may not write the upper
 * ones, and need not, as long as they already pass the controllers on.
 */
#include "enable.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "host.h"
#include "tree.h"

enum { LIST_SIZE = 1024 };

static const struct {
	int code;
	const char *why;
} reasons[] = {
	{ EBUSY,
	  "it has processes of its own, and the kernel lets only a cgroup without processes pass controllers to its "
	  "children: move them to a child cgroup first" },
	{ ENOENT, "its own parent does not pass this controller to it" },
	{ EOPNOTSUPP, "it is threaded or below a threaded cgroup, where this controller cannot be" },
	{ EACCES, "it is not delegated to this user (systemd: Delegate=yes)" },
	{ EPERM, "it is not delegated to this user (systemd: Delegate=yes)" },
	{ EROFS, "the cgroup file system is mounted read-only here" },
};

static const char *reason(int code)
{
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		if (reasons[i].code == code)
			return reasons[i].why;
	return strerror(code);
}

static int refuse_enabling(unsigned controller, const char *ancestor, int code, struct error *err)
{
	(void)refuse(err, "enable the %s controller in cgroup %.150s: %s",
		     cgroup_controller_name((enum cgroup_controller)controller), ancestor, reason(code));
	err->code = code;
	return -code;
}

static void format_list(uint32_t bits, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < CGROUP_CONTROLLER_MAX; i++)
		if (bits & (1u << i))
			used += (size_t)snprintf(text + used, size - used, "%s+%s", used ? " " : "",
						 cgroup_controller_name((enum cgroup_controller)i));
}

/* One write for all; when it fails, one by one, to name the controller that is to blame. */
static int add_to(int dir_fd, const char *ancestor, uint32_t missing, struct error *err)
{
	char list[LIST_SIZE];
	int r;

	format_list(missing, list, sizeof(list));
	r = fd_write_existing(dir_fd, "cgroup.subtree_control", list);
	if (r == 0)
		return 0;
	for (unsigned i = 0; i < CGROUP_CONTROLLER_MAX; i++) {
		if (!(missing & (1u << i)))
			continue;
		format_list(1u << i, list, sizeof(list));
		r = fd_write_existing(dir_fd, "cgroup.subtree_control", list);
		if (r < 0)
			return refuse_enabling(i, ancestor, -r, err);
	}
	return 0;
}

static int enable_in(const struct cgroup_host *host, const char *ancestor, uint32_t wanted, struct error *err)
{
	auto_fd int dir_fd = tree_open(host->root_fd, ancestor, O_PATH);
	char list[LIST_SIZE];
	uint32_t missing;
	ssize_t length;

	if (dir_fd < 0)
		return fail(err, -dir_fd, "open cgroup %.200s", ancestor);
	length = fd_read_small(dir_fd, "cgroup.subtree_control", list, sizeof(list));
	if (length < 0)
		return fail(err, (int)-length, "read cgroup.subtree_control of cgroup %.200s", ancestor);
	missing = wanted & ~host_parse_controllers(list);
	return missing ? add_to(dir_fd, ancestor, missing, err) : 0;
}

/* "/", "/a", "/a/b" for "/a/b/c". */
static int enable_above(const struct cgroup_host *host, const char *path, uint32_t wanted, struct error *err)
{
	char ancestor[PATH_MAX];
	int r = enable_in(host, "/", wanted, err);

	for (const char *slash = strchr(path + 1, '/'); r == 0 && slash; slash = strchr(slash + 1, '/')) {
		size_t length = (size_t)(slash - path);

		memcpy(ancestor, path, length);
		ancestor[length] = '\0';
		r = enable_in(host, ancestor, wanted, err);
	}
	return r;
}

static int read_present(const struct cgroup *cgroup, uint32_t *ret_present, struct error *err)
{
	char list[LIST_SIZE];
	ssize_t length = fd_read_small(cgroup->fd, "cgroup.controllers", list, sizeof(list));

	if (length < 0)
		return fail(err, (int)-length, "read cgroup.controllers of cgroup %.200s", cgroup->path);
	*ret_present = host_parse_controllers(list);
	return 0;
}

int enable_controllers(const struct cgroup_host *host, const struct cgroup *cgroup, uint32_t wanted, struct error *err)
{
	uint32_t present = 0;
	uint32_t missing;

	if (wanted == 0)
		return 0;
	if (read_present(cgroup, &present, err) < 0)
		return -err->code;
	missing = wanted & ~present;
	if (missing == 0)
		return 0;
	if (host_require(host, missing, err) < 0)
		return -err->code;
	return enable_above(host, cgroup->path, missing, err);
}

/* One by one, since one that cannot be had must not keep the others away. */
void cgroup_enable_available(const struct cgroup_host *host, const struct cgroup *cgroup)
{
	struct error ignored;
	uint32_t present = 0;

	if (read_present(cgroup, &present, &ignored) < 0)
		return;
	for (uint32_t rest = host->controllers & ~present; rest; rest &= rest - 1)
		(void)enable_above(host, cgroup->path, rest & -rest, &ignored);
}
