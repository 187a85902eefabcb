/* config_hooks.c - the hooks object: runtime-spec config.md "POSIX-platform Hooks". All stages have equal entries. */
#include "config.h"
#include "config_parts.h"

#define H(member) offsetof(struct hook, member)

static const struct json_field hook_fields[] = {
	{ "path", JSON_AS_STRING, H(path), .required = true },
	{ "args", JSON_AS_STRING_LIST, H(args) },
	{ "env", JSON_AS_STRING_LIST, H(env) },
	{ "timeout", JSON_AS_I64, H(timeout_s), .min = 1, .max = INT64_MAX },
	{ NULL },
};

static int decode_hook(struct arena *arena, const struct json *node, void *target, struct error *err)
{
	struct hook *hook = target;
	int r = json_decode(arena, node, hook_fields, hook, err);

	/* An empty argv is no way to start a program: the path is argv[0] then too. */
	if (r == 0 && hook->args && !hook->args[0])
		hook->args = NULL;
	return r;
}

#define STAGE(name, stage)                                                                                             \
	{                                                                                                              \
		name, JSON_AS_ARRAY, offsetof(struct config, hooks[stage].items),                                      \
			.count_offset = offsetof(struct config, hooks[stage].count), .size = sizeof(struct hook),      \
			.decode = decode_hook                                                                          \
	}

const struct json_field config_hooks_fields[] = {
	STAGE("prestart", HOOK_PRESTART),
	STAGE("createRuntime", HOOK_CREATE_RUNTIME),
	STAGE("createContainer", HOOK_CREATE_CONTAINER),
	STAGE("startContainer", HOOK_START_CONTAINER),
	STAGE("poststart", HOOK_POSTSTART),
	STAGE("poststop", HOOK_POSTSTOP),
	{ NULL },
};
