/*
 * layer_erofs.c - the sink that writes a layer in overlay form to one file, an EROFS image (layer_sink.h, erofs.h).
 * What an entry means is the same as in layer_dir.c: whiteouts, opaque directories, ways through symlinks of this
 * layer, missing parents. The tree is in memory, so nothing here can reach outside of it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "erofs.h"
#include "layer_sink.h"
#include "layer_whiteout.h"
#include "layer_xattr.h"

enum { LINKS_MAX = 40, DEPTH_MAX = 512, NODE_MEMORY = 256 };

struct erofs_sink {
	struct layer_sink sink;
	struct erofs *erofs;
	struct layer_xattr_rules rules;
	uint64_t skipped_xattrs;
	uint64_t memory, memory_max; /* of the tree, in bytes, about */
	bool whiteouts, opaques, has_top, opaque_root;
	/* The file that is being written. */
	struct erofs_node *file;
	uint64_t written, size;
};

static const struct erofs_attributes whiteout = { .mode = S_IFCHR };
static const struct erofs_attributes any_directory = { .mode = S_IFDIR | LAYER_IMPLIED_MODE };

static bool is_directory(const struct erofs_node *node)
{
	return S_ISDIR(erofs_attributes(node)->mode);
}

static bool is_whiteout(const struct erofs_node *node)
{
	const struct erofs_attributes *attributes = erofs_attributes(node);

	return S_ISCHR(attributes->mode) && attributes->major == 0 && attributes->minor == 0;
}

static int set_opaque(struct erofs_sink *sink, struct erofs_node *directory, struct error *err)
{
	sink->opaques = true;
	return erofs_set_xattr(directory, layer_xattr_opaque(sink->rules.user_xattrs), "y", 1, err);
}

/* A directory in place of what is there: whatever it was hid the lower layers', so the directory does too. */
static int put_directory(struct erofs_sink *sink, struct erofs_node *parent, const char *name,
			 const struct erofs_attributes *attributes, struct erofs_node **ret, struct error *err)
{
	bool replaced = erofs_find(parent, name) != NULL;

	/* A name may go through a symlink to where another has led: what walks the tree calls itself. */
	if (erofs_depth(parent) >= DEPTH_MAX)
		return refuse(err, "more than %d directories deep", DEPTH_MAX);
	sink->memory += NODE_MEMORY + strlen(name);
	erofs_remove(sink->erofs, parent, name);
	*ret = erofs_add(sink->erofs, parent, name, attributes);
	return replaced ? set_opaque(sink, *ret, err) : 0;
}

struct way {
	struct erofs_sink *sink;
	bool make;
	unsigned links; /* symlinks met so far */
};

static int walk(struct way *way, struct erofs_node *from, const char *path, struct erofs_node **ret, struct error *err);

static int through(struct way *way, struct erofs_node *directory, const char *name, const char *target,
		   struct erofs_node **ret, struct error *err)
{
	struct way only = { .sink = way->sink, .links = way->links + 1 };
	char shown[TAR_SHOWN_MAX];
	int r;

	if (only.links > LINKS_MAX)
		return fail(err, ELOOP, "the way through %s", tar_shown(name, shown));
	r = walk(&only, directory, target, ret, err);
	way->links = only.links;
	if (r == -ENOENT && way->make)
		return refuse_as(err, ELOOP, "the way leads through the symlink %s, which points to no directory",
				 tar_shown(name, shown));
	return r;
}

/* One component of a way. */
static int step(struct way *way, struct erofs_node *directory, const char *name, struct erofs_node **ret,
		struct error *err)
{
	struct erofs_attributes implied = any_directory;
	struct erofs_node *child = erofs_find(directory, name);

	if (!*name || str_eq(name, ".") || str_eq(name, "..")) {
		*ret = str_eq(name, "..") ? erofs_parent(directory) : directory;
		return 0;
	}
	if (child && is_directory(child)) {
		*ret = child;
		return 0;
	}
	if (child && erofs_target(child))
		return through(way, directory, name, erofs_target(child), ret, err);
	if (!way->make)
		return -ENOENT;
	implied.mtime_ns = child ? 0 : LAYER_IMPLIED_NS; /* in place of something: not what the layers below have */
	way->sink->sink.implied++;
	return put_directory(way->sink, directory, name, &implied, ret, err);
}

