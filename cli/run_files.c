/*
 * run_files.c - see run_files.h. On the host's network they say what the host's do, on none that there is only this
 * machine: no name server is asked.
 */
#include "run_files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "runtime/resolv_conf.h"

enum { HOST_FILE_MAX = 1024 * 1024 };

static const char own_hosts[] = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n";

/* The host's file, or nothing where it has none. */
static const char *host_file(struct arena *arena, const char *path)
{
	auto_free char *text = NULL;
	struct error ignored;

	if (fd_read_file(AT_FDCWD, path, HOST_FILE_MAX, &text, NULL, &ignored) < 0)
		return "";
	return arena_strdup(arena, text);
}

static const char *hosts(struct arena *arena, const struct bundle_options *bundle)
{
	return arena_printf(arena, "%s127.0.0.1\t%s\n%s",
			    bundle->host_network ? host_file(arena, "/etc/hosts") : own_hosts, bundle->hostname,
			    bundle->more_hosts ? bundle->more_hosts : "");
}

static const char *name_servers(struct arena *arena, const struct bundle_options *bundle)
{
	if (bundle->name_servers)
		return bundle->name_servers;
	return bundle->host_network ? host_file(arena, "/etc/resolv.conf") : "";
}

static const char *hostname(struct arena *arena, const struct bundle_options *bundle)
{
	return arena_printf(arena, "%s\n", bundle->hostname);
}

static const struct {
	const char *name, *destination;
	const char *(*text)(struct arena *arena, const struct bundle_options *bundle);
} files[] = {
	{ "hosts", "/etc/hosts", hosts },
	{ RESOLV_CONF, "/etc/resolv.conf", name_servers },
	{ "hostname", "/etc/hostname", hostname },
};

static bool is_mounted(const struct bundle_options *bundle, const char *destination)
{
	for (size_t i = 0; i < bundle->n_mounts; i++)
		if (str_eq(bundle->mounts[i].destination, destination))
			return true;
	return false;
}

int run_files(struct arena *arena, const struct run_dir *dir, struct bundle_options *bundle, struct error *err)
{
	static const char *const writable[] = { "bind", "nosuid", "nodev", "noexec", NULL };
	static const char *const read_only[] = { "bind", "nosuid", "nodev", "noexec", "ro", NULL };
	struct bundle_mount *mounts = arena_array(arena, bundle->n_mounts + ARRAY_SIZE(files), sizeof(*mounts));

	if (bundle->n_mounts)
		memcpy(mounts, bundle->mounts, bundle->n_mounts * sizeof(*mounts));
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		const char *text;
		int r;

		if (is_mounted(bundle, files[i].destination))
			continue;
		text = files[i].text(arena, bundle);
		r = run_dir_write(dir, files[i].name, text, strlen(text), err);
		if (r < 0)
			return r;
		if (bundle->userns_first && fchownat(dir->fd, files[i].name, bundle->userns_first, bundle->userns_first,
						     AT_SYMLINK_NOFOLLOW) < 0)
			return fail(err, errno, "chown %s/%s", dir->path, files[i].name);
		mounts[bundle->n_mounts] = (struct bundle_mount){
			.destination = files[i].destination,
			.type = "bind",
			.source = files[i].name,
			.options = bundle->read_only ? read_only : writable,
		};
		bundle->mounts = mounts;
		bundle->n_mounts++;
	}
	return 0;
}
