/* test_tar.c - the forms of tar, and what is refused: each refusal of tar.h has its row. */
#include "image/tar.h"

#include <errno.h>

#include "tests/unit/image/tape.h"
#include "tests/unit/test.h"

static const struct tar_limits limits = {
	.bytes = 1 << 20,
	.entries = 100,
	.path = 1000,
	.header = 64 << 10,
	.xattrs = 1000,
};

/* One entry, read to the end, as text. */
struct seen {
	char text[512];
};

static void see(struct seen *seen, struct tar *tar, const struct tar_entry *entry)
{
	static const char kinds[] = "fhscbdp";
	char *text = seen->text;
	char data[256];
	const void *piece;
	size_t size;
	uint64_t offset;
	struct error err;
	int r;

	text += sprintf(text, "%c %s>%s %o %u:%u %lld.%09ld %u,%u %llu", kinds[entry->kind], entry->name, entry->link,
			entry->mode, entry->uid, entry->gid, (long long)entry->mtime.tv_sec, entry->mtime.tv_nsec,
			entry->major, entry->minor, (unsigned long long)entry->size);
	for (size_t i = 0; i < entry->n_xattrs; i++)
		text += sprintf(text, " %s=%.*s", entry->xattrs[i].name, (int)entry->xattrs[i].size,
				entry->xattrs[i].value);
	memset(data, '.', sizeof(data));
	while ((r = tar_data(tar, &piece, &size, &offset, &err)) > 0) {
		CHECK(offset + size <= entry->size && entry->size < sizeof(data));
		memcpy(data + offset, piece, size);
	}
	CHECK_INT(0, r);
	(void)sprintf(text, " \"%.*s\"", (int)(entry->kind == TAR_FILE ? entry->size : 0), data);
}

/* Reads a tape: the number of entries or -errno; `seen` holds at most 8. Frees the tape. */
static int read_tape(struct tape *tape, size_t step, struct seen *seen, struct error *err)
{
	const struct tar_source source = { .next = tape_next, .context = tape };
	auto_tar struct tar *tar = tar_open(&source, &limits);
	struct tar_entry entry;
	int r, count = 0;

	tape->at = 0;
	tape->step = step;
	while ((r = tar_next(tar, &entry, err)) > 0) {
		CHECK_INT(count + 1, entry.number);
		if (count < 8)
			see(&seen[count], tar, &entry);
		count++;
	}
	if (r == 0)
		r = tar_drain(tar, err);
	if (r == 0)
		CHECK_INT(tape->size, tape->at);
	return r < 0 ? r : count;
}

/* All entries, whatever the size of the pieces. */
static void expect(struct tape *tape, const char *const *texts, int count)
{
	static const size_t steps[] = { 0, 1, 511, 513, 700 };

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		struct seen seen[8];
		struct error err = { 0 };
		int got = read_tape(tape, steps[i], seen, &err);

		CHECK_STR("", err.text);
		CHECK_INT(count, got);
		for (int n = 0; n < count; n++)
			CHECK_STR(texts[n], seen[n].text);
	}
	tape_free(tape);
}

static void expect_one(struct tape *tape, const char *text)
{
	expect(tape, &text, 1);
}

static void expect_error(struct tape *tape, const char *part)
{
	struct seen seen[8];
	struct error err;

	for (size_t step = 0; step < 600; step += 299) {
		CHECK_INT(-EINVAL, read_tape(tape, step, seen, &err));
		CHECK_CONTAINS(part, err.text);
	}
	tape_free(tape);
}

