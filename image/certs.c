/* certs.c - see certs.h. */
#include "certs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"

enum { CERTIFICATE_MAX = 1024 * 1024, FILES_MAX = 256 };

void certs_free(struct certs *certs)
{
	free(certs->authorities);
	free(certs->certificate);
	free(certs->key);
	*certs = (struct certs){ 0 };
}

static int add_authority(struct certs *certs, const char *path, struct error *err)
{
	auto_free char *text = NULL;
	char *all;
	int r = fd_read_file(AT_FDCWD, path, CERTIFICATE_MAX, &text, NULL, err);

	if (r < 0)
		return r;
	all = xasprintf("%s%s\n", certs->authorities ? certs->authorities : "", text);
	free(certs->authorities);
	certs->authorities = all;
	return 0;
}

/* The other half of a pair: the same path with another ending. */
static char *partner(const char *path, const char *ending, const char *other)
{
	return xasprintf("%.*s%s", (int)(strlen(path) - strlen(ending)), path, other);
}

static int add_file(struct certs *certs, const char *path, struct error *err)
{
	auto_free char *other = NULL;

	if (str_ends(path, ".crt"))
		return add_authority(certs, path, err);
	if (str_ends(path, ".key")) {
		other = partner(path, ".key", ".cert");
		return access(other, F_OK) < 0 ? refuse(err, "%s has no certificate %s", path, other) : 0;
	}
	if (!str_ends(path, ".cert"))
		return 0;
	other = partner(path, ".cert", ".key");
	if (access(other, F_OK) < 0)
		return refuse(err, "%s has no key %s", path, other);
	if (!certs->certificate) {
		certs->certificate = xstrdup(path);
		certs->key = take_ptr(other);
	}
	return 0;
}

static int load_directory(const char *dir, struct certs *ret, struct error *err)
{
	auto_certs struct certs certs = { 0 };
	struct dirent **entries = NULL;
	int count = scandir(dir, &entries, NULL, alphasort);
	int r = count < 0 ? fail(err, errno, "list %s", dir) : 0;

	if (count > FILES_MAX)
		r = refuse(err, "%s: more than %d files", dir, FILES_MAX);
	for (int i = 0; i < count; i++) {
		auto_free char *path = xasprintf("%s/%s", dir, entries[i]->d_name);

		if (r == 0)
			r = add_file(&certs, path, err);
		free(entries[i]);
	}
	free(entries);
	if (r < 0)
		return r;
	*ret = certs;
	certs = (struct certs){ 0 };
	return 0;
}

int certs_load(const char *dir, const char *host, struct certs *ret, struct error *err)
{
	const char *home = getenv("HOME");
	auto_free char *own = xasprintf("%s/.config/containers/certs.d", home && *home == '/' ? home : "");
	const char *const parents[] = { own, "/etc/containers/certs.d", "/etc/docker/certs.d" };
	struct stat st;

	if (dir)
		return load_directory(dir, ret, err);
	for (size_t i = 0; i < ARRAY_SIZE(parents); i++) {
		auto_free char *path = xasprintf("%s/%s", parents[i], host);

		if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
			return load_directory(path, ret, err);
	}
	*ret = (struct certs){ 0 };
	return 0;
}
