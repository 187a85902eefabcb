/*
 * seccomp.c - see seccomp.h. seccomp_compile: the cache, else libseccomp: default action, architectures, then rule by
 * rule in the profile's order, then the BPF out through a memfd and into the cache. seccomp_filter_load does not use
 * libseccomp: it runs in the container's init, where a filter is just bytes.
 */
#include "seccomp.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "seccomp_cache.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

enum {
	ARGUMENTS = 6,
	TREE_ABOVE = 8, /* syscalls; below that a chain of comparisons is as short as a tree */
	OPTIMIZE_TREE = 2,
	COMPILE_VERSION = 1, /* part of the cache key: to be raised when this file makes another filter of a profile */
};

static void free_context(const scmp_filter_ctx *context_slot)
{
	if (*context_slot)
		seccomp_release(*context_slot);
}

#define auto_context auto_cleanup(free_context)

static int check_rule(const struct seccomp_rule *rule, struct error *err)
{
	for (size_t i = 0; i < rule->n_args; i++) {
		const struct seccomp_arg *arg = &rule->args[i];

		if (arg->index >= ARGUMENTS)
			return refuse(err, "seccomp: argument index %u is not in 0..5", arg->index);
		if (arg->op < SCMP_CMP_NE || arg->op > SCMP_CMP_MASKED_EQ)
			return refuse(err, "seccomp: unknown comparison %d", arg->op);
	}
	return 0;
}

static struct scmp_arg_cmp comparison(const struct seccomp_arg *arg)
{
	return (struct scmp_arg_cmp){
		.arg = arg->index,
		.op = (enum scmp_compare)arg->op,
		.datum_a = arg->value,
		.datum_b = arg->value_two,
	};
}

static bool has_index_twice(const struct seccomp_rule *rule)
{
	unsigned seen = 0;

	for (size_t i = 0; i < rule->n_args; i++) {
		if (seen & (1u << rule->args[i].index))
			return true;
		seen |= 1u << rule->args[i].index;
	}
	return false;
}

/*
 * libseccomp refuses two comparisons of one argument in a rule. For a profile that has them, the engines' profiles rely
 * on what runc and crun do: every comparison of the rule becomes a rule of its own, so any of them is enough.
 */
static int add_syscall(scmp_filter_ctx filter, const struct seccomp_rule *rule, int number)
{
	struct scmp_arg_cmp comparisons[ARGUMENTS];
	int r = 0;

	if (has_index_twice(rule)) {
		for (size_t i = 0; r == 0 && i < rule->n_args; i++) {
			comparisons[0] = comparison(&rule->args[i]);
			r = seccomp_rule_add_array(filter, rule->action, number, 1, comparisons);
		}
		return r;
	}
	for (size_t i = 0; i < rule->n_args; i++)
		comparisons[i] = comparison(&rule->args[i]);
	return seccomp_rule_add_array(filter, rule->action, number, (unsigned)rule->n_args, comparisons);
}

static int add_rule(scmp_filter_ctx filter, const struct seccomp_profile *profile, const struct seccomp_rule *rule,
		    struct error *err)
{
	if (check_rule(rule, err) < 0)
		return -err->code;
	/* libseccomp takes a rule that says what the default says for a mistake. */
	if (rule->action == profile->default_action)
		return 0;
	for (size_t i = 0; i < rule->n_names; i++) {
		int number = seccomp_syscall_resolve_name(rule->names[i]);
		int r;

		if (number == __NR_SCMP_ERROR)
			continue;
		r = add_syscall(filter, rule, number);
		if (r < 0)
			return fail(err, -r, "seccomp: add the rule for %s", rule->names[i]);
	}
	return 0;
}

static bool is_large(const struct seccomp_profile *profile)
{
	size_t count = 0;

	for (size_t i = 0; i < profile->n_rules; i++)
		count += profile->rules[i].n_names;
	return count > TREE_ABOVE;
}

static int read_instructions(int fd, struct seccomp_filter *ret_filter, struct error *err)
{
	auto_free void *code = NULL;
	struct stat st;
	size_t size;

	if (fstat(fd, &st) < 0)
		return fail(err, errno, "seccomp: size of the filter");
	size = (size_t)st.st_size;
	if (size == 0 || size / sizeof(struct sock_filter) > BPF_MAXINSNS)
		return refuse(err, "seccomp: a filter of %zu instructions; the kernel takes 1..%d",
			      size / sizeof(struct sock_filter), BPF_MAXINSNS);
	code = malloc(size);
	if (!code)
		return fail(err, ENOMEM, "seccomp: read the filter");
	if (pread(fd, code, size, 0) != st.st_size)
		return fail(err, EIO, "seccomp: read the filter");
	ret_filter->code = take_ptr(code);
	ret_filter->count = (uint16_t)(size / sizeof(struct sock_filter));
	return 0;
}