static void every_kind(void)
{
	struct tape tape = { 0 };

	(void)tape_entry(&tape,
			 &(struct tape_entry){ .name = "a/", .type = '5', .mode = 0755, .mtime = 9, .size = 512 });
	(void)tape_entry(&tape,
			 &(struct tape_entry){ .name = "a/f", .mode = 0104644, .uid = 7, .gid = 8, .data = "data" });
	(void)tape_entry(&tape, &(struct tape_entry){ .name = "l", .link = "a/f", .type = '1' });
	(void)tape_entry(&tape, &(struct tape_entry){ .name = "s", .link = "/etc", .type = '2' });
	(void)tape_entry(&tape, &(struct tape_entry){ .name = "c", .type = '3', .major = 1, .minor = 3 });
	(void)tape_entry(&tape, &(struct tape_entry){ .name = "b", .type = '4', .major = 8 });
	(void)tape_entry(&tape, &(struct tape_entry){ .name = "p", .type = '6', .v7 = true });
	(void)tape_entry(&tape, &(struct tape_entry){ .name = "old/", .type = '\0', .v7 = true });
	tape.bytes[tape.size - TAPE_BLOCK + 156] = '\0';
	tape_sum(&tape, tape.size - TAPE_BLOCK);
	tape_end(&tape);
	tape_bytes(&tape, "behind", 6);
	expect(&tape,
	       (const char *const[]){ "d a/> 755 0:0 9.000000000 0,0 0 \"\"",
				      "f a/f> 4644 7:8 0.000000000 0,0 4 \"data\"",
				      "h l>a/f 0 0:0 0.000000000 0,0 0 \"\"", "s s>/etc 0 0:0 0.000000000 0,0 0 \"\"",
				      "c c> 0 0:0 0.000000000 1,3 0 \"\"", "b b> 0 0:0 0.000000000 8,0 0 \"\"",
				      "p p> 0 0:0 0.000000000 0,0 0 \"\"", "d old/> 0 0:0 0.000000000 0,0 0 \"\"" },
	       8);
}

static void ends(void)
{
	struct tape empty = { 0 }, no_marker = { 0 }, marker_cut = { 0 }, lone = { 0 };

	expect(&empty, NULL, 0);
	(void)tape_entry(&no_marker, &(struct tape_entry){ .name = "f", .data = "x" });
	expect_one(&no_marker, "f f> 0 0:0 0.000000000 0,0 1 \"x\"");
	tape_bytes(&marker_cut, NULL, TAPE_BLOCK);
	expect(&marker_cut, NULL, 0);
	tape_bytes(&lone, NULL, TAPE_BLOCK);
	(void)tape_entry(&lone, &(struct tape_entry){ .name = "f" });
	expect_error(&lone, "single zero block");
}

static void every_cut(void)
{
	struct tape whole = { 0 };

	tape_pax(&whole, 'x', "path", "name", TAPE_END);
	(void)tape_entry(&whole, &(struct tape_entry){ .name = "f", .data = "x" });
	for (size_t size = 1; size < whole.size; size += 37) {
		struct tape cut = { 0 };

		tape_bytes(&cut, whole.bytes, size);
		expect_error(&cut, size >= 1024 && size < 1025 ? "does not come" : "cut off");
	}
	tape_free(&whole);
}

static void long_names(void)
{
	struct tape gnu = { 0 }, pax = { 0 }, prefix = { 0 };
	char *name = xasprintf("%0300d", 7);
	char *expected = xasprintf("s %s>%s 0 0:0 0.000000000 0,0 0 \"\"", "n", "target");
	size_t at;

	(void)tape_entry(&gnu,
			 &(struct tape_entry){ .name = "././@LongLink", .type = 'K', .data = "target", .gnu = true });
	(void)tape_entry(&gnu, &(struct tape_entry){ .name = "././@LongLink", .type = 'L', .data = "n", .gnu = true });
	(void)tape_entry(&gnu, &(struct tape_entry){ .name = "cut", .link = "cut", .type = '2', .gnu = true });
	expect_one(&gnu, expected);
	tape_pax(&pax, 'x', "path", "n", "linkpath", "target", "comment", "none", TAPE_END);
	(void)tape_entry(&pax, &(struct tape_entry){ .name = "cut", .link = "cut", .type = '2' });
	expect_one(&pax, expected);
	at = tape_entry(&prefix, &(struct tape_entry){ .name = "name" });
	memcpy(prefix.bytes + at + 345, "some/prefix", 11);
	tape_sum(&prefix, at);
	expect_one(&prefix, "f some/prefix/name> 0 0:0 0.000000000 0,0 0 \"\"");
	free(name);
	free(expected);
}

