/*
 * tar.c - see tar.h. Headers before an entry (pax, GNU long names) are collected in `pending`, which the next real
 * entry takes; data is handed on in the pieces in which it comes, without a copy.
 */
#include "tar.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "tar_header.h"
#include "tar_pax.h"

enum {
	MAJOR_MAX = (1 << 12) - 1,
	MINOR_MAX = (1 << 20) - 1,
	LINE_MAX_LENGTH = 32
}; /* as the kernel's dev_t has them */

/* What was said of the next entry before its own header. */
struct pending {
	bool any, has_pax;
	struct tar_pax pax;
	char *long_name, *long_link;
};

struct tar {
	struct tar_source source;
	struct tar_limits limits;
	const unsigned char *piece; /* of the source, not read yet */
	size_t piece_left;
	struct tar_raw raw; /* the header block that is being read */
	struct pending pending, current;
	struct tar_pax global;
	char *name, *link; /* of the current entry where they come from its header block */
	char shown[sizeof(((struct tar_raw *)0)->name) + 1]; /* of the last header, for error texts */
	uint64_t number, headers, bytes;
	uint64_t stored, padding; /* of the current entry: what is left of its data and behind it */
	struct tar_map map;       /* where its data belongs */
	size_t region;
	uint64_t region_done;
};

static void pending_clear(struct pending *pending)
{
	tar_pax_clear(&pending->pax);
	free(pending->long_name);
	free(pending->long_link);
	*pending = (struct pending){ 0 };
}

struct tar *tar_open(const struct tar_source *source, const struct tar_limits *limits)
{
	struct tar *tar = xcalloc(1, sizeof(*tar));

	tar->source = *source;
	tar->limits = *limits;
	return tar;
}

void tar_close(struct tar *tar)
{
	if (!tar)
		return;
	pending_clear(&tar->pending);
	pending_clear(&tar->current);
	tar_pax_clear(&tar->global);
	tar_map_clear(&tar->map);
	free(tar->name);
	free(tar->link);
	free(tar);
}

uint64_t tar_number(const struct tar *tar)
{
	return tar->number;
}

static const char *pending_name(const struct pending *pending)
{
	return pending->pax.sparse_name ? pending->pax.sparse_name
	       : pending->pax.path      ? pending->pax.path
					: pending->long_name;
}

const char *tar_name(const struct tar *tar)
{
	const char *name = pending_name(tar->pending.any ? &tar->pending : &tar->current);

	return name ? name : tar->shown;
}

/* Sees to it that the piece is not empty: 1, or 0 at the end. */
static int refill(struct tar *tar, struct error *err)
{
	while (tar->piece_left == 0) {
		const void *piece;
		int r = tar->source.next(tar->source.context, &piece, &tar->piece_left, err);

		if (r <= 0)
			return r;
		tar->piece = piece;
	}
	return 1;
}

/* Copies exactly size bytes, or skips them when buffer is NULL: 1; 0 when there is nothing at all. */
static int take(struct tar *tar, void *buffer, uint64_t size, struct error *err)
{
	uint64_t done = 0;

	while (done < size) {
		size_t part;
		int r = refill(tar, err);

		if (r < 0)
			return r;
		if (r == 0)
			return done ? refuse(err, "the archive is cut off") : 0;
		part = size - done < tar->piece_left ? (size_t)(size - done) : tar->piece_left;
		if (buffer)
			memcpy((char *)buffer + done, tar->piece, part);
		tar->piece += part;
		tar->piece_left -= part;
		done += part;
	}
	return 1;
}

/* The same where the end of the stream is an error. */
static int must_take(struct tar *tar, void *buffer, uint64_t size, struct error *err)
{
	int r = take(tar, buffer, size, err);

	return r == 0 && size > 0 ? refuse(err, "the archive is cut off") : r;
}

static uint64_t padding_of(uint64_t size)
{
	return -size % TAR_BLOCK_SIZE;
}

