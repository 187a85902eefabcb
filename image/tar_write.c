/* tar_write.c - see tar_write.h. */
#include "tar_write.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "tar_header.h"

/* What 7 and 11 octal digits hold. */
enum { ID_MAX = (1 << 21) - 1, MODE_MASK = 07777, NUMBER_SIZE = 48 };
static const uint64_t long_max = (UINT64_C(1) << 33) - 1;

static const char types[] = {
	[TAR_FILE] = '0',  [TAR_HARDLINK] = '1',  [TAR_SYMLINK] = '2', [TAR_CHAR] = '3',
	[TAR_BLOCK] = '4', [TAR_DIRECTORY] = '5', [TAR_FIFO] = '6',
};
static_assert(ARRAY_SIZE(types) == TAR_KIND_MAX, "a kind without a type");

/* Records of a pax header. */
struct records {
	char *text;
	size_t length;
};

static size_t digits(size_t number)
{
	size_t count = 1;

	while (number >= 10) {
		number /= 10;
		count++;
	}
	return count;
}

static void add(struct records *records, const char *prefix, const char *key, const void *value, size_t size)
{
	const size_t rest = strlen(prefix) + strlen(key) + size + strlen(" =\n");
	size_t length = rest + digits(rest);
	char *at;

	length = rest + digits(length);
	records->text = xreallocarray(records->text, records->length + length + 1, 1);
	at = records->text + records->length;
	at += sprintf(at, "%zu %s%s=", length, prefix, key); /* fits: that is what length says */
	memcpy(at, value, size);
	at[size] = '\n';
	records->length += length;
}

static void add_number(struct records *records, const char *key, uint64_t number)
{
	char text[NUMBER_SIZE];

	(void)snprintf(text, sizeof(text), "%" PRIu64, number);
	add(records, "", key, text, strlen(text));
}

static void add_time(struct records *records, const struct timespec *time)
{
	const bool negative = time->tv_sec < 0;
	int64_t seconds = time->tv_sec;
	long nanoseconds = time->tv_nsec;
	char text[NUMBER_SIZE];

	if (negative && nanoseconds > 0) { /* -1 and 0.75 is -0.25 */
		seconds++;
		nanoseconds = 1000000000L - nanoseconds;
	}
	(void)snprintf(text, sizeof(text), "%s%" PRId64 ".%09ld", negative ? "-" : "", negative ? -seconds : seconds,
		       nanoseconds);
	add(records, "", "mtime", text, strlen(text));
}

static bool time_fits(const struct timespec *time)
{
	return time->tv_nsec == 0 && time->tv_sec >= 0 && (uint64_t)time->tv_sec <= long_max;
}

static void collect(struct records *records, const struct tar_entry *entry)
{
	static const struct tar_raw raw;

	if (strlen(entry->name) > sizeof(raw.name))
		add(records, "", "path", entry->name, strlen(entry->name));
	if (strlen(entry->link) > sizeof(raw.link))
		add(records, "", "linkpath", entry->link, strlen(entry->link));
	if (entry->kind == TAR_FILE && entry->size > long_max)
		add_number(records, "size", entry->size);
	if (entry->uid > ID_MAX)
		add_number(records, "uid", entry->uid);
	if (entry->gid > ID_MAX)
		add_number(records, "gid", entry->gid);
	if (!time_fits(&entry->mtime))
		add_time(records, &entry->mtime);
	for (size_t i = 0; i < entry->n_xattrs; i++)
		add(records, "SCHILY.xattr.", entry->xattrs[i].name, entry->xattrs[i].value, entry->xattrs[i].size);
}

/* All digits of an octal number and a NUL behind them; 0 where the number is in a pax record. */
static void put(char *field, size_t size, uint64_t number, uint64_t max)
{
	const uint64_t value = number > max ? 0 : number;

	for (size_t i = size - 1; i-- > 0;)
		field[i] = (char)('0' + ((value >> 3 * (size - 2 - i)) % 8));
}

static void put_text(char *field, size_t size, const char *text)
{
	memcpy(field, text, strnlen(text, size));
}

static void put_checksum(struct tar_raw *raw)
{
	const unsigned char *bytes = (const unsigned char *)raw;
	unsigned sum = 0;

	memset(raw->checksum, ' ', sizeof(raw->checksum));
	for (size_t i = 0; i < sizeof(*raw); i++)
		sum += bytes[i];
	put(raw->checksum, sizeof(raw->checksum) - 1, sum, ID_MAX);
	raw->checksum[sizeof(raw->checksum) - 2] = '\0';
}

static void fill(struct tar_raw *raw, const struct tar_entry *entry, char type)
{
	const bool device = entry->kind == TAR_CHAR || entry->kind == TAR_BLOCK;

	*raw = (struct tar_raw){ .type = type };
	put_text(raw->name, sizeof(raw->name), entry->name);
	put_text(raw->link, sizeof(raw->link), entry->link);
	put(raw->mode, sizeof(raw->mode), entry->mode & MODE_MASK, ID_MAX);
	put(raw->uid, sizeof(raw->uid), entry->uid, ID_MAX);
	put(raw->gid, sizeof(raw->gid), entry->gid, ID_MAX);
	put(raw->size, sizeof(raw->size), entry->kind == TAR_FILE ? entry->size : 0, long_max);
	put(raw->mtime, sizeof(raw->mtime), entry->mtime.tv_sec < 0 ? 0 : (uint64_t)entry->mtime.tv_sec, long_max);
	memcpy(raw->magic, "ustar\00000", sizeof(raw->magic));
	put(raw->major, sizeof(raw->major), device ? entry->major : 0, ID_MAX);
	put(raw->minor, sizeof(raw->minor), device ? entry->minor : 0, ID_MAX);
	put_checksum(raw);
}

int tar_write_padding(const struct tar_target *target, uint64_t size, struct error *err)
{
	static const char zeros[TAR_BLOCK_SIZE];
	const size_t rest = -size % sizeof(zeros);

	return rest ? target->write(target->context, zeros, rest, err) : 0;
}

static int write_records(const struct tar_target *target, const struct records *records, struct error *err)
{
	const struct tar_entry entry = { .name = "PaxHeaders/x", .link = "", .mode = 0644, .size = records->length };
	struct tar_raw raw;
	int r;

	fill(&raw, &entry, 'x');
	r = target->write(target->context, &raw, sizeof(raw), err);
	if (r == 0)
		r = target->write(target->context, records->text, records->length, err);
	return r < 0 ? r : tar_write_padding(target, records->length, err);
}

int tar_write_header(const struct tar_target *target, const struct tar_entry *entry, struct error *err)
{
	struct records records = { 0 };
	struct tar_raw raw;
	int r;

	collect(&records, entry);
	r = records.length ? write_records(target, &records, err) : 0;
	free(records.text);
	if (r < 0)
		return r;
	fill(&raw, entry, types[entry->kind]);
	return target->write(target->context, &raw, sizeof(raw), err);
}

int tar_write_end(const struct tar_target *target, struct error *err)
{
	static const char zeros[2 * TAR_BLOCK_SIZE];

	return target->write(target->context, zeros, sizeof(zeros), err);
}
