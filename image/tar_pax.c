/*
 * tar_pax.c - see tar_pax.h. A record is "LENGTH KEY=VALUE\n", the length that of the whole record. The text is cut
 * up in place. Of a key that comes twice the last one counts; an empty value takes back what was said before.
 */
#include "tar_pax.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

enum { NANO_DIGITS = 9, FIRST_CAPACITY = 8, XATTR_NAME_LENGTH = 255 };

static const char xattr_prefix[] = "SCHILY.xattr.";

struct record {
	const char *key;
	char *value; /* a NUL behind it */
	size_t length;
};

void tar_pax_clear(struct tar_pax *pax)
{
	free(pax->text);
	free(pax->xattrs);
	tar_map_clear(&pax->map);
	*pax = (struct tar_pax){ 0 };
}

static int wrong(const struct record *record, struct error *err)
{
	return refuse(err, "pax record %s: not a valid value", record->key);
}

static int number(const struct record *record, uint64_t max, uint64_t *ret, struct error *err)
{
	const char *at = record->value;

	if (tar_decimal(&at, record->value + record->length, ret) < 0 || at != record->value + record->length ||
	    *ret > max)
		return wrong(record, err);
	return 0;
}

static int name(const struct record *record, const char **ret, struct error *err)
{
	if (memchr(record->value, '\0', record->length))
		return refuse(err, "pax record %s: a NUL inside the name", record->key);
	*ret = record->length ? record->value : NULL;
	return 0;
}

static int set_path(struct tar_pax *pax, const struct record *record, struct error *err)
{
	return name(record, &pax->path, err);
}

static int set_link(struct tar_pax *pax, const struct record *record, struct error *err)
{
	return name(record, &pax->link, err);
}

static int set_sparse_name(struct tar_pax *pax, const struct record *record, struct error *err)
{
	return name(record, &pax->sparse_name, err);
}

static int set_size(struct tar_pax *pax, const struct record *record, struct error *err)
{
	pax->has_size = record->length > 0;
	return pax->has_size ? number(record, INT64_MAX, &pax->size, err) : 0;
}

static int set_real_size(struct tar_pax *pax, const struct record *record, struct error *err)
{
	pax->has_real_size = true;
	return number(record, INT64_MAX, &pax->real_size, err);
}

static int set_uid(struct tar_pax *pax, const struct record *record, struct error *err)
{
	uint64_t id = 0;
	int r = record->length ? number(record, UINT32_MAX - 1, &id, err) : 0;

	pax->has_uid = record->length > 0;
	pax->uid = (uid_t)id;
	return r;
}

static int set_gid(struct tar_pax *pax, const struct record *record, struct error *err)
{
	uint64_t id = 0;
	int r = record->length ? number(record, UINT32_MAX - 1, &id, err) : 0;

	pax->has_gid = record->length > 0;
	pax->gid = (gid_t)id;
	return r;
}

/* "-12.5" is half a second before -12. */
static int set_mtime(struct tar_pax *pax, const struct record *record, struct error *err)
{
	const char *at = record->value, *const end = at + record->length;
	const bool negative = *at == '-';
	uint64_t seconds;
	int64_t whole;
	long nanoseconds = 0;

	pax->has_mtime = record->length > 0;
	if (!pax->has_mtime)
		return 0;
	at += negative;
	if (tar_decimal(&at, end, &seconds) < 0)
		return wrong(record, err);
	if (at < end && *at == '.') {
		at++;
		for (int i = 0; i < NANO_DIGITS; i++)
			nanoseconds = nanoseconds * 10 + (at < end && *at >= '0' && *at <= '9' ? *at++ - '0' : 0);
		while (at < end && *at >= '0' && *at <= '9')
			at++;
	}
	if (at != end)
		return wrong(record, err);
	whole = negative ? -(int64_t)seconds : (int64_t)seconds;
	if (negative && nanoseconds > 0) {
		whole--;
		nanoseconds = 1000000000L - nanoseconds;
	}
	pax->mtime = (struct timespec){ .tv_sec = (time_t)whole, .tv_nsec = nanoseconds };
	return 0;
}

static int set_sparse_major(struct tar_pax *pax, const struct record *record, struct error *err)
{
	return number(record, INT32_MAX, &pax->sparse_major, err);
}

static int set_sparse_minor(struct tar_pax *pax, const struct record *record, struct error *err)
{
	return number(record, INT32_MAX, &pax->sparse_minor, err);
}

static int set_map(struct tar_pax *pax, const struct record *record, struct error *err)
{
	if (pax->has_map)
		return refuse(err, "two sparse maps");
	pax->has_map = true;
	return tar_map_from_list(&pax->map, record->value, record->length, err);
}

/* Version 0.0: offsets and sizes take turns. */
static int set_range_offset(struct tar_pax *pax, const struct record *record, struct error *err)
{
	if (pax->half_range)
		return refuse(err, "sparse map: an offset without a size");
	pax->half_range = true;
	return number(record, INT64_MAX, &pax->range_offset, err);
}