/* The directory of a path; missing ones are made if way->make, else -ENOENT without text. */
static int walk(struct way *way, struct erofs_node *from, const char *path, struct erofs_node **ret, struct error *err)
{
	auto_free char *copy = xstrdup(path);
	struct erofs_node *directory = *path == '/' ? erofs_root(way->sink->erofs) : from;
	char *rest = copy;
	const char *name;

	while ((name = strsep(&rest, "/")) != NULL) {
		int r = step(way, directory, name, &directory, err);

		if (r < 0)
			return r;
	}
	*ret = directory;
	return 0;
}

static int directory_of(struct erofs_sink *sink, const char *path, bool make, struct erofs_node **ret,
			struct error *err)
{
	struct way way = { .sink = sink, .make = make };

	return walk(&way, erofs_root(sink->erofs), path, ret, err);
}

static struct erofs_attributes attributes_of(const struct tar_entry *entry)
{
	static const mode_t types[TAR_KIND_MAX] = {
		[TAR_FILE] = S_IFREG,  [TAR_SYMLINK] = S_IFLNK,   [TAR_CHAR] = S_IFCHR,
		[TAR_BLOCK] = S_IFBLK, [TAR_DIRECTORY] = S_IFDIR, [TAR_FIFO] = S_IFIFO,
	};

	return (struct erofs_attributes){
		.mode = types[entry->kind] | entry->mode,
		.uid = entry->uid,
		.gid = entry->gid,
		.mtime = entry->mtime.tv_sec,
		.mtime_ns = (uint32_t)entry->mtime.tv_nsec,
		.major = entry->major,
		.minor = entry->minor,
	};
}

static int set_xattrs(struct erofs_sink *sink, struct erofs_node *node, const struct tar_entry *entry,
		      struct error *err)
{
	for (size_t i = 0; i < entry->n_xattrs; i++) {
		char buffer[LAYER_XATTR_NAME_SIZE];
		const struct tar_xattr *xattr = &entry->xattrs[i];
		const char *name = layer_xattr_stored_name(xattr->name, &sink->rules, buffer);
		int r = name ? erofs_set_xattr(node, name, xattr->value, xattr->size, err) : 0;

		if (r == -EOPNOTSUPP)
			sink->skipped_xattrs++;
		else if (r < 0)
			return r;
	}
	return 0;
}

static int merge_directory(struct erofs_sink *sink, struct erofs_node *node, const struct tar_entry *entry,
			   struct error *err)
{
	const struct erofs_attributes attributes = attributes_of(entry);
	bool opaque = erofs_has_xattr(node, layer_xattr_opaque(sink->rules.user_xattrs));
	int r;

	erofs_clear_xattrs(node);
	erofs_set_attributes(node, &attributes);
	r = opaque ? set_opaque(sink, node, err) : 0;
	return r < 0 ? r : set_xattrs(sink, node, entry, err);
}

static int make_directory(struct erofs_sink *sink, const struct layer_entry *entry, struct error *err)
{
	struct erofs_node *directory = NULL;
	struct erofs_node *node;
	int r = directory_of(sink, entry->dir, true, &directory, err);

	sink->has_top |= !*entry->path;
	if (r < 0)
		return r;
	node = *entry->name ? erofs_find(directory, entry->name) : directory;
	if (!node || !is_directory(node))
		r = put_directory(sink, directory, entry->name, &any_directory, &node, err);
	return r < 0 ? r : merge_directory(sink, node, entry->tar, err);
}

