/* bundle.c - the process of a container, and what identifies it: see bundle.h. */
#include "bundle.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "bundle_parts.h"

/* The entries of an image's lists are compared with each other: bounds for time, not for memory. */
enum { ENTRIES_MAX = 4096, DEFAULTS = 4 /* PATH, TERM, HOSTNAME, HOME */ };

static const char spec_version[] = "1.3.0";
static const char default_path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/* ---- the program ---- */

static size_t append(const char **to, size_t count, const char *const *list)
{
	for (; list && *list; list++)
		to[count++] = *list;
	return count;
}

/* conversion.md "Config.Entrypoint", "Config.Cmd": a new entry point makes the image's Cmd meaningless. */
static int put_args(const struct bundle_input *in, struct json_writer *writer, struct error *err)
{
	const struct bundle_options *options = in->options;
	const char *const *entrypoint = options->entrypoint ? options->entrypoint : in->config->entrypoint;
	const char *const *command = options->command ? options->command : options->entrypoint ? NULL : in->config->cmd;
	size_t room = str_list_length(entrypoint) + str_list_length(command) + 1;
	const char **args = arena_array(in->arena, room, sizeof(*args));
	size_t count = append(args, 0, entrypoint);

	count = append(args, count, command);
	if (count == 0)
		return refuse(err, "no program to run: the image names none, so the command line has to");
	json_put_strings(writer, "args", args);
	return 0;
}

/* ---- the environment ---- */

struct environment {
	const char **items;
	size_t count;
};

static bool same_key(const char *a, const char *b)
{
	size_t length = strcspn(a, "=");

	return strncmp(a, b, length) == 0 && b[length] == '=';
}

static bool has_key(const struct environment *env, const char *entry)
{
	for (size_t i = 0; i < env->count; i++)
		if (same_key(entry, env->items[i]))
			return true;
	return false;
}

static void set_entry(struct environment *env, const char *entry)
{
	if (!strchr(entry, '=') || *entry == '=')
		return;
	for (size_t i = 0; i < env->count; i++) {
		if (same_key(entry, env->items[i])) {
			env->items[i] = entry;
			return;
		}
	}
	env->items[env->count++] = entry;
}

static void set_default(struct environment *env, const char *entry)
{
	if (!has_key(env, entry))
		env->items[env->count++] = entry;
}

static const char *hostname(const struct bundle_options *options)
{
	return options->hostname ? options->hostname : options->name;
}

static int put_env(const struct bundle_input *in, struct json_writer *writer, struct error *err)
{
	const char *const *lists[] = { in->config->env, in->options->env };
	size_t n_image = str_list_length(lists[0]);
	size_t room = n_image + str_list_length(lists[1]) + DEFAULTS + 1;
	struct environment env = { .items = arena_array(in->arena, room, sizeof(*env.items)) };

	if (n_image > ENTRIES_MAX || str_list_length(lists[1]) > ENTRIES_MAX)
		return refuse(err, "more than %d environment variables", ENTRIES_MAX);
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		for (const char *const *entry = lists[i]; entry && *entry; entry++)
			set_entry(&env, *entry);
	set_default(&env, default_path);
	if (in->options->terminal)
		set_default(&env, "TERM=xterm");
	set_default(&env, arena_printf(in->arena, "HOSTNAME=%s", hostname(in->options)));
	/* Also for an empty HOME of the image: it has been said. */
	set_default(&env, arena_printf(in->arena, "HOME=%s", in->user->home ? in->user->home : "/"));
	json_put_strings(writer, "env", env.items);
	return 0;
}

/* ---- user, rights ---- */

static void put_user(const struct bundle_user *user, struct json_writer *writer)
{
	json_begin_object(writer, "user");
	json_put_u64(writer, "uid", user->uid);
	json_put_u64(writer, "gid", user->gid);
	if (user->n_groups) {
		json_begin_array(writer, "additionalGids");
		for (size_t i = 0; i < user->n_groups; i++)
			json_put_u64(writer, NULL, user->groups[i]);
		json_end_array(writer);
	}
	json_end_object(writer);
}

/* Root has its capabilities; another user only those that were asked for, and then its programs have them too. */
static void put_capabilities(const struct bundle_input *in, struct json_writer *writer)
{
	const char *const *held = in->user->uid == 0 ? in->capabilities : in->added;
	const char *const *passed_on = in->user->uid == 0 ? NULL : in->added;

	json_begin_object(writer, "capabilities");
	json_put_strings(writer, "bounding", in->capabilities);
	json_put_strings(writer, "effective", held);
	json_put_strings(writer, "permitted", held);
	json_put_strings(writer, "inheritable", passed_on);
	json_put_strings(writer, "ambient", passed_on);
	json_end_object(writer);
}

static void put_rlimits(const struct bundle_options *options, struct json_writer *writer)
{
	json_begin_array(writer, "rlimits");
	for (size_t i = 0; i < options->n_rlimits; i++) {
		json_begin_object(writer, NULL);
		json_put_string(writer, "type", options->rlimits[i].type);
		json_put_u64(writer, "soft", options->rlimits[i].soft);
		json_put_u64(writer, "hard", options->rlimits[i].hard);
		json_end_object(writer);
	}
	json_end_array(writer);
}

static int put_cwd(const struct bundle_input *in, struct json_writer *writer, struct error *err)
{
	const char *given = in->options->working_dir;
	const char *of_image = in->config->working_dir;

	if (given && *given != '/')
		return refuse(err, "--workdir: \"%s\" is not an absolute path", given);
	if (!given && of_image && *of_image)
		given = *of_image == '/' ? of_image : arena_printf(in->arena, "/%s", of_image);
	json_put_string(writer, "cwd", given ? given : "/");
	return 0;
}

