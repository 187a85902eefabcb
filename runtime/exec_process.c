/*
 * exec_process.c - see exec_process.h. Options win over the file, the file over the container's config.
 */
#include "exec_process.h"

#include <string.h>

#include "base/str.h"
#include "validate.h"

static int parse_id(const char *text, size_t length, uint32_t *ret)
{
	char digits[16];
	uint64_t value;

	if (length == 0 || length >= sizeof(digits))
		return -1;
	memcpy(digits, text, length);
	digits[length] = '\0';
	if (str_to_u64(digits, UINT32_MAX - 1, &value) < 0)
		return -1;
	*ret = (uint32_t)value;
	return 0;
}

int exec_user_parse(const char *text, uint32_t *ret_uid, uint32_t *ret_gid, bool *ret_has_gid, struct error *err)
{
	size_t length = strcspn(text, ":");
	uint32_t gid = 0;
	uint32_t uid;

	if (parse_id(text, length, &uid) < 0 ||
	    (text[length] && parse_id(text + length + 1, strlen(text + length + 1), &gid) < 0))
		return refuse(err, "--user %s: expected UID or UID:GID in numbers up to 4294967294", text);
	*ret_uid = uid;
	*ret_gid = gid;
	*ret_has_gid = text[length] != '\0';
	return 0;
}

static int set_user(struct config_process *process, const char *text, struct error *err)
{
	uint32_t uid;
	uint32_t gid;
	bool has_gid;
	int r = exec_user_parse(text, &uid, &gid, &has_gid, err);

	if (r < 0)
		return r;
	process->user.uid = uid;
	if (has_gid)
		process->user.gid = gid;
	return 0;
}

static int add_groups(struct arena *arena, struct config_process *process, const char *const *texts, struct error *err)
{
	size_t old = process->user.n_additional_gids;
	size_t added = str_list_length(texts);
	uint32_t *gids = arena_array(arena, old + added, sizeof(*gids));

	for (size_t i = 0; i < old; i++)
		gids[i] = process->user.additional_gids[i];
	for (size_t i = 0; i < added; i++)
		if (parse_id(texts[i], strlen(texts[i]), &gids[old + i]) < 0)
			return refuse(err, "--additional-gids %s: expected a number up to 4294967294", texts[i]);
	process->user.additional_gids = gids;
	process->user.n_additional_gids = old + added;
	return 0;
}

/* Never inheritable: CVE-2022-29162. */
static int add_capabilities(struct config_process *process, const char *const *names, struct error *err)
{
	for (; names && *names; names++) {
		int number = cap_by_name(*names, true);

		if (number < 0)
			return refuse(err, "--cap %s: no such capability", *names);
		process->capabilities.bounding |= 1ULL << number;
		process->capabilities.effective |= 1ULL << number;
		process->capabilities.permitted |= 1ULL << number;
		process->has_capabilities = true;
	}
	return 0;
}

/* A later definition of a variable replaces an earlier one. */
static const char **merge_env(struct arena *arena, const char **base, const char *const *added)
{
	const char **env = arena_array(arena, str_list_length(base) + str_list_length(added) + 1, sizeof(*env));
	size_t used = 0;

	for (; base && *base; base++)
		env[used++] = *base;
	for (; added && *added; added++) {
		size_t name = strcspn(*added, "=") + 1;
		size_t at = 0;

		while (at < used && strncmp(env[at], *added, name) != 0)
			at++;
		env[at] = *added;
		used += at == used;
	}
	return env;
}

static int apply_options(struct arena *arena, struct config_process *process, const struct exec_options *options,
			 struct error *err)
{
	int r = options->user ? set_user(process, options->user, err) : 0;

	if (r == 0)
		r = add_groups(arena, process, options->additional_gids, err);
	if (r == 0)
		r = add_capabilities(process, options->caps, err);
	if (r < 0)
		return r;
	process->env = merge_env(arena, process->env, options->env);
	if (options->cwd)
		process->cwd = options->cwd;
	if (options->apparmor)
		process->apparmor_profile = options->apparmor;
	if (options->process_label)
		process->selinux_label = options->process_label;
	process->no_new_privileges = process->no_new_privileges || options->no_new_privs;
	process->terminal = process->terminal || options->tty;
	return 0;
}

int exec_process_make(struct arena *arena, const struct config *config, const struct exec_options *options,
		      struct config_process **ret_process, struct error *err)
{
	struct config_process *process = arena_alloc(arena, sizeof(*process));
	int r;

	if (options->process_file) {
		r = config_load_process(arena, options->process_file, &process, err);
		if (r < 0)
			return r;
	} else {
		if (!config->process)
			return refuse(err,
				      "the container's config has no process to take defaults from; use --process");
		*process = *config->process;
		/* Whether the container has a terminal says nothing about this process. */
		process->terminal = false;
		process->args = (const char **)(uintptr_t)options->args;
	}
	r = apply_options(arena, process, options, err);
	if (r == 0)
		r = config_validate_process(process, err);
	*ret_process = process;
	return r;
}
