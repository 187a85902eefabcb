/*
 * devices_bpf.c - assembles, loads and attaches the device program of a cgroup.
 *
 * The kernel calls it with the device and the access asked for, and 1 allows. "The last matching rule wins" is meant
 * for each of read, write and mknod by itself: opening for read and write is allowed by one rule for reading and
 * another for writing, and denied by one that denies writing. So, with `wanted` the accesses not yet decided, the rules
 * are tried from the last to the first:
 *	a matching deny rule that has any of wanted: denied
 *	a matching allow rule: wanted loses the rule's accesses; nothing left: allowed
 * and what is still wanted after the first rule is denied. Each rule jumps at most to the next one, so the length of
 * the program is no matter for the 16-bit jump offsets.
 *
 * A rule compares without branches: the differences of kind, major and minor are or-ed together, and one jump asks for
 * zero. The verifier follows every path and carries what each jump taught it through all later rules; with a jump for
 * each number it takes half a millisecond for twenty rules and gives up on a few hundred. As it is, only `wanted`
 * outlives a rule, in a handful of variants.
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
	REG_RESULT = BPF_REG_0,
	REG_CONTEXT = BPF_REG_1,
	REG_WANTED = BPF_REG_2,
	REG_DIFFERENCE = BPF_REG_3,
	REG_VALUE = BPF_REG_4,
	ACCESS_SHIFT = 16,
	TYPE_MASK = 0xffff,
	ACCESS_ALL = BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE,
	PROLOGUE_LENGTH = 2,
	RULE_MAX = 14,
	RETURN_LENGTH = 2,
	ATTACHED_MAX = 64, /* BPF_CGROUP_MAX_PROGS */
};

static const char program_name[BPF_OBJ_NAME_LEN] = "coffer_devices";

struct code {
	struct bpf_insn *insns;
	size_t count;
};

static void emit(struct code *code, unsigned opcode, unsigned dst, unsigned src, int offset, uint32_t immediate)
{
	code->insns[code->count++] = (struct bpf_insn){
		.code = (uint8_t)opcode,
		.dst_reg = (uint8_t)(dst & 0xf),
		.src_reg = (uint8_t)(src & 0xf),
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

/* 32-bit compares: device numbers are unsigned, and the 64-bit ones extend the sign of their immediate. */
static void emit_jump(struct code *code, unsigned condition, unsigned reg, uint32_t immediate, int offset)
{
	emit(code, BPF_JMP32 | BPF_K | condition, reg, 0, offset, immediate);
}

static void emit_return(struct code *code, bool allow)
{
	emit_alu(code, BPF_MOV, REG_RESULT, allow);
	emit(code, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static void emit_prologue(struct code *code)
{
	emit_load(code, REG_WANTED, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	emit_alu(code, BPF_RSH, REG_WANTED, ACCESS_SHIFT);
}

/* difference |= field ^ wanted value; the first one needs no or. */
static void emit_compare(struct code *code, bool *first, size_t offset, uint32_t mask, uint32_t value)
{
	unsigned reg = *first ? REG_DIFFERENCE : REG_VALUE;

	emit_load(code, reg, offset);
	if (mask != UINT32_MAX)
		emit_alu(code, BPF_AND, reg, mask);
	emit_alu(code, BPF_XOR, reg, value);
	if (!*first)
		emit(code, BPF_ALU | BPF_X | BPF_OR, REG_DIFFERENCE, REG_VALUE, 0, 0);
	*first = false;
}

/* Returns whether there is anything to compare, that is a difference to jump on. */
static bool emit_match(struct code *code, const struct device_rule *rule)
{
	bool first = true;

	if (rule->type != 'a')
		emit_compare(code, &first, offsetof(struct bpf_cgroup_dev_ctx, access_type), TYPE_MASK,
			     rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
	if (rule->major >= 0)
		emit_compare(code, &first, offsetof(struct bpf_cgroup_dev_ctx, major), UINT32_MAX,
			     (uint32_t)rule->major);
	if (rule->minor >= 0)
		emit_compare(code, &first, offsetof(struct bpf_cgroup_dev_ctx, minor), UINT32_MAX,
			     (uint32_t)rule->minor);
	return !first;
}

/* An allow rule for every access leaves nothing wanted, and no question. */
static void emit_action(struct code *code, const struct device_rule *rule)
{
	if (!rule->allow) {
		emit_jump(code, BPF_JSET, REG_WANTED, rule->access, 1);
		emit(code, BPF_JMP | BPF_JA, 0, 0, RETURN_LENGTH, 0);
	} else if (rule->access != ACCESS_ALL) {
		emit_alu(code, BPF_AND, REG_WANTED, ACCESS_ALL & ~rule->access);
		emit_jump(code, BPF_JNE, REG_WANTED, 0, RETURN_LENGTH);
	}
	emit_return(code, rule->allow);
}

static void emit_rule(struct code *code, const struct device_rule *rule)
{
	bool conditional = emit_match(code, rule);
	size_t jump = code->count;

	if (conditional)
		emit_jump(code, BPF_JNE, REG_DIFFERENCE, 0, 0);
	emit_action(code, rule);
	if (conditional)
		code->insns[jump].off = (int16_t)(code->count - jump - 1);
}

static bool matches_everything(const struct device_rule *rule)
{
	return rule->type == 'a' && rule->major < 0 && rule->minor < 0 && rule->access == ACCESS_ALL;
}

size_t devices_compile(const struct device_rule *rules, size_t n_rules, struct bpf_insn **ret_code,
		       bool *ret_allows_all)
{
	struct code code = { 0 };
	bool allow = false;
	size_t i = n_rules;

	code.insns = xcalloc(PROLOGUE_LENGTH + RETURN_LENGTH + n_rules * RULE_MAX, sizeof(*code.insns));
	emit_prologue(&code);
	/* What comes before a rule for everything has no say, and the verifier refuses dead code. */
	for (; i > 0 && !matches_everything(&rules[i - 1]); i--)
		emit_rule(&code, &rules[i - 1]);
	if (i > 0)
		allow = rules[i - 1].allow;
	emit_return(&code, allow);
	*ret_code = code.insns;
	*ret_allows_all = allow && i == n_rules;
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
