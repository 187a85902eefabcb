/* http_url.c - addresses, by libcurl's own parser, so that what is compared is what is asked; see http.h. */
#include <curl/curl.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "http.h"

enum { URL_MAX = 8 * 1024 };

static void cleanup_url(CURLU *const *url)
{
	curl_url_cleanup(*url);
}

static void cleanup_curl_text(char *const *text)
{
	curl_free(*text);
}

#define auto_url       auto_cleanup(cleanup_url)
#define auto_curl_text auto_cleanup(cleanup_curl_text)

static bool is_web(CURLU *url)
{
	auto_curl_text char *scheme = NULL;

	return curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
	       (str_eq(scheme, "http") || str_eq(scheme, "https"));
}

/* Sets url to the text, or to what the text means relative to what it is. */
static bool set(CURLU *url, const char *text)
{
	return url && strlen(text) <= URL_MAX &&
	       curl_url_set(url, CURLUPART_URL, text, CURLU_DISALLOW_USER) == CURLUE_OK && is_web(url);
}

static char *text_of(CURLU *url)
{
	auto_curl_text char *text = NULL;

	(void)curl_url_set(url, CURLUPART_FRAGMENT, NULL, 0);
	if (curl_url_get(url, CURLUPART_URL, &text, 0) != CURLUE_OK || strlen(text) > URL_MAX)
		return NULL;
	return xstrdup(text);
}

char *http_url_join(const char *base, const char *reference)
{
	auto_url CURLU *url = curl_url();

	return set(url, base) && set(url, reference) ? text_of(url) : NULL;
}

char *http_url_add(const char *url_text, const char *name, const char *value)
{
	auto_url CURLU *url = curl_url();
	auto_free char *pair = xasprintf("%s=%s", name, value);

	if (!set(url, url_text) ||
	    curl_url_set(url, CURLUPART_QUERY, pair, CURLU_APPENDQUERY | CURLU_URLENCODE) != CURLUE_OK)
		return NULL;
	return text_of(url);
}

static bool same_part(CURLU *a, CURLU *b, CURLUPart part)
{
	auto_curl_text char *in_a = NULL;
	auto_curl_text char *in_b = NULL;

	return curl_url_get(a, part, &in_a, CURLU_DEFAULT_PORT) == CURLUE_OK &&
	       curl_url_get(b, part, &in_b, CURLU_DEFAULT_PORT) == CURLUE_OK && strcasecmp(in_a, in_b) == 0;
}

bool http_url_same_origin(const char *a_text, const char *b_text)
{
	auto_url CURLU *a = curl_url();
	auto_url CURLU *b = curl_url();

	return set(a, a_text) && set(b, b_text) && same_part(a, b, CURLUPART_SCHEME) &&
	       same_part(a, b, CURLUPART_HOST) && same_part(a, b, CURLUPART_PORT);
}

bool http_url_is_plain(const char *text)
{
	return strncasecmp(text, "http:", strlen("http:")) == 0;
}

bool http_url_is_loopback(const char *text)
{
	auto_url CURLU *url = curl_url();
	auto_curl_text char *host = NULL;

	if (!set(url, text) || curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK)
		return false;
	if (strcasecmp(host, "localhost") == 0 || str_eq(host, "[::1]"))
		return true;
	return str_starts(host, "127.") && host[strspn(host, "0123456789.")] == '\0';
}

char *http_form_encode(const char *value)
{
	auto_curl_text char *text = curl_easy_escape(NULL, value, 0);

	return xstrdup(text ? text : "");
}
