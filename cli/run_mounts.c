/* run_mounts.c - -v, --mount and --tmpfs as Docker and Podman have them; see run_values.h. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "base/str.h"
#include "run_values.h"

enum { OPTIONS_ROOM = 16 };

const char **run_split(struct arena *arena, const char *text, char separator)
{
	size_t count = 2;
	const char **words;

	for (const char *at = text; *at; at++)
		count += *at == separator;
	words = arena_array(arena, count, sizeof(*words));
	count = 0;
	for (;;) {
		const char *end = strchrnul(text, separator);

		words[count++] = arena_strndup(arena, text, (size_t)(end - text));
		if (!*end)
			return words;
		text = end + 1;
	}
}

/* One mount in the making. */
struct making {
	struct arena *arena;
	const char *option; /* for errors: "--volume" */
	struct bundle_mount mount;
	const char **options;
	size_t n_options, room;
};

static void add_option(struct making *making, const char *word)
{
	if (making->n_options + 1 >= making->room) {
		const char **grown = arena_array(making->arena, making->room * 2 + OPTIONS_ROOM, sizeof(*grown));

		if (making->n_options)
			memcpy(grown, making->options, making->n_options * sizeof(*grown));
		making->options = grown;
		making->room = making->room * 2 + OPTIONS_ROOM;
	}
	making->options[making->n_options++] = word;
}

static int finish(struct making *making, struct bundle_mount *ret, struct error *err)
{
	if (!making->mount.destination || !path_is_clean(making->mount.destination))
		return refuse(err, "%s: the place in the container has to be an absolute path, not \"%.64s\"",
			      making->option, making->mount.destination ? making->mount.destination : "");
	making->mount.options = making->options;
	*ret = making->mount;
	return 0;
}

/* Paths are absolute or begin with a dot; other words are names of volumes, which there are none of. */
static int set_source(struct making *making, const char *source, struct error *err)
{
	auto_free char *here = NULL;

	if (*source == '/') {
		making->mount.source = source;
		return 0;
	}
	if (*source != '.')
		return refuse(err, "%s: \"%.64s\" is no path (there are no named volumes; ./ makes it relative)",
			      making->option, source);
	here = getcwd(NULL, 0);
	if (!here)
		return fail(err, errno, "%s: current directory", making->option);
	making->mount.source = arena_printf(making->arena, "%s/%s", here, source);
	return 0;
}

/* What other programs have on top of mount options: SELinux labels have no effect here, the rest is not built. */
static int bind_word(struct making *making, const char *word, struct error *err)
{
	static const char *const no_effect[] = { "", "z", "Z", "rw", "cached", "delegated", "consistent" };
	static const char *const refused[] = { "U", "O", "copy", "nocopy", "idmap" };

	for (size_t i = 0; i < ARRAY_SIZE(no_effect); i++)
		if (str_eq(word, no_effect[i]))
			return 0;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		if (str_eq(word, refused[i]))
			return refuse(err, "%s: option \"%s\" is not supported", making->option, word);
	add_option(making, word);
	return 0;
}

static void begin_bind(struct making *making)
{
	making->mount.type = "bind";
	add_option(making, "rbind");
	add_option(making, "rprivate");
	add_option(making, "nosuid");
	add_option(making, "nodev");
}

static int volume(struct arena *arena, const char *text, struct bundle_mount *ret, struct error *err)
{
	struct making making = { .arena = arena, .option = "--volume" };
	const char **words = run_split(arena, text, ':');
	int r;

	if (!words[1] || (words[2] && words[3]))
		return refuse(err, "--volume: expected SOURCE:DESTINATION[:OPTIONS], found \"%.64s\"", text);
	begin_bind(&making);
	making.mount.destination = words[1];
	r = set_source(&making, words[0], err);
	if (r == 0 && words[2])
		for (const char **word = run_split(arena, words[2], ','); r == 0 && *word; word++)
			r = bind_word(&making, *word, err);
	return r == 0 ? finish(&making, ret, err) : r;
}

static void begin_tmpfs(struct making *making)
{
	making->mount.type = "tmpfs";
	making->mount.source = "tmpfs";
	add_option(making, "nosuid");
	add_option(making, "nodev");
	add_option(making, "noexec");
}

static void add_tmpfs_word(struct making *making, const char *word)
{
	if (*word && !str_eq(word, "rw") && !str_eq(word, "notmpcopyup"))
		add_option(making, word);
}