static int set_range_size(struct tar_pax *pax, const struct record *record, struct error *err)
{
	uint64_t size = 0;
	int r = number(record, INT64_MAX, &size, err);

	if (r < 0)
		return r;
	if (!pax->half_range)
		return refuse(err, "sparse map: a size without an offset");
	pax->half_range = false;
	pax->has_map = true;
	tar_map_add(&pax->map, pax->range_offset, size);
	return 0;
}

static int ignore(struct tar_pax *pax, const struct record *record, struct error *err)
{
	(void)pax;
	(void)record;
	(void)err;
	return 0;
}

/* Keys that mean something here; `global`: may stand in a global header, where the others are one file's. */
static const struct key {
	const char *key;
	bool global;
	int (*set)(struct tar_pax *pax, const struct record *record, struct error *err);
} keys[] = {
	{ "path", false, set_path },
	{ "linkpath", false, set_link },
	{ "size", false, set_size },
	{ "uid", true, set_uid },
	{ "gid", true, set_gid },
	{ "mtime", true, set_mtime },
	{ "GNU.sparse.major", false, set_sparse_major },
	{ "GNU.sparse.minor", false, set_sparse_minor },
	{ "GNU.sparse.name", false, set_sparse_name },
	{ "GNU.sparse.size", false, set_real_size },
	{ "GNU.sparse.realsize", false, set_real_size },
	{ "GNU.sparse.numblocks", false, ignore }, /* the ranges are counted */
	{ "GNU.sparse.map", false, set_map },
	{ "GNU.sparse.offset", false, set_range_offset },
	{ "GNU.sparse.numbytes", false, set_range_size },
};

static int add_xattr(struct tar_pax *pax, const struct record *record, const struct tar_limits *limits,
		     struct error *err)
{
	const char *attribute = record->key + strlen(xattr_prefix);
	const size_t length = strlen(attribute);

	if (length == 0 || length > XATTR_NAME_LENGTH)
		return refuse(err, "an extended attribute with a name of %zu bytes", length);
	pax->xattr_bytes += length + record->length;
	if (pax->xattr_bytes > limits->xattrs)
		return refuse(err, "more than %llu bytes of extended attributes", (unsigned long long)limits->xattrs);
	if (pax->n_xattrs == pax->xattrs_capacity) {
		pax->xattrs_capacity = pax->xattrs_capacity ? 2 * pax->xattrs_capacity : FIRST_CAPACITY;
		pax->xattrs = xreallocarray(pax->xattrs, pax->xattrs_capacity, sizeof(*pax->xattrs));
	}
	pax->xattrs[pax->n_xattrs++] = (struct tar_xattr){ attribute, record->value, record->length };
	return 0;
}

static int take_record(struct tar_pax *pax, const struct record *record, bool global, const struct tar_limits *limits,
		       struct error *err)
{
	const bool xattr = str_starts(record->key, xattr_prefix);

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (!str_eq(record->key, keys[i].key))
			continue;
		if (global && !keys[i].global)
			return refuse(err, "%s in a global pax header", record->key);
		return keys[i].set(pax, record, err);
	}
	if (xattr && global)
		return refuse(err, "an extended attribute in a global pax header");
	return xattr ? add_xattr(pax, record, limits, err) : 0;
}

/* Cuts the record off the text that is left. */
static int next_record(char **text, const char *end, struct record *ret, struct error *err)
{
	char *const begin = *text, *equals;
	const char *at = begin;
	uint64_t length;

	if (tar_decimal(&at, end, &length) < 0 || at == end || *at != ' ')
		return refuse(err, "pax header: no length where a record begins");
	if (length > (uint64_t)(end - begin) || begin + length <= at + 1)
		return refuse(err, "pax header: a record has the length %llu, %zu bytes are left",
			      (unsigned long long)length, (size_t)(end - begin));
	if (begin[length - 1] != '\n')
		return refuse(err, "pax header: a record does not end in a newline");
	equals = memchr(at, '=', (size_t)(begin + length - at));
	if (!equals || equals == at + 1 || memchr(at, '\0', (size_t)(equals - at)))
		return refuse(err, "pax header: a record without a key");
	*equals = '\0';
	begin[length - 1] = '\0';
	*ret = (struct record){ at + 1, equals + 1, (size_t)(begin + length - 1 - (equals + 1)) };
	*text = begin + length;
	return 0;
}

int tar_pax_parse(struct tar_pax *pax, char *text, size_t length, bool global, const struct tar_limits *limits,
		  struct error *err)
{
	const char *const end = text + length;

	free(pax->text);
	pax->text = text;
	while (text < end) {
		struct record record;
		int r = next_record(&text, end, &record, err);

		if (r == 0)
			r = take_record(pax, &record, global, limits, err);
		if (r < 0)
			return r;
	}
	if (pax->half_range)
		return refuse(err, "sparse map: an offset without a size");
	return 0;
}