static void pax_values(void)
{
	struct tape tape = { 0 };

	tape_pax(&tape, 'g', "uid", "5", "mtime", "3", "comment", "of git", TAPE_END);
	tape_pax(&tape, 'x', "uid", "4000000000", "gid", "3000000", "mtime", "-12.5", "SCHILY.xattr.user.a=b", "v",
		 TAPE_END);
	(void)tape_entry(&tape, &(struct tape_entry){ .name = "f", .uid = 1 });
	tape_pax(&tape, 'x', "mtime", "1.1234567899", "uid", "", "SCHILY.xattr.user.x", "a", "SCHILY.xattr.user.y", "",
		 TAPE_END);
	(void)tape_entry(&tape, &(struct tape_entry){ .name = "f2", .uid = 1 });
	(void)tape_entry(&tape, &(struct tape_entry){ .name = "f3", .uid = 1 });
	expect(&tape,
	       (const char *const[]){ "f f> 0 4000000000:3000000 -13.500000000 0,0 0 user.a=b=v \"\"",
				      "f f2> 0 5:0 1.123456789 0,0 0 user.x=a user.y= \"\"",
				      "f f3> 0 5:0 3.000000000 0,0 0 \"\"" },
	       3);
}

/* CVE-2025-62518 and its kin: whose size is it? */
static void pax_size_overrides(void)
{
	struct tape tape = { 0 }, zero = { 0 };

	tape_pax(&tape, 'x', "size", "4", TAPE_END);
	(void)tape_entry(&tape,
			 &(struct tape_entry){ .name = "././@LongLink", .type = 'L', .data = "long", .gnu = true });
	(void)tape_entry(&tape, &(struct tape_entry){ .name = "f", .size = 1024 });
	tape_data(&tape, "data", 4);
	(void)tape_entry(&tape, &(struct tape_entry){ .name = "g" });
	expect(&tape,
	       (const char *const[]){ "f long> 0 0:0 0.000000000 0,0 4 \"data\"", "f g> 0 0:0 0.000000000 0,0 0 \"\"" },
	       2);
	tape_pax(&zero, 'x', "size", "0", TAPE_END);
	(void)tape_entry(&zero, &(struct tape_entry){ .name = "f", .size = 512 });
	(void)tape_entry(&zero, &(struct tape_entry){ .name = "g" });
	expect(&zero, (const char *const[]){ "f f> 0 0:0 0.000000000 0,0 0 \"\"", "f g> 0 0:0 0.000000000 0,0 0 \"\"" },
	       2);
}

/* base 256, and octal with blanks. */
static void numbers(void)
{
	static const unsigned char size[] = { 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2 };
	static const unsigned char before[] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe
	};
	static const unsigned char owner[] = { 0x80, 0, 0, 0, 0xff, 0xff, 0xff, 0xfe };
	struct tape tape = { 0 };
	size_t at = tape_entry(&tape, &(struct tape_entry){ .name = "f" });

	memcpy(tape.bytes + at + 100, "   644 ", 8);
	memcpy(tape.bytes + at + 108, owner, sizeof(owner));
	memset(tape.bytes + at + 116, ' ', 8);
	memcpy(tape.bytes + at + 124, size, sizeof(size));
	memcpy(tape.bytes + at + 136, before, sizeof(before));
	tape_sum(&tape, at);
	tape_data(&tape, "xy", 2);
	expect_one(&tape, "f f> 644 4294967294:0 -2.000000000 0,0 2 \"xy\"");
}

/* A header with `size` bytes changed at an offset. */
static void expect_field(size_t offset, const void *bytes, size_t size, char type, const char *part)
{
	struct tape tape = { 0 };
	size_t at = tape_entry(&tape, &(struct tape_entry){ .name = "f", .type = type });

	memcpy(tape.bytes + at + offset, bytes, size);
	tape_sum(&tape, at);
	expect_error(&tape, part);
}

static void wrong_numbers(void)
{
	expect_field(124, "0000000008\0", 12, '0', "the size is not a number");
	expect_field(124, "12 34 56   ", 12, '0', "the size is not a number");
	expect_field(124, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12, '0', "the size -1 is out of range");
	expect_field(124, "\x80\1\0\0\0\0\0\0\0\0\0\0", 12, '0', "the size is not a number");
	expect_field(124, "\x80\0\0\0\x80\0\0\0\0\0\0\0", 12, '0', "the size is not a number");
	expect_field(124, "\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", 12, '0', "a size of 9223372036854775807");
	expect_field(108, "\x80\0\0\0\xff\xff\xff\xff", 8, '0', "the owner 4294967295 is out of range");
	expect_field(116, "\xff\xff\xff\xff\xff\xff\xff\xff", 8, '0', "the group -1 is out of range");
	expect_field(329, "0010000", 8, '3', "major number 4096 is out of range");
	expect_field(337, "4000000", 8, '4', "minor number 1048576 is out of range");
	expect_field(0, "", 1, '0', "an empty name");
	expect_field(157, "", 1, '2', "an empty link target");
	expect_field(156, "M", 1, '0', "unknown type 0x4d");
}

