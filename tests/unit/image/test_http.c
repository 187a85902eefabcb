/* test_http.c - one exchange: what is kept of an answer, what is too much, where credentials and bodies go. */
#include "image/http.h"

#include <errno.h>
#include <signal.h>

#include "base/str.h"
#include "server.h"
#include "tests/unit/temporary.h"

static const struct http_tls no_tls;

/* An exchange with a server that has these answers, at /path; the server is stopped, the caller frees it. */
static struct server *exchange(const char *const *answers, struct http_request request, struct http_response *ret,
			       int *ret_result, struct error *err)
{
	struct server *server = server_start(answers);
	auto_http struct http *http = http_new(5);
	char url[64];

	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/path", server->port);
	request.url = url;
	request.tls = &no_tls;
	request.plain = true;
	*ret_result = http_send(http, &request, ret, err);
	server_stop(server);
	return server;
}

#define GET(...) ((struct http_request){ .method = "GET", .max = 1000, __VA_ARGS__ })

static void an_answer(void)
{
	static const char *const answers[] = {
		"HTTP/1.1 103 Early Hints\nContent-Type: early\n\nHTTP/1.1 401 No\ncontent-type:  text/x; a=b \n"
		"WWW-Authenticate: Basic\nX: y\nWww-Authenticate: Bearer realm=x\nRetry-After: 7\nContent-Length: 5\n"
		"Set-Cookie: a=b\n\nhello",
		NULL,
	};
	static const char *const headers[] = { "Accept: one, two", NULL };
	auto_http_response struct http_response response = { 0 };
	struct error err;
	int r;
	auto_free struct server *server =
		exchange(answers, GET(.headers = headers, .authorization = "Basic eA=="), &response, &r, &err);

	CHECK_INT(0, r);
	CHECK_INT(401, response.status);
	CHECK_STR("hello", response.text);
	CHECK_INT(5, response.length);
	CHECK_STR("text/x; a=b", response.headers[HTTP_CONTENT_TYPE]);
	CHECK_STR("Basic, Bearer realm=x", response.headers[HTTP_AUTHENTICATE]);
	CHECK(!response.headers[HTTP_LOCATION]);
	CHECK_INT(7, response.retry_after);
	CHECK(!response.elsewhere && response.whole);
	CHECK(str_starts(server->requests, "GET /path HTTP/1.1\r\n"));
	CHECK(strstr(server->requests, "Accept: one, two\r\n") && strstr(server->requests, "User-Agent: coffer/"));
	CHECK(strstr(server->requests, "Authorization: Basic eA==\r\n") && !strstr(server->requests, "Range"));
}

static const struct {
	const char *answer, *text;
	int result;
} bad[] = {
	{ "HTTP/1.1 200 OK\nContent-Length: 2000\n\n", "", -ECONNRESET },
	{ "HTTP/1.1 200 OK\nContent-Type: a\x01g\nContent-Length: 0\n\n", "control character", -EPROTO },
	{ "SSH-2.0-OpenSSH\n\n", "", -EPROTO },
	{ "", "", -ECONNRESET },
	{ "HTTP/1.1 302 Found\nLocation: ftp://127.0.0.1/\nContent-Length: 0\n\n", "no http or https", -EPROTO },
	{ "HTTP/1.1 302 Found\nLocation: http://\nContent-Length: 0\n\n", "no http or https", -EPROTO },
};

static void bad_answers(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		const char *const answers[] = { bad[i].answer, NULL };
		auto_http_response struct http_response response = { 0 };
		struct error err = { 0 };
		int r;
		auto_free struct server *server = exchange(answers, GET(), &response, &r, &err);

		if (r != bad[i].result || !strstr(err.text, bad[i].text) || response.text)
			test_stop(TEST_FAILED, "%s: %d, %s", bad[i].answer, r, err.text);
		CHECK(strstr(err.text, "GET http://127.0.0.1:") != NULL);
	}
}