/* The next header block: 1; 0 at the end of the archive, which is two zero blocks or the end of the stream. */
static int next_header(struct tar *tar, struct error *err)
{
	int r = take(tar, &tar->raw, sizeof(tar->raw), err);

	if (r <= 0)
		return r;
	if (!tar_raw_is_zero(&tar->raw)) {
		r = tar_raw_check(&tar->raw, err);
		if (r == 0)
			memcpy(tar->shown, tar->raw.name, sizeof(tar->raw.name));
		return r < 0 ? r : 1;
	}
	r = take(tar, &tar->raw, sizeof(tar->raw), err);
	if (r > 0 && !tar_raw_is_zero(&tar->raw))
		return refuse(err, "a single zero block is not the end of an archive");
	return r < 0 ? r : 0;
}

/* The content of a pax or long-name header, with a NUL behind it; the caller frees. */
static int read_content(struct tar *tar, const char *what, char **ret, size_t *ret_length, struct error *err)
{
	auto_free char *text = NULL;
	int64_t size;
	int r = TAR_NUMBER(tar->raw.size, "size", 0, INT64_MAX, &size, err);

	if (r < 0)
		return r;
	if ((uint64_t)size > tar->limits.header)
		return refuse(err, "a %s of %lld bytes, %llu allowed", what, (long long)size,
			      (unsigned long long)tar->limits.header);
	text = xcalloc(1, (size_t)size + 1);
	r = must_take(tar, text, (uint64_t)size, err);
	if (r >= 0)
		r = must_take(tar, NULL, padding_of((uint64_t)size), err);
	if (r < 0)
		return r;
	*ret = take_ptr(text);
	*ret_length = (size_t)size;
	return 0;
}

static int read_pax(struct tar *tar, struct error *err)
{
	char *text;
	size_t length;
	int r;

	if (tar->pending.has_pax)
		return refuse(err, "two pax headers for one entry");
	r = read_content(tar, "pax header", &text, &length, err);
	if (r < 0)
		return r;
	tar->pending.has_pax = true;
	return tar_pax_parse(&tar->pending.pax, text, length, false, &tar->limits, err);
}

static int read_global(struct tar *tar, struct error *err)
{
	char *text;
	size_t length;
	int r = read_content(tar, "global pax header", &text, &length, err);

	return r < 0 ? r : tar_pax_parse(&tar->global, text, length, true, &tar->limits, err);
}

static int read_long(struct tar *tar, char **slot, struct error *err)
{
	size_t length, text_length;
	int r;

	if (*slot)
		return refuse(err, "two GNU long names for one entry");
	r = read_content(tar, "GNU long name", slot, &length, err);
	if (r < 0)
		return r;
	text_length = strlen(*slot);
	for (size_t i = text_length; i < length; i++)
		if ((*slot)[i])
			return refuse(err, "a NUL inside a GNU long name");
	return 0;
}

/* A header that says something of the next entry: 1 if it was one, 0 if it is the entry's own. */
static int read_extension(struct tar *tar, struct error *err)
{
	int r;

	switch (tar->raw.type) {
	case 'x':
		r = read_pax(tar, err);
		break;
	case 'g': /* of all that follow; may stand anywhere */
		r = read_global(tar, err);
		return r < 0 ? r : 1;
	case 'L':
		r = read_long(tar, &tar->pending.long_name, err);
		break;
	case 'K':
		r = read_long(tar, &tar->pending.long_link, err);
		break;
	default:
		return 0;
	}
	tar->pending.any = true;
	return r < 0 ? r : 1;
}

/* One name out of those that there may be: pax, GNU, header. */
static int choose_name(const struct tar *tar, const char *pax, const char *gnu, const char *plain, const char *what,
		       const char **ret, struct error *err)
{
	if (pax && gnu && !str_eq(pax, gnu))
		return refuse(err, "two different %ss, by pax and by GNU header", what);
	*ret = pax ? pax : gnu ? gnu : plain;
	if (!**ret)
		return refuse(err, "an empty %s", what);
	if (strlen(*ret) > tar->limits.path)
		return refuse(err, "a %s of %zu bytes, %llu allowed", what, strlen(*ret),
			      (unsigned long long)tar->limits.path);
	return 0;
}