static void not_tar(void)
{
	struct tape tape = { 0 }, flipped = { 0 };

	tape_bytes(&tape, NULL, TAPE_BLOCK);
	memset(tape.bytes, 'x', TAPE_BLOCK);
	expect_error(&tape, "not a tar header");
	(void)tape_entry(&flipped, &(struct tape_entry){ .name = "f" });
	flipped.bytes[3] ^= 1;
	expect_error(&flipped, "wrong checksum");
}

/* A pax header with this content. */
static void expect_pax(char type, const char *content, const char *part)
{
	struct tape tape = { 0 };

	(void)tape_entry(&tape, &(struct tape_entry){ .name = "x", .type = type, .data = content });
	(void)tape_entry(&tape, &(struct tape_entry){ .name = "f" });
	expect_error(&tape, part);
}

static void wrong_records(void)
{
	static const char *const rows[][2] = {
		{ "99 path=x\n", "a record has the length 99" },
		{ "3 path=x\n", "does not end in a newline" },
		{ "0 path=x\n", "a record has the length 0" },
		{ "path=x\n", "no length" },
		{ "-9 path=x\n", "no length" },
		{ " 9 path=x\n", "no length" },
		{ "9999999999999999999 path=x\n", "no length" },
		{ "9 path=xy", "does not end in a newline" },
		{ "7 path\n", "without a key" },
		{ "5 =x\n", "without a key" },
		{ "11 size=1x\n", "size: not a valid value" },
		{ "11 size=-1\n", "size: not a valid value" },
		{ "28 size=9223372036854775808\n", "size: not a valid value" },
		{ "18 uid=4294967295\n", "uid: not a valid value" },
		{ "18 gid=4294967295\n", "gid: not a valid value" },
		{ "13 mtime=1.x\n", "mtime: not a valid value" },
		{ "11 mtime=-\n", "mtime: not a valid value" },
		{ "29 GNU.sparse.map=0,1,2,oops\n", "not a list" },
		{ "23 GNU.sparse.offset=3\n", "an offset without a size" },
		{ "25 GNU.sparse.numbytes=3\n", "a size without an offset" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		expect_pax('x', rows[i][0], rows[i][1]);
	expect_pax('g', "10 path=x\n", "path in a global pax header");
	expect_pax('g', "10 size=1\n", "size in a global pax header");
	expect_pax('g', "14 linkpath=x\n", "linkpath in a global");
	expect_pax('g', "25 SCHILY.xattr.user.a=b\n", "global pax header");
}

static void nul_in_names(void)
{
	struct tape pax = { 0 }, gnu = { 0 };

	(void)tape_entry(&pax, &(struct tape_entry){ .name = "x", .type = 'x', .size = 12 });
	tape_data(&pax, "12 path=a\0b\n", 12);
	(void)tape_entry(&pax, &(struct tape_entry){ .name = "f" });
	expect_error(&pax, "a NUL inside the name");
	(void)tape_entry(&gnu, &(struct tape_entry){ .name = "L", .type = 'L', .size = 4, .gnu = true });
	tape_data(&gnu, "a\0b", 4);
	(void)tape_entry(&gnu, &(struct tape_entry){ .name = "f" });
	expect_error(&gnu, "a NUL inside");
}

static void ambiguous(void)
{
	struct tape twice = { 0 }, names = { 0 }, same = { 0 }, alone = { 0 }, longs = { 0 }, slash = { 0 },
		    link = { 0 };

	tape_pax(&twice, 'x', "path", "a", TAPE_END);
	tape_pax(&twice, 'x', "path", "b", TAPE_END);
	expect_error(&twice, "two pax headers");
	tape_pax(&names, 'x', "path", "a", TAPE_END);
	(void)tape_entry(&names, &(struct tape_entry){ .name = "L", .type = 'L', .data = "b" });
	(void)tape_entry(&names, &(struct tape_entry){ .name = "f" });
	expect_error(&names, "two different names");
	tape_pax(&same, 'x', "path", "a", TAPE_END);
	(void)tape_entry(&same, &(struct tape_entry){ .name = "L", .type = 'L', .data = "a" });
	(void)tape_entry(&same, &(struct tape_entry){ .name = "f" });
	expect_one(&same, "f a> 0 0:0 0.000000000 0,0 0 \"\"");
	tape_pax(&alone, 'x', "path", "a", TAPE_END);
	tape_end(&alone);
	expect_error(&alone, "does not come");
	(void)tape_entry(&longs, &(struct tape_entry){ .name = "L", .type = 'L', .data = "a" });
	(void)tape_entry(&longs, &(struct tape_entry){ .name = "L", .type = 'L', .data = "a" });
	expect_error(&longs, "two GNU long names");
	(void)tape_entry(&slash, &(struct tape_entry){ .name = "f/", .data = "x" });
	expect_error(&slash, "ends in a slash");
	(void)tape_entry(&link, &(struct tape_entry){ .name = "l", .link = "f", .type = '1', .data = "x" });
	expect_error(&link, "data in what is not a regular file");
}

static void put_octal(struct tape *tape, size_t at, unsigned value)
{
	(void)snprintf((char *)tape->bytes + at, 12, "%011o", value);
}

static void old_sparse(void)
{
	struct tape tape = { 0 };
	size_t at = tape_entry(&tape, &(struct tape_entry){ .name = "s", .type = 'S', .size = 6, .gnu = true });

	put_octal(&tape, at + 386, 2);
	put_octal(&tape, at + 398, 3);
	tape.bytes[at + 482] = 1;
	put_octal(&tape, at + 483, 12);
	tape_sum(&tape, at);
	tape_bytes(&tape, NULL, TAPE_BLOCK);
	put_octal(&tape, at + 512, 7);
	put_octal(&tape, at + 524, 3);
	put_octal(&tape, at + 536, 12);
	put_octal(&tape, at + 548, 0);
	tape_data(&tape, "abcdef", 6);
	(void)tape_entry(&tape, &(struct tape_entry){ .name = "g" });
	expect(&tape,
	       (const char *const[]){ "f s> 0 0:0 0.000000000 0,0 12 \"..abc..def..\"",
				      "f g> 0 0:0 0.000000000 0,0 0 \"\"" },
	       2);
}

static void pax_sparse(void)
{
	struct tape v00 = { 0 }, v01 = { 0 }, v10 = { 0 };
	char map[TAPE_BLOCK] = "2\n2\n3\n12\n0\n";

	tape_pax(&v00, 'x', "GNU.sparse.size", "12", "GNU.sparse.numblocks", "1", "GNU.sparse.offset", "2",
		 "GNU.sparse.numbytes", "3", TAPE_END);
	(void)tape_entry(&v00, &(struct tape_entry){ .name = "s", .data = "abc" });
	expect_one(&v00, "f s> 0 0:0 0.000000000 0,0 12 \"..abc.......\"");
	tape_pax(&v01, 'x', "GNU.sparse.size", "12", "GNU.sparse.map", "2,3,12,0", "GNU.sparse.name", "s", TAPE_END);
	(void)tape_entry(&v01, &(struct tape_entry){ .name = "GNUSparseFile.1/s", .data = "abc" });
	expect_one(&v01, "f s> 0 0:0 0.000000000 0,0 12 \"..abc.......\"");
	tape_pax(&v10, 'x', "GNU.sparse.major", "1", "GNU.sparse.minor", "0", "GNU.sparse.realsize", "12",
		 "GNU.sparse.name", "s", TAPE_END);
	(void)tape_entry(&v10, &(struct tape_entry){ .name = "GNUSparseFile.1/s", .size = sizeof(map) + 3 });
	tape_bytes(&v10, map, sizeof(map));
	tape_data(&v10, "abc", 3);
	expect_one(&v10, "f s> 0 0:0 0.000000000 0,0 12 \"..abc.......\"");
}

/* A map of version 0.1 for 3 bytes of data in a file of 12. */
static void expect_map(const char *map, const char *part)
{
	struct tape tape = { 0 };

	tape_pax(&tape, 'x', "GNU.sparse.size", "12", "GNU.sparse.map", map, TAPE_END);
	(void)tape_entry(&tape, &(struct tape_entry){ .name = "s", .data = "abc" });
	expect_error(&tape, part);
}

static void wrong_maps(void)
{
	struct tape no_size = { 0 }, version = { 0 }, lines = { 0 }, bomb = { 0 }, old = { 0 };

	expect_map("0,2", "2 bytes, but 3 are stored");
	expect_map("0,2,1,1", "overlaps");
	expect_map("10,3", "behind the end");
	expect_map("999999999999999999,3", "behind the end");
	tape_pax(&no_size, 'x', "GNU.sparse.map", "0,3", TAPE_END);
	(void)tape_entry(&no_size, &(struct tape_entry){ .name = "s", .data = "abc" });
	expect_error(&no_size, "without a size");
	tape_pax(&version, 'x', "GNU.sparse.major", "2", "GNU.sparse.realsize", "3", TAPE_END);
	(void)tape_entry(&version, &(struct tape_entry){ .name = "s", .data = "abc" });
	expect_error(&version, "unknown version");
	tape_pax(&lines, 'x', "GNU.sparse.major", "1", "GNU.sparse.realsize", "3", TAPE_END);
	(void)tape_entry(&lines, &(struct tape_entry){ .name = "s", .data = "999999999\n" });
	expect_error(&lines, "a line is not a number");
	tape_pax(&bomb, 'x', "GNU.sparse.size", "99999999999999", "GNU.sparse.map", "0,3", TAPE_END);
	(void)tape_entry(&bomb, &(struct tape_entry){ .name = "s", .data = "abc" });
	expect_error(&bomb, "files of more than 1048576 bytes");
	(void)tape_entry(&old, &(struct tape_entry){ .name = "s", .type = 'S', .data = "abc" });
	expect_error(&old, "not GNU's");
}

/* CVE-2025-58183: a map without an end. */
static void endless_map(void)
{
	struct tape tape = { 0 };
	size_t at = tape_entry(&tape, &(struct tape_entry){ .name = "s", .type = 'S', .gnu = true });

	tape.bytes[at + 482] = 1;
	tape_sum(&tape, at);
	for (int i = 0; i < 200; i++) {
		tape_bytes(&tape, NULL, TAPE_BLOCK);
		tape.bytes[tape.size - 8] = 1;
	}
	expect_error(&tape, "a sparse map of more than 65536 bytes");
}

static void over_limits(void)
{
	struct tape header = { 0 }, path = { 0 }, bytes = { 0 }, entries = { 0 }, xattrs = { 0 };
	char *name = xasprintf("%01001d", 7);

	(void)tape_entry(&header, &(struct tape_entry){ .name = "x", .type = 'x', .size = 65537 });
	expect_error(&header, "a pax header of 65537 bytes, 65536 allowed");
	tape_pax(&path, 'x', "path", name, TAPE_END);
	(void)tape_entry(&path, &(struct tape_entry){ .name = "f" });
	expect_error(&path, "a name of 1001 bytes, 1000 allowed");
	(void)tape_entry(&bytes, &(struct tape_entry){ .name = "f", .size = (1 << 20) + 1 });
	expect_error(&bytes, "files of more than 1048576 bytes");
	for (int i = 0; i < 101; i++)
		(void)tape_entry(&entries, &(struct tape_entry){ .name = "f" });
	expect_error(&entries, "more than 100 entries");
	tape_pax(&xattrs, 'x', "SCHILY.xattr.user.a", name, TAPE_END);
	(void)tape_entry(&xattrs, &(struct tape_entry){ .name = "f" });
	expect_error(&xattrs, "more than 1000 bytes of extended attributes");
	free(name);
}

static void shown_names(void)
{
	char buffer[TAR_SHOWN_MAX];
	char *name = xasprintf("%0300d", 7);

	CHECK_STR("a b\\x0a\\x1b[0m\\xc3\\xa4\\x5c", tar_shown("a b\n\033[0m\xc3\xa4\\", buffer));
	CHECK_INT(TAR_SHOWN_MAX - 1, strlen(tar_shown(name, buffer)));
	CHECK(str_ends(buffer, "..."));
	free(name);
}

static const struct test tests[] = {
	TEST(every_kind),         TEST(ends),        TEST(every_cut),     TEST(long_names), TEST(pax_values),
	TEST(pax_size_overrides), TEST(numbers),     TEST(wrong_numbers), TEST(not_tar),    TEST(wrong_records),
	TEST(nul_in_names),       TEST(ambiguous),   TEST(old_sparse),    TEST(pax_sparse), TEST(wrong_maps),
	TEST(endless_map),        TEST(over_limits), TEST(shown_names),
};

TEST_MAIN(tests)
