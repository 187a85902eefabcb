/* store_mounts.c - see store_mounts.h. */
#include "store_mounts.h"

#include <mntent.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/str.h"

const char *store_mount_source(const struct store *store, struct arena *arena, const char *hex)
{
	struct stat st = { 0 };

	(void)fstat(store->root, &st);
	return arena_printf(arena, "coffer:%llx:%llx:%s", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino,
			    hex);
}

const char *store_mounted_at(const struct store *store, struct arena *arena, const char *hex)
{
	const char *source = store_mount_source(store, arena, hex);
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	const struct mntent *mount = NULL;
	const char *at = NULL;

	while (mounts && !at && (mount = getmntent(mounts)) != NULL)
		if (str_eq(mount->mnt_fsname, source))
			at = arena_strdup(arena, mount->mnt_dir);
	if (mounts)
		(void)endmntent(mounts);
	return at;
}
