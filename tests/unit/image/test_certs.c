/* test_certs.c - which files of a directory count, where it is looked for, and pairs that are none. */
#include "image/certs.h"

#include <errno.h>

#include "base/str.h"
#include "tests/unit/temporary.h"
#include "tests/unit/test.h"

static const char *make(const char *names)
{
	static char dir[64];
	char command[512];

	(void)snprintf(dir, sizeof(dir), "%s", temporary_directory());
	(void)snprintf(command, sizeof(command), "cd %s && for f in %s; do echo \"in $f\" >$f; done", dir, names);
	CHECK_INT(0, system(command));
	return dir;
}

static void files(void)
{
	auto_certs struct certs certs = { 0 };
	struct error err;
	const char *dir = make("b.crt a.crt 2.cert 2.key 1.cert 1.key README x.pem");
	auto_free char *first = xasprintf("%s/1.cert", dir);
	auto_free char *key = xasprintf("%s/1.key", dir);

	CHECK_INT(0, certs_load(dir, "a.b", &certs, &err));
	CHECK_STR("in a.crt\n\nin b.crt\n\n", certs.authorities);
	CHECK_STR(first, certs.certificate);
	CHECK_STR(key, certs.key);
}

static void empty(void)
{
	auto_certs struct certs certs = { 0 };
	struct error err;

	CHECK_INT(0, certs_load(make("README"), "a.b", &certs, &err));
	CHECK(!certs.authorities && !certs.certificate && !certs.key);
}

static void halves(void)
{
	struct certs certs = { 0 };
	struct error err;

	CHECK_INT(-EINVAL, certs_load(make("a.crt x.cert"), "a.b", &certs, &err));
	CHECK(strstr(err.text, "x.cert has no key") != NULL);
	CHECK_INT(-EINVAL, certs_load(make("x.key"), "a.b", &certs, &err));
	CHECK(strstr(err.text, "x.key has no certificate") != NULL);
	CHECK_INT(-ENOENT, certs_load("/nowhere", "a.b", &certs, &err));
	CHECK(!certs.authorities && !certs.certificate);
}

static void of_the_host(void)
{
	struct error err;
	auto_certs struct certs certs = { 0 };
	auto_certs struct certs none = { 0 };
	char command[512];
	const char *home = temporary_directory();

	(void)snprintf(command, sizeof(command),
		       "d=%s/.config/containers/certs.d/a.b:5000; mkdir -p $d && echo here >$d/ca.crt", home);
	CHECK_INT(0, system(command));
	(void)setenv("HOME", home, 1);
	CHECK_INT(0, certs_load(NULL, "a.b:5000", &certs, &err));
	CHECK_STR("here\n\n", certs.authorities);
	CHECK_INT(0, certs_load(NULL, "no-such-host.example:1", &none, &err));
	CHECK(!none.authorities);
}

static const struct test tests[] = { TEST(files), TEST(empty), TEST(halves), TEST(of_the_host) };
TEST_MAIN(tests)
