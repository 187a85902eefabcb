/* tar_header.c - see tar_header.h. */
#include "tar_header.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/str.h"
#include "tar.h"

static_assert(sizeof(struct tar_raw) == TAR_BLOCK_SIZE, "a header block has 512 bytes");
static_assert(sizeof(struct tar_raw_sparse_block) == TAR_BLOCK_SIZE, "a header block has 512 bytes");
static_assert(offsetof(struct tar_raw, posix) == TAR_PREFIX_AT, "the prefix is elsewhere");
static_assert(offsetof(struct tar_raw, gnu.extended) == TAR_GNU_EXTENDED_AT, "GNU's continuation mark is elsewhere");
static_assert(offsetof(struct tar_raw, star.magic) == TAR_STAR_MAGIC_AT, "star's mark is elsewhere");

bool tar_raw_is_zero(const struct tar_raw *raw)
{
	static const struct tar_raw zero;

	return memcmp(raw, &zero, sizeof(zero)) == 0;
}

enum tar_format tar_raw_format(const struct tar_raw *raw)
{
	if (memcmp(raw->magic, "ustar  ", sizeof(raw->magic)) == 0)
		return TAR_GNU;
	if (memcmp(raw->magic, "ustar", sizeof("ustar")) != 0)
		return TAR_V7;
	return memcmp(raw->star.magic, "tar", sizeof(raw->star.magic)) == 0 ? TAR_STAR : TAR_POSIX;
}

/* What people take for a tar: its compression is not read here, or it is another kind of archive. */
static int refuse_header(const struct tar_raw *raw, const char *why, struct error *err)
{
	static const struct {
		const char *magic, *name;
	} others[] = {
		{ "\3757zXZ", "xz" },          { "BZh", "bzip2" },      { "LZIP", "lzip" },
		{ "\x04\x22\x4d\x18", "lz4" }, { "PK\x03\x04", "zip" }, { "7z\xbc\xaf", "7z" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (memcmp(raw, others[i].magic, strlen(others[i].magic)) == 0)
			return refuse(
				err,
				"packed by %s: unpack it first; a tar, plain or by gzip or zstd, is what can be read",
				others[i].name);
	return refuse(err, "not a tar header: %s", why);
}

int tar_raw_check(const struct tar_raw *raw, struct error *err)
{
	const unsigned char *bytes = (const unsigned char *)raw;
	const size_t begin = offsetof(struct tar_raw, checksum), end = begin + sizeof(raw->checksum);
	int64_t stored, sum = 0, signed_sum = 0;
	int r = TAR_NUMBER(raw->checksum, "checksum", 0, INT32_MAX, &stored, err);

	if (r < 0)
		return refuse_header(raw, "no checksum", err);
	for (size_t i = 0; i < sizeof(*raw); i++) {
		unsigned char byte = i >= begin && i < end ? ' ' : bytes[i];

		sum += byte;
		signed_sum += (signed char)byte;
	}
	if (stored != sum && stored != signed_sum)
		return refuse_header(raw, "wrong checksum", err);
	return 0;
}

/* Two's complement, big endian; the first bit only says that it is this. */
static bool base256(const unsigned char *field, size_t size, int64_t *ret)
{
	const bool negative = field[0] & 0x40;
	const unsigned char sign = negative ? 0xff : 0;
	uint64_t value = negative ? UINT64_MAX : 0;

	for (size_t i = 0; i < size; i++) {
		unsigned char byte = i ? field[i] : (unsigned char)((field[0] & 0x7f) | (negative ? 0x80 : 0));

		if (i + sizeof(value) < size && byte != sign)
			return false;
		value = value << 8 | byte;
	}
	*ret = (int64_t)value;
	return (*ret < 0) == negative;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\0';
}

static bool octal(const char *field, size_t size, int64_t *ret)
{
	size_t i = 0;
	uint64_t value = 0;

	while (i < size && is_blank(field[i]))
		i++;
	for (; i < size && field[i] >= '0' && field[i] <= '7'; i++)
		value = value << 3 | (uint64_t)(field[i] - '0'); /* 12 digits are 36 bits */
	while (i < size && is_blank(field[i]))
		i++;
	*ret = (int64_t)value;
	return i == size;
}

int tar_number_field(const char *field, size_t size, const char *what, int64_t min, int64_t max, int64_t *ret,
		     struct error *err)
{
	int64_t value = 0;
	bool ok = field[0] & 0x80 ? base256((const unsigned char *)field, size, &value) : octal(field, size, &value);

	if (!ok)
		return refuse(err, "the %s is not a number", what);
	if (value < min || value > max)
		return refuse(err, "the %s %lld is out of range", what, (long long)value);
	*ret = value;
	return 0;
}

/* A text field, which needs no NUL when it is full. */
static char *field_text(const char *prefix, size_t prefix_size, const char *field, size_t size)
{
	const int prefix_length = (int)strnlen(prefix, prefix_size);

	return xasprintf("%.*s%s%.*s", prefix_length, prefix, prefix_length ? "/" : "", (int)strnlen(field, size),
			 field);
}

char *tar_raw_name(const struct tar_raw *raw)
{
	const enum tar_format format = tar_raw_format(raw);

	if (format == TAR_POSIX)
		return field_text(raw->posix.prefix, sizeof(raw->posix.prefix), raw->name, sizeof(raw->name));
	if (format == TAR_STAR)
		return field_text(raw->star.prefix, sizeof(raw->star.prefix), raw->name, sizeof(raw->name));
	return field_text("", 0, raw->name, sizeof(raw->name));
}

char *tar_raw_link(const struct tar_raw *raw)
{
	return field_text("", 0, raw->link, sizeof(raw->link));
}

const char *tar_shown(const char *name, char *buffer)
{
	static const char digits[] = "0123456789abcdef", cut[] = "...";
	size_t used = 0;

	for (; *name; name++) {
		const unsigned char c = (unsigned char)*name;
		const bool plain = c >= ' ' && c <= '~' && c != '\\';

		if (used + (plain ? 1 : 4) > TAR_SHOWN_MAX - sizeof(cut)) {
			memcpy(buffer + used, cut, sizeof(cut));
			return buffer;
		}
		if (plain) {
			buffer[used++] = *name;
			continue;
		}
		buffer[used++] = '\\';
		buffer[used++] = 'x';
		buffer[used++] = digits[c / 16];
		buffer[used++] = digits[c % 16];
	}
	buffer[used] = '\0';
	return buffer;
}
