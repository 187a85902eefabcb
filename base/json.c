/*
 * json.c - JSON text to a tree in an arena; see json.h.
 *
 * Order: size -> UTF-8 and surrogate escapes over the whole text (yajl's own check lets overlong and lone-surrogate
 * forms pass) -> one run of yajl's callback parser, which builds the nodes and stops at excessive depth, an embedded
 * NUL or a key given twice. The callback parser rather than yajl_tree: numbers stay as they are written (2^64 - 1 is a
 * valid rlimit), and yajl_tree of 2.1.0 leaks on errors.
 */
#include "json.h"

#include <ctype.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "cleanup.h"
#include "str.h"
#include "utf8.h"

enum {
	PATH_TEXT_MAX = 200, /* longer paths are cut in error texts */
	FEW_MEMBERS = 16,    /* up to here comparing all pairs of keys is cheaper than sorting */
	ESCAPE_LENGTH = 6,   /* \uXXXX */
	HEX_DIGITS = 4,
	SURROGATE_MASK = 0xfc00,
	SURROGATE_HIGH = 0xd800,
	SURROGATE_LOW = 0xdc00,
};

struct level {
	struct json *node, *last;
};

struct builder {
	struct arena *arena;
	const struct json_limits *limits;
	struct level *levels; /* the open arrays and objects, `depth` of them */
	size_t depth;
	struct json *root;
	const char *key;     /* of the member whose value comes next */
	const char *refusal; /* why a callback stopped the parser */
	const struct json *duplicate;
};

static struct json *add(struct builder *b, enum json_type type)
{
	struct json *node = arena_alloc(b->arena, sizeof(*node));
	struct level *top;

	node->type = type;
	if (b->depth == 0) {
		b->root = node;
		return node;
	}
	top = &b->levels[b->depth - 1];
	node->key = b->key;
	b->key = NULL;
	node->parent = top->node;
	*(top->last ? &top->last->next : &top->node->first) = node;
	top->last = node;
	top->node->count++;
	return node;
}

static const char *keep_text(struct builder *b, const char *text, size_t length)
{
	if (memchr(text, '\0', length)) {
		b->refusal = "a string with a NUL character (\\u0000) in it";
		return NULL;
	}
	return arena_strndup(b->arena, text, length);
}

static int on_null(void *context_)
{
	(void)add(context_, JSON_NULL);
	return 1;
}

static int on_boolean(void *context_, int value)
{
	add(context_, JSON_BOOL)->boolean = value != 0;
	return 1;
}

static int on_number(void *context_, const char *text, size_t length)
{
	struct builder *b = context_;

	add(b, JSON_NUMBER)->text = arena_strndup(b->arena, text, length);
	return 1;
}

static int on_string(void *context_, const unsigned char *text, size_t length)
{
	struct builder *b = context_;
	struct json *node = add(b, JSON_STRING);

	node->text = keep_text(b, (const char *)text, length);
	return node->text != NULL;
}

static int on_key(void *context_, const unsigned char *text, size_t length)
{
	struct builder *b = context_;

	b->key = keep_text(b, (const char *)text, length);
	return b->key != NULL;
}

static int begin(struct builder *b, enum json_type type)
{
	struct json *node;

	if (b->depth == b->limits->depth) {
		b->refusal = "arrays and objects are nested too deeply";
		return 0;
	}
	node = add(b, type);
	b->levels[b->depth++] = (struct level){ .node = node };
	return 1;
}

static int on_begin_object(void *context_)
{
	return begin(context_, JSON_OBJECT);
}

static int on_begin_array(void *context_)
{
	return begin(context_, JSON_ARRAY);
}

static int on_end_array(void *context_)
{
	((struct builder *)context_)->depth--;
	return 1;
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp((*(const struct json *const *)a)->key, (*(const struct json *const *)b)->key);
}

static const struct json *duplicate_of_few(const struct json *object)
{
	for (const struct json *node = object->first; node; node = node->next)
		for (const struct json *other = object->first; other != node; other = other->next)
			if (strcmp(node->key, other->key) == 0)
				return node;
	return NULL;
}

