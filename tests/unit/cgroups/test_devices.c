/* Device rules as the kernel sees them: parsed, refused, loaded up to a thousand, attached, replaced, enforced. */
#include "cgroups/devices.h"

#include <linux/bpf.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "cgroups/devices_bpf.h"
#include "sandbox.h"

enum {
	R = BPF_DEVCG_ACC_READ,
	W = BPF_DEVCG_ACC_WRITE,
	M = BPF_DEVCG_ACC_MKNOD,
};

static const struct device_rule null_only[] = { { false, 'a', -1, -1, R | W | M }, { true, 'c', 1, 3, R | W } };
static const struct device_rule zero_only[] = { { false, 'a', -1, -1, R | W | M }, { true, 'c', 1, 5, R } };
static const struct device_rule everything[] = { { true, 'a', -1, -1, R | W | M } };

static void parses_access(void)
{
	unsigned access = 99;

	CHECK_INT(-EINVAL, device_access_parse("", &access));
	CHECK_INT(-EINVAL, device_access_parse("x", &access));
	CHECK_INT(-EINVAL, device_access_parse("rwmx", &access));
	CHECK_INT(-EINVAL, device_access_parse("R", &access));
	CHECK_INT(-EINVAL, device_access_parse("r w", &access));
	CHECK_INT(99, access);
	CHECK_INT(0, device_access_parse("rwm", &access));
	CHECK_INT(R | W | M, access);
	CHECK_INT(0, device_access_parse("mr", &access));
	CHECK_INT(R | M, access);
	CHECK_INT(0, device_access_parse("ww", &access));
	CHECK_INT(W, access);
}

static void refuses_bad_rules(void)
{
	static const struct {
		struct device_rule rule;
		const char *text;
	} bad[] = {
		{ { true, 'p', 1, 3, R }, "linux.resources.devices[1].type" },
		{ { true, '\0', 1, 3, R }, "linux.resources.devices[1].type" },
		{ { true, 'c', -2, 3, R }, "linux.resources.devices[1].major: -2" },
		{ { true, 'c', 1, 4294967296, R }, "linux.resources.devices[1].minor: 4294967296" },
		{ { true, 'c', 1, 3, 0 }, "linux.resources.devices[1].access: 0" },
		{ { true, 'c', 1, 3, 8 }, "linux.resources.devices[1].access: 0x8" },
	};
	struct error err;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		const struct device_rule rules[] = { null_only[0], bad[i].rule };

		CHECK_INT(-EINVAL, devices_apply(NULL, rules, 2, &err));
		CHECK_CONTAINS(bad[i].text, err.text);
	}
}

static unsigned attached(const struct cgroup *cgroup)
{
	uint32_t ids[64];
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.query.target_fd = (uint32_t)cgroup_fd(cgroup);
	attr.query.attach_type = BPF_CGROUP_DEVICE;
	attr.query.prog_ids = (uint64_t)(uintptr_t)ids;
	attr.query.prog_cnt = ARRAY_SIZE(ids);
	CHECK(syscall(SYS_bpf, BPF_PROG_QUERY, &attr, sizeof(attr)) == 0);
	return attr.query.prog_cnt;
}

/* Skips where the kernel runs no device programs at all. */
static struct cgroup *enter(struct cgroup_host *host)
{
	struct bpf_insn *code;
	bool all;
	size_t count;
	int fd;

	sandbox_enter(host);
	count = devices_compile(null_only, 2, &code, &all);
	fd = devices_load(code, count);
	free(code);
	if (fd < 0)
		TEST_SKIP("this kernel loads no device programs: %s", strerror(-fd));
	(void)close(fd);
	return sandbox_create(host, "devices");
}

static void leave(struct cgroup_host *host, struct cgroup *cgroup)
{
	cgroup_close(cgroup);
	sandbox_leave(host);
}

static int open_code(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0)
		return errno;
	(void)close(fd);
	return 0;
}

/* 10 for an attach that failed, else a bit for each open that did not go as null_only says. */
static int check_null_only(void *data)
{
	struct error err;

	if (cgroup_attach(data, getpid(), &err) < 0)
		return 10;
	return (open_code("/dev/null", O_RDWR) != 0) | (open_code("/dev/zero", O_RDONLY) != EPERM) << 1 |
	       (open_code("/dev/full", O_WRONLY) != EPERM) << 2 |
	       (mknod("/tmp/coffer-null", S_IFCHR | 0600, 1 << 8 | 3) == 0 || errno != EPERM) << 3;
}

static int check_zero_only(void *data)
{
	struct error err;

	if (cgroup_attach(data, getpid(), &err) < 0)
		return 10;
	return (open_code("/dev/null", O_RDONLY) != EPERM) | (open_code("/dev/zero", O_RDONLY) != 0) << 1 |
	       (open_code("/dev/zero", O_RDWR) != EPERM) << 2;
}

static int check_all(void *data)
{
	struct error err;

	if (cgroup_attach(data, getpid(), &err) < 0)
		return 10;
	return (open_code("/dev/null", O_RDWR) != 0) | (open_code("/dev/zero", O_RDWR) != 0) << 1;
}

static void apply(const struct cgroup *cgroup, const struct device_rule *rules, size_t n_rules)
{
	struct error err = { .text = "" };

	if (devices_apply(cgroup, rules, n_rules, &err) < 0)
		test_stop(TEST_FAILED, "%s", err.text);
}