static int tmpfs(struct arena *arena, const char *text, struct bundle_mount *ret, struct error *err)
{
	struct making making = { .arena = arena, .option = "--tmpfs" };
	const char *colon = strchr(text, ':');

	begin_tmpfs(&making);
	if (!strstr(text, "notmpcopyup"))
		add_option(&making, "tmpcopyup");
	making.mount.destination = colon ? arena_strndup(arena, text, (size_t)(colon - text)) : text;
	if (colon)
		for (const char **word = run_split(arena, colon + 1, ','); *word; word++)
			add_tmpfs_word(&making, *word);
	return finish(&making, ret, err);
}

/* ---- --mount type=...,key=value ---- */

static int set_type(struct making *making, const char *value, struct error *err)
{
	if (str_eq(value, "bind"))
		begin_bind(making);
	else if (str_eq(value, "tmpfs"))
		begin_tmpfs(making);
	else
		return refuse(err, "--mount: type \"%.64s\" is not supported; it can be bind or tmpfs", value);
	return 0;
}

static int set_destination(struct making *making, const char *value, struct error *err)
{
	(void)err;
	making->mount.destination = value;
	return 0;
}

static int set_read_only(struct making *making, const char *value, struct error *err)
{
	(void)err;
	if (!*value || str_eq(value, "true") || str_eq(value, "1"))
		add_option(making, "ro");
	return 0;
}

static int set_word(struct making *making, const char *value, struct error *err)
{
	return bind_word(making, value, err);
}

static int set_size(struct making *making, const char *value, struct error *err)
{
	(void)err;
	add_option(making, arena_printf(making->arena, "size=%s", value));
	return 0;
}

static int set_mode(struct making *making, const char *value, struct error *err)
{
	(void)err;
	add_option(making, arena_printf(making->arena, "mode=%s", value));
	return 0;
}

static const struct {
	const char *key;
	int (*set)(struct making *making, const char *value, struct error *err);
} mount_keys[] = {
	{ "source", set_source },
	{ "src", set_source },
	{ "destination", set_destination },
	{ "dst", set_destination },
	{ "target", set_destination },
	{ "readonly", set_read_only },
	{ "ro", set_read_only },
	{ "rw", set_word },
	{ "bind-propagation", set_word },
	{ "tmpfs-size", set_size },
	{ "tmpfs-mode", set_mode },
	{ "exec", set_word },
	{ "suid", set_word },
	{ "dev", set_word },
	{ "noexec", set_word },
	{ "nosuid", set_word },
	{ "nodev", set_word },
};

static int mount_key(struct making *making, const char *word, struct error *err)
{
	const char *equals = strchrnul(word, '=');
	size_t length = (size_t)(equals - word);

	for (size_t i = 0; i < ARRAY_SIZE(mount_keys); i++) {
		const char *key = mount_keys[i].key;
		bool plain = mount_keys[i].set == set_word && !*equals;

		if (strlen(key) == length && strncmp(key, word, length) == 0)
			return mount_keys[i].set(making, plain ? key : *equals ? equals + 1 : "", err);
	}
	return refuse(err, "--mount: \"%.64s\" is not known", word);
}

static int mount(struct arena *arena, const char *text, struct bundle_mount *ret, struct error *err)
{
	struct making making = { .arena = arena, .option = "--mount" };
	const char **words = run_split(arena, text, ',');
	int r = -ENOENT;

	for (const char **word = words; r == -ENOENT && *word; word++)
		if (str_starts(*word, "type="))
			r = set_type(&making, *word + strlen("type="), err);
	if (r == -ENOENT)
		r = refuse(err, "--mount: type=bind or type=tmpfs is missing in \"%.64s\"", text);
	for (const char **word = words; r == 0 && *word; word++)
		r = str_starts(*word, "type=") ? 0 : mount_key(&making, *word, err);
	if (r == 0 && !making.mount.source)
		r = refuse(err, "--mount: source=PATH is missing in \"%.64s\"", text);
	return r == 0 ? finish(&making, ret, err) : r;
}

int run_mounts(struct arena *arena, const struct image_options *options, struct bundle_options *bundle,
	       struct error *err)
{
	const struct {
		const char *const *list;
		int (*parse)(struct arena *arena, const char *text, struct bundle_mount *ret, struct error *err);
	} kinds[] = { { options->volume, volume }, { options->mount, mount }, { options->tmpfs, tmpfs } };
	size_t count = bundle->n_mounts;
	struct bundle_mount *mounts;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		count += str_list_length(kinds[i].list);
	mounts = arena_array(arena, count + 1, sizeof(*mounts));
	if (bundle->n_mounts)
		memcpy(mounts, bundle->mounts, bundle->n_mounts * sizeof(*mounts));
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		for (const char *const *text = kinds[i].list; text && *text; text++) {
			int r = kinds[i].parse(arena, *text, &mounts[bundle->n_mounts], err);

			if (r < 0)
				return r;
			bundle->n_mounts++;
		}
	}
	bundle->mounts = mounts;
	return 0;
}
