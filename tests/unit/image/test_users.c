/* test_users.c - "USER[:GROUP]" by the passwd and group files of an image, which may hold anything. */
#include "image/users.h"

#include <errno.h>

#include "base/str.h"
#include "tests/unit/test.h"

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
			     "# comment\n"
			     "short:x:7\n"
			     "big:x:4294967296:1::/big:/bin/sh\n"
			     "minus:x:-1:1::/big:/bin/sh\n"
			     "user:x:1000:1001:A,B:/home/user:/bin/sh\n"
			     "user:x:2:2::/second:/bin/sh\n"
			     "1234:x:5:6::/digits:/bin/sh\n"
			     "badhome:x:8:9::/a\x01"
			     "b:\n"
			     "relative:x:10:9::home:\n"
			     "last:x:11:12::/last:/bin/sh:more:fields";
static const char group[] = "root:x:0:\n"
			    "user:x:1001:user\n"
			    "wheel:x:10:root,user\n"
			    "users:x:100:users,auser,user\n"
			    "not:x:101:users,auser\n"
			    "bad:x:x:user\n"
			    "alone:x:102";

static const struct users_files both = {
	.passwd = passwd,
	.group = group,
	.passwd_length = sizeof(passwd) - 1,
	.group_length = sizeof(group) - 1,
};
static const struct users_files none = { .passwd_why = "is no regular file" };

static const struct {
	const char *user;
	const struct users_files *files;
	uint32_t uid, gid;
	const char *home, *groups;
} good[] = {
	{ NULL, &both, 0, 0, "/root", "" },
	{ "", &both, 0, 0, "/root", "" },
	{ "root", &both, 0, 0, "/root", "10 " },
	{ "user", &both, 1000, 1001, "/home/user", "10 100 " },
	{ "user:wheel", &both, 1000, 10, "/home/user", "" },
	{ "user:7", &both, 1000, 7, "/home/user", "" },
	{ ":wheel", &both, 0, 10, "/root", "" },
	/* Numbers are taken as they are; groups are not touched. */
	{ "1000", &both, 1000, 1001, "/home/user", "" },
	{ "1234", &both, 1234, 0, NULL, "" },
	{ "77:88", &both, 77, 88, NULL, "" },
	{ "2147483647:2147483647", &none, INT32_MAX, INT32_MAX, NULL, "" },
	{ "007", &none, 7, 0, NULL, "" },
	{ "badhome", &both, 8, 9, NULL, "" },
	{ "relative", &both, 10, 9, NULL, "" },
	{ "last:alone", &both, 11, 102, "/last", "" },
	{ NULL, &none, 0, 0, NULL, "" },
};

static void resolved(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		auto_arena struct arena *arena = arena_new();
		struct bundle_user user;
		struct error err = { 0 };
		char groups[64] = "";

		if (users_resolve(arena, good[i].user, good[i].files, &user, &err) < 0)
			test_stop(TEST_FAILED, "row %zu: %s", i, err.text);
		for (size_t j = 0; j < user.n_groups; j++)
			(void)snprintf(groups + strlen(groups), 16, "%u ", user.groups[j]);
		if (user.uid != good[i].uid || user.gid != good[i].gid || !str_eq(user.home, good[i].home) ||
		    !str_eq(groups, good[i].groups))
			test_stop(TEST_FAILED, "row %zu: %u:%u %s (%s)", i, user.uid, user.gid, user.home, groups);
	}
}

static const struct {
	const char *user;
	const struct users_files *files;
	int code;
	const char *text;
} bad[] = {
	{ "nobody", &both, ENOENT, "user \"nobody\" is not in the image's /etc/passwd" },
	{ "use", &both, ENOENT, "is not in" },
	{ "users", &both, ENOENT, "is not in" },
	{ "short", &both, ENOENT, "is not in" },
	{ "big", &both, ENOENT, "is not in" },
	{ "minus", &both, ENOENT, "is not in" },
	{ "user:nothing", &both, ENOENT, "group \"nothing\" is not in the image's /etc/group" },
	{ "user:bad", &both, ENOENT, "is not in" },
	{ "user:", &both, EINVAL, "is empty" },
	{ "user", &none, ENOENT, "user \"user\": the image's /etc/passwd is no regular file" },
	{ "0:user", &none, ENOENT, "group \"user\": the image's /etc/group is missing" },
	/* CVE-2024-40635, CVE-2026-46680 */
	{ "2147483648", &both, EINVAL, "is not a number from 0 to 2147483647" },
	{ "4294967296", &both, EINVAL, "is not a number" },
	{ "18446744073709551616", &both, EINVAL, "is not a number" },
	{ "-1", &both, EINVAL, "is not a number" },
	{ "+1", &both, EINVAL, "is not a number" },
	{ "0:4294967296", &both, EINVAL, "group \"4294967296\" is not a number" },
	{ "0:-1", &both, EINVAL, "group \"-1\" is not a number" },
};

static void refused(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		auto_arena struct arena *arena = arena_new();
		struct bundle_user user;
		struct error err = { 0 };

		CHECK_INT(-bad[i].code, users_resolve(arena, bad[i].user, bad[i].files, &user, &err));
		CHECK_CONTAINS(bad[i].text, err.text);
	}
}

/* A member of 70000 groups, each name found in a line of its own. */
static void too_many_groups(void)
{
	auto_arena struct arena *arena = arena_new();
	size_t size = 0;
	char *text = arena_alloc(arena, 70000 * 16);
	struct users_files files = both;
	struct bundle_user user;
	struct error err = { 0 };

	for (unsigned i = 0; i < 70000; i++)
		size += (size_t)snprintf(text + size, 24, "g:x:%u:user\n", i);
	files.group = text;
	files.group_length = size;
	CHECK_INT(-EINVAL, users_resolve(arena, "user", &files, &user, &err));
	CHECK_CONTAINS("more than 65536 groups", err.text);
}

static void any_bytes(void)
{
	static const char odd[] = "\0\0:::\n\n:\nuser\0:x:1:1:::\n\xff:\xff:1:2:3:4:5:6:7:8\nuser:x:1\0:1:::\nuser";
	struct users_files files = { .passwd = odd, .passwd_length = sizeof(odd) - 1, .group = odd };
	struct bundle_user user;
	struct error err = { 0 };
	auto_arena struct arena *arena = arena_new();

	files.group_length = sizeof(odd) - 1;
	CHECK_INT(-ENOENT, users_resolve(arena, "user", &files, &user, &err));
	CHECK_INT(0, users_resolve(arena, "\xff:3", &files, &user, &err));
	CHECK_INT(1, user.uid);
}

static const struct test tests[] = { TEST(resolved), TEST(refused), TEST(too_many_groups), TEST(any_bytes) };

TEST_MAIN(tests)