static const struct json *duplicate_of_many(const struct json *object)
{
	auto_free const struct json **sorted = xcalloc(object->count, sizeof(*sorted));
	size_t count = 0;

	for (const struct json *node = object->first; node; node = node->next)
		sorted[count++] = node;
	qsort(sorted, count, sizeof(*sorted), compare_keys);
	for (size_t i = 1; i < count; i++)
		if (strcmp(sorted[i - 1]->key, sorted[i]->key) == 0)
			return sorted[i];
	return NULL;
}

static int on_end_object(void *context_)
{
	struct builder *b = context_;
	const struct json *object = b->levels[--b->depth].node;

	b->duplicate = object->count <= FEW_MEMBERS ? duplicate_of_few(object) : duplicate_of_many(object);
	return b->duplicate == NULL;
}

static const yajl_callbacks callbacks = {
	.yajl_null = on_null,
	.yajl_boolean = on_boolean,
	.yajl_number = on_number,
	.yajl_string = on_string,
	.yajl_start_map = on_begin_object,
	.yajl_map_key = on_key,
	.yajl_end_map = on_end_object,
	.yajl_start_array = on_begin_array,
	.yajl_end_array = on_end_array,
};

/* What yajl allocates lives as long as its parser: in an arena, each piece behind its size. */
struct piece {
	size_t size;
	alignas(max_align_t) unsigned char bytes[];
};

static void *piece_new(void *arena, size_t size)
{
	struct piece *piece;

	if (size > SIZE_MAX - sizeof(*piece))
		abort();
	piece = arena_alloc(arena, sizeof(*piece) + size);
	piece->size = size;
	return piece->bytes;
}

static void *piece_grow(void *arena, void *memory, size_t size)
{
	void *larger = piece_new(arena, size);

	if (memory) {
		const struct piece *piece = (void *)((unsigned char *)memory - offsetof(struct piece, bytes));

		memcpy(larger, memory, piece->size < size ? piece->size : size);
	}
	return larger;
}

static void piece_leave(void *arena, void *memory)
{
	(void)arena;
	(void)memory;
}

static int refuse_at(struct error *err, const char *name, const char *text, size_t offset, const char *why)
{
	size_t line = 1;
	size_t start = 0;

	for (size_t i = 0; i < offset; i++)
		if (text[i] == '\n') {
			line++;
			start = i + 1;
		}
	return refuse(err, "%s:%zu:%zu: %s", name, line, offset - start + 1, why);
}

/* The code unit of "\uXXXX", or -1 if these are no four hexadecimal digits (which yajl refuses later). */
static long code_unit(const char *escape, const char *end)
{
	char digits[HEX_DIGITS + 1] = "";

	if (end - escape < ESCAPE_LENGTH || escape[0] != '\\' || escape[1] != 'u')
		return -1;
	memcpy(digits, escape + 2, HEX_DIGITS);
	for (size_t i = 0; i < HEX_DIGITS; i++)
		if (!isxdigit((unsigned char)digits[i]))
			return -1;
	return strtol(digits, NULL, 16);
}

/* yajl turns a lone surrogate into "?" or into bytes that are no UTF-8; both would change a value silently.
   Returns the offset of the first one, or `length`. */
static size_t find_lone_surrogate(const char *text, size_t length)
{
	const char *end = text + length;
	const char *at = text;

	while ((at = memchr(at, '\\', (size_t)(end - at)))) {
		long unit = code_unit(at, end);
		long pair = unit < 0 ? -1 : code_unit(at + ESCAPE_LENGTH, end);

		if (unit < 0) {
			at += end - at > 1 ? 2 : 1;
			continue;
		}
		if ((unit & SURROGATE_MASK) == SURROGATE_LOW)
			break;
		if ((unit & SURROGATE_MASK) != SURROGATE_HIGH) {
			at += ESCAPE_LENGTH;
			continue;
		}
		if (pair < 0 || (pair & SURROGATE_MASK) != SURROGATE_LOW)
			break;
		at += (ptrdiff_t)2 * ESCAPE_LENGTH;
	}
	return at ? (size_t)(at - text) : length;
}

static int check_encoding(const char *name, const char *text, size_t length, struct error *err)
{
	size_t valid = utf8_valid_prefix(text, length);

	if (valid < length)
		return refuse_at(err, name, text, valid, "not valid UTF-8");
	valid = find_lone_surrogate(text, length);
	if (valid < length)
		return refuse_at(err, name, text, valid, "half of a surrogate pair (\\uD800 to \\uDFFF)");
	return 0;
}

