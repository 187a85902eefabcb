/*
 * devices_bpf.c - assembles, loads and attaches the device program of a cgroup.
 *
 * The kernel calls it with the device and the access asked for, and 1 allows. "The last matching rule wins" is meant
 * for each of read, write and mknod by itself: opening for read and write is allowed by one rule for reading and
 * another for writing, and denied by one that denies writing. So the program walks the rules in order with a set of
 * accesses, `allowed`, to which a matching allow rule adds and from which a matching deny rule takes; what is asked for
 * must be in it at the end.
 *
 * There are no jumps but at the end; whether a rule matches is computed as 1 or 0. The verifier follows every path and
 * carries on what each jump taught it: with a jump for each number, twenty rules took it half a millisecond of every
 * container start, and a thousand were too many for it.
 */
#include "devices_bpf.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/str.h"

enum {
	REG_CONTEXT = BPF_REG_1,
	REG_ALLOWED = BPF_REG_2,
	REG_SELECTED = BPF_REG_3,
	REG_VALUE = BPF_REG_4,
	REG_KIND = BPF_REG_5, /* block or character */
	TOP_BIT = 63,
	ACCESS_SHIFT = 16,
	TYPE_MASK = 0xffff,
	ACCESS_ALL = BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE,
	START_LENGTH = 3,
	RULE_MAX = 13,
	END_LENGTH = 8,
	ATTACHED_MAX = 64, /* BPF_CGROUP_MAX_PROGS */
};

static const char program_name[BPF_OBJ_NAME_LEN] = "coffer_devices";

struct code {
	struct bpf_insn *insns;
	size_t count;
};

enum { REGISTER_MASK = 0xf }; /* the fields have four bits */

static void emit(struct code *code, unsigned opcode, unsigned dst, unsigned src, int offset, uint32_t immediate)
{
	code->insns[code->count++] = (struct bpf_insn){
		.code = (uint8_t)opcode,
		.dst_reg = (uint8_t)(dst & REGISTER_MASK),
		.src_reg = (uint8_t)(src & REGISTER_MASK),
		.off = (int16_t)offset,
		.imm = (int32_t)immediate,
	};
}

static void emit_load(struct code *code, unsigned reg, size_t offset)
{
	emit(code, BPF_LDX | BPF_MEM | BPF_W, reg, REG_CONTEXT, (int)offset, 0);
}

static void emit_alu(struct code *code, unsigned operation, unsigned reg, uint32_t immediate)
{
	emit(code, BPF_ALU | BPF_K | operation, reg, 0, 0, immediate);
}

static void emit_alu_reg(struct code *code, unsigned operation, unsigned dst, unsigned src)
{
	emit(code, BPF_ALU | BPF_X | operation, dst, src, 0, 0);
}

