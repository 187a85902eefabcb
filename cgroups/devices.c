/*
 * devices.c - device rules of a cgroup: check, compile, load, attach. Rules that allow everything need no program, and
 * the kernel then has nothing to run at each open of a device.
 */
#include "devices.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <string.h>
#include <unistd.h>

#include "devices_bpf.h"
#include "tree.h"

enum { ACCESS_ALL = BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE };

static unsigned access_bit(char letter)
{
	switch (letter) {
	case 'r':
		return BPF_DEVCG_ACC_READ;
	case 'w':
		return BPF_DEVCG_ACC_WRITE;
	case 'm':
		return BPF_DEVCG_ACC_MKNOD;
	default:
		return 0;
	}
}

int device_access_parse(const char *text, unsigned *ret_access)
{
	unsigned access = 0;

	for (; *text; text++) {
		unsigned bit = access_bit(*text);

		if (bit == 0)
			return -EINVAL;
		access |= bit;
	}
	if (access == 0)
		return -EINVAL;
	*ret_access = access;
	return 0;
}

static int check_number(size_t index, const char *field, int64_t number, struct error *err)
{
	if (number < -1 || number > UINT32_MAX)
		return refuse(err, "linux.resources.devices[%zu].%s: %" PRId64 " is no device number", index, field,
			      number);
	return 0;
}

static int check_rule(const struct device_rule *rule, size_t index, struct error *err)
{
	if (rule->type == '\0' || !strchr("abc", rule->type))
		return refuse(err, "linux.resources.devices[%zu].type: code %d is not one of a, b, c", index,
			      rule->type);
	if (rule->access == 0 || (rule->access & ~(unsigned)ACCESS_ALL) != 0)
		return refuse(err, "linux.resources.devices[%zu].access: %#x is not made of r, w, m", index,
			      rule->access);
	if (check_number(index, "major", rule->major, err) < 0)
		return -err->code;
	return check_number(index, "minor", rule->minor, err);
}

static int load(const struct cgroup *cgroup, const struct bpf_insn *code, size_t count, struct error *err)
{
	int fd = devices_load(code, count);

	if (fd == -EPERM)
		return fail(err, EPERM,
			    "load the device program of cgroup %.200s (it takes CAP_BPF and CAP_NET_ADMIN, "
			    "or CAP_SYS_ADMIN, in the initial user namespace)",
			    cgroup->path);
	if (fd < 0)
		return fail(err, -fd, "load the device program of cgroup %.200s, %zu instructions", cgroup->path,
			    count);
	return fd;
}

int devices_apply(const struct cgroup *cgroup, const struct device_rule *rules, size_t n_rules, struct error *err)
{
	auto_free struct bpf_insn *code = NULL;
	auto_fd int program_fd = -1;
	bool allows_all;
	size_t count;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n_rules; i++)
		r = check_rule(&rules[i], i, err);
	if (r < 0)
		return r;
	count = devices_compile(rules, n_rules, &code, &allows_all);
	if (!allows_all) {
		program_fd = load(cgroup, code, count, err);
		if (program_fd < 0)
			return program_fd;
	}
	r = devices_attach(cgroup->fd, program_fd);
	/* Who may not ask which programs there are cannot have attached one either: nothing to take away. */
	if (r == 0 || (allows_all && r == -EPERM))
		return 0;
	return fail(err, -r, "attach the device program to cgroup %.200s", cgroup->path);
}
