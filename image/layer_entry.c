/* layer_entry.c - see layer_entry.h. Names that begin in ".wh." are whiteouts and can be nothing else. */
#include "layer_entry.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

static const char whiteout_prefix[] = ".wh.", opaque_name[] = ".wh..wh..opq";

void layer_paths_free(struct layer_paths *paths)
{
	free(paths->path);
	free(paths->dir);
	free(paths->link);
	*paths = (struct layer_paths){ 0 };
}

static bool is_component(const char *at, size_t length, const char *name)
{
	return length == strlen(name) && memcmp(at, name, length) == 0;
}

/* A name to a clean path, which is never longer. The caller frees. */
static int clean(const char *name, uint64_t depth_max, const char *what, char **ret, struct error *err)
{
	auto_free char *path = xcalloc(1, strlen(name) + 1);
	char *out = path;
	uint64_t depth = 0;

	for (const char *at = name; *at;) {
		size_t length = strcspn(at, "/");

		if (is_component(at, length, ".."))
			return refuse(err, "the %s has the component ..", what);
		if (length > NAME_MAX)
			return refuse(err, "the %s has a component of %zu bytes", what, length);
		if (length > 0 && !is_component(at, length, ".")) {
			if (++depth > depth_max)
				return refuse(err, "the %s has more than %llu components", what,
					      (unsigned long long)depth_max);
			if (out > path)
				*out++ = '/';
			memcpy(out, at, length);
			out += length;
		}
		at += length;
		at += *at == '/';
	}
	*ret = take_ptr(path);
	return 0;
}

/* Cuts a path before its last component. */
static void split(char *path, const char **ret_dir, const char **ret_name)
{
	char *slash = strrchr(path, '/');

	*ret_dir = slash ? path : "";
	*ret_name = slash ? slash + 1 : path;
	if (slash)
		*slash = '\0';
}

/* True when a directory on the way is named like a whiteout. */
static bool below_whiteout(const char *dir)
{
	return str_starts(dir, whiteout_prefix) || strstr(dir, "/.wh.") != NULL;
}

/* The last component is a whiteout's: the path becomes that of what it hides. */
static int parse_whiteout(char *path, enum layer_mark *mark, struct error *err)
{
	char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	*mark = LAYER_PLAIN;
	if (!str_starts(name, whiteout_prefix))
		return 0;
	if (str_eq(name, opaque_name)) {
		*mark = LAYER_OPAQUE;
		*(slash ? slash : path) = '\0';
		return 0;
	}
	*mark = LAYER_WHITEOUT;
	memmove(name, name + strlen(whiteout_prefix), strlen(name + strlen(whiteout_prefix)) + 1);
	if (!*name || str_eq(name, ".") || str_eq(name, ".."))
		return refuse(err, "a whiteout of \"%s\"", name);
	return str_starts(name, whiteout_prefix) ? refuse(err, "a whiteout of a whiteout, as AUFS has them") : 0;
}

static int parse_link(const struct tar_entry *tar, uint64_t depth_max, struct layer_paths *paths,
		      struct layer_entry *ret, struct error *err)
{
	int r = clean(tar->link, depth_max, "link target", &paths->link, err);

	if (r < 0)
		return r;
	split(paths->link, &ret->link_dir, &ret->link_name);
	if (!*ret->link_name)
		return refuse(err, "a hard link to the top directory");
	if (below_whiteout(ret->link_dir) || str_starts(ret->link_name, whiteout_prefix))
		return refuse(err, "a hard link to a whiteout");
	return 0;
}

int layer_entry_parse(const struct tar_entry *tar, uint64_t depth_max, struct layer_paths *paths,
		      struct layer_entry *ret, struct error *err)
{
	int r;

	layer_paths_free(paths);
	*ret = (struct layer_entry){ .tar = tar };
	r = clean(tar->name, depth_max, "name", &paths->path, err);
	if (r == 0)
		r = parse_whiteout(paths->path, &ret->mark, err);
	if (r < 0)
		return r;
	paths->dir = xstrdup(paths->path);
	ret->path = paths->path;
	split(paths->dir, &ret->dir, &ret->name);
	if (below_whiteout(ret->dir) || (ret->mark == LAYER_OPAQUE && str_starts(ret->name, whiteout_prefix)))
		return refuse(err, "something below a whiteout");
	if (!*ret->name && ret->mark == LAYER_PLAIN && tar->kind != TAR_DIRECTORY)
		return refuse(err, "the top directory as something else");
	if (tar->kind == TAR_HARDLINK && ret->mark == LAYER_PLAIN)
		return parse_link(tar, depth_max, paths, ret, err);
	return 0;
}