static int read_names(struct tar *tar, struct tar_entry *entry, struct error *err)
{
	const struct tar_pax *pax = &tar->current.pax;
	int r;

	free(tar->name);
	free(tar->link);
	tar->name = tar_raw_name(&tar->raw);
	tar->link = tar_raw_link(&tar->raw);
	r = choose_name(tar, pax->sparse_name ? pax->sparse_name : pax->path, tar->current.long_name, tar->name, "name",
			&entry->name, err);
	entry->link = "";
	if (r < 0 || (entry->kind != TAR_HARDLINK && entry->kind != TAR_SYMLINK))
		return r;
	return choose_name(tar, pax->link, tar->current.long_link, tar->link, "link target", &entry->link, err);
}

static int read_numbers(const struct tar *tar, struct tar_entry *entry, struct error *err)
{
	const struct tar_raw *raw = &tar->raw;
	const struct tar_pax *pax = &tar->current.pax, *global = &tar->global;
	int64_t mode, uid, gid, mtime, major = 0, minor = 0;

	/* Some writers put the file's type into the mode as well, as stat(2) has it. */
	if (TAR_NUMBER(raw->mode, "mode", 0, UINT32_MAX, &mode, err) < 0 ||
	    TAR_NUMBER(raw->uid, "owner", 0, UINT32_MAX - 1, &uid, err) < 0 ||
	    TAR_NUMBER(raw->gid, "group", 0, UINT32_MAX - 1, &gid, err) < 0 ||
	    TAR_NUMBER(raw->mtime, "time", INT64_MIN, INT64_MAX, &mtime, err) < 0)
		return -EINVAL;
	if ((entry->kind == TAR_CHAR || entry->kind == TAR_BLOCK) &&
	    (TAR_NUMBER(raw->major, "device's major number", 0, MAJOR_MAX, &major, err) < 0 ||
	     TAR_NUMBER(raw->minor, "device's minor number", 0, MINOR_MAX, &minor, err) < 0))
		return -EINVAL;
	entry->mode = (mode_t)mode & 07777;
	entry->uid = pax->has_uid ? pax->uid : global->has_uid ? global->uid : (uid_t)uid;
	entry->gid = pax->has_gid ? pax->gid : global->has_gid ? global->gid : (gid_t)gid;
	entry->mtime = pax->has_mtime      ? pax->mtime
		       : global->has_mtime ? global->mtime
					   : (struct timespec){ .tv_sec = (time_t)mtime };
	entry->major = (unsigned)major;
	entry->minor = (unsigned)minor;
	return 0;
}

static const struct {
	char type;
	enum tar_kind kind;
} kinds[] = {
	{ '0', TAR_FILE },    { '\0', TAR_FILE }, { '7', TAR_FILE },  { 'S', TAR_FILE },      { '1', TAR_HARDLINK },
	{ '2', TAR_SYMLINK }, { '3', TAR_CHAR },  { '4', TAR_BLOCK }, { '5', TAR_DIRECTORY }, { '6', TAR_FIFO },
};

static int read_kind(const struct tar *tar, struct tar_entry *entry, struct error *err)
{
	const unsigned char type = (unsigned char)tar->raw.type;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].type == (char)type) {
			entry->kind = kinds[i].kind;
			return 0;
		}
	return refuse(err, "an entry of unknown type 0x%02x", type);
}

/* Before POSIX a directory was a file whose name ends in a slash. */
static int check_slash(const struct tar *tar, struct tar_entry *entry, struct error *err)
{
	if (entry->kind != TAR_FILE || !str_ends(entry->name, "/"))
		return 0;
	if (tar->raw.type != '\0' || tar->stored > 0)
		return refuse(err, "a regular file whose name ends in a slash");
	entry->kind = TAR_DIRECTORY;
	return 0;
}

static int add_raw_ranges(struct tar_map *map, const struct tar_raw_sparse *ranges, size_t count, struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		int64_t offset, size;

		if (ranges[i].offset[0] == '\0' || ranges[i].size[0] == '\0') /* the rest is unused */
			return 0;
		if (TAR_NUMBER(ranges[i].offset, "offset in a sparse map", 0, INT64_MAX, &offset, err) < 0 ||
		    TAR_NUMBER(ranges[i].size, "size in a sparse map", 0, INT64_MAX, &size, err) < 0)
			return -EINVAL;
		tar_map_add(map, (uint64_t)offset, (uint64_t)size);
	}
	return 0;
}

