/* test_credentials_helper.c - what a helper is asked, what it may answer, and that it cannot hurt. */
#include "image/credentials_helper.h"

#include <errno.h>
#include <signal.h>

#include "base/str.h"
#include "tests/unit/temporary.h"
#include "tests/unit/test.h"

/* docker-credential-x in the PATH, a shell script. */
static void make_helper(const char *script)
{
	char path[256];
	char dir[64];
	FILE *file;

	(void)snprintf(dir, sizeof(dir), "%s", temporary_directory());
	(void)snprintf(path, sizeof(path), "%s/docker-credential-x", dir);
	file = fopen(path, "we");
	CHECK(file && fprintf(file, "#!/bin/sh\n%s\n", script) > 0 && fclose(file) == 0 && chmod(path, 0755) == 0);
	(void)snprintf(path, sizeof(path), "%s:/usr/bin:/bin", dir);
	(void)setenv("PATH", path, 1);
}

static void answers(void)
{
	auto_credentials struct credentials c = { 0 };
	auto_credentials struct credentials d = { 0 };
	struct error err;

	/* what it was asked comes back as the user */
	make_helper("read -r server; printf '{\"ServerURL\":\"\",\"Username\":\"%s %s\",\"Secret\":\"s\"}' \"$*\" "
		    "\"$server\"");
	CHECK_INT(0, credentials_ask_helper("x", "https://a.b/v1/", &c, &err));
	CHECK_STR("get https://a.b/v1/", c.user);
	CHECK_STR("s", c.password);
	make_helper("echo '{\"Username\":\"<token>\",\"Secret\":\"t\"}'");
	CHECK_INT(0, credentials_ask_helper("x", "a.b", &d, &err));
	CHECK(!d.user && !d.password);
	CHECK_STR("t", d.identity_token);
}

static const struct {
	const char *script, *text;
	int result;
} bad[] = {
	{ "echo credentials not found in native keychain; exit 1", "", 0 },
	{ "echo 'the vault is\tlocked'; echo second; exit 7", "docker-credential-x: exit status 7: the vault is?locked",
	  -EACCES },
	{ "kill -9 $$", "docker-credential-x: exit status 137", -EACCES },
	{ "exit 1", "docker-credential-x: exit status 1", -EACCES },
	{ "echo '{\"Username\":\"u\"}'", "Secret", -EINVAL },
	{ "echo '[]'", "docker-credential-x", -EINVAL },
	{ ":", "docker-credential-x", -EINVAL },
	{ "head -c 70000 /dev/zero", "answer of docker-credential-x", -EFBIG },
	{ "while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done", "answer of docker-credential-x", -EFBIG },
};

static void failures(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		auto_credentials struct credentials c = { 0 };
		struct error err = { 0 };
		int r;

		make_helper(bad[i].script);
		r = credentials_ask_helper("x", "a.b", &c, &err);
		if (r != bad[i].result || !strstr(err.text, bad[i].text) || c.user || c.identity_token)
			test_stop(TEST_FAILED, "%s: %d, %s", bad[i].script, r, err.text);
	}
}

static void names(void)
{
	static const char *const wrong[] = { "", "a/b", "../x", "a b", "x;id", "$(id)", "\n" };
	auto_credentials struct credentials c = { 0 };
	struct error err;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		CHECK_INT(-EINVAL, credentials_ask_helper(wrong[i], "a.b", &c, &err));
	CHECK_INT(-ENOENT, credentials_ask_helper("is-not-there", "a.b", &c, &err));
}

/* It starts with no signal ignored, whatever its caller does. */
static void signals(void)
{
	auto_credentials struct credentials c = { 0 };
	struct error err;

	(void)signal(SIGPIPE, SIG_IGN);
	make_helper("printf '{\"Username\":\"%s\",\"Secret\":\"\"}' \"$(sed -n 's/^SigIgn:.//p' /proc/self/status)\"");
	CHECK_INT(0, credentials_ask_helper("x", "a.b", &c, &err));
	CHECK(str_ends(c.user, "0000000")); /* posix_spawn(3) of glibc leaves 32 and 33, its own, ignored */
}

static const struct test tests[] = { TEST(answers), TEST(failures), TEST(names), TEST(signals) };
TEST_MAIN(tests)
