/* test_subid.c - /etc/subuid and /etc/passwd texts, good and hostile. */
#include "namespaces/subid.h"

#include "base/cleanup.h"
#include "base/str.h"
#include "tests/unit/test.h"

static struct subid_range ranges[8];

static size_t parse(const char *text, const char *name, uint32_t id)
{
	return subid_parse(text, strlen(text), name, id, ranges, ARRAY_SIZE(ranges));
}

static void by_name_and_by_number(void)
{
	static const char text[] = "alice:100000:65536\nbob:200000:10\n1000:300000:5\nalice:400000:1";

	CHECK_INT(2, parse(text, "alice", 7));
	CHECK_INT(100000, ranges[0].start);
	CHECK_INT(65536, ranges[0].count);
	CHECK_INT(400000, ranges[1].start);
	CHECK_INT(3, parse(text, "alice", 1000));
	CHECK_INT(300000, ranges[1].start);
	CHECK_INT(1, parse(text, NULL, 1000));
	CHECK_INT(0, parse(text, NULL, 1001));
	CHECK_INT(0, parse(text, "ali", 1));
	CHECK_INT(0, parse(text, "alicea", 1));
	CHECK_INT(0, parse(text, "Alice", 1));
}

static void malformed_lines_do_not_count(void)
{
	static const char *const lines[] = {
		"",
		"\n",
		"alice",
		"alice:",
		"alice:1",
		"alice:1:",
		"alice::1",
		"alice:1:2:3",
		"alice:1:2:",
		"alice:-1:2",
		"alice:+1:2",
		"alice: 1:2",
		"alice:1:2 ",
		"alice:0x1:2",
		"alice:1:0",
		"alice:4294967296:1",
		"alice:4294967295:1",
		"alice:4294967294:2",
		"alice:1:4294967295",
		"alice:99999999999999999999:1",
		":1:2",
		"#alice:1:2",
		"alice:1:2\r",
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		CHECK_INT(0, parse(lines[i], "alice", 1000));
	CHECK_INT(1, parse("alice:4294967294:1\n", "alice", 1000));
	CHECK_INT(1, parse("alice:0:4294967295\n", "alice", 1000));
	CHECK_INT(1, parse("junk\n\nalice:5:6\nalice:7\n", "alice", 1000));
	CHECK_INT(5, ranges[0].start);
}

static void hostile_bytes(void)
{
	static const char nul_in_number[] = "alice:1\0:5\nalice:2:3\n";
	static const char nul_in_name[] = "alice\0x:1:5\n";

	CHECK_INT(1, subid_parse(nul_in_number, sizeof(nul_in_number) - 1, "alice", 9, ranges, ARRAY_SIZE(ranges)));
	CHECK_INT(2, ranges[0].start);
	CHECK_INT(0, subid_parse(nul_in_name, sizeof(nul_in_name) - 1, "alice", 9, ranges, ARRAY_SIZE(ranges)));
	CHECK_INT(0, subid_parse(NULL, 0, "alice", 9, ranges, ARRAY_SIZE(ranges)));
}

static void at_most_max(void)
{
	struct subid_range two[3] = { { 0, 0 }, { 0, 0 }, { 77, 77 } };
	static const char text[] = "a:1:1\na:2:1\na:3:1\n";

	CHECK_INT(2, subid_parse(text, strlen(text), "a", 9, two, 2));
	CHECK_INT(77, two[2].start);
	CHECK_INT(0, subid_parse(text, strlen(text), "a", 9, two, 0));
}

static char *name_of(const char *text, uint32_t id)
{
	return passwd_name(text, strlen(text), id);
}

static void passwd_names(void)
{
	static const char text[] =
		"root:x:0:0:root:/root:/bin/sh\nbroken\n::5:5\nalice:x:1000:1000::/home/alice:/bin/sh\n"
		"again:x:1000:1000:::\nlast:x:7";
	auto_free char *root = name_of(text, 0);
	auto_free char *alice = name_of(text, 1000);
	auto_free char *last = name_of(text, 7);

	CHECK_STR("root", root);
	CHECK_STR("alice", alice);
	CHECK_STR("last", last);
	CHECK(!name_of(text, 5));
	CHECK(!name_of(text, 1));
	CHECK(!name_of("", 0));
	CHECK(!name_of("a:x:00x:1\n", 0));
	CHECK(!name_of("a:x::1\n", 0));
}

static const struct test tests[] = {
	TEST(by_name_and_by_number), TEST(malformed_lines_do_not_count), TEST(hostile_bytes), TEST(at_most_max),
	TEST(passwd_names),
};
TEST_MAIN(tests)