static int check_map_size(const struct tar *tar, uint64_t bytes, struct error *err)
{
	return bytes > tar->limits.header
		       ? refuse(err, "a sparse map of more than %llu bytes", (unsigned long long)tar->limits.header)
		       : 0;
}

/* The first GNU form: ranges in the header and in blocks behind it. */
static int read_old_map(struct tar *tar, struct tar_entry *entry, struct error *err)
{
	struct tar_raw_sparse_block block = { .extended = tar->raw.gnu.extended };
	int64_t real_size;
	uint64_t bytes = 0;
	int r;

	if (tar_raw_format(&tar->raw) != TAR_GNU)
		return refuse(err, "a sparse file in a header that is not GNU's");
	if (TAR_NUMBER(tar->raw.gnu.real_size, "real size", 0, INT64_MAX, &real_size, err) < 0)
		return -EINVAL;
	entry->size = (uint64_t)real_size;
	r = add_raw_ranges(&tar->map, tar->raw.gnu.sparse, ARRAY_SIZE(tar->raw.gnu.sparse), err);
	while (r >= 0 && block.extended) {
		bytes += sizeof(block);
		r = check_map_size(tar, bytes, err);
		if (r >= 0)
			r = must_take(tar, &block, sizeof(block), err);
		if (r >= 0)
			r = add_raw_ranges(&tar->map, block.sparse, ARRAY_SIZE(block.sparse), err);
	}
	return r < 0 ? r : tar_map_check(&tar->map, entry->size, tar->stored, err);
}

/* A line of the map of version 1.0; `used` counts its bytes. */
static int read_map_number(struct tar *tar, uint64_t *used, uint64_t *ret, struct error *err)
{
	char line[LINE_MAX_LENGTH];
	const char *text = line;
	size_t length = 0;

	for (;;) {
		int r;

		if (length == sizeof(line) || *used == tar->stored)
			return refuse(err, "sparse map: a line is not a number");
		r = check_map_size(tar, *used + 1, err);
		if (r >= 0)
			r = must_take(tar, &line[length], 1, err);
		if (r < 0)
			return r;
		++*used;
		if (line[length] == '\n')
			break;
		length++;
	}
	if (tar_decimal(&text, line + length, ret) < 0 || text != line + length)
		return refuse(err, "sparse map: a line is not a number");
	return 0;
}

/* Version 1.0: the map is in front of the data, in whole blocks. */
static int read_map_in_data(struct tar *tar, struct error *err)
{
	uint64_t used = 0, count, rest;
	int r = read_map_number(tar, &used, &count, err);

	for (uint64_t i = 0; r >= 0 && i < count; i++) {
		uint64_t offset, size;

		r = read_map_number(tar, &used, &offset, err);
		if (r >= 0)
			r = read_map_number(tar, &used, &size, err);
		if (r >= 0)
			tar_map_add(&tar->map, offset, size);
	}
	if (r < 0)
		return r;
	rest = padding_of(used);
	if (rest > tar->stored - used)
		return refuse(err, "sparse map: longer than the data");
	tar->stored -= used + rest;
	return must_take(tar, NULL, rest, err);
}

static int read_pax_map(struct tar *tar, struct tar_entry *entry, struct error *err)
{
	struct tar_pax *pax = &tar->current.pax;

	if (pax->sparse_major > 1 || (pax->sparse_major == 1 && pax->sparse_minor > 0))
		return refuse(err, "a sparse file of an unknown version");
	if (!pax->has_real_size || (pax->sparse_major == 1 && pax->has_map))
		return refuse(err, "a sparse file without a size, or with two maps");
	entry->size = pax->real_size;
	if (pax->sparse_major == 1) {
		int r = read_map_in_data(tar, err);

		if (r < 0)
			return r;
	} else {
		tar_map_clear(&tar->map);
		tar->map = pax->map;
		pax->map = (struct tar_map){ 0 };
	}
	return tar_map_check(&tar->map, entry->size, tar->stored, err);
}