static int put_process(const struct bundle_input *in, struct json_writer *writer, struct error *err)
{
	const struct bundle_options *options = in->options;
	int r;

	json_begin_object(writer, "process");
	json_put_bool(writer, "terminal", options->terminal);
	put_user(in->user, writer);
	r = put_args(in, writer, err);
	if (r == 0)
		r = put_env(in, writer, err);
	if (r == 0)
		r = put_cwd(in, writer, err);
	if (r < 0)
		return r;
	put_capabilities(in, writer);
	put_rlimits(options, writer);
	json_put_bool(writer, "noNewPrivileges", options->no_new_privileges);
	if (options->apparmor)
		json_put_string(writer, "apparmorProfile", options->apparmor);
	if (options->selinux_label)
		json_put_string(writer, "selinuxLabel", options->selinux_label);
	json_end_object(writer);
	return 0;
}

/* ---- annotations ---- */

struct annotations {
	struct key_value *items;
	size_t count;
};

static void annotate(struct annotations *annotations, const char *key, const char *value)
{
	if (!value || !*key)
		return;
	for (size_t i = 0; i < annotations->count; i++) {
		if (str_eq(annotations->items[i].key, key)) {
			annotations->items[i].value = value;
			return;
		}
	}
	annotations->items[annotations->count++] = (struct key_value){ key, value };
}

static const char *joined_ports(struct arena *arena, const struct image_config *config)
{
	size_t size = 1;
	size_t used = 0;
	char *text;

	if (!config->n_exposed_ports)
		return NULL;
	for (size_t i = 0; i < config->n_exposed_ports; i++)
		size += strlen(config->exposed_ports[i]) + 1;
	text = arena_alloc(arena, size);
	for (size_t i = 0; i < config->n_exposed_ports; i++)
		used += (size_t)snprintf(text + used, size - used, "%s%s", i ? "," : "", config->exposed_ports[i]);
	return text;
}

/* Annotations that are orders to the runtime: limits, a program of the host's to be run. An image gives none. */
static bool is_order(const char *key)
{
	return str_starts(key, "run.coffer.");
}

/* conversion.md "Annotation Fields": implicit ones, then Labels, which win; then what the command line says. */
static int put_annotations(const struct bundle_input *in, struct json_writer *writer, struct error *err)
{
	const struct image_config *config = in->config;
	const struct bundle_options *options = in->options;
	const struct key_value implicit[] = {
		{ "org.opencontainers.image.os", config->platform.os },
		{ "org.opencontainers.image.architecture", config->platform.architecture },
		{ "org.opencontainers.image.variant", config->platform.variant },
		{ "org.opencontainers.image.os.version", config->platform.os_version },
		{ "org.opencontainers.image.author", config->author },
		{ "org.opencontainers.image.created", config->created },
		{ "org.opencontainers.image.stopSignal",
		  options->stop_signal ? options->stop_signal : config->stop_signal },
		{ "org.opencontainers.image.exposedPorts",
		  config->n_exposed_ports > ENTRIES_MAX ? NULL : joined_ports(in->arena, config) },
		{ "org.opencontainers.image.ref.name", options->image_name },
	};
	size_t room = ARRAY_SIZE(implicit) + config->n_labels + options->n_annotations;
	struct annotations all = { .items = arena_array(in->arena, room, sizeof(*all.items)) };

	if (config->n_labels > ENTRIES_MAX || config->n_exposed_ports > ENTRIES_MAX)
		return refuse(err, "the image has more than %d labels or ports", ENTRIES_MAX);
	for (size_t i = 0; i < ARRAY_SIZE(implicit); i++)
		annotate(&all, implicit[i].key, implicit[i].value);
	for (size_t i = 0; i < config->n_labels; i++)
		if (!is_order(config->labels[i].key))
			annotate(&all, config->labels[i].key, config->labels[i].value);
	for (size_t i = 0; i < options->n_annotations; i++)
		annotate(&all, options->annotations[i].key, options->annotations[i].value);
	json_begin_object(writer, "annotations");
	for (size_t i = 0; i < all.count; i++)
		json_put_string(writer, all.items[i].key, all.items[i].value);
	json_end_object(writer);
	return 0;
}

/* ---- the whole ---- */

static int put_all(const struct bundle_input *in, struct json_writer *writer, struct error *err)
{
	int r;

	json_begin_object(writer, NULL);
	json_put_string(writer, "ociVersion", spec_version);
	r = put_process(in, writer, err);
	if (r < 0)
		return r;
	json_begin_object(writer, "root");
	json_put_string(writer, "path", in->options->rootfs);
	json_put_bool(writer, "readonly", in->options->read_only);
	json_end_object(writer);
	json_put_string(writer, "hostname", hostname(in->options));
	r = bundle_put_mounts(in, writer, err);
	if (r == 0)
		r = put_annotations(in, writer, err);
	if (r == 0)
		r = bundle_put_linux(in, writer, err);
	json_end_object(writer);
	return r;
}

int bundle_config(struct arena *arena, const struct image_config *config, const struct bundle_options *options,
		  const struct bundle_user *user, const char **ret_text, size_t *ret_length, struct error *err)
{
	static const struct image_config nothing;
	auto_json_writer struct json_writer *writer = json_writer_new(false);
	struct bundle_input in = {
		.arena = arena,
		.config = config ? config : &nothing,
		.options = options,
		.user = user,
	};
	size_t length;
	const char *text;
	int r = bundle_capabilities(&in, err);

	if (r == 0)
		r = put_all(&in, writer, err);
	if (r < 0)
		return r;
	text = json_writer_text(writer, &length);
	*ret_text = arena_strndup(arena, text, length);
	*ret_length = length;
	return 0;
}
