/* erofs_tree.c - the tree in memory; see erofs.h. */
#include "erofs_tree.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/str.h"

enum { ROOT_MODE = 0755, TARGET_MAX = 4095 };

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct erofs_name *)a)->name, ((const struct erofs_name *)b)->name);
}

static struct erofs_name *new_name(struct erofs_node *node, const char *name)
{
	size_t length = strlen(name);
	struct erofs_name *entry = xcalloc(1, sizeof(*entry) + length + 1);

	entry->node = node;
	memcpy(entry->name, name, length);
	return entry;
}

static void put_name(struct erofs_node *directory, struct erofs_node *node, const char *name)
{
	if (!tsearch(new_name(node, name), &directory->children, compare))
		abort();
}

static struct erofs_node *new_node(struct erofs *erofs, const struct erofs_attributes *attributes)
{
	struct erofs_node *node = xcalloc(1, sizeof(*node));

	node->attributes = *attributes;
	node->links = S_ISDIR(attributes->mode) ? 2 : 1;
	node->number = ++erofs->nodes;
	if (erofs->last)
		erofs->last->next = node;
	else
		erofs->first = node;
	erofs->last = node;
	return node;
}

static void free_node(struct erofs_node *node)
{
	erofs_clear_xattrs(node);
	free(node->xattrs);
	free(node->target);
	if (node->children)
		tdestroy(node->children, free);
	free(node);
}

struct erofs *erofs_new(int fd)
{
	struct erofs *erofs = xcalloc(1, sizeof(*erofs));

	erofs->fd = fd;
	erofs->blocks = 1; /* the superblock's */
	erofs->root = new_node(erofs, &(struct erofs_attributes){ .mode = S_IFDIR | ROOT_MODE });
	erofs->root->parent = erofs->root;
	return erofs;
}

void erofs_free(struct erofs *erofs)
{
	if (!erofs)
		return;
	for (struct erofs_node *node = erofs->first, *next; node; node = next) {
		next = node->next;
		free_node(node);
	}
	free(erofs);
}

struct erofs_node *erofs_root(struct erofs *erofs)
{
	return erofs->root;
}

static struct erofs_name *find_name(const struct erofs_node *directory, const char *name)
{
	auto_free struct erofs_name *key = new_name(NULL, name);
	struct erofs_name *const *found = tfind(key, &directory->children, compare);

	return found ? *found : NULL;
}

struct erofs_node *erofs_find(const struct erofs_node *directory, const char *name)
{
	const struct erofs_name *entry = find_name(directory, name);

	return entry ? entry->node : NULL;
}

struct erofs_node *erofs_add(struct erofs *erofs, struct erofs_node *directory, const char *name,
			     const struct erofs_attributes *attributes)
{
	struct erofs_node *node = new_node(erofs, attributes);

	put_name(directory, node, name);
	if (S_ISDIR(attributes->mode)) {
		node->parent = directory;
		node->depth = directory->depth + 1;
		directory->links++;
	}
	return node;
}

int erofs_link(struct erofs *erofs, struct erofs_node *directory, const char *name, struct erofs_node *target,
	       struct error *err)
{
	(void)erofs;
	if (target->links == UINT32_MAX)
		return fail(err, EMLINK, "link %s", name);
	put_name(directory, target, name);
	target->links++;
	return 0;
}

static void drop(struct erofs_node *node);

static void drop_entry(const char *name, struct erofs_node *node, void *unused)
{
	(void)name;
	(void)unused;
	drop(node);
}

/* A node without a name is not written; its memory goes with the image's. */
static void drop(struct erofs_node *node)
{
	if (!S_ISDIR(node->attributes.mode)) {
		node->links--;
		return;
	}
	node->links = 0;
	erofs_each(node, drop_entry, NULL);
}

void erofs_remove(struct erofs *erofs, struct erofs_node *directory, const char *name)
{
	struct erofs_name *entry = find_name(directory, name);

	if (!entry)
		return;
	if (erofs->writing == entry->node)
		erofs->writing = NULL;
	if (S_ISDIR(entry->node->attributes.mode))
		directory->links--;
	drop(entry->node);
	(void)tdelete(entry, &directory->children, compare);
	free(entry);
}

const struct erofs_attributes *erofs_attributes(const struct erofs_node *node)
{
	return &node->attributes;
}

void erofs_set_attributes(struct erofs_node *node, const struct erofs_attributes *attributes)
{
	node->attributes = *attributes;
}

int erofs_set_target(struct erofs_node *node, const char *target, struct error *err)
{
	if (strlen(target) > TARGET_MAX)
		return fail(err, ENAMETOOLONG, "target of a symbolic link");
	free(node->target);
	node->target = xstrdup(target);
	node->size = strlen(target);
	return 0;
}

const char *erofs_target(const struct erofs_node *node)
{
	return node->target;
}

struct erofs_node *erofs_parent(const struct erofs_node *directory)
{
	return directory->parent;
}

unsigned erofs_depth(const struct erofs_node *directory)
{
	return directory->depth;
}

bool erofs_is_named(const struct erofs_node *node)
{
	return node->links != 0;
}

struct walk {
	erofs_visit *visit;
	void *context;
};

static void visit_name(const void *slot, VISIT which, void *closure)
{
	const struct walk *walk = closure;
	const struct erofs_name *name = *(struct erofs_name *const *)slot;

	if (which == postorder || which == leaf)
		walk->visit(name->name, name->node, walk->context);
}

void erofs_each(const struct erofs_node *directory, erofs_visit *visit, void *context)
{
	struct walk walk = { .visit = visit, .context = context };

	twalk_r(directory->children, visit_name, &walk);
}
