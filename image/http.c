/* http.c - connections for any number of threads, and redirects; see http.h. */
#include "http.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "base/str.h"
#include "base/utf8.h"
#include "http_transfer.h"

enum { IDLE_MAX = 16, REDIRECTS_MAX = 10, STALL_S = 60 };

/* A handle of libcurl keeps its connections; it is used by one thread at a time. */
struct http {
	pthread_mutex_t lock;
	CURL *idle[IDLE_MAX];
	size_t count;
	unsigned stall_s;
};

struct http *http_new(unsigned stall_s)
{
	struct http *http = xcalloc(1, sizeof(*http));

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || pthread_mutex_init(&http->lock, NULL) != 0)
		abort();
	(void)signal(SIGPIPE, SIG_IGN);
	http->stall_s = stall_s ? stall_s : STALL_S;
	return http;
}

void http_free(struct http *http)
{
	if (!http)
		return;
	for (size_t i = 0; i < http->count; i++)
		curl_easy_cleanup(http->idle[i]);
	(void)pthread_mutex_destroy(&http->lock);
	free(http);
	curl_global_cleanup();
}

static CURL *borrow(struct http *http)
{
	CURL *curl = NULL;

	(void)pthread_mutex_lock(&http->lock);
	if (http->count > 0)
		curl = http->idle[--http->count];
	(void)pthread_mutex_unlock(&http->lock);
	if (!curl)
		curl = curl_easy_init();
	if (!curl)
		abort();
	return curl;
}

static void give_back(struct http *http, CURL *curl)
{
	bool kept = false;

	curl_easy_reset(curl); /* it must not keep pointers into a call that is over */
	(void)pthread_mutex_lock(&http->lock);
	if (http->count < IDLE_MAX) {
		http->idle[http->count++] = curl;
		kept = true;
	}
	(void)pthread_mutex_unlock(&http->lock);
	if (!kept)
		curl_easy_cleanup(curl);
}

void http_response_free(struct http_response *response)
{
	for (size_t i = 0; i < HTTP_HEADER_MAX; i++)
		free(response->headers[i]);
	free(response->text);
	free(response->url);
	*response = (struct http_response){ 0 };
}

/* Statuses that send a request elsewhere; 303 and the old two turn other methods into GET, which is never wanted. */
static bool is_redirect(const struct http_request *request, const struct http_response *response)
{
	static const struct {
		int status;
		bool all_methods;
	} rows[] = { { 301, false }, { 302, false }, { 303, false }, { 307, true }, { 308, true } };
	bool reads = str_eq(request->method, "GET") || str_eq(request->method, "HEAD");

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].status == response->status)
			return response->headers[HTTP_LOCATION] && (reads || rows[i].all_methods);
	return false;
}

/* An address for an error text: one line, without the query, which may hold a signature. */
static const char *shown_url(const char *url, char *buffer, size_t size)
{
	size_t length = strcspn(url, "?#");

	if (length >= size)
		length = size - 1;
	memcpy(buffer, url, length);
	buffer[length] = '\0';
	utf8_one_line(buffer);
	return buffer;
}

static int refuse_redirect(const struct http_response *response, struct error *err, const char *why)
{
	char shown[160]; /* NOLINT(readability-magic-numbers): what an error text has room for */

	return refuse_as(err, EPROTO, "redirect to \"%s\": %s",
			 shown_url(response->headers[HTTP_LOCATION], shown, sizeof(shown)), why);
}

/* The next address in *url; what is for the first host only is taken out of the request. */
static int follow(const struct http_request *first, struct http_request *request, struct http_tls *tls, char **url,
		  const struct http_response *response, struct error *err)
{
	char *next = http_url_join(*url, response->headers[HTTP_LOCATION]);

	if (!next)
		return refuse_redirect(response, err, "this is no http or https address");
	free(*url);
	*url = next;
	if (http_url_is_plain(next) && !request->plain)
		return refuse_redirect(response, err, "plain HTTP");
	request->url = next;
	if (http_url_same_origin(first->url, next))
		return 0;
	if (request->body && request->body->text && request->body->size > 0) /* a form may have a token in it */
		return refuse_redirect(response, err, "another host, which would get what is sent");
	request->authorization = NULL;
	*tls = *request->tls;
	tls->certificate = NULL;
	tls->key = NULL;
	request->tls = tls;
	return 0;
}

static int exchange(struct http *http, CURL *curl, const struct http_request *first, struct http_response *ret,
		    struct error *err)
{
	struct http_request request = *first;
	struct http_tls tls;
	auto_free char *url = http_url_join(first->url, first->url);
	int r = url ? 0 : refuse_as(err, EPROTO, "this is no http or https address");

	request.url = url;
	for (unsigned hops = 0; r == 0; hops++) {
		auto_http_response struct http_response response = { 0 };

		r = http_transfer(curl, &request, http->stall_s, &response, err);
		if (r < 0 || !is_redirect(&request, &response)) {
			*ret = response;
			response = (struct http_response){ 0 };
			ret->elsewhere = !http_url_same_origin(first->url, url);
			ret->url = take_ptr(url);
			return r;
		}
		if (hops == REDIRECTS_MAX)
			return refuse_redirect(&response, err, "too many redirects");
		r = follow(first, &request, &tls, &url, &response, err);
	}
	return r;
}

int http_send(struct http *http, const struct http_request *request, struct http_response *ret, struct error *err)
{
	CURL *curl = borrow(http);
	auto_http_response struct http_response response = { 0 };
	char shown[200]; /* NOLINT(readability-magic-numbers): what an error text has room for */
	int r = exchange(http, curl, request, &response, err);

	give_back(http, curl);
	if (r < 0)
		return context(err, "%s %s", request->method, shown_url(request->url, shown, sizeof(shown)));
	*ret = response;
	response = (struct http_response){ 0 };
	return 0;
}