static int make_other(struct erofs_sink *sink, const struct layer_entry *entry, struct error *err)
{
	const struct erofs_attributes attributes = attributes_of(entry->tar);
	struct erofs_node *directory = NULL;
	struct erofs_node *node;
	int r = directory_of(sink, entry->dir, true, &directory, err);

	if (r < 0)
		return r;
	if (entry->tar->kind == TAR_CHAR && attributes.major == 0 && attributes.minor == 0)
		return refuse(err, "a character device 0:0, which overlayfs takes for a whiteout");
	erofs_remove(sink->erofs, directory, entry->name);
	node = erofs_add(sink->erofs, directory, entry->name, &attributes);
	if (entry->tar->kind == TAR_SYMLINK)
		r = erofs_set_target(node, entry->tar->link, err);
	sink->file = entry->tar->kind == TAR_FILE ? node : NULL;
	sink->written = 0;
	sink->size = entry->tar->size;
	return r < 0 ? r : set_xattrs(sink, node, entry->tar, err);
}

static int no_target(const struct layer_entry *entry, int errnum, struct error *err)
{
	char shown[TAR_SHOWN_MAX];

	return fail(err, errnum, "hard link to %s%s", tar_shown(entry->tar->link, shown),
		    errnum == ENOENT ? ", which is not in this layer" : "");
}

static int make_link(struct erofs_sink *sink, const struct layer_entry *entry, struct error *err)
{
	struct erofs_node *directory = NULL;
	struct erofs_node *target;
	int r = directory_of(sink, entry->link_dir, false, &directory, err);

	if (r < 0)
		return r == -ENOENT ? no_target(entry, ENOENT, err) : r;
	target = *entry->link_name ? erofs_find(directory, entry->link_name) : directory;
	if (!target || is_whiteout(target) || is_directory(target))
		return no_target(entry, target && is_directory(target) ? EISDIR : ENOENT, err);
	r = directory_of(sink, entry->dir, true, &directory, err);
	if (r < 0 || erofs_find(directory, entry->name) == target)
		return r;
	erofs_remove(sink->erofs, directory, entry->name);
	if (!erofs_is_named(target)) /* it was below what the link replaces */
		return no_target(entry, ENOENT, err);
	return erofs_link(sink->erofs, directory, entry->name, target, err);
}

static int put_whiteout(struct erofs_sink *sink, const struct layer_entry *entry, struct error *err)
{
	struct erofs_node *directory = NULL;
	struct erofs_node *node;
	int r = directory_of(sink, entry->dir, true, &directory, err);

	if (r < 0)
		return r;
	node = erofs_find(directory, entry->name);
	if (node && !is_directory(node))
		return 0;
	if (node) {
		if (erofs_attributes(node)->mtime == 0 && erofs_attributes(node)->mtime_ns == LAYER_IMPLIED_NS)
			erofs_set_attributes(node, &any_directory);
		return set_opaque(sink, node, err);
	}
	(void)erofs_add(sink->erofs, directory, entry->name, &whiteout);
	sink->whiteouts = true;
	return 0;
}

static int put_opaque(struct erofs_sink *sink, const struct layer_entry *entry, struct error *err)
{
	struct erofs_node *directory = NULL;
	const struct erofs_node *node;
	int r = directory_of(sink, entry->dir, true, &directory, err);

	sink->opaque_root |= !*entry->path;
	if (r == 0 && *entry->name) {
		node = erofs_find(directory, entry->name);
		if (node && !is_directory(node) && !is_whiteout(node))
			return 0;
		r = directory_of(sink, entry->path, true, &directory, err);
	}
	return r < 0 ? r : set_opaque(sink, directory, err);
}

/* What is removed or replaced later counts too: its memory goes with the tree. */
static int count_memory(struct erofs_sink *sink, const struct layer_entry *entry, struct error *err)
{
	sink->memory += NODE_MEMORY + strlen(entry->name) + strlen(entry->tar->link);
	for (size_t i = 0; i < entry->tar->n_xattrs; i++)
		sink->memory += strlen(entry->tar->xattrs[i].name) + entry->tar->xattrs[i].size;
	return sink->memory > sink->memory_max
		       ? refuse(err, "more than %llu bytes of names, links and attributes for one image",
				(unsigned long long)sink->memory_max)
		       : 0;
}

