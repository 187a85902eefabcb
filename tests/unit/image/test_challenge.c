/* test_challenge.c - WWW-Authenticate as registries send it, several at once, and what is malformed. */
#include "image/challenge.h"

#include <errno.h>

#include "base/str.h"
#include "tests/unit/test.h"

static const struct {
	const char *header;
	enum challenge_scheme scheme;
	const char *realm, *service, *scope;
} rows[] = {
	{ "Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\",scope=\"repository:a/b:pull\"",
	  CHALLENGE_BEARER, "https://auth.docker.io/token", "registry.docker.io", "repository:a/b:pull" },
	{ "bearer REALM=\"r\" , Service = s", CHALLENGE_BEARER, "r", "s", NULL },
	{ "Bearer realm=\"a\\\"b\\\\c, d=e\",error=\"insufficient_scope\"", CHALLENGE_BEARER, "a\"b\\c, d=e", NULL,
	  NULL },
	{ "Basic realm=\"Registry Realm\"", CHALLENGE_BASIC, "Registry Realm", NULL, NULL },
	{ "Basic", CHALLENGE_BASIC, NULL, NULL, NULL },
	{ "Basic realm=\"\"", CHALLENGE_BASIC, "", NULL, NULL },
	{ "Basic realm=\"x\", Bearer realm=\"y\"", CHALLENGE_BEARER, "y", NULL, NULL },
	{ "Bearer realm=\"y\", service=\"s\", Basic realm=\"x\"", CHALLENGE_BEARER, "y", "s", NULL },
	{ "Bearer realm=\"first\", Bearer realm=\"second\"", CHALLENGE_BEARER, "first", NULL, NULL },
	{ "Negotiate, Basic", CHALLENGE_BASIC, NULL, NULL, NULL },
	{ "Negotiate YWJjZA==, Basic realm=x", CHALLENGE_BASIC, "x", NULL, NULL },
	{ "Digest realm=\"d\", nonce=\"n\", Basic realm=x", CHALLENGE_BASIC, "x", NULL, NULL },
	{ ",, ,\tBasic , ,", CHALLENGE_BASIC, NULL, NULL, NULL },
	{ "Bearer, Basic realm=x", CHALLENGE_BASIC, "x", NULL, NULL },
};

static void taken(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_arena struct arena *arena = arena_new();
		struct challenge challenge;
		struct error err;

		if (challenge_parse(arena, rows[i].header, &challenge, &err) < 0)
			test_stop(TEST_FAILED, "%s: %s", rows[i].header, err.text);
		if (challenge.scheme != rows[i].scheme || !str_eq(challenge.realm, rows[i].realm) ||
		    !str_eq(challenge.service, rows[i].service) || !str_eq(challenge.scope, rows[i].scope))
			test_stop(TEST_FAILED, "%s: realm %s", rows[i].header, challenge.realm);
	}
}

static const struct {
	const char *header, *text;
} bad[] = {
	{ "", "empty" },
	{ " , ,", "empty" },
	{ "Bearer", "without a realm" },
	{ "Bearer service=s", "without a realm" },
	{ "realm=\"x\"", "begins with a parameter" },
	{ "Bearer realm=\"x", "does not end" },
	{ "Bearer realm=\"x\\", "does not end" },
	{ "Bearer realm=\"x\\\"", "does not end" },
	{ "Bearer realm=, service=x", "without a realm" },
	{ "Bearer service=x, realm=, scope=y", "no value" },
	{ "Bearer realm=\"x\" service=\"y\"", "comma" },
	{ "Bearer realm=\"x\"service=\"y\"", "comma" },
	{ "Bearer realm=x, realm=y", "twice" },
	{ "\"Bearer\"", "a name was expected" },
	{ "Bearer(realm)", "a name was expected" },
	{ "Bearer realm=\"x\ny\"", "control character" },
	{ "Bearer realm=\"\x7f\"", "control character" },
	{ "Negotiate, NTLM", "Negotiate, NTLM; Bearer and Basic are known" },
	{ "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r", "too many" },
};

static void refused(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		auto_arena struct arena *arena = arena_new();
		struct challenge challenge = { .realm = "kept" };
		struct error err = { 0 };

		if (challenge_parse(arena, bad[i].header, &challenge, &err) != -EPROTO ||
		    !strstr(err.text, bad[i].text) || !str_eq(challenge.realm, "kept"))
			test_stop(TEST_FAILED, "\"%s\": %s", bad[i].header, err.text);
	}
}

static void bounded(void)
{
	auto_arena struct arena *arena = arena_new();
	struct challenge challenge;
	struct error err;
	char *text = arena_alloc(arena, 20000);

	memset(text, 'a', 19999);
	CHECK_INT(-EPROTO, challenge_parse(arena, text, &challenge, &err));
	text[10000] = '\0'; /* a long scheme is not copied to where it does not fit */
	CHECK_INT(-EPROTO, challenge_parse(arena, text, &challenge, &err));
}

static const struct test tests[] = { TEST(taken), TEST(refused), TEST(bounded) };
TEST_MAIN(tests)
