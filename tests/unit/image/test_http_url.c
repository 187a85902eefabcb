/* test_http_url.c - addresses: joined, compared, and what is none. */
#include "base/str.h"
#include "image/http.h"
#include "tests/unit/test.h"

static void joined(void)
{
	static const char *const rows[][3] = {
		{ "https://a.b/v2/x", "/v2/y?z=1", "https://a.b/v2/y?z=1" },
		{ "https://a.b/v2/x", "y", "https://a.b/v2/y" },
		{ "https://a.b/v2/x", "//c.d/y", "https://c.d/y" },
		{ "https://a.b/v2/x?q", "http://c.d:80/y#part", "http://c.d:80/y" },
		{ "https://a.b", "https://[::1]:5/", "https://[::1]:5/" },
		{ "https://a.b/x", "?y", "https://a.b/x?y" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *url = http_url_join(rows[i][0], rows[i][1]);

		CHECK_STR(rows[i][2], url);
	}
}

static void refused(void)
{
	static const char *const rows[] = { "file:///etc/passwd", "ftp://a.b/",  "gopher://a.b/", "https://u@a.b/",
					    "https://u:p@a.b/",   "https://",    "https://a b/",  "https://a.b:99999/",
					    "dict://a.b/",        "javascript:1" };
	char longer[10000] = "https://a.b/";

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (http_url_join("https://x.y/", rows[i]) && !str_eq(rows[i], "javascript:1"))
			test_stop(TEST_FAILED, "%s was taken", rows[i]);
	memset(longer + strlen(longer), 'x', sizeof(longer) - strlen(longer) - 1);
	CHECK(!http_url_join("https://x.y/", longer));
	CHECK(!http_url_join("x.y", ""));
	CHECK(!http_url_add("file:///x", "a", "b"));
}

static void queries(void)
{
	auto_free char *one = http_url_add("https://a.b/x", "digest", "sha256:1&x=y #z");
	auto_free char *two = http_url_add("https://a.b/x?_state=a%3D", "scope", "repository:a/b:pull,push");

	CHECK(str_starts(one, "https://a.b/x?digest=sha256") && !strchr(one, ' ') && !strchr(one, '#') &&
	      !strchr(one, '&'));
	CHECK(str_starts(two, "https://a.b/x?_state=a%3D&scope=repository"));
}

static void origins(void)
{
	static const struct {
		const char *a, *b;
		bool same;
	} rows[] = {
		{ "https://a.b/x", "https://a.b/y?z", true },
		{ "https://a.b/", "https://a.b:443/", true },
		{ "https://a.b/", "HTTPS://A.B/", true },
		{ "http://a.b/", "http://a.b:80", true },
		{ "https://a.b/", "http://a.b/", false },
		{ "https://a.b/", "https://a.b:444/", false },
		{ "https://a.b/", "https://a.b.c/", false },
		{ "https://a.b/", "https://b/", false },
		{ "https://a.b/", "https://x.a.b/", false },
		{ "https://a.b/", "https://a.b@c.d/", false },
		{ "https://a.b/", "a.b", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CHECK_INT(rows[i].same, http_url_same_origin(rows[i].a, rows[i].b));
		CHECK_INT(rows[i].same, http_url_same_origin(rows[i].b, rows[i].a));
	}
}

static void loopback(void)
{
	static const char *const yes[] = { "http://localhost/", "https://LOCALHOST:5000", "http://127.0.0.1:5/x",
					   "http://127.9.9.9", "http://[::1]:5000/" };
	static const char *const no[] = {
		"http://localhost.example.com/", "http://127.0.0.1.example.com/", "http://128.0.0.1/", "http://[::2]/",
		"http://example.com/localhost",  "http://127.example.com/",       "localhost"
	};

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
		if (!http_url_is_loopback(yes[i]))
			test_stop(TEST_FAILED, "%s", yes[i]);
	for (size_t i = 0; i < ARRAY_SIZE(no); i++)
		if (http_url_is_loopback(no[i]))
			test_stop(TEST_FAILED, "%s", no[i]);
}

static void plain_and_forms(void)
{
	auto_free char *form = http_form_encode("a b+c/d=&\xc3\xa4");

	CHECK(http_url_is_plain("http://x") && http_url_is_plain("HTTP://x") && !http_url_is_plain("https://x"));
	CHECK_STR("a%20b%2Bc%2Fd%3D%26%C3%A4", form);
}

static const struct test tests[] = { TEST(joined),  TEST(refused),  TEST(queries),
				     TEST(origins), TEST(loopback), TEST(plain_and_forms) };
TEST_MAIN(tests)