/* The body of a 2xx may be as long as was asked for; of others, what there is room for is kept. */
static void long_bodies(void)
{
	static char good[2000], error[200000];
	const char *const two[] = { good, NULL };
	const char *const five[] = { error, NULL };
	auto_http_response struct http_response response = { 0 };
	struct error err;
	int r;

	strcpy(good, "HTTP/1.1 200 OK\n\n");
	memset(good + strlen(good), 'x', 1001);
	free(exchange(two, GET(), &response, &r, &err));
	CHECK_INT(-EFBIG, r);
	strcpy(error, "HTTP/1.1 500 Oh\n\n");
	memset(error + strlen(error), 'x', 150000);
	free(exchange(five, GET(), &response, &r, &err));
	CHECK_INT(0, r);
	CHECK_INT(500, response.status);
	CHECK_INT(64 * 1024, response.length);
}

static const struct {
	const char *answer;
	uint64_t have, size;
	int result;
	const char *file; /* "0123" was there */
} sinks[] = {
	{ "HTTP/1.1 206 Partial\nContent-Range: bytes 4-7/8\n\n4567", 4, 8, 0, "01234567" },
	{ "HTTP/1.1 200 OK\n\nabcd4567", 4, 8, 0, "01234567" },
	{ "HTTP/1.1 200 OK\n\nabcdefgh", 0, 8, 0, "abcdefgh" },
	{ "HTTP/1.1 206 Partial\nContent-Range: bytes 0-7/8\n\nabcdefgh", 4, 8, -EPROTO, "0123" },
	{ "HTTP/1.1 206 Partial\n\n4567", 4, 8, -EPROTO, "0123" },
	{ "HTTP/1.1 206 Partial\nContent-Range: bytes 4-8/9\n\n45678", 4, 8, -EFBIG, "0123" },
	{ "HTTP/1.1 200 OK\n\n012345678", 4, 8, -EFBIG, "0123" },
	{ "HTTP/1.1 404 No\n\nnothing here", 4, 8, 0, "0123" },
	{ "HTTP/1.1 200 OK\nContent-Length: 8\n\n012345", 4, 8, -ECONNRESET, "012345" },
};

static void into_a_sink(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(sinks); i++) {
		const char *const answers[] = { sinks[i].answer, NULL };
		int dir = temporary_open();
		auto_fd int fd = openat(dir, "blob", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		struct http_sink sink = { .fd = fd, .have = sinks[i].have, .size = sinks[i].size };
		auto_http_response struct http_response response = { 0 };
		struct error err = { 0 };
		char text[64] = "";
		int r;
		auto_free struct server *server = NULL;

		CHECK_INT(4, write(fd, "0123", 4));
		server = exchange(answers, GET(.sink = &sink), &response, &r, &err);
		CHECK(pread(fd, text, sizeof(text) - 1, 0) >= 0);
		/* What comes in time before the byte too many is kept. */
		if (r != sinks[i].result || !(r == -EFBIG ? str_starts : str_eq)(text, sinks[i].file))
			test_stop(TEST_FAILED, "%s: %d, \"%s\", %s", sinks[i].answer, r, text, err.text);
		CHECK_INT(strlen(text) * (sinks[i].have > 0 || r == 0), sink.have);
		CHECK_INT(sinks[i].have > 0, strstr(server->requests, "Range: bytes=4-\r\n") != NULL);
		(void)close(dir);
	}
}

/* The same server by another name is another host. */
static void redirected(void)
{
	char there[200];
	const char *answers[] = { there, "HTTP/1.1 200 OK\n\nfound", NULL };
	struct server *server = server_start(answers);
	auto_free struct server *freed = server;
	auto_http struct http *http = http_new(5);
	auto_http_response struct http_response response = { 0 };
	char url[64];
	const struct http_request request = {
		.method = "GET", .url = url, .authorization = "Basic eA==", .tls = &no_tls, .plain = true, .max = 100
	};
	struct error err;

	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/path", server->port);
	(void)snprintf(there, sizeof(there),
		       "HTTP/1.1 307 There\nLocation: http://localhost:%u/other\nContent-Length: 0\n\n", server->port);
	CHECK_INT(0, http_send(http, &request, &response, &err));
	server_stop(server);
	CHECK_STR("found", response.text);
	CHECK(response.elsewhere && str_ends(response.url, "/other"));
	CHECK(strstr(server->requests, "GET /other") != NULL);
	CHECK(strstr(server->requests, "Authorization") < strstr(server->requests, "GET /other"));
	CHECK(!strstr(strstr(server->requests, "GET /other"), "Authorization"));
}