static int export(scmp_filter_ctx filter, struct seccomp_filter *ret_filter, struct error *err)
{
	auto_fd int fd = memfd_create("seccomp", MFD_CLOEXEC);
	int r;

	if (fd < 0)
		return fail(err, errno, "seccomp: memfd for the filter");
	r = seccomp_export_bpf(filter, fd);
	if (r < 0)
		return fail(err, -r, "seccomp: make the filter");
	return read_instructions(fd, ret_filter, err);
}

static int compile(const struct seccomp_profile *profile, struct seccomp_filter *ret_filter, struct error *err)
{
	auto_context scmp_filter_ctx filter = seccomp_init(profile->default_action);
	int r;

	if (!filter)
		return refuse(err, "seccomp: default action %#x is not possible on this kernel",
			      profile->default_action);
	for (size_t i = 0; i < profile->n_architectures; i++) {
		r = seccomp_arch_add(filter, profile->architectures[i]);
		if (r < 0 && r != -EEXIST)
			return fail(err, -r, "seccomp: add architecture %#x", profile->architectures[i]);
	}
	if (is_large(profile)) {
		r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, OPTIMIZE_TREE);
		if (r < 0)
			return fail(err, -r, "seccomp: ask for a binary tree");
	}
	for (size_t i = 0; i < profile->n_rules; i++)
		if (add_rule(filter, profile, &profile->rules[i], err) < 0)
			return -err->code;
	return export(filter, ret_filter, err);
}

static void put_number(struct seccomp_cache_key *key, uint64_t number)
{
	seccomp_cache_key_put(key, &number, sizeof(number));
}

static void put_text(struct seccomp_cache_key *key, const char *text)
{
	seccomp_cache_key_put(key, text, strlen(text) + 1);
}

static void put_rule(struct seccomp_cache_key *key, const struct seccomp_rule *rule)
{
	put_number(key, rule->action);
	put_number(key, rule->n_args);
	for (size_t i = 0; i < rule->n_args; i++) {
		put_number(key, rule->args[i].index);
		put_number(key, (uint64_t)rule->args[i].op);
		put_number(key, rule->args[i].value);
		put_number(key, rule->args[i].value_two);
	}
	put_number(key, rule->n_names);
	for (size_t i = 0; i < rule->n_names; i++)
		put_text(key, rule->names[i]);
}

/* The kernel is in the key because libseccomp asks it which actions it knows. */
static void make_key(const struct seccomp_profile *profile, struct seccomp_cache_key *key)
{
	const struct scmp_version *version = seccomp_version();
	struct utsname kernel;

	if (uname(&kernel) < 0)
		abort(); /* EFAULT is its only error */
	put_number(key, COMPILE_VERSION);
	put_text(key, kernel.release);
	put_text(key, kernel.machine);
	put_number(key, version->major);
	put_number(key, version->minor);
	put_number(key, version->micro);
	put_number(key, profile->default_action);
	put_number(key, profile->n_architectures);
	for (size_t i = 0; i < profile->n_architectures; i++)
		put_number(key, profile->architectures[i]);
	put_number(key, profile->flags);
	put_number(key, profile->n_rules);
	for (size_t i = 0; i < profile->n_rules; i++)
		put_rule(key, &profile->rules[i]);
	seccomp_cache_key_seal(key);
}

int seccomp_compile(const struct seccomp_profile *profile, int cache_dir_fd, struct seccomp_filter *ret_filter,
		    struct error *err)
{
	auto_cleanup(seccomp_cache_key_free) struct seccomp_cache_key key = { 0 };
	struct seccomp_filter filter = { .flags = profile->flags };

	if (cache_dir_fd >= 0) {
		make_key(profile, &key);
		if (seccomp_cache_load(cache_dir_fd, &key, &filter.code, &filter.count)) {
			*ret_filter = filter;
			return 0;
		}
	}
	if (compile(profile, &filter, err) < 0)
		return -err->code;
	if (cache_dir_fd >= 0)
		seccomp_cache_store(cache_dir_fd, &key, filter.code, filter.count);
	*ret_filter = filter;
	return 0;
}

void seccomp_filter_free(struct seccomp_filter *filter)
{
	free(filter->code);
	*filter = (struct seccomp_filter){ 0 };
}

int seccomp_filter_load(const struct seccomp_filter *filter, struct error *err)
{
	struct sock_fprog program = { .len = filter->count, .filter = filter->code };
	/* The kernel takes this flag only together with a listener; without one there is nothing it could change. */
	uint64_t flags = filter->flags & ~SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	long r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, (unsigned)flags, &program);

	if (r < 0 && errno == EACCES)
		return fail(err, EACCES, "seccomp: load the filter (needs no_new_privs or CAP_SYS_ADMIN)");
	if (r < 0)
		return fail(err, errno, "seccomp: load a filter of %u instructions", filter->count);
	if (r > 0)
		return fail(err, ESRCH, "seccomp: thread %ld cannot take the filter (TSYNC)", r);
	return 0;
}