static int erofs_entry(struct layer_sink *base, const struct layer_entry *entry, struct error *err)
{
	struct erofs_sink *sink = (struct erofs_sink *)base;
	int r = count_memory(sink, entry, err);

	if (r < 0)
		return r;
	if (entry->mark == LAYER_WHITEOUT)
		return put_whiteout(sink, entry, err);
	if (entry->mark == LAYER_OPAQUE)
		return put_opaque(sink, entry, err);
	if (entry->tar->kind == TAR_DIRECTORY)
		return make_directory(sink, entry, err);
	if (entry->tar->kind == TAR_HARDLINK)
		return make_link(sink, entry, err);
	return make_other(sink, entry, err);
}

static int erofs_data(struct layer_sink *base, uint64_t offset, const void *data, size_t size, struct error *err)
{
	struct erofs_sink *sink = (struct erofs_sink *)base;
	int r = erofs_write_hole(sink->erofs, sink->file, offset - sink->written, err);

	if (r == 0)
		r = erofs_write(sink->erofs, sink->file, data, size, err);
	sink->written = offset + size;
	return r;
}

static int erofs_end(struct layer_sink *base, struct error *err)
{
	struct erofs_sink *sink = (struct erofs_sink *)base;

	return erofs_write_hole(sink->erofs, sink->file, sink->size - sink->written, err);
}

/* Whiteouts below opaque directories, which overlayfs would show: first found, then removed. */
struct hidden {
	struct erofs_sink *sink;
	struct erofs_node *directory;
	bool below; /* in an opaque directory */
	const char **names;
	size_t count;
};

static void remove_hidden(struct erofs_sink *sink, struct erofs_node *directory, bool below);

static void find_hidden(const char *name, struct erofs_node *node, void *context)
{
	struct hidden *hidden = context;

	if (is_directory(node)) {
		remove_hidden(hidden->sink, node, hidden->below);
	} else if (hidden->below && is_whiteout(node)) {
		hidden->names = xreallocarray(hidden->names, hidden->count + 1, sizeof(*hidden->names));
		hidden->names[hidden->count++] = name;
	}
}

static void remove_hidden(struct erofs_sink *sink, struct erofs_node *directory, bool below)
{
	bool opaque = erofs_has_xattr(directory, layer_xattr_opaque(sink->rules.user_xattrs));
	struct hidden hidden = { .sink = sink, .directory = directory, .below = below || opaque };

	erofs_each(directory, find_hidden, &hidden);
	for (size_t i = 0; i < hidden.count; i++)
		erofs_remove(sink->erofs, directory, hidden.names[i]);
	free(hidden.names);
}

static int erofs_sink_finish(struct layer_sink *base, struct layer_result *result, struct error *err)
{
	struct erofs_sink *sink = (struct erofs_sink *)base;

	if (sink->whiteouts && sink->opaques)
		remove_hidden(sink, erofs_root(sink->erofs), false);
	result->skipped_xattrs = sink->skipped_xattrs;
	result->has_top = sink->has_top;
	result->opaque_root = sink->opaque_root;
	return erofs_finish(sink->erofs, err);
}

static void erofs_sink_close(struct layer_sink *base)
{
	struct erofs_sink *sink = (struct erofs_sink *)base;

	erofs_free(sink->erofs);
	free(sink);
}

static const struct layer_sink_ops ops = {
	.entry = erofs_entry,
	.data = erofs_data,
	.end = erofs_end,
	.finish = erofs_sink_finish,
	.close = erofs_sink_close,
};

struct layer_sink *layer_erofs_open(int image_fd, const struct layer_options *options)
{
	struct erofs_sink *sink = xcalloc(1, sizeof(*sink));

	sink->sink.ops = &ops;
	sink->erofs = erofs_new(image_fd);
	sink->rules.overlay = true;
	sink->rules.user_xattrs = options->user_xattrs;
	sink->memory_max = (options->limits ? options->limits : &layer_limits_default)->tree;
	return &sink->sink;
}
