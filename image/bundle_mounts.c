/*
 * bundle_mounts.c - the mounts of a container: the file systems that every Linux program expects (runtime-spec
 * config-linux.md "Default Filesystems"), the image's volumes, the command line's own.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "base/str.h"
#include "bundle_parts.h"

enum { OPTIONS_MAX = 8, VOLUMES_MAX = 256 };

static const struct {
	const char *destination, *type, *source;
	const char *options[OPTIONS_MAX];
} defaults[] = {
	{ "/proc", "proc", "proc", { "nosuid", "noexec", "nodev" } },
	{ "/dev", "tmpfs", "tmpfs", { "nosuid", "strictatime", "mode=755", "size=65536k" } },
	{ "/dev/pts",
	  "devpts",
	  "devpts",
	  { "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5" } },
	{ "/dev/shm", "tmpfs", "shm", { "nosuid", "noexec", "nodev", "mode=1777", "size=65536k" } },
	{ "/dev/mqueue", "mqueue", "mqueue", { "nosuid", "noexec", "nodev" } },
	{ "/sys", "sysfs", "sysfs", { "nosuid", "noexec", "nodev", "ro" } },
	{ "/sys/fs/cgroup", "cgroup", "cgroup", { "nosuid", "noexec", "nodev", "relatime", "ro" } },
};

/* Where an image has no say: its volumes would lie over what the runtime mounts. */
static const char *const reserved[] = { "/proc", "/sys", "/dev" };

static void put_mount(struct json_writer *writer, const struct bundle_mount *mount)
{
	json_begin_object(writer, NULL);
	json_put_string(writer, "destination", mount->destination);
	json_put_string(writer, "type", mount->type);
	json_put_string(writer, "source", mount->source);
	json_put_strings(writer, "options", mount->options);
	json_end_object(writer);
}

static bool is_given(const struct bundle_options *options, const char *destination)
{
	for (size_t i = 0; i < options->n_mounts; i++)
		if (str_eq(options->mounts[i].destination, destination))
			return true;
	return false;
}

static void put_defaults(const struct bundle_options *options, struct json_writer *writer)
{
	for (size_t i = 0; i < ARRAY_SIZE(defaults); i++) {
		const struct bundle_mount mount = {
			.destination = defaults[i].destination,
			.type = defaults[i].type,
			.source = defaults[i].source,
			.options = defaults[i].options,
		};

		if (!is_given(options, mount.destination))
			put_mount(writer, &mount);
	}
}

static bool is_below(const char *path, const char *directory)
{
	size_t length = strlen(directory);

	return strncmp(path, directory, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

static int check_volume(const char *path, struct error *err)
{
	if (!path_is_clean(path) || path[strspn(path, "/.")] == '\0')
		return refuse(err, "the image's volume \"%.64s\" is no path in a container", path);
	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++)
		if (is_below(path, reserved[i]))
			return refuse(err, "the image's volume \"%.64s\" lies in %s", path, reserved[i]);
	return 0;
}

/* conversion.md "Config.Volumes": a directory of the container's own each, with what the image has there. */
static int add_volumes(const struct bundle_input *in, struct bundle_mount *mounts, size_t *count, struct error *err)
{
	static const char *const options[] = { "bind", "tmpcopyup", NULL };
	const struct image_config *config = in->config;

	if (config->n_volumes > VOLUMES_MAX)
		return refuse(err, "the image has more than %d volumes", VOLUMES_MAX);
	for (size_t i = 0; i < config->n_volumes && !in->options->no_volumes; i++) {
		int r = check_volume(config->volumes[i], err);

		if (r < 0)
			return r;
		if (!is_given(in->options, config->volumes[i]))
			mounts[(*count)++] = (struct bundle_mount){
				.destination = config->volumes[i],
				.type = "bind",
				.source = arena_printf(in->arena, "volumes/%zu", i),
				.options = options,
			};
	}
	return 0;
}

static size_t depth(const char *path)
{
	size_t components = 0;

	for (; *path; path += strcspn(path, "/"), path += strspn(path, "/"))
		components++;
	return components;
}

/* What is nearer to the root comes first, else in the order given: "-v a:/x/y -v b:/x" has both. */
static void sort_by_depth(struct bundle_mount *mounts, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct bundle_mount mount = mounts[i];
		size_t at = i;

		for (; at > 0 && depth(mounts[at - 1].destination) > depth(mount.destination); at--)
			mounts[at] = mounts[at - 1];
		mounts[at] = mount;
	}
}

int bundle_put_mounts(const struct bundle_input *in, struct json_writer *writer, struct error *err)
{
	const struct bundle_options *options = in->options;
	size_t room = in->config->n_volumes + options->n_mounts;
	struct bundle_mount *mounts = arena_array(in->arena, room + 1, sizeof(*mounts));
	size_t count = 0;
	int r = add_volumes(in, mounts, &count, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < options->n_mounts; i++)
		mounts[count++] = options->mounts[i];
	sort_by_depth(mounts, count);
	json_begin_array(writer, "mounts");
	put_defaults(options, writer);
	for (size_t i = 0; i < count; i++)
		put_mount(writer, &mounts[i]);
	json_end_array(writer);
	return 0;
}
