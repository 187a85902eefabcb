/*
 * json.h - JSON to a tree, and a tree to our structs by tables. The json*.c files are the only users of yajl.
 *
 * Reading: json_parse() checks size, depth, UTF-8 and trailing bytes and builds nodes in an arena; duplicate keys are
 * refused. Decoding: a struct json_field table a struct, so that the schema can be read as data. Every error carries
 * the path: "linux.resources.memory.limit: expected a whole number, found a string".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "error.h"
#include "opt.h"

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json {
	enum json_type type;
	const char *key; /* in an object; NULL else */
	const struct json *parent;
	struct json *first, *next; /* children in document order */
	size_t count;              /* children of an array or object; index is counted from first */
	bool boolean;
	const char *text; /* string value (no embedded NUL: refused), or the number as written */
};

struct json_limits {
	size_t size, depth;
};

int json_parse(struct arena *arena, const char *name, const char *text, size_t length, const struct json_limits *limits,
	       struct json **ret_root, struct error *err);

/* The member of an object, or NULL (also when node is NULL or no object). */
const struct json *json_get(const struct json *node, const char *key);

/* refuse() with the node's path in front: "process.args[0]: text". */
int json_refuse(const struct json *node, struct error *err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* context() with the node's path: for an error that a layer below made. Returns -err->code. */
int json_context(const struct json *node, struct error *err);

const char *json_type_name(enum json_type type);

/* Typed values; the error names path, wanted and found type, and the range. */
int json_string(const struct json *node, const char **ret, struct error *err);
int json_bool(const struct json *node, bool *ret, struct error *err);
int json_i64(const struct json *node, int64_t min, int64_t max, int64_t *ret, struct error *err);
int json_u64(const struct json *node, uint64_t max, uint64_t *ret, struct error *err);
int json_string_list(struct arena *arena, const struct json *node, const char ***ret, size_t *ret_count,
		     struct error *err); /* NULL-terminated */

/* A word of an enumeration; a table of them ends with name NULL. */
struct json_name {
	const char *name;
	uint64_t value;
};

/* The value of a string that must be one of `names`; the error lists them. */
int json_enum(const struct json *node, const struct json_name *names, uint64_t *ret, struct error *err);

struct key_value {
	const char *key, *value;
};

enum json_kind {
	JSON_AS_STRING,      /* const char * */
	JSON_AS_OPT_STRING,  /* const char *; "" counts as absent, which is what callers in Go mean by it */
	JSON_AS_BOOL,        /* bool */
	JSON_AS_PRESENT,     /* bool: the member is there, whatever it holds */
	JSON_AS_U32,         /* uint32_t */
	JSON_AS_I32,         /* int32_t */
	JSON_AS_U64,         /* uint64_t */
	JSON_AS_I64,         /* int64_t */
	JSON_AS_OPT_U64,     /* struct opt_u64 */
	JSON_AS_OPT_I64,     /* struct opt_i64 */
	JSON_AS_ENUM,        /* uint32_t: one of .names */
	JSON_AS_FLAGS,       /* uint64_t: an array of .names, or-ed */
	JSON_AS_STRING_LIST, /* const char **, NULL-terminated; with .count_offset its size_t length too */
	JSON_AS_STRING_MAP,  /* object of strings -> struct key_value * of .count_offset items */
	JSON_AS_OBJECT,      /* another table on a struct inside this one (offset) */
	JSON_AS_ARRAY,  /* array of objects -> T * of .count_offset items of .size bytes, each by .decode or .fields */
	JSON_AS_CUSTOM, /* function */
};

typedef int json_decode_fn(struct arena *arena, const struct json *node, void *target, struct error *err);

/* As small as it can be: the tables have pointers, so each program that starts has its own copy of them. */
struct json_field {
	const char *key;
	enum json_kind kind : 8;
	unsigned offset : 16;
	bool required : 1;
	uint16_t size;         /* ARRAY: of an item */
	uint16_t count_offset; /* LIST, MAP, ARRAY; 0: not wanted */
	union {
		struct { /* numbers: the range; both 0: all of the type */
			int64_t min;
			uint64_t max;
		};
		struct {
			union {
				const struct json_name *names;   /* ENUM, FLAGS */
				const struct json_field *fields; /* OBJECT, ARRAY: table, ended by key NULL */
			};
			json_decode_fn *decode; /* CUSTOM: target = struct + offset; ARRAY: target = the item, zeroed */
		};
	};
};

/* Fills `target` from an object by a table ended with key NULL. Unknown members are ignored (runtime-spec
   "Extensibility"); JSON null counts as absent. */
int json_decode(struct arena *arena, const struct json *node, const struct json_field *fields, void *target,
		struct error *err);

/* Writing: a growing text with correct commas and escapes; pretty or compact. Misuse aborts (it is a bug). */
struct json_writer;

struct json_writer *json_writer_new(bool pretty);
void json_writer_free(struct json_writer *writer);
void json_begin_object(struct json_writer *writer, const char *key); /* key NULL in arrays and at the top */
void json_end_object(struct json_writer *writer);
void json_begin_array(struct json_writer *writer, const char *key);
void json_end_array(struct json_writer *writer);
void json_put_string(struct json_writer *writer, const char *key, const char *value);        /* NULL value: null */
void json_put_strings(struct json_writer *writer, const char *key, const char *const *list); /* to its NULL; NULL: [] */
void json_put_i64(struct json_writer *writer, const char *key, int64_t value);
void json_put_u64(struct json_writer *writer, const char *key, uint64_t value);
void json_put_bool(struct json_writer *writer, const char *key, bool value);
void json_put_node(struct json_writer *writer, const char *key, const struct json *node); /* all of it */
const char *json_writer_text(const struct json_writer *writer, size_t *ret_length);       /* owned by the writer */

DEFINE_AUTO(json_writer, struct json_writer, json_writer_free)
#define auto_json_writer auto_cleanup(cleanup_json_writer)