static int read_size(struct tar *tar, struct tar_entry *entry, struct error *err)
{
	const struct tar_pax *pax = &tar->current.pax;
	int64_t size;
	int r = TAR_NUMBER(tar->raw.size, "size", 0, INT64_MAX, &size, err);

	if (r < 0)
		return r;
	tar->stored = pax->has_size ? pax->size : (uint64_t)size;
	r = check_slash(tar, entry, err);
	if (r < 0)
		return r;
	if (entry->kind == TAR_DIRECTORY)
		tar->stored = 0; /* some writers put the size of the directory there; no data follows */
	if (tar->stored > INT64_MAX - TAR_BLOCK_SIZE)
		return refuse(err, "a size of %llu bytes", (unsigned long long)tar->stored);
	tar->padding = padding_of(tar->stored);
	entry->size = tar->stored;
	if (entry->kind != TAR_FILE)
		return tar->stored ? refuse(err, "data in what is not a regular file") : 0;
	if (tar->raw.type == 'S')
		r = read_old_map(tar, entry, err);
	else if (pax->has_map || pax->sparse_major)
		r = read_pax_map(tar, entry, err);
	else
		tar_map_add(&tar->map, 0, entry->size);
	if (r < 0)
		return r;
	if (entry->size > tar->limits.bytes - tar->bytes)
		return refuse(err, "files of more than %llu bytes in all", (unsigned long long)tar->limits.bytes);
	tar->bytes += entry->size;
	return 0;
}

static int read_entry(struct tar *tar, struct tar_entry *entry, struct error *err)
{
	int r;

	pending_clear(&tar->current);
	tar->current = tar->pending;
	tar->pending = (struct pending){ 0 };
	tar->map.count = 0;
	tar->region = 0;
	tar->region_done = 0;
	r = read_kind(tar, entry, err);
	if (r == 0)
		r = read_names(tar, entry, err);
	if (r == 0)
		r = read_numbers(tar, entry, err);
	if (r == 0)
		r = read_size(tar, entry, err);
	if (r < 0)
		return r;
	entry->number = tar->number;
	entry->xattrs = tar->current.pax.xattrs;
	entry->n_xattrs = tar->current.pax.n_xattrs;
	return 1;
}

int tar_next(struct tar *tar, struct tar_entry *ret, struct error *err)
{
	struct tar_entry entry = { 0 };
	int r = must_take(tar, NULL, tar->stored + tar->padding, err);

	tar->stored = 0;
	tar->padding = 0;
	if (r >= 0) {
		tar->number++;
		tar->shown[0] = '\0';
		pending_clear(&tar->current);
	}
	while (r >= 0) {
		r = next_header(tar, err);
		if (r == 0)
			tar->number--;
		if (r == 0 && tar->pending.any)
			return refuse(err, "a header for an entry that does not come");
		if (r <= 0)
			return r;
		if (++tar->headers > tar->limits.entries)
			return refuse(err, "more than %llu entries", (unsigned long long)tar->limits.entries);
		r = read_extension(tar, err);
		if (r == 0) {
			r = read_entry(tar, &entry, err);
			break;
		}
	}
	if (r > 0)
		*ret = entry;
	return r;
}

int tar_data(struct tar *tar, const void **ret, size_t *ret_size, uint64_t *ret_offset, struct error *err)
{
	const struct tar_region *region;
	uint64_t left;
	int r;

	while (tar->region < tar->map.count && tar->region_done == tar->map.regions[tar->region].size) {
		tar->region++;
		tar->region_done = 0;
	}
	if (tar->stored == 0 || tar->region == tar->map.count)
		return 0;
	r = refill(tar, err);
	if (r <= 0)
		return r < 0 ? r : refuse(err, "the archive is cut off");
	region = &tar->map.regions[tar->region];
	left = region->size - tar->region_done;
	*ret = tar->piece;
	*ret_size = left < tar->piece_left ? (size_t)left : tar->piece_left;
	*ret_offset = region->offset + tar->region_done;
	tar->piece += *ret_size;
	tar->piece_left -= *ret_size;
	tar->region_done += *ret_size;
	tar->stored -= *ret_size;
	return 1;
}

int tar_drain(struct tar *tar, struct error *err)
{
	int r;

	do {
		tar->piece_left = 0;
		r = refill(tar, err);
	} while (r > 0);
	return r;
}