static void enforces(void)
{
	struct cgroup_host host;
	struct cgroup *cgroup = enter(&host);

	apply(cgroup, null_only, ARRAY_SIZE(null_only));
	CHECK_INT(0, sandbox_child(check_null_only, cgroup));
	CHECK_INT(1, attached(cgroup));
	leave(&host, cgroup);
}

static void replaces_its_own(void)
{
	struct cgroup_host host;
	struct cgroup *cgroup = enter(&host);

	apply(cgroup, null_only, ARRAY_SIZE(null_only));
	apply(cgroup, zero_only, ARRAY_SIZE(zero_only));
	CHECK_INT(1, attached(cgroup));
	CHECK_INT(0, sandbox_child(check_zero_only, cgroup));
	apply(cgroup, everything, ARRAY_SIZE(everything));
	CHECK_INT(0, attached(cgroup));
	CHECK_INT(0, sandbox_child(check_all, cgroup));
	apply(cgroup, null_only, ARRAY_SIZE(null_only));
	CHECK_INT(0, sandbox_child(check_null_only, cgroup));
	leave(&host, cgroup);
}

/* systemd's, say: must stay, and deny too. */
static int attach_foreign(const struct cgroup *cgroup)
{
	struct bpf_insn *code;
	union bpf_attr attr;
	bool all;
	size_t count = devices_compile(null_only, 2, &code, &all);
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.expected_attach_type = BPF_CGROUP_DEVICE;
	attr.insns = (uint64_t)(uintptr_t)code;
	attr.insn_cnt = (uint32_t)count;
	attr.license = (uint64_t)(uintptr_t) "GPL";
	strcpy(attr.prog_name, "sd_devices");
	fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	free(code);
	CHECK(fd >= 0);
	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (uint32_t)cgroup_fd(cgroup);
	attr.attach_bpf_fd = (uint32_t)fd;
	attr.attach_type = BPF_CGROUP_DEVICE;
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	CHECK(syscall(SYS_bpf, BPF_PROG_ATTACH, &attr, sizeof(attr)) == 0);
	return fd;
}

static int check_none(void *data)
{
	struct error err;

	if (cgroup_attach(data, getpid(), &err) < 0)
		return 10;
	return (open_code("/dev/null", O_RDONLY) != EPERM) | (open_code("/dev/zero", O_RDONLY) != EPERM) << 1;
}

static void leaves_others(void)
{
	struct cgroup_host host;
	struct cgroup *cgroup = enter(&host);
	int fd = attach_foreign(cgroup);

	apply(cgroup, zero_only, ARRAY_SIZE(zero_only));
	CHECK_INT(2, attached(cgroup));
	CHECK_INT(0, sandbox_child(check_none, cgroup));
	apply(cgroup, zero_only, ARRAY_SIZE(zero_only));
	CHECK_INT(2, attached(cgroup));
	apply(cgroup, everything, ARRAY_SIZE(everything));
	CHECK_INT(1, attached(cgroup));
	CHECK_INT(0, sandbox_child(check_null_only, cgroup));
	(void)close(fd);
	leave(&host, cgroup);
}

static void loads_a_thousand(void)
{
	static struct device_rule rules[1000];
	struct cgroup_host host;
	struct cgroup *cgroup = enter(&host);

	/* The shapes that make the verifier's work hardest: partial matches, and accesses taken bit by bit. */
	for (uint32_t i = 0; i < ARRAY_SIZE(rules); i++)
		rules[i] = (struct device_rule){ i % 3 != 0, "abc"[i % 3], (int64_t)(i % 50) - 1, (int64_t)i - 1,
						 1 + i % 7 };
	rules[ARRAY_SIZE(rules) - 3] = null_only[0];
	rules[ARRAY_SIZE(rules) - 2] = null_only[1];
	rules[ARRAY_SIZE(rules) - 1] = (struct device_rule){ true, 'b', 8, 0, R };
	apply(cgroup, rules, ARRAY_SIZE(rules));
	CHECK_INT(0, sandbox_child(check_null_only, cgroup));
	/* Now without the cut: all thousand are loaded. */
	rules[ARRAY_SIZE(rules) - 3] = rules[1];
	apply(cgroup, rules, ARRAY_SIZE(rules));
	CHECK_INT(1, attached(cgroup));
	leave(&host, cgroup);
}

static int apply_without_privilege(void *data)
{
	struct error err;

	if (setresuid(65534, 65534, 65534) < 0)
		return 1;
	if (devices_apply(data, null_only, ARRAY_SIZE(null_only), &err) != -EPERM)
		return 2;
	return strstr(err.text, "CAP_BPF") ? 0 : 3;
}

static void says_when_it_may_not(void)
{
	struct cgroup_host host;
	struct cgroup *cgroup = enter(&host);

	CHECK_INT(0, sandbox_child(apply_without_privilege, cgroup));
	leave(&host, cgroup);
}

static const struct test tests[] = {
	TEST(parses_access),    TEST(refuses_bad_rules),    TEST(enforces), TEST(replaces_its_own), TEST(leaves_others),
	TEST(loads_a_thousand), TEST(says_when_it_may_not),
};
TEST_MAIN(tests)