static void emit_start(struct code *code, bool allow)
{
	emit_alu(code, BPF_MOV, REG_ALLOWED, allow ? ACCESS_ALL : 0);
	emit_load(code, REG_KIND, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	emit_alu(code, BPF_AND, REG_KIND, TYPE_MASK);
}

/* selected |= field ^ number */
static void emit_compare(struct code *code, bool first, size_t field, int64_t number)
{
	unsigned reg = first ? REG_SELECTED : REG_VALUE;

	emit_load(code, reg, field);
	emit_alu(code, BPF_XOR, reg, (uint32_t)number);
	if (!first)
		emit_alu_reg(code, BPF_OR, REG_SELECTED, REG_VALUE);
}

/* Leaves 0 in REG_SELECTED if the device matches, and no code at all, and false, for a rule that matches any. */
static bool emit_difference(struct code *code, const struct device_rule *rule)
{
	bool first = true;

	if (rule->type != 'a') {
		emit_alu_reg(code, BPF_MOV, REG_SELECTED, REG_KIND);
		emit_alu(code, BPF_XOR, REG_SELECTED, rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
		first = false;
	}
	if (rule->major >= 0) {
		emit_compare(code, first, offsetof(struct bpf_cgroup_dev_ctx, major), rule->major);
		first = false;
	}
	if (rule->minor >= 0) {
		emit_compare(code, first, offsetof(struct bpf_cgroup_dev_ctx, minor), rule->minor);
		first = false;
	}
	return !first;
}

/*
 * In 64 bits a number of 32 less one has the top bit only if it was 0: that bit times the access is what the rule has
 * a say on. (A mask of all ones or none would do too, but newer verifiers fork on those.)
 */
static void emit_selection(struct code *code, uint32_t access)
{
	emit(code, BPF_ALU64 | BPF_K | BPF_SUB, REG_SELECTED, 0, 0, 1);
	emit(code, BPF_ALU64 | BPF_K | BPF_RSH, REG_SELECTED, 0, 0, TOP_BIT);
	emit_alu(code, BPF_MUL, REG_SELECTED, access);
}

static void emit_rule(struct code *code, const struct device_rule *rule)
{
	if (!emit_difference(code, rule)) {
		emit_alu(code, rule->allow ? BPF_OR : BPF_AND, REG_ALLOWED, rule->allow ? rule->access : ~rule->access);
		return;
	}
	emit_selection(code, rule->access);
	if (rule->allow) {
		emit_alu_reg(code, BPF_OR, REG_ALLOWED, REG_SELECTED);
	} else {
		emit_alu(code, BPF_XOR, REG_SELECTED, UINT32_MAX);
		emit_alu_reg(code, BPF_AND, REG_ALLOWED, REG_SELECTED);
	}
}

/*
 * return allowed && !(access & ~allowed). The kernel also asks with no access at all, for access(X_OK): then a device
 * with anything allowed is.
 */
static void emit_end(struct code *code)
{
	emit_alu(code, BPF_MOV, BPF_REG_0, 0);
	emit_load(code, REG_VALUE, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	emit_alu(code, BPF_RSH, REG_VALUE, ACCESS_SHIFT);
	emit(code, BPF_JMP32 | BPF_K | BPF_JEQ, REG_ALLOWED, 0, 3, 0);
	emit_alu(code, BPF_XOR, REG_ALLOWED, ACCESS_ALL);
	emit(code, BPF_JMP32 | BPF_X | BPF_JSET, REG_VALUE, REG_ALLOWED, 1, 0);
	emit_alu(code, BPF_MOV, BPF_REG_0, 1);
	emit(code, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static bool matches_everything(const struct device_rule *rule)
{
	return rule->type == 'a' && rule->major < 0 && rule->minor < 0 && rule->access == ACCESS_ALL;
}

size_t devices_compile(const struct device_rule *rules, size_t n_rules, struct bpf_insn **ret_code,
		       bool *ret_allows_all)
{
	struct code code = { 0 };
	size_t first = n_rules;
	bool allow;

	/* What comes before a rule for everything has no say. */
	while (first > 0 && !matches_everything(&rules[first - 1]))
		first--;
	allow = first > 0 && rules[first - 1].allow;
	code.insns = xcalloc(START_LENGTH + (n_rules - first) * RULE_MAX + END_LENGTH, sizeof(*code.insns));
	emit_start(&code, allow);
	for (size_t i = first; i < n_rules; i++)
		emit_rule(&code, &rules[i]);
	emit_end(&code);
	*ret_code = code.insns;
	*ret_allows_all = allow && first == n_rules;
	return code.count;
}

static int bpf(enum bpf_cmd command, union bpf_attr *attr)
{
	long r = syscall(SYS_bpf, command, attr, sizeof(*attr));

	return r < 0 ? -errno : (int)r;
}

int devices_load(const struct bpf_insn *code, size_t count)
{
	static const char license[] = "Apache-2.0";
	const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	struct rlimit before;
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.expected_attach_type = BPF_CGROUP_DEVICE;
	attr.insns = (uint64_t)(uintptr_t)code;
	attr.insn_cnt = (uint32_t)count;
	attr.license = (uint64_t)(uintptr_t)license;
	memcpy(attr.prog_name, program_name, sizeof(attr.prog_name));
	fd = bpf(BPF_PROG_LOAD, &attr);
	/* Before Linux 5.11 programs count as locked memory, and the limit shows as EPERM. */
	if (fd != -EPERM || getrlimit(RLIMIT_MEMLOCK, &before) < 0 || setrlimit(RLIMIT_MEMLOCK, &unlimited) < 0)
		return fd;
	fd = bpf(BPF_PROG_LOAD, &attr);
	(void)setrlimit(RLIMIT_MEMLOCK, &before);
	return fd;
}

/* fd of program `id` if coffer loaded it, else -1. */
static int open_if_ours(uint32_t id)
{
	struct bpf_prog_info info;
	union bpf_attr attr;
	auto_fd int fd = -1;

	memset(&attr, 0, sizeof(attr));
	attr.prog_id = id;
	fd = bpf(BPF_PROG_GET_FD_BY_ID, &attr);
	if (fd < 0)
		return -1;
	memset(&info, 0, sizeof(info));
	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info_len = sizeof(info);
	attr.info.info = (uint64_t)(uintptr_t)&info;
	if (bpf(BPF_OBJ_GET_INFO_BY_FD, &attr) < 0 || memcmp(info.name, program_name, sizeof(program_name)) != 0)
		return -1;
	return take_fd(&fd);
}

static int attach(int cgroup_fd, int program_fd, int replaced_fd)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (uint32_t)cgroup_fd;
	attr.attach_bpf_fd = (uint32_t)program_fd;
	attr.attach_type = BPF_CGROUP_DEVICE;
	/* MULTI: the programs of the cgroups above and systemd's own go on being asked too, and any may deny. */
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	if (replaced_fd >= 0) {
		attr.attach_flags |= BPF_F_REPLACE;
		attr.replace_bpf_fd = (uint32_t)replaced_fd;
	}
	return bpf(BPF_PROG_ATTACH, &attr);
}

static int detach(int cgroup_fd, int program_fd)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (uint32_t)cgroup_fd;
	attr.attach_bpf_fd = (uint32_t)program_fd;
	attr.attach_type = BPF_CGROUP_DEVICE;
	return bpf(BPF_PROG_DETACH, &attr);
}

int devices_attach(int cgroup_fd, int program_fd)
{
	uint32_t ids[ATTACHED_MAX];
	union bpf_attr attr;
	bool placed = program_fd < 0;
	int r;

	memset(&attr, 0, sizeof(attr));
	attr.query.target_fd = (uint32_t)cgroup_fd;
	attr.query.attach_type = BPF_CGROUP_DEVICE;
	attr.query.prog_ids = (uint64_t)(uintptr_t)ids;
	attr.query.prog_cnt = ATTACHED_MAX;
	r = bpf(BPF_PROG_QUERY, &attr);
	for (uint32_t i = 0; r == 0 && i < attr.query.prog_cnt; i++) {
		auto_fd int ours = open_if_ours(ids[i]);

		if (ours < 0)
			continue;
		r = placed ? detach(cgroup_fd, ours) : attach(cgroup_fd, program_fd, ours);
		placed = true;
	}
	return r < 0 || placed ? r : attach(cgroup_fd, program_fd, -1);
}
