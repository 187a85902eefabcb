/*
 * config_seccomp.c - linux.seccomp: runtime-spec config-linux.md "Seccomp". Names of actions, architectures, operators
 * and flags become numbers here by namespaces/seccomp.h; names of system calls stay names.
 *
 * listenerPath and listenerMetadata have no row: the spec ignores them unless an action is SCMP_ACT_NOTIFY, and that
 * action is refused.
 */
#include "base/str.h"
#include "config.h"
#include "config_parts.h"

enum { ARGUMENTS_MAX = 6 };

struct action_entry {
	const char *name;
	struct opt_u64 errno_ret;
};

static int take_action(const struct json *node, const char *key, const struct action_entry *entry, uint32_t *ret_action,
		       struct error *err)
{
	if (seccomp_action_by_name(entry->name, entry->errno_ret, ret_action, err) < 0)
		return json_context(json_get(node, key), err);
	return 0;
}

static int decode_operator(struct arena *arena, const struct json *node, void *target, struct error *err)
{
	const char *name;
	int r = json_string(node, &name, err);

	(void)arena;
	if (r == 0 && seccomp_operator_by_name(name, target) < 0)
		return json_refuse(node, err,
				   "\"%.64s\" is not known; it can be SCMP_CMP_NE, LT, LE, EQ, GE, GT, MASKED_EQ",
				   name);
	return r;
}

#define A(member) offsetof(struct seccomp_arg, member)

static const struct json_field arg_fields[] = {
	{ "index", JSON_AS_U32, A(index), .required = true, .max = ARGUMENTS_MAX - 1 },
	{ "value", JSON_AS_U64, A(value), .required = true },
	{ "valueTwo", JSON_AS_U64, A(value_two) },
	{ "op", JSON_AS_CUSTOM, A(op), .required = true, .decode = decode_operator },
	{ NULL },
};

struct rule_entry {
	struct seccomp_rule rule;
	struct action_entry action;
};

#define R(member) offsetof(struct rule_entry, member)

static const struct json_field rule_fields[] = {
	{ "names", JSON_AS_STRING_LIST, R(rule.names), .count_offset = R(rule.n_names), .required = true },
	{ "action", JSON_AS_STRING, R(action.name), .required = true },
	{ "errnoRet", JSON_AS_OPT_U64, R(action.errno_ret), .max = UINT32_MAX },
	{ "args", JSON_AS_ARRAY, R(rule.args), .count_offset = R(rule.n_args), .size = sizeof(struct seccomp_arg),
	  .fields = arg_fields },
	{ NULL },
};

static int decode_rule(struct arena *arena, const struct json *node, void *target, struct error *err)
{
	struct rule_entry entry = { 0 };
	int r = json_decode(arena, node, rule_fields, &entry, err);

	if (r < 0)
		return r;
	if (entry.rule.n_names == 0)
		return json_refuse(json_get(node, "names"), err, "empty; name at least one system call");
	r = take_action(node, "action", &entry.action, &entry.rule.action, err);
	if (r == 0)
		*(struct seccomp_rule *)target = entry.rule;
	return r;
}

static int decode_archs(struct arena *arena, const struct json *node, void *target, struct error *err)
{
	struct seccomp_profile *profile = target;
	const char **names;
	size_t count;
	int r = json_string_list(arena, node, &names, &count, err);
	const struct json *item = node->first;

	if (r < 0)
		return r;
	profile->architectures = arena_array(arena, count, sizeof(*profile->architectures));
	for (size_t i = 0; i < count; i++, item = item->next)
		if (seccomp_arch_by_name(names[i], &profile->architectures[i]) < 0)
			return json_refuse(item, err, "\"%.64s\" is not known; see `coffer features` for the names",
					   names[i]);
	profile->n_architectures = count;
	return 0;
}

static int decode_flags(struct arena *arena, const struct json *node, void *target, struct error *err)
{
	const char **names;
	uint64_t flag;
	size_t count;
	int r = json_string_list(arena, node, &names, &count, err);
	const struct json *item = node->first;

	for (size_t i = 0; r == 0 && i < count; i++, item = item->next) {
		if (seccomp_flag_by_name(names[i], &flag) < 0)
			return json_refuse(item, err, "\"%.64s\" is not known; see `coffer features` for the names",
					   names[i]);
		*(uint64_t *)target |= flag;
	}
	return r;
}

struct profile_entry {
	struct seccomp_profile profile;
	struct action_entry action;
};

#define P(member) offsetof(struct profile_entry, member)

static const struct json_field profile_fields[] = {
	{ "defaultAction", JSON_AS_STRING, P(action.name), .required = true },
	{ "defaultErrnoRet", JSON_AS_OPT_U64, P(action.errno_ret), .max = UINT32_MAX },
	{ "architectures", JSON_AS_CUSTOM, P(profile), .decode = decode_archs },
	{ "flags", JSON_AS_CUSTOM, P(profile.flags), .decode = decode_flags },
	{ "syscalls", JSON_AS_ARRAY, P(profile.rules), .count_offset = P(profile.n_rules),
	  .size = sizeof(struct seccomp_rule), .decode = decode_rule },
	{ NULL },
};

int config_decode_seccomp(struct arena *arena, const struct json *node, void *target, struct error *err)
{
	struct profile_entry entry = { 0 };
	int r = json_decode(arena, node, profile_fields, &entry, err);

	if (r == 0)
		r = take_action(node, "defaultAction", &entry.action, &entry.profile.default_action, err);
	if (r == 0)
		*(struct seccomp_profile *)target = entry.profile;
	return r;
}