/* yajl's own words without its "parse error: " and newline. */
static int refuse_syntax(struct error *err, yajl_handle parser, const char *name, const char *text, size_t offset)
{
	char *message = (char *)yajl_get_error(parser, 0, (const unsigned char *)text, 0);
	const char *why = strchr(message, ':');
	int r;

	message[strcspn(message, "\n")] = '\0';
	why = why ? why + strspn(why, ": ") : message;
	r = refuse_at(err, name, text, offset, why);
	yajl_free_error(parser, (unsigned char *)message);
	return r;
}

static int run(yajl_handle parser, struct builder *b, const char *name, const char *text, size_t length,
	       struct error *err)
{
	yajl_status status = yajl_parse(parser, (const unsigned char *)text, length);
	size_t offset = yajl_get_bytes_consumed(parser);

	offset -= offset > 0; /* of the last byte that it has read, which is the wrong one */
	if (status == yajl_status_ok) {
		status = yajl_complete_parse(parser);
		offset = length;
	}
	if (status == yajl_status_ok)
		return 0;
	if (b->duplicate) {
		(void)json_refuse(b->duplicate, err, "the member is given twice; remove one of them");
		return context(err, "%s", name);
	}
	if (status == yajl_status_client_canceled)
		return refuse_at(err, name, text, offset, b->refusal);
	return refuse_syntax(err, parser, name, text, offset);
}

int json_parse(struct arena *arena, const char *name, const char *text, size_t length, const struct json_limits *limits,
	       struct json **ret_root, struct error *err)
{
	struct arena_room room;
	auto_arena struct arena *pieces = arena_in(&room);
	yajl_alloc_funcs allocator = { piece_new, piece_grow, piece_leave, pieces };
	struct builder b = { .arena = arena, .limits = limits };
	yajl_handle parser;
	int r;

	if (length > limits->size)
		return refuse(err, "%s: %zu bytes; at most %zu are read", name, length, limits->size);
	r = check_encoding(name, text, length, err);
	if (r < 0)
		return r;
	b.levels = arena_array(arena, limits->depth, sizeof(*b.levels));
	parser = yajl_alloc(&callbacks, &allocator, &b);
	(void)yajl_config(parser, yajl_dont_validate_strings, 1); /* done above, and more strictly */
	r = run(parser, &b, name, text, length, err);
	yajl_free(parser);
	if (r == 0)
		*ret_root = b.root;
	return r;
}

const struct json *json_get(const struct json *node, const char *key)
{
	if (!node || node->type != JSON_OBJECT)
		return NULL;
	for (node = node->first; node; node = node->next)
		if (strcmp(node->key, key) == 0)
			return node;
	return NULL;
}

static bool is_plain_key(const char *key)
{
	for (const char *c = key; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '_' && *c != '-')
			return false;
	return *key != '\0';
}

static size_t index_of(const struct json *node)
{
	size_t index = 0;

	for (const struct json *other = node->parent->first; other && other != node; other = other->next)
		index++;
	return index;
}

static void append_path(const struct json *node, char *path, size_t size)
{
	size_t used;

	if (!node->parent)
		return;
	append_path(node->parent, path, size);
	used = strlen(path);
	if (!node->key)
		(void)snprintf(path + used, size - used, "[%zu]", index_of(node));
	else if (is_plain_key(node->key))
		(void)snprintf(path + used, size - used, "%s%s", used ? "." : "", node->key);
	else
		(void)snprintf(path + used, size - used, "[\"%s\"]", node->key);
}

/* Keys and values come from the document: an error text stays one line whatever they hold. */
static void mask_controls(char *text)
{
	for (; *text; text++)
		if (iscntrl((unsigned char)*text))
			*text = '?';
}

int json_context(const struct json *node, struct error *err)
{
	char path[PATH_TEXT_MAX] = "";

	append_path(node, path, sizeof(path));
	mask_controls(path);
	return context(err, "%s", *path ? path : "top level");
}

int json_refuse(const struct json *node, struct error *err, const char *fmt, ...)
{
	char text[sizeof(err->text)];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	mask_controls(text);
	(void)refuse(err, "%s", text);
	return json_context(node, err);
}
