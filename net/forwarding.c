/* forwarding.c - see forwarding.h. */
#include "forwarding.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "netns.h"

enum { VALUE_SIZE = 16, IPV6 = 6 };

static const char all_interfaces[] = "/proc/sys/net/ipv6/conf";

static bool setting_is(int at, const char *interface, const char *name, const char *value)
{
	auto_free char *path = xasprintf("%s/%s", interface, name);
	char text[VALUE_SIZE];

	return fd_read_small(at, path, text, sizeof(text)) > 0 && str_eq(text, value);
}

/* An interface that forwards already hears no advertisements, which 2 would change. One that is gone by now is no
   error. "all" stands for none. */
static int keep_advice(void)
{
	auto_dir DIR *dir = opendir(all_interfaces);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)) != NULL) {
		auto_free char *path = xasprintf("%s/accept_ra", entry->d_name);
		int r;

		if (entry->d_name[0] == '.' || str_eq(entry->d_name, "all") ||
		    !setting_is(dirfd(dir), entry->d_name, "accept_ra", "1") ||
		    !setting_is(dirfd(dir), entry->d_name, "forwarding", "0"))
			continue;
		r = fd_write_existing(dirfd(dir), path, "2");
		if (r < 0 && r != -ENOENT)
			return r;
	}
	return 0;
}

static int enable_v6(struct error *err)
{
	int r;

	if (setting_is(AT_FDCWD, all_interfaces, "all/forwarding", "1"))
		return 0;
	r = keep_advice();
	return r < 0 ? fail(err, -r, "set %s/*/accept_ra to 2", all_interfaces)
		     : netns_set_interface(IPV6, "all", "forwarding", "1", err);
}

int forwarding_enable(bool v4, bool v6, struct error *err)
{
	int r = v4 ? netns_set("ipv4/ip_forward", "1", false, err) : 0;

	return r < 0 || !v6 ? r : enable_v6(err);
}