/* A text that is sent, which may have a token in it, is for one host. */
static void texts_stay(void)
{
	char there[200];
	const char *answers[] = { there, NULL };
	struct server *server = server_start(answers);
	auto_free struct server *freed = server;
	auto_http struct http *http = http_new(5);
	auto_http_response struct http_response response = { 0 };
	const struct http_body body = { .text = "refresh_token=x", .size = strlen("refresh_token=x") };
	char url[64];
	const struct http_request request = {
		.method = "POST", .url = url, .tls = &no_tls, .plain = true, .body = &body
	};
	struct error err;

	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/path", server->port);
	(void)snprintf(there, sizeof(there), "HTTP/1.1 307 X\nLocation: http://localhost:%u/y\nContent-Length: 0\n\n",
		       server->port);
	CHECK_INT(-EPROTO, http_send(http, &request, &response, &err));
	server_stop(server);
	CHECK(strstr(err.text, "another host") && !strstr(server->requests, "POST /y"));
}

/* Other methods are sent again with all of it where the server says so, and never turn into GET. */
static void bodies(void)
{
	static const char *const again[] = { "HTTP/1.1 308 X\nLocation: /y\nContent-Length: 0\n\n",
					     "HTTP/1.1 201 Made\nContent-Length: 0\n\n", NULL };
	static const char *const found[] = { "HTTP/1.1 302 X\nLocation: /y\nContent-Length: 0\n\n", NULL };
	const struct http_body body = { .text = "the body", .size = 8 };
	const struct http_request request = { .method = "PUT", .body = &body, .max = 100 };
	auto_http_response struct http_response response = { 0 };
	auto_http_response struct http_response other = { 0 };
	struct error err;
	int r;
	auto_free struct server *first = exchange(again, request, &response, &r, &err);

	CHECK_INT(0, r);
	CHECK_INT(201, response.status);
	CHECK(strstr(first->requests, "PUT /path") && strstr(first->requests, "PUT /y"));
	CHECK(strstr(strstr(first->requests, "PUT /y"), "\r\n\r\nthe body") != NULL);
	free(exchange(found, request, &other, &r, &err));
	CHECK_INT(0, r);
	CHECK_INT(302, other.status);
}

static void short_file(void)
{
	static const char *const answers[] = { "HTTP/1.1 201 Made\nContent-Length: 0\n\n", NULL };
	int dir = temporary_open();
	auto_fd int fd = openat(dir, "blob", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	const struct http_body body = { .fd = fd, .offset = 1, .size = 8 };
	auto_http_response struct http_response response = { 0 };
	struct error err;
	int r;

	CHECK_INT(4, write(fd, "0123", 4));
	free(exchange(answers, (struct http_request){ .method = "PUT", .body = &body, .max = 9 }, &response, &r, &err));
	CHECK_INT(-EIO, r);
	CHECK(strstr(err.text, "the blob ends after 4 of 9 bytes") != NULL);
	(void)close(dir);
}

static void no_plain_http(void)
{
	auto_http struct http *http = http_new(0);
	auto_http_response struct http_response response = { 0 };
	const struct http_request request = { .method = "GET", .url = "http://127.0.0.1:1/", .tls = &no_tls };
	const struct http_request other = {
		.method = "GET", .url = "file:///etc/passwd", .tls = &no_tls, .plain = true
	};
	struct error err;

	CHECK_INT(0, raise(SIGPIPE)); /* nobody dies of a connection */
	CHECK_INT(-EPROTO, http_send(http, &request, &response, &err));
	CHECK_INT(-EPROTO, http_send(http, &other, &response, &err));
}

static const struct test tests[] = { TEST(an_answer),   TEST(bad_answers), TEST(long_bodies),
				     TEST(into_a_sink), TEST(redirected),  TEST(texts_stay),
				     TEST(bodies),      TEST(short_file),  TEST(no_plain_http) };
TEST_MAIN(tests)
