/* test_credentials.c - which entry of which file counts, what an entry may hold, and files that are wrong. */
#include "image/credentials.h"

#include <errno.h>

#include "base/str.h"
#include "tests/unit/temporary.h"
#include "tests/unit/test.h"

#define ALICE "\"auth\": \"YWxpY2U6c2VjcmV0\"" /* alice:secret */
#define BOB   "\"auth\": \"Ym9iOjEyOjM=\""     /* bob:12:3 */

static const char *write_file(const char *text)
{
	static char path[128];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/auth.json", temporary_directory());
	file = fopen(path, "we");
	CHECK(file && fputs(text, file) >= 0 && fclose(file) == 0);
	return path;
}

/* "USER PASSWORD", "identity TOKEN", "registry TOKEN", "-", or "error". */
static const char *find(const char *text, const char *host, const char *repository, struct error *err)
{
	static char found[128];
	auto_credentials struct credentials c = { 0 };

	if (credentials_find(NULL, write_file(text), host, repository, &c, err) < 0)
		return "error";
	(void)snprintf(found, sizeof(found), "%s%s%s%s%s%s%s", c.user ? c.user : "", c.user ? " " : "",
		       c.user ? c.password : "", c.identity_token ? "identity " : "",
		       c.identity_token ? c.identity_token : "", c.registry_token ? "registry " : "",
		       c.registry_token ? c.registry_token : "");
	return *found ? found : "-";
}

static const struct {
	const char *text, *host, *found;
} rows[] = {
	{ "", "a.b", "-" },
	{ "{}", "a.b", "-" },
	{ "{\"auths\": {}}", "a.b", "-" },
	{ "{\"auths\": null}", "a.b", "-" },
	{ "{\"auths\": {\"a.b\": {" ALICE "}}}", "a.b", "alice secret" },
	{ "{\"auths\": {\"a.b\": {" ALICE "}}}", "a.b:5000", "-" },
	{ "{\"auths\": {\"a.b\": {" ALICE "}}}", "x.a.b", "-" },
	{ "{\"auths\": {\"a.b\": {" BOB "}}}", "a.b", "bob 12:3" },
	{ "{\"auths\": {\"a.b\": {" ALICE "}, \"a.b/team\": {" BOB "}}}", "a.b", "bob 12:3" },
	{ "{\"auths\": {\"a.b\": {" ALICE "}, \"a.b/team/app\": {" BOB "}}}", "a.b", "bob 12:3" },
	{ "{\"auths\": {\"a.b\": {" ALICE "}, \"a.b/tea\": {" BOB "}}}", "a.b", "alice secret" },
	{ "{\"auths\": {\"https://a.b/v1/\": {" ALICE "}}}", "a.b", "alice secret" },
	{ "{\"auths\": {\"http://a.b\": {" ALICE "}}}", "a.b", "alice secret" },
	{ "{\"auths\": {\"https://a.b/other/\": {" ALICE "}}}", "a.b", "-" },
	{ "{\"auths\": {\"https://index.docker.io/v1/\": {" ALICE "}}}", "docker.io", "alice secret" },
	{ "{\"auths\": {\"docker.io\": {" ALICE "}}}", "docker.io", "alice secret" },
	{ "{\"auths\": {\"https://index.docker.io/v1/\": {" ALICE "}}}", "a.b", "-" },
	{ "{\"auths\": {\"a.b\": {\"username\": \"u\", \"password\": \"p\"}}}", "a.b", "u p" },
	{ "{\"auths\": {\"a.b\": {\"auth\": \"\", \"identitytoken\": \"t\"}}}", "a.b", "identity t" },
	{ "{\"auths\": {\"a.b\": {\"registrytoken\": \"t\"}}}", "a.b", "registry t" },
	{ "{\"auths\": {\"a.b\": {}}}", "a.b", "-" },
	{ "{\"auths\": {\"a.b\": {}}, \"credsStore\": null}", "a.b", "-" },
	{ "{\"credHelpers\": {\"c.d\": \"nowhere\"}}", "a.b", "-" },
	{ "{\"auths\": {\"a.b\": {\"auth\": \"!!!!\"}}}", "a.b", "error" },
	{ "{\"auths\": {\"a.b\": {\"auth\": \"YWxpY2U=\"}}}", "a.b", "error" },
	{ "{\"auths\": {\"a.b\": {\"auth\": \"YQA6Yg==\"}}}", "a.b", "error" }, /* a NUL in it */
	{ "{\"auths\": {\"a.b\": {\"auth\": 1}}}", "a.b", "error" },
	{ "{\"credsStore\": 1}", "a.b", "error" },
	{ "{\"credsStore\": \"../x\"}", "a.b", "error" },
	{ "[", "a.b", "error" },
};

static void entries(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct error err = { 0 };
		const char *found = find(rows[i].text, rows[i].host, "team/app", &err);

		if (!str_eq(found, rows[i].found))
			test_stop(TEST_FAILED, "%s: %s (%s)", rows[i].text, found, err.text);
		if (strstr(err.text, "c2VjcmV0") || strstr(err.text, "secret"))
			test_stop(TEST_FAILED, "a secret in: %s", err.text);
	}
}

static void given(void)
{
	auto_credentials struct credentials c = { 0 };
	auto_credentials struct credentials d = { 0 };
	struct error err;

	CHECK_INT(0, credentials_find("u:p:q", "/nowhere", "a.b", "x", &c, &err));
	CHECK_STR("u", c.user);
	CHECK_STR("p:q", c.password);
	CHECK_INT(0, credentials_find("u", NULL, "a.b", "x", &d, &err));
	CHECK_STR("", d.password);
	CHECK_INT(-ENOENT, credentials_find(NULL, "/nowhere", "a.b", "x", &c, &err));
}

/* The first file that knows the host, not the first file. */
static void default_files(void)
{
	static const char *const files[] = { "run/containers/auth.json", "config/containers/auth.json",
					     "docker/config.json" };
	static const char *const hosts[] = { "one.x", "two.x", "three.x" };
	char dir[64];
	char command[512];

	(void)snprintf(dir, sizeof(dir), "%s", temporary_directory());
	(void)unsetenv("REGISTRY_AUTH_FILE");
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		(void)snprintf(command, sizeof(command),
			       "mkdir -p %s/run/containers %s/config/containers %s/docker && "
			       "echo '{\"auths\": {\"%s\": {" ALICE "}}}' >%s/%s",
			       dir, dir, dir, hosts[i], dir, files[i]);
		CHECK_INT(0, system(command));
	}
	(void)snprintf(command, sizeof(command), "%s/run", dir);
	(void)setenv("XDG_RUNTIME_DIR", command, 1);
	(void)snprintf(command, sizeof(command), "%s/config", dir);
	(void)setenv("XDG_CONFIG_HOME", command, 1);
	(void)snprintf(command, sizeof(command), "%s/docker", dir);
	(void)setenv("DOCKER_CONFIG", command, 1);
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		auto_credentials struct credentials c = { 0 };
		struct error err;

		CHECK_INT(0, credentials_find(NULL, NULL, hosts[i], "x", &c, &err));
		CHECK_STR("alice", c.user);
	}
}

static const struct test tests[] = { TEST(entries), TEST(given), TEST(default_files) };
TEST_MAIN(tests)
